"""TFRecord files, read without TensorFlow.

Each record is its length (uint64), the masked CRC-32C of that, the data, and the masked CRC-32C of the data,
all in little endian: https://www.tensorflow.org/tutorials/load_data/tfrecord
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from hubexplore.errors import SignatureError
from hubexplore.inputs.input_value import InputValue, short
from hubexplore.summary.weights import crc32c

_HEAD: Final = 12
"""Bytes before the data of a record: its length and the checksum of that."""
_TAIL: Final = 4
"""Bytes after the data of a record: its checksum."""


@dataclass(frozen=True)
class Records(InputValue):
    """Records of a TFRecord file; `value` has them as bytes."""


def is_records(content: bytes) -> bool:
    """Whether bytes begin like a TFRecord file: with a length and its checksum."""
    return len(content) >= _HEAD + _TAIL and _length(content, 0) is not None


def read(name: str, content: bytes) -> list[bytes]:
    """Returns the records of a file, with all checksums verified.

    Args:
      name: name of the file, for messages.
      content: content of the file; not compressed.

    Raises:
      SignatureError: it is truncated or damaged.
    """
    records: list[bytes] = []
    position = 0
    while position < len(content):
        length = _length(content, position)
        end = position + _HEAD + (length or 0)
        record = content[position + _HEAD : end]
        if length is None or content[end : end + _TAIL] != struct.pack("<I", crc32c.masked(record)):
            raise SignatureError(
                f"{short(name)!r} is a TFRecord file, but record {len(records) + 1} is truncated or damaged. "
                f"Get a fresh copy."
            )
        records.append(record)
        position = end + _TAIL
    return records


def _length(content: bytes, position: int) -> int | None:
    # A wrong length would make everything after it look like garbage, hence its own checksum in the format.
    head = content[position : position + _HEAD]
    if len(head) < _HEAD or head[8:] != struct.pack("<I", crc32c.masked(head[:8])):
        return None
    return int.from_bytes(head[:8], "little")
