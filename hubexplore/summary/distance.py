"""How far apart two arrays of numbers are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hubexplore.summary.tensor_values import Array


@dataclass(frozen=True)
class Distance:
    """The second of two arrays of one shape minus the first, entry by entry.

    Attributes:
      equal: bool of that shape; NaN equals NaN, and an infinity equals itself.
      difference: float64 of that shape, complex128 for complex numbers. It is 0 where the entries are equal,
        and NaN or infinite where one of two unequal entries is.
    """

    equal: Array
    difference: Array

    @property
    def sizes(self) -> Array:
        """The absolute differences, float64; infinite where one of two unequal entries is NaN or infinite."""
        return np.nan_to_num(np.abs(self.difference), nan=np.inf, posinf=np.inf)

    @property
    def largest(self) -> float:
        """The largest absolute difference; 0.0 for arrays without entries."""
        return float(np.max(self.sizes, initial=0.0))


def distance(first: Array, second: Array) -> Distance:
    """Compares two arrays of real or complex numbers, or of booleans, entry by entry in linear time.

    Args:
      first: an array of a dtype that converts to float64 or complex128, those of ml_dtypes included.
      second: an array of the same shape.
    """
    if first.dtype.kind in "biu" and second.dtype.kind in "biu":
        return _integer_distance(first, second)
    dtype = np.complex128 if "c" in first.dtype.kind + second.dtype.kind else np.float64
    with np.errstate(invalid="ignore", over="ignore"):  # longdouble beyond float64; infinity minus infinity
        numbers, others = first.astype(dtype), second.astype(dtype)
        equal = (numbers == others) | (np.isnan(numbers) & np.isnan(others))
        return Distance(equal, np.where(equal, 0.0, others - numbers))


def _integer_distance(first: Array, second: Array) -> Distance:
    """Subtracts without rounding or overflow: as float64, integers above 2**53 would seem to be equal."""
    equal = np.equal(first, second)
    unequal = ~equal
    # int64 holds all differences of shorter integers. Python's integers hold those of longer ones; they are
    # slow, so only the unequal entries become some.
    exact = np.int64 if max(first.itemsize, second.itemsize) < np.dtype(np.int64).itemsize else object
    difference = np.zeros(equal.shape)
    difference[unequal] = second[unequal].astype(exact) - first[unequal].astype(exact)
    return Distance(equal, difference)
