"""The checksum of TensorFlow's own formats: tables of checkpoints and TFRecord files.

CRC-32C as in RFC 3720, masked as in tensorflow/core/lib/hash/crc32c.h.

A CRC is the remainder of the data, as a polynomial over GF(2), and keeps its value when a multiple of the
divisor is added. With a multiple of few terms, half of the data is folded onto the other half by a few shifts
of one large Python number; what is left when it is short goes byte by byte. The power T(x)^(2^m) = T(x^(2^m))
is a multiple too, with as few terms, so that there is one for every length.

Why no library: a table of checkpoints is checked in milliseconds without one. Gigabytes of values are checked
by `crc32c_blocks`, which needs NumPy and is faster with a compiled library.
"""

from __future__ import annotations

import functools
from typing import Final

POLYNOMIAL: Final = 0x82F63B78
"""CRC-32C (Castagnoli), bits reversed."""
START: Final = 0xFFFFFFFF
"""The register before any data."""
_MASK: Final = 0xA282EAD8  # stored checksums are rotated and shifted, so as to differ from plain ones

# x^563 + x^109 + x^58 + x^53 + x^31 + 1 is a multiple of the polynomial, found by search: few multiples with
# six terms are so short and have such a gap behind the first term. Fewer than six need 16 kB and more.
_DEGREE: Final = 563
_EXPONENTS: Final = (109, 58, 53, 31, 0)
_GAP: Final = _DEGREE - _EXPONENTS[0]
# Larger data is taken in pieces, since folding needs a few times their size.
_PIECE: Final = 1 << 20


@functools.cache
def _table() -> list[int]:
    """The CRC of every byte."""
    table = list(range(256))
    for _ in range(8):
        table = [(crc >> 1) ^ (POLYNOMIAL if crc & 1 else 0) for crc in table]
    return table


def masked(data: bytes) -> int:
    """The masked CRC-32C of some bytes, as it is stored."""
    crc = START
    for start in range(0, len(data), _PIECE):
        crc = continued(crc, data[start : start + _PIECE])
    return finished(crc)


def finished(crc: int) -> int:
    """The masked checksum, as it is stored, of data that has the register `crc`."""
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF


def unmasked(checksum: int) -> int:
    """The CRC-32C, as in RFC 3720, that has this masked checksum."""
    turned = (checksum - _MASK) & 0xFFFFFFFF
    return (turned >> 17 | turned << 15) & 0xFFFFFFFF


def continued(crc: int, data: bytes) -> int:
    """The register (neither inverted nor masked) after `data`, of what had the register `crc` before."""
    if len(data) * 8 > _DEGREE:
        data, crc = _folded(int.from_bytes(data, "little") ^ crc, len(data) * 8), 0
    table = _table()
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc


def _folded(data: int, length: int) -> bytes:
    """Short data of the same remainder.

    Args:
      data: bit i is the coefficient of x^(length - 1 - i), the order in which the CRC takes bits.
      length: in bits; more than `_DEGREE`.
    """
    # Invariant: `data` of `length` bits has the remainder of the data that was given. A round removes most
    # of what is above the multiple's degree by five shifts of one large number; lengths shrink geometrically,
    # so all rounds together take linear time.
    power = (length // _DEGREE).bit_length()
    while length > _DEGREE:
        while _DEGREE << power >= length:
            power -= 1
        # The first bits, those of x^DEGREE and above, are replaced by the other terms of the multiple.
        above = length - (_DEGREE << power)
        removed = min(_GAP << power, above)
        first, data = data & ((1 << above) - 1), data >> above << (above - removed)
        for exponent in _EXPONENTS:
            data ^= first << ((_DEGREE - exponent << power) - removed)
        length -= removed
    # Zeros in front have no remainder.
    padding = -length % 8
    return (data << padding).to_bytes((length + padding) // 8, "little")
