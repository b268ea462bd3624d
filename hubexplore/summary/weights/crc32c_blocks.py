"""CRC-32C of data that is read piece by piece, at the speed of memory.

As in `crc32c`, data is a polynomial over GF(2) that is folded by multiples of the divisor with few terms.
T(x) = x^6777 + x^484 + x^100 + 1 is the multiple of four terms whose first gap is largest relative to its
degree, among all up to degree 9000; fewer than four have no multiple of use. Its power T(x)^(8u) =
T(x^(8u)) shifts by whole bytes, so that a fold is three XORs of long stretches of one array, without any
shift of bits. NumPy does them at some 10 GB a second on one processor, about as fast as memory is read.
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
import numpy.typing as npt

from hubexplore.summary.weights import crc32c

Bytes = npt.NDArray[np.uint8]

_DEGREE: Final = 6777
_MIDDLE: Final = (484, 100)
# Bytes that a term of the multiple is shifted by per degree. The larger, the longer are the stretches of one
# XOR, until the stretches and the data no longer fit into the processor's cache together.
_UNIT: Final = 16
_STATE: Final = _DEGREE * _UNIT
# So much room in front of the data that it begins at a multiple of 64 bytes.
_FRONT: Final = -_STATE % 64 + _STATE
_ONE: Final = 1 << 31  # the polynomial 1 with bits reversed


class CheckedBuffer:
    """A buffer for pieces of data, and the CRC of the pieces that were in it.

    The register begins at zero, not at `crc32c.START`, so that parts of one stretch of data may be read at
    the same time; see `joined`.

    Attributes:
      data: uint8 [size], where the next piece is read into. `take` overwrites it.
    """

    def __init__(self, size: int) -> None:
        memory = np.zeros(_FRONT + size + 64, np.uint8)
        start = -memory.ctypes.data % 64
        self._memory = memory[start + _FRONT - _STATE : start + _FRONT + size]
        self.data: Bytes = self._memory[_STATE:]
        # Invariant: the last `_kept` bytes in front of `data` have the remainder of all that was taken.
        self._kept = 0

    def take(self, size: int) -> None:
        """Adds the first `size` bytes of `data`, which are altered by that."""
        begin, end = _STATE - self._kept, _STATE + size
        _fold(self._memory, begin, size, _UNIT)
        self._kept = min(_STATE, self._kept + size)
        self._memory[_STATE - self._kept : _STATE] = self._memory[end - self._kept : end]

    def register(self) -> int:
        """Returns the register of all that was taken, begun at zero, and begins again."""
        rest = self._memory[_STATE - self._kept : _STATE]
        self._kept = 0
        unit = _UNIT // 2
        while unit:
            above = max(0, len(rest) - _DEGREE * unit)
            _fold(rest, 0, above, unit)
            rest = rest[above:]
            unit //= 2
        return crc32c.continued(0, rest.tobytes())


def _fold(data: Bytes, begin: int, end: int, unit: int) -> None:
    """Adds multiples of T(x^(8 * unit)) to the data, such that its bytes from `begin` to `end` become zero.

    They are left as they were, since nobody reads them again. The data must go on for `_DEGREE * unit` bytes.
    """
    shifts = [(_DEGREE - exponent) * unit for exponent in (*_MIDDLE, 0)]
    while begin < end:
        # Within one gap no byte that is removed is changed before it is removed.
        size = min(shifts[0], end - begin)
        removed = data[begin : begin + size]
        for shift in shifts:
            target = data[begin + shift : begin + shift + size]
            np.bitwise_xor(target, removed, out=target)
        begin += size


def joined(register: int, other: int, size: int) -> int:
    """Returns the register of two stretches of data, one after the other.

    Args:
      register: of the first stretch, begun at any value.
      other: of the second stretch, begun at zero.
      size: of the second stretch, in bytes.
    """
    return _product(register, _power(size)) ^ other


@functools.lru_cache(maxsize=4096)
def _power(size: int) -> int:
    """The polynomial x^(8 * size), reduced."""
    if size == 0:
        return _ONE
    if size == 1:
        return _ONE >> 8
    half = _power(size // 2)
    square = _product(half, half)
    return _product(square, _power(1)) if size % 2 else square


def _product(first: int, second: int) -> int:
    """The product of two polynomials with bits reversed, reduced."""
    product = 0
    while first:
        if first & _ONE:
            product ^= second
        first = first << 1 & 0xFFFFFFFF
        second = second >> 1 ^ (crc32c.POLYNOMIAL if second & 1 else 0)
    return product
