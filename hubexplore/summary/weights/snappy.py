"""Decompresses Snappy blocks, in which the index of a checkpoint may be stored.

TensorFlow reads such blocks since 1.1; releases from 1.2 on do not write them (`TableBuilderOptions` in
tensorflow/core/util/tensor_bundle/tensor_bundle.cc).

Format: https://github.com/google/snappy/blob/main/format_description.txt

Why no library: those on PyPI are compiled, and reading the small blocks of an index takes 50 lines.
"""

from __future__ import annotations

from hubexplore.summary.files import wire

# Three bytes yield at most 64, so a block that claims more than that is damaged or made to exhaust memory.
_LARGEST_EXPANSION = 64


def decompress(data: bytes) -> bytes:
    """Returns the content of one raw Snappy block.

    Raises:
      ValueError: It is damaged. Memory stays within 64 times the length of `data`.
    """
    length, position = wire.varint(data, 0)
    if length > _LARGEST_EXPANSION * len(data):
        raise ValueError("a compressed block states an impossible length")
    result = bytearray()
    while position < len(data):
        tag = data[position]
        position += 1
        size = (tag >> 2) + 1
        if tag & 3 == 0:  # literal: the bytes themselves
            # Sizes up to 60 are in the tag; 61 to 64 say in how many bytes the size follows.
            if size > 60:
                extra = size - 60
                size = int.from_bytes(_part(data, position, extra), "little") + 1
                position += extra
            result += _part(data, position, size)
            position += size
        else:  # copy of what came `offset` bytes before
            if tag & 3 == 1:
                size = (tag >> 2 & 7) + 4
                offset = (tag >> 5) << 8 | _part(data, position, 1)[0]
                position += 1
            else:
                extra = 2 if tag & 3 == 2 else 4
                offset = int.from_bytes(_part(data, position, extra), "little")
                position += extra
            _copy(result, offset, size)
        # Checked in each round, so that memory stays bounded by the length that was claimed and checked.
        if len(result) > length:
            break
    if len(result) != length:
        raise ValueError("a compressed block does not have the length that it states")
    return bytes(result)


def _part(data: bytes, position: int, size: int) -> bytes:
    part = data[position : position + size]
    if len(part) != size:
        raise ValueError("a compressed block ends early")
    return part


def _copy(result: bytearray, offset: int, size: int) -> None:
    start = len(result) - offset
    if offset == 0 or start < 0:
        raise ValueError("a compressed block refers to data that does not exist")
    # The copy may overlap its own result, which repeats the last `offset` bytes.
    chunk = result[start : start + size]
    result += (chunk * (size // len(chunk) + 1))[:size]
