"""How far apart two arrays of numbers are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hubexplore.summary.distance import distance


def test_integers_that_float64_cannot_tell_apart_differ_by_one() -> None:
    apart = distance(np.array([2**53, 5]), np.array([2**53 + 1, 5]))
    assert apart.equal.tolist() == [False, True]
    assert apart.difference.tolist() == [1.0, 0.0]
    assert apart.largest == 1.0


@pytest.mark.parametrize(
    ("dtype", "first", "second", "difference"),
    [
        (np.uint8, 1, 255, 254.0),
        (np.uint8, 255, 1, -254.0),
        (np.int32, -(2**31), 2**31 - 1, 2.0**32 - 1),
        (np.int64, -(2**63), 2**63 - 1, 2.0**64),
        (np.uint64, 2**64 - 1, 0, -(2.0**64)),
        (np.bool_, True, False, -1.0),
    ],
)
def test_no_integer_wraps_around(dtype: type, first: int, second: int, difference: float) -> None:
    apart = distance(np.array([first], dtype), np.array([second], dtype))
    assert apart.difference.tolist() == [difference]
    assert apart.largest == abs(difference)


def test_nan_equals_nan_and_an_infinity_equals_itself() -> None:
    values = np.array([math.nan, math.inf, -math.inf, 1.0])
    assert distance(values, values).largest == 0.0
    apart = distance(values, np.array([math.nan, -math.inf, 2.0, math.nan]))
    assert apart.equal.tolist() == [True, False, False, False]
    assert apart.sizes.tolist() == [0.0, math.inf, math.inf, math.inf]


def test_complex_numbers_differ_by_the_absolute_value() -> None:
    assert distance(np.array([0j, 1.0]), np.array([3 + 4j, 1.0])).sizes.tolist() == [5.0, 0.0]


@pytest.mark.parametrize("shape", [(), (0,), (0, 3)])
@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float32])
def test_arrays_of_no_entry_and_scalars(shape: tuple[int, ...], dtype: type) -> None:
    apart = distance(np.zeros(shape, dtype), np.ones(shape, dtype))
    assert apart.difference.shape == shape
    assert apart.largest == (0.0 if shape else 1.0)
