"""What rows and classes are called: no two of them the same, and none what it is not."""

from __future__ import annotations

import pytest

from hubexplore.display.values.views.plot import class_name, distinct_captions


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["cat", "dog"], ["cat", "dog"]),
        (["cat", "dog", "cat"], ["cat (0)", "dog", "cat (2)"]),
        (["cat", "cat", "cat (0)"], ["cat (0) (0)", "cat (1)", "cat (0)"]),
        (["cat", "", "dog"], ["cat", "1", "dog"]),
        (["cat", "  ", "dog"], ["cat", "1", "dog"]),
        (["cat", "", "1"], ["cat", "(1)", "1"]),
        (["", "(0)", "0"], ["(0) (0)", "(0)", "0"]),
        (["2", "1", "0"], ["2", "1", "0"]),
        (["cat", "cat ", "c\u0430t"], ["cat", r"cat\x20", r"c\u0430t"]),
    ],
)
def test_labels_are_told_apart(labels: list[str], names: list[str]) -> None:
    captions = distinct_captions(labels)
    assert [class_name(captions, at) for at in range(len(labels))] == names


def test_classes_without_labels_are_numbers() -> None:
    assert [class_name([], at) for at in range(3)] == ["0", "1", "2"]
