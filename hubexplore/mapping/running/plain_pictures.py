"""Pictures that need nothing but decoding, by TensorFlow: several at a time, without Python's lock."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Final

import tensorflow as tf

from hubexplore.inputs.fields import Field
from hubexplore.summary.tensor_values import Array

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_PARALLEL: Final = 16
"""Number of pictures that are decoded at the same time, if there are as many cores."""
_HEAD: Final = 65_536
"""Bytes of a JPEG file that its orientation can be in: the segment for it is no longer."""
_DEPTH_AND_COLOURS: Final = {3: (b"\x08\x02",), 1: (b"\x08\x00",)}
"""Bytes 24 and 25 of a PNG file by channels: 8 bits, in colour or grey, without transparency."""


def plain_pixels(field: Field, contents: Sequence[bytes]) -> Array | None:
    """The pixels of JPEG and PNG files that have the size of the input, upright and without transparency.

    They are those that Pillow decodes: both use libjpeg, which has a faster and a more accurate transform.

    Returns:
      uint8 [files, height, width, channels]; None if one of them is any other picture, or
      damaged, or they are of both formats.
    """
    if field.any_size or not tf.executing_eagerly():
        return None
    are_jpegs = {content.startswith(_JPEG) for content in contents}
    if len(are_jpegs) != 1 or not all(_is_plain(field.channels, content) for content in contents):
        return None
    try:
        decode = _decoder(field.height, field.width, field.channels, are_jpegs.pop())
        pixels: Array = decode(tf.constant(contents)).numpy()
    except tf.errors.OpError:  # Pillow says which one is wrong, and how
        return None
    return pixels


@functools.cache
def _decoder(height: int, width: int, channels: int, is_jpeg: bool) -> Any:
    """A function of the contents of files, which decodes several at a time without Python's lock."""
    shape = [height, width, channels]

    def decode(content: Any) -> Any:
        if is_jpeg:
            pixels = tf.io.decode_jpeg(content, channels, dct_method="INTEGER_ACCURATE")
        else:
            pixels = tf.io.decode_png(content, channels)
        return tf.ensure_shape(pixels, shape)

    def decode_all(contents: Any) -> Any:
        spec = tf.TensorSpec(shape, tf.uint8)
        return tf.map_fn(decode, contents, fn_output_signature=spec, parallel_iterations=_PARALLEL)

    return tf.function(decode_all, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)


def _is_plain(channels: int, content: bytes) -> bool:
    if content.startswith(_PNG):
        is_opaque = content.find(b"tRNS", 0, max(0, content.find(b"IDAT"))) < 0
        return content[24:26] in _DEPTH_AND_COLOURS[channels] and is_opaque
    # Grey of a JPEG in colour is another formula here than in Pillow.
    return channels == 3 and content.startswith(_JPEG) and b"Exif" not in content[:_HEAD]
