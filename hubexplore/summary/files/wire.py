"""Reads protobuf's wire format without descriptors, for the few fields needed of large messages.

Why not protobuf itself: to import it takes 70 ms. What a module is, is said in 0.02 to 0.4 ms from here
(`scan_saved_model`, files of 12 to 505 KB); 10,000 entries of a checkpoint index take as long as by
protobuf, about 0.1 s, since most of that is making the records. What parses whole messages uses descriptors
(`graph.messages`, `graph.hub_messages`).

Format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5

Value = int | bytes


def varint(data: bytes, position: int) -> tuple[int, int]:
    """Returns (number, position behind it) of the varint of at most 64 bits at `position`.

    Raises:
      ValueError: The data ends within it, or it is longer than 64 bits.
    """
    result = shift = 0
    try:
        while True:
            byte = data[position]
            position += 1
            if byte < 0x80:
                result |= byte << shift
                break
            result |= (byte & 0x7F) << shift
            shift += 7
            if shift > 63:
                raise ValueError("a number of more than 64 bits")
    except IndexError:
        raise ValueError("the data ends within a number") from None
    # Ten bytes of seven bits hold 70, so the length alone does not limit the number to 64.
    if result >> 64:
        raise ValueError("a number of more than 64 bits")
    return result, position


def fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Yields (field number, value) in the order of the data.

    A value is an int for varints and fixed numbers (unsigned), and bytes for strings and messages.

    Raises:
      ValueError: The data is no message: it ends early, or holds an unknown wire type or field number 0.
    """
    position, end = 0, len(data)
    while position < end:
        key = data[position]
        if key < 0x80:
            position += 1
        else:
            key, position = varint(data, position)
        kind = key & 7
        value: Value
        if kind in (VARINT, BYTES):
            # Most numbers and lengths are of one byte; reading that here spares most of the calls.
            number = data[position] if position < end else 0x80
            if number < 0x80:
                position += 1
            else:
                number, position = varint(data, position)
            if kind == VARINT:
                value = number
            else:
                value = data[position : position + number]
                position += number
        elif kind in (FIXED32, FIXED64):
            length = 4 if kind == FIXED32 else 8
            value = int.from_bytes(data[position : position + length], "little")
            position += length
        else:
            raise ValueError(f"unknown wire type {kind}")
        # A slice ends silently with the data, but the position goes on: so it is compared here, once for all
        # wire types.
        if position > end or key < 8:
            raise ValueError("the data ends within a field" if position > end else "a field of number 0")
        yield key >> 3, value


def signed(number: int) -> int:
    """Returns the int64 that a varint stands for."""
    return number - (1 << 64) if number >> 63 else number
