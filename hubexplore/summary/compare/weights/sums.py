"""Sums over the numbers of two variables: what norms, cosine and counts follow from.

Squares are summed in float32 where the numbers are float32 or fewer bits and no square over- or underflows,
else in float64 of numbers that are scaled by a power of two. Both are exact to some six digits at least.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hubexplore.summary.dtypes import STORED
from hubexplore.summary.weights import number_encoding
from hubexplore.summary.weights.crc32c_blocks import aligned
from hubexplore.summary.weights.number_encoding import Numbers

Bytes = npt.NDArray[np.uint8]

_AS_FLOAT32: Final = frozenset(
    {"bool", "int8", "uint8", "int16", "uint16", "qint8", "quint8", "qint16", "quint16"}
)
_EXACT_INTEGERS: Final = frozenset({"int64", "uint64"})
# A sum of squares in these bounds has lost nothing: a square that underflows is less than the least normal
# number of its dtype, and a piece has far fewer than 2**30 numbers.
_LEAST: Final = {np.dtype(np.float32): 1e-26, np.dtype(np.float64): 1e-280}
# The squares of a difference add up to twice those of both sides at most, which float32 still holds.
_MOST: Final = {np.dtype(np.float32): 8e37, np.dtype(np.float64): 1e290}
_SAFE_EXPONENT: Final = 400
# Bytes of decoded numbers that are summed up at a time: both sides fit into the last cache of the processor.
_BLOCK: Final = 1 << 21
# Bytes of a block that are compared first: most blocks that changed have changed there.
_SAMPLE: Final = 1 << 10
# Numbers in float64 of one product of BLAS. OpenBLAS shares out more than 10,000 of them among threads of its
# own, which wait for each other, actively, longer than they compute. It does not do so in float32.
_RUN: Final = 1 << 13
# The product of two sides follows from the other sums if neither is so small beside the other that it would
# be lost in rounding.
_SIMILAR: Final = 1e4
# Relative change up to which the law of cosines is at least as exact as the product of both sides.
_SMALL_CHANGE: Final = 0.1


@dataclass
class Scaled:
    """A sum of float64 that does not overflow: `value * 2**exponent`."""

    value: float = 0.0
    exponent: int = 0

    def add(self, value: float, exponent: int = 0) -> None:
        """Adds `value * 2**exponent`."""
        if exponent == self.exponent:
            self.value += value
        elif value:
            top = exponent if not self.value else max(exponent, self.exponent)
            self.value = math.ldexp(self.value, self.exponent - top) + math.ldexp(value, exponent - top)
            self.exponent = top

    @property
    def root(self) -> float:
        """The square root, of an even exponent; infinite where it exceeds float64."""
        try:
            return math.ldexp(math.sqrt(self.value), self.exponent // 2)
        except OverflowError:
            return math.inf

    def root_ratio(self, other: Scaled) -> float:
        """The ratio of the square roots, neither of which has to fit into float64."""
        try:
            value = math.sqrt(self.value) / math.sqrt(other.value)
            return math.ldexp(value, (self.exponent - other.exponent) // 2)
        except OverflowError:
            return math.inf


@dataclass
class Sums:
    """Sums over pairs of numbers.

    Attributes:
      changed: pairs that are not equal. NaN equals NaN, and 0.0 equals -0.0.
      nans: NaN on either side; a complex number counts once.
      infs: infinite numbers on either side.
      compared: pairs of two finite numbers; only these are in the sums below.
      difference: sum of the squares of second - first.
      first: sum of the squares of the first side; likewise `second`.
      product: sum of first * second; of complex numbers the real part of first * conj(second).
    """

    changed: int = 0
    nans: list[int] = field(default_factory=lambda: [0, 0])
    infs: list[int] = field(default_factory=lambda: [0, 0])
    compared: int = 0
    difference: Scaled = field(default_factory=Scaled)
    first: Scaled = field(default_factory=Scaled)
    second: Scaled = field(default_factory=Scaled)
    product: Scaled = field(default_factory=Scaled)

    def merge(self, other: Sums) -> None:
        """Adds the sums of other pairs."""
        self.changed += other.changed
        self.compared += other.compared
        for side in (0, 1):
            self.nans[side] += other.nans[side]
            self.infs[side] += other.infs[side]
        for name in ("difference", "first", "second", "product"):
            part: Scaled = getattr(other, name)
            getattr(self, name).add(part.value, part.exponent)

    @property
    def cosine(self) -> float | None:
        """The cosine of the angle between both sides; None if one of them is zero."""
        relative = self.relative
        if not self.first.value or not self.second.value:
            return None
        if relative is not None and relative < _SMALL_CHANGE:
            # By the law of cosines, since the product would tell the angle between nearly equal sides only as
            # exactly as the sums are, while small differences are known far better.
            growth = self.second.root_ratio(self.first)
            return 1 - max(0.0, (relative**2 - (growth - 1) ** 2) / (2 * growth))
        # Roots first: a product of two sums could overflow.
        value = self.product.value / math.sqrt(self.first.value) / math.sqrt(self.second.value)
        cosine = math.ldexp(value, self.product.exponent - (self.first.exponent + self.second.exponent) // 2)
        return min(1.0, max(-1.0, cosine))

    @property
    def relative(self) -> float | None:
        """The norm of the difference divided by that of the first side; None if the latter is zero.

        It is also None if the ratio exceeds float64: the first side is as good as zero then.
        """
        if not self.first.value:
            return None
        ratio = self.difference.root_ratio(self.first)
        return None if math.isinf(ratio) else ratio


class Summing:
    """Adds up pieces; its scratch memory is used again for each piece.

    One object per thread. Callers turn off NumPy's warnings of invalid and overflowing numbers, which are
    looked for here.
    """

    def __init__(self) -> None:
        self._decoded = aligned(_BLOCK), aligned(_BLOCK)
        self._unequal = np.empty(_BLOCK // 4, np.bool_)

    def add(self, sums: Sums, dtype: str, width: int, first: Bytes, second: Bytes) -> None:
        """Adds a piece of any size.

        Args:
          sums: what it is added to.
          dtype: of the numbers.
          width: bytes of one of them. If the dtype cannot be decoded, only `changed` is counted.
          first: bytes as stored; as many as in `second`. They may be overwritten.
          second: those of the second side, which are kept.
        """
        step = _BLOCK // _decoded_width(dtype, width) * width
        for start in range(0, len(first), step):
            block = slice(start, start + step)
            self._add(sums, dtype, width, first[block], second[block])

    def _add(self, sums: Sums, dtype: str, width: int, first: Bytes, second: Bytes) -> None:
        parts = 2 if dtype.startswith("complex") else 1
        if _is_equal(first, second):
            if dtype in STORED:
                _add_equal(sums, _floats(first, dtype, self._decoded[0]), parts)
        elif dtype not in STORED:
            unequal = first.reshape(-1, width) != second.reshape(-1, width)
            sums.changed += int(np.count_nonzero(unequal.any(axis=1)))
        elif dtype in _EXACT_INTEGERS:
            _add_integers(sums, first.view(STORED[dtype]), second.view(STORED[dtype]))
        else:
            one, other = self._decoded
            self._add_floats(sums, _floats(first, dtype, one), _floats(second, dtype, other), parts)

    def _add_floats(self, sums: Sums, first: Numbers, second: Numbers, parts: int) -> None:
        before, after = _dot(first, first), _dot(second, second)
        if not all(_LEAST[first.dtype] < total < _MOST[first.dtype] for total in (before, after)):
            _add_carefully(sums, first, second, parts)
            return
        is_similar = after < before * _SIMILAR and before < after * _SIMILAR
        product = None if is_similar else _dot(first, second)
        # In place: what is written to memory of its own drives other data out of the cache.
        difference = np.subtract(second, first, out=first)
        squares = _dot(difference, difference)
        unequal = self._unequal[: len(difference)]
        np.not_equal(difference, 0, out=unequal)
        changed = int(np.count_nonzero(unequal))
        if changed and parts > 1:
            changed = int(np.count_nonzero(unequal.reshape(-1, 2).any(axis=1)))
        if changed and squares < _LEAST[difference.dtype]:
            scaled, exponent = _scaled(difference.astype(np.float64), 0)
            sums.difference.add(_dot(scaled, scaled), 2 * exponent)
        else:
            sums.difference.add(squares)
        sums.changed += changed
        sums.compared += len(difference) // parts
        sums.first.add(before)
        sums.second.add(after)
        sums.product.add((before + after - squares) / 2 if product is None else product)


def _decoded_width(dtype: str, width: int) -> int:
    """Returns the bytes of a number as it is summed up."""
    is_exact = dtype in STORED and np.dtype(STORED[dtype]).kind in "iu" and width >= 4
    return 8 if is_exact else max(4, width)


def _is_equal(first: Bytes, second: Bytes) -> bool:
    if not np.array_equal(first[:_SAMPLE], second[:_SAMPLE]):
        return False
    # As large numbers where the size allows it, of which there are fewer.
    is_even = not len(first) % 8
    return np.array_equal(first.view("<u8"), second.view("<u8")) if is_even else np.array_equal(first, second)


def _floats(stored: Bytes, dtype: str, out: Bytes) -> Numbers:
    """Returns numbers as float32 or float64; a complex number as two that follow each other.

    Args:
      stored: bytes of the numbers.
      dtype: theirs.
      out: memory that the result may use.
    """
    if dtype.startswith("complex"):
        return stored.view("<f4" if dtype == "complex64" else "<f8")
    numbers = number_encoding.decode(stored, dtype, out)
    if numbers.dtype.kind == "f":
        return numbers
    floats = out.view(np.float32 if dtype in _AS_FLOAT32 else np.float64)[: len(numbers)]
    np.copyto(floats, numbers)
    return floats


def _dot(first: Numbers, second: Numbers) -> float:
    if first.dtype == np.float32:
        return float(np.dot(first, second))
    end = len(first) // _RUN * _RUN
    runs = np.matmul(first[:end].reshape(-1, 1, _RUN), second[:end].reshape(-1, _RUN, 1))
    return float(runs.sum()) + float(np.dot(first[end:], second[end:]))


def _add_equal(sums: Sums, numbers: Numbers, parts: int) -> None:
    """Adds numbers that both sides have."""
    square = _dot(numbers, numbers)
    if not _LEAST[numbers.dtype] < square < _MOST[numbers.dtype] and (square or numbers.any()):
        _add_carefully(sums, numbers, numbers, parts)
        return
    sums.compared += len(numbers) // parts
    for total in (sums.first, sums.second, sums.product):
        total.add(square)


def _add_integers(sums: Sums, first: Numbers, second: Numbers) -> None:
    """Adds integers of 64 bits, whose differences float64 would round to zero."""
    sums.changed += int(np.count_nonzero(first != second))
    sums.compared += len(first)
    # Modulo 2**64 this is the distance, of signed integers too.
    distance = np.maximum(first, second).view("<u8") - np.minimum(first, second).view("<u8")
    difference, before, after = (side.astype(np.float64) for side in (distance, first, second))
    sums.difference.add(_dot(difference, difference))
    sums.first.add(_dot(before, before))
    sums.second.add(_dot(after, after))
    sums.product.add(_dot(before, after))


def _add_carefully(sums: Sums, first: Numbers, second: Numbers, parts: int) -> None:
    """Adds numbers of which some may be NaN, infinite, or too large or small to be squared."""
    sides = [side.astype(np.float64).reshape(-1, parts) for side in (first, second)]
    finite = []
    for at, side in enumerate(sides):
        is_nan = np.isnan(side).any(axis=1)
        is_finite = np.isfinite(side).all(axis=1)
        sums.nans[at] += int(np.count_nonzero(is_nan))
        sums.infs[at] += int(np.count_nonzero(~is_finite & ~is_nan))
        finite.append(is_finite)
    unequal = (sides[0] != sides[1]) & ~(np.isnan(sides[0]) & np.isnan(sides[1]))
    sums.changed += int(np.count_nonzero(unequal.any(axis=1)))
    both = finite[0] & finite[1]
    sums.compared += int(np.count_nonzero(both))
    before, after = (side[both].ravel() for side in sides)
    # Halves do not overflow when they are subtracted.
    halves = np.ldexp(after, -1) - np.ldexp(before, -1)
    whole = after - before
    is_large = not np.isfinite(whole).all()
    scaled: list[tuple[npt.NDArray[Any], int]] = [
        _scaled(halves, 1) if is_large else _scaled(whole, 0), _scaled(before, 0), _scaled(after, 0),
    ]  # fmt: skip
    for total, (values, exponent) in zip((sums.difference, sums.first, sums.second), scaled, strict=True):
        total.add(_dot(values, values), 2 * exponent)
    (_, _), (before, exponent), (after, other) = scaled
    sums.product.add(_dot(before, after), exponent + other)


def _scaled(values: npt.NDArray[Any], exponent: int) -> tuple[npt.NDArray[Any], int]:
    """Returns values whose squares neither over- nor underflow, and the power of two they are to be times."""
    top = max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))
    shift = math.frexp(top)[1]
    if abs(shift) <= _SAFE_EXPONENT:
        return values, exponent
    return np.ldexp(values, -shift), exponent + shift
