"""What a person gave, as displays see it."""

from __future__ import annotations

import numpy as np
import pytest

from hubexplore.inputs.examples import example_kinds, examples
from hubexplore.inputs.input_value import InputValue, Ragged
from tests.inputs.fields_of import field


@pytest.mark.parametrize(
    ("rows", "flat", "splits"),
    [
        ([[1, 1], [1], [0]], [1, 1, 1, 0], [[0, 2, 3, 4]]),
        ([], [], [[0]]),
        ([[], []], [], [[0, 0, 0]]),
        ([[[1], []], []], [1], [[0, 2, 2], [0, 1, 1]]),
        ([[[], [2, 3]], [[4]]], [2, 3, 4], [[0, 2, 3], [0, 0, 2, 3]]),
    ],
)
def test_nested_lists_are_a_ragged_value(
    rows: list[object], flat: list[int], splits: list[list[int]]
) -> None:
    shown = InputValue(rows).display_value
    assert isinstance(shown, Ragged)
    assert shown.flat_values.tolist() == flat
    assert [split.tolist() for split in shown.nested_row_splits] == splits


def test_others_are_shown_as_they_are() -> None:
    array = np.zeros((2, 3))
    assert InputValue(array).display_value is array


@pytest.mark.parametrize(
    ("shape", "words"),
    [((None, 3), "3 rows"), ((1, 3), "1 row"), ((), "1 row")],
)
def test_an_example_says_how_many_rows_it_has(shape: tuple[int | None, ...], words: str) -> None:
    """Where the size is fixed there are others than were wanted."""
    one = field("float32", shape)
    assert examples.fill((one,), example_kinds.ZEROS, 3)["x"].words == f"Zeros, {words}"
