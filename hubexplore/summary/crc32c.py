"""The checksum of TensorFlow's own formats: tables of checkpoints and TFRecord files.

CRC-32C as in RFC 3720, masked as in tensorflow/core/lib/hash/crc32c.h.
"""

from __future__ import annotations

import array
import functools
import sys
from typing import Final

_POLYNOMIAL: Final = 0x82F63B78  # CRC-32C (Castagnoli), bits reversed
_MASK: Final = 0xA282EAD8  # stored checksums are rotated and shifted, so as to differ from plain ones


@functools.cache
def _table() -> list[int]:
    """Returns the CRC of every pair of bytes: with it a step takes two bytes, not one."""
    one = list(range(256))
    for _ in range(8):
        one = [(crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0) for crc in one]
    steps = [(crc >> 8, crc & 0xFF) for crc in one]
    return [above ^ one[low ^ second] for second in range(256) for above, low in steps]


def masked(data: bytes) -> int:
    """The masked CRC-32C of some bytes, as it is stored."""
    table = _table()
    crc = 0xFFFFFFFF
    # Not by numpy: to import it takes longer than to read most indexes.
    pairs = array.array("H", data[: len(data) & ~1])
    if sys.byteorder == "big":
        pairs.byteswap()
    for pair in pairs:
        crc = table[(crc ^ pair) & 0xFFFF] ^ (crc >> 16)
    if len(data) % 2:
        # One byte b: the entry of the pair whose second byte meets nothing of the old CRC.
        low = (crc ^ data[-1]) & 0xFF
        crc = table[low << 8] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF
