"""CRC-32C of data that is read piece by piece, at the speed of memory.

As in `crc32c`, data is a polynomial over GF(2) that is folded by multiples of the divisor with few terms.
T(x) = x^6777 + x^484 + x^100 + 1 is the multiple of four terms whose first gap is largest relative to its
degree, among all up to degree 9000; fewer than four have no multiple of use. Its power T(x)^(8u) =
T(x^(8u)) shifts by whole bytes, so that a fold is three XORs of long stretches of one array, without any
shift of bits. NumPy does them at some 10 GB a second on one processor, about as fast as memory is read.

Where the package crc32c is installed and knows the processor's own instruction, that is used: it is twice as
fast, and leaves the cache to others.
"""

from __future__ import annotations

import functools
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from hubexplore.summary.weights import crc32c

try:
    import crc32c as _crc32c
except ImportError:  # there are wheels for the usual processors only
    _compiled: Any = None
else:
    _compiled = _crc32c

Bytes = npt.NDArray[np.uint8]

_DEGREE: Final = 6777
_MIDDLE: Final = (484, 100)
# Bytes that a term of the multiple is shifted by per degree. The larger, the longer are the stretches of one
# XOR, until they no longer fit into the processor's cache together.
_UNIT: Final = 16
_STATE: Final = _DEGREE * _UNIT
_LINE: Final = 64
_LARGE_PAGE: Final = 1 << 21
_ONE: Final = 1 << 31  # the polynomial 1 with bits reversed

_STEP: Final = (_DEGREE - _MIDDLE[0]) * _UNIT
"""Bytes that are folded at once."""


class Register(Protocol):
    """The CRC of data that comes in pieces."""

    def add(self, data: Bytes) -> None:
        """Adds a piece of any size, which is not altered."""

    def take(self) -> int:
        """Returns the masked checksum of all that was added, and begins again."""


def new_register() -> Register:
    """Returns the fastest register that there is here."""
    return FoldedRegister() if _compiled is None or not _compiled.hardware_based else CompiledRegister()


class CompiledRegister:
    """A register that the package crc32c computes, without Python's lock for pieces of 32 kB and more."""

    def __init__(self) -> None:
        self._value = 0

    def add(self, data: Bytes) -> None:  # noqa: D102 - as Register
        self._value = _compiled.crc32c(data, self._value)

    def take(self) -> int:  # noqa: D102
        register, self._value = self._value ^ crc32c.START, 0
        return crc32c.finished(register)


class FoldedRegister:
    """A register that NumPy computes."""

    def __init__(self) -> None:
        # The first one has data of the same remainder as all that came: as it was, up to `_STATE` bytes, of
        # which `_kept` are known. The other one is where the next state is made.
        self._states = [aligned(_STATE), aligned(_STATE)]
        self._kept = self._size = 0

    def add(self, data: Bytes) -> None:  # noqa: D102 - as Register
        self._size += len(data)
        start = min(_STATE - self._kept, len(data))
        self._states[0][self._kept : self._kept + start] = data[:start]
        self._kept += start
        for begin in range(start, len(data), _STEP):
            self._step(data[begin : begin + _STEP])

    def _step(self, data: Bytes) -> None:
        """Adds at most `_STEP` bytes to a full state, whose first bytes are folded onto all that follow."""
        state, following = self._states
        size = len(data)
        folded = state[:size]
        following[: _STATE - size] = state[size:]
        np.bitwise_xor(data, folded, out=following[_STATE - size :])
        for exponent in _MIDDLE:
            end = _STATE - exponent * _UNIT
            target = following[end - size : end]
            np.bitwise_xor(target, folded, out=target)
        self._states.reverse()

    def take(self) -> int:  # noqa: D102
        rest = self._states[0][: self._kept]
        size, self._size, self._kept = self._size, 0, 0
        unit = _UNIT // 2
        while unit:
            above = max(0, len(rest) - _DEGREE * unit)
            _fold(rest, above, unit)
            rest = rest[above:]
            unit //= 2
        # By linearity: the register of the data begun at zero, and what becomes of the start value.
        start = _product(crc32c.START, _power(size))
        return crc32c.finished(crc32c.continued(0, rest.tobytes()) ^ start)


def joined(first: int, second: int, size: int) -> int:
    """Returns the masked checksum of data, from those of its two stretches.

    Args:
      first: masked checksum of the first stretch.
      second: masked checksum of the second stretch.
      size: bytes of the second stretch.
    """
    # The first stretch is followed by `size` bytes, which multiplies it by a power of x; the start values of
    # both, and that which they are inverted with, cancel out.
    crc = _product(crc32c.unmasked(first), _power(size)) ^ crc32c.unmasked(second)
    return crc32c.finished(crc ^ crc32c.START)


def aligned(size: int) -> Bytes:
    """Returns bytes that begin where a line of the processor's cache does; vectors on two lines are slow.

    Many bytes begin where a large page of memory does. NumPy asks for such pages for arrays of 4 MB and more,
    of which nothing is taken but what is used.
    """
    line = _LINE if size < _LARGE_PAGE else _LARGE_PAGE
    memory = np.zeros(size + line, np.uint8)
    start = -memory.ctypes.data % line
    return memory[start : start + size]


def _fold(data: Bytes, above: int, unit: int) -> None:
    """Folds the first `above` bytes of data onto the others, of which there are `_DEGREE * unit` at least."""
    shifts = [(_DEGREE - exponent) * unit for exponent in (*_MIDDLE, 0)]
    begin = 0
    while begin < above:
        # Within one gap no byte that is folded is changed before that.
        size = min(shifts[0], above - begin)
        folded = data[begin : begin + size]
        for shift in shifts:
            target = data[begin + shift : begin + shift + size]
            np.bitwise_xor(target, folded, out=target)
        begin += size


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
