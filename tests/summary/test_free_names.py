"""Names that nothing else has."""

from __future__ import annotations

import pytest

from hubexplore.summary.free_names import free_name


@pytest.mark.parametrize(
    ("used", "options", "expected"),
    [
        (set(), {}, "X"),
        ({"x"}, {}, "X"),
        ({"X"}, {}, "X_1"),
        ({"X", "X_1", "X_2"}, {}, "X_3"),
        ({"X"}, {"first": 2}, "X_2"),
        ({"x", "x_1"}, {"ignore_case": True}, "X_2"),
    ],
)
def test_the_first_name_that_is_free(used: set[str], options: dict[str, object], expected: str) -> None:
    assert free_name("X", used, **options) == expected  # type: ignore[arg-type]  # one case of each
