"""Picture files as bytes, for a graph that decodes them itself."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.inputs import pictures
from hubexplore.inputs.external import picture_arrays
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue
from hubexplore.inputs.text import nested_lists
from hubexplore.summary.files import magic
from hubexplore.summary.reading.string_inputs import Encoding
from hubexplore.summary.tensor_values import Array

FORMATS: Final = ("PNG", "JPEG", "GIF", "BMP")
"""Formats that TensorFlow's ops decode, by their names in Pillow."""
BEGINNINGS: Final = (*magic.PNG.starts, b"\xff\xd8\xff", *magic.GIF.starts, *magic.BMP.starts)
"""The first bytes of files in these formats."""
PREVIEW_SIDE: Final = 192
"""Longer side of a preview in pixels: twice the size on the page, for screens of high resolution."""


@dataclass(frozen=True)
class PictureFiles(InputValue):
    """Contents of picture files; `value` has them as bytes.

    Attributes:
      names: names of the files.
      base64: whether they are in web-safe base64.
      are_samples: whether all of them are built-in samples (`pictures.samples()`).
    """

    names: tuple[str, ...] = ()
    base64: bool = False
    are_samples: bool = False


def read(field: Field, files: Sequence[tuple[str, bytes]]) -> PictureFiles:
    """Returns the contents of picture files, unchanged.

    Args:
      field: an input whose strings are picture files.
      files: (name, content) of one or more files.

    Raises:
      SignatureError: a file is not a picture that TensorFlow decodes, damaged or too large; or there are too
        many or too few.
    """
    if not files:
        raise SignatureError(f"Input {field.name!r} takes at least one picture; got none.")
    value = np.empty(len(files), object)
    for number, (name, content) in enumerate(files):
        # Decoded here only to refuse what the graph could not decode, or only with all the memory there is.
        picture_arrays.open_picture(name, content, FORMATS)
        # TensorFlow reads the web-safe alphabet; padding is accepted.
        value[number] = base64.urlsafe_b64encode(content) if field.encoding.base64 else bytes(content)
    names = tuple(name for name, _ in files)
    return PictureFiles(
        nested_lists.shaped(field, value),
        picture=picture_arrays.short_names(names),
        names=names,
        base64=field.encoding.base64,
        are_samples=all(pictures.samples().get(name) == content for name, content in files),
        contents=tuple(content for _, content in files),
    )


def preview(field: Field, value: Any, limit: int = 8) -> tuple[bytes, ...]:
    """PNG files of the first pictures, scaled down; strings that are not pictures are skipped.

    Args:
      field: the input.
      value: an array of strings.
      limit: maximum number of pictures.
    """
    previews = []
    for content in np.asarray(value, object).reshape(-1)[:limit]:
        if not isinstance(content, bytes):
            continue
        try:
            plain = base64.urlsafe_b64decode(content) if field.encoding.base64 else content
            picture, _ = picture_arrays.open_picture("", plain, FORMATS)
        except (SignatureError, binascii.Error):
            continue
        picture.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
        file = io.BytesIO()
        picture.save(file, "PNG")
        previews.append(file.getvalue())
    return tuple(previews)


def encoded_picture(pixels: Array, encoding: Encoding) -> bytes:
    """Returns a picture as the content of a file that the graph decodes.

    Args:
      pixels: [height, width, 3], 0.0 to 1.0.
      encoding: the format of the file, and whether it is in base64.
    """
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(file, encoding.picture or "PNG")
    content = file.getvalue()
    return base64.urlsafe_b64encode(content) if encoding.base64 else content
