"""FarmHash, with which TensorFlow makes the fingerprints of files.

Source: Geoff Pike, FarmHash, the function Fingerprint64 (https://github.com/google/farmhash).
All numbers are of 64 bits, so what exceeds them is cut off.
"""

from __future__ import annotations

import struct
from typing import Final

_K0: Final = 0xC3A5C85C97CB3127
_K1: Final = 0xB492B66FBE98F273
_K2: Final = 0x9AE16A3B2F90404F
_MASK: Final = (1 << 64) - 1
_BLOCK: Final = 64


def fingerprint(data: bytes) -> int:  # noqa: PLR0911  # one return per range of lengths
    """The 64-bit fingerprint of some bytes. Slow in Python: for an index, not for weights."""
    length = len(data)
    if length > _BLOCK:
        return _long(data)
    multiplier = _K2 + length * 2
    if length > 32:
        return _up_to_64(data, multiplier)
    if length > 16:
        first, second = _two(data, 0)
        fourth, third = _two(data, length - 16)
        first, third, fourth = first * _K1 & _MASK, third * multiplier & _MASK, fourth * _K2
        return _mix(
            _rotate(first + second, 43) + _rotate(third, 30) + fourth,
            first + _rotate(second + _K2, 18) + third,
            multiplier,
        )
    if length >= 8:
        first, second = _word(data, 0) + _K2, _word(data, length - 8)
        third = _rotate(second, 37) * multiplier + first
        return _mix(third, (_rotate(first, 25) + second) * multiplier, multiplier)
    if length >= 4:
        first, last = (int.from_bytes(part, "little") for part in (data[:4], data[-4:]))
        return _mix(length + (first << 3), last, multiplier)
    if not data:
        return _K2
    low = data[0] + (data[length >> 1] << 8)
    return _fold(low * _K2 & _MASK ^ (length + (data[-1] << 2)) * _K0 & _MASK) * _K2 & _MASK


def _up_to_64(data: bytes, multiplier: int) -> int:
    length = len(data)
    first, second = _two(data, 0)
    fourth, third = _two(data, length - 16)
    first, third, fourth = first * _K2 & _MASK, third * multiplier & _MASK, fourth * _K2
    y = _rotate(first + second, 43) + _rotate(third, 30) + fourth
    z = _mix(y, first + _rotate(second + _K2, 18) + third, multiplier)
    fifth, sixth = _two(data, 16)
    fifth = fifth * multiplier & _MASK
    seventh, eighth = _two(data, length - 32)
    seventh, eighth = (y + seventh) * multiplier & _MASK, (z + eighth) * multiplier
    return _mix(
        _rotate(fifth + sixth, 43) + _rotate(seventh, 30) + eighth,
        fifth + _rotate(sixth + first, 18) + seventh,
        multiplier,
    )


def _long(data: bytes) -> int:
    length = len(data)
    # The state is two pairs, v and w, and three words; each block of 64 bytes is mixed into it.
    x, y = 81, 81 * _K1 + 113 & _MASK
    z = _fold(y * _K2 + 113 & _MASK) * _K2 & _MASK
    v = w = (0, 0)
    x = x * _K2 + _word(data, 0) & _MASK
    end = (length - 1) // _BLOCK * _BLOCK
    for begin in range(0, end, _BLOCK):
        x, y, z, v, w = _block(data, begin, x, y, z, v, w, (_K1, 1))
    rest = (length - 1) & 63
    multiplier = _K1 + ((z & 0xFF) << 1)
    w = (w[0] + rest, w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x, y, z, v, w = _block(data, end + rest - 63, x, y, z, v, w, (multiplier, 9))
    return _mix(
        _mix(v[0], w[0], multiplier) + _fold(y) * _K0 + z, _mix(v[1], w[1], multiplier) + x, multiplier
    )


_Pair = tuple[int, int]


def _block(  # noqa: PLR0917 - the whole state of the hash
    data: bytes, begin: int, x: int, y: int, z: int, v: _Pair, w: _Pair, factors: _Pair
) -> tuple[int, int, int, _Pair, _Pair]:
    multiplier, weight = factors
    words = struct.unpack_from("<8Q", data, begin)
    x = _rotate(x + y + v[0] + words[1], 37) * multiplier & _MASK
    y = _rotate(y + v[1] + words[6], 42) * multiplier & _MASK
    x ^= w[1] * weight & _MASK
    y = y + v[0] * weight + words[5] & _MASK
    z = _rotate(z + w[0], 33) * multiplier & _MASK
    v = _weak(words[:4], v[1] * multiplier, x + w[0])
    w = _weak(words[4:], z + w[1], y + words[2])
    return z, y, x, v, w


def _weak(words: tuple[int, ...], first: int, second: int) -> _Pair:
    first += words[0]
    second = _rotate(second + first + words[3], 21)
    total = first + words[1] + words[2]
    return total + words[3] & _MASK, second + _rotate(total, 44) + first & _MASK


def _mix(first: int, second: int, multiplier: int) -> int:
    first, second = first & _MASK, second & _MASK
    mixed = _fold((first ^ second) * multiplier & _MASK)
    return _fold((second ^ mixed) * multiplier & _MASK) * multiplier & _MASK


def _fold(value: int) -> int:
    return value ^ value >> 47


def _rotate(value: int, bits: int) -> int:
    value &= _MASK
    return value >> bits | value << (64 - bits) & _MASK


def _word(data: bytes, begin: int) -> int:
    return int.from_bytes(data[begin : begin + 8], "little")


def _two(data: bytes, begin: int) -> _Pair:
    return _word(data, begin), _word(data, begin + 8)
