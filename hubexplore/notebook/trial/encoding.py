"""Strings that a graph parses: tf.Example messages and files of pictures, made without TensorFlow."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Mapping, Sequence

import numpy as np

from hubexplore.notebook.trial.given import Array
from hubexplore.notebook.trial.parsing import Encoding

Values = Sequence[bytes] | Sequence[int] | Sequence[float]


def example(features: Mapping[str, Values]) -> bytes:
    """A serialized tf.Example.

    Field numbers are those of tensorflow/core/example/{example,feature}.proto.

    Args:
      features: values by key: all bytes, all int or all float.
    """
    entries = b"".join(
        _field(1, _field(1, name.encode("utf-8", "surrogateescape")) + _field(2, _feature(values)))
        for name, values in sorted(features.items())
    )
    return _field(1, entries)


def _feature(values: Values) -> bytes:
    if all(isinstance(each, bytes) for each in values):
        return _field(1, b"".join(_field(1, each) for each in values if isinstance(each, bytes)))
    if all(isinstance(each, int) for each in values):
        return _field(3, _field(1, b"".join(_varint(int(each) % 2**64) for each in values)))
    return _field(2, _field(1, b"".join(struct.pack("<f", each) for each in values)))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def picture_file(pixels: Array, encoding: Encoding) -> bytes:
    """A picture as the content of a file that the graph decodes.

    Args:
      pixels: [height, width, 3], 0.0 to 1.0.
      encoding: the format, and whether base64 is wanted.
    """
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(file, encoding.picture or "PNG")
    content = file.getvalue()
    # TensorFlow reads the web-safe alphabet; padding is accepted.
    return base64.urlsafe_b64encode(content) if encoding.base64 else content
