"""Tooltips on their way to the browser, and the numbers in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hubexplore.display.values import numerics
from hubexplore.display.values.hover import GridHover, PointsHover

RANDOM = np.random.default_rng(0)


def test_the_texts_of_a_grid_are_lines() -> None:
    hover = GridHover((0.0, 0.0, 1.0, 1.0), 2, 2, ("1", "", "a\nb", "-2"), ("x", "y"))
    sent = hover.to_dict()
    assert sent["values"].split("\n") == ["1", "", "a b", "-2"]
    assert sent["row_captions"] == ("x", "y")


def test_points_are_sent_as_they_are() -> None:
    assert PointsHover(((0.5, 0.25, "a"),)).to_dict() == {"kind": "points", "points": ((0.5, 0.25, "a"),)}


@pytest.mark.parametrize(
    "array",
    [
        RANDOM.normal(size=(4, 5, 3)).astype(np.float32) * 1e3,
        RANDOM.normal(size=7).astype(np.float16),
        np.array([0.0, 1, -3, 9999, 0.5, np.nan, np.inf, -np.inf]),
        np.array([10_000.0, 123_456, 1e9, 0.1]),
        np.array([-0.0, 0.25]),
        np.array([[99_999.5, 1e-9], [1e-300, 1e300]]),
        np.arange(-2, 3),
        np.array([True, False]),
        np.array([1 + 2j, 0.5j]),
        np.zeros((0, 3)),
    ],
    ids=str,
)
def test_many_numbers_read_as_single_ones(array: Any) -> None:
    assert numerics.number_texts(array) == [numerics.number_text(number) for number in array.ravel().tolist()]
