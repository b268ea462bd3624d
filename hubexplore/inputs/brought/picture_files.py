"""Files of pictures as they are, for a graph that decodes them itself."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.inputs.brought import images
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import Array, Given
from hubexplore.inputs.sample_pictures import bundled
from hubexplore.inputs.typed import nested_lists
from hubexplore.summary.files import magic
from hubexplore.summary.reading.string_inputs import Encoding

FORMATS: Final = ("PNG", "JPEG", "GIF", "BMP")
"""What TensorFlow's ops decode, as Pillow calls it."""
BEGINNINGS: Final = (*magic.PNG.starts, b"\xff\xd8\xff", *magic.GIF.starts, *magic.BMP.starts)
"""What their files begin with."""
SIDE: Final = 192
"""Pixels of the longer side of a preview: twice of what is shown, for fine screens."""


@dataclass(frozen=True)
class PictureFiles(Given):
    """The content of files; `value` has them as bytes.

    Attributes:
      names: of the files, as their owner called them.
      base64: whether they are in web-safe base64.
      ours: whether all of them are `bundled`.
    """

    names: tuple[str, ...] = ()
    base64: bool = False
    ours: bool = False


def read(field: Field, files: Sequence[tuple[str, bytes]]) -> PictureFiles:
    """The content of files of pictures, which stays as it is.

    Args:
      field: an input whose strings are files of pictures.
      files: name and content of each, one or more.

    Raises:
      HubError: (a ValueError) a file is no picture that TensorFlow decodes, damaged, or too large; or they
        are too many or too few.
    """
    if not files:
        raise SignatureError(f"Input {field.name!r} takes at least one picture; got none.")
    value = np.empty(len(files), object)
    for number, (name, content) in enumerate(files):
        # What the graph could not decode, or only with all the memory there is, is refused here.
        images.opened(name, content, FORMATS)
        # TensorFlow reads the web-safe alphabet; padding is accepted.
        value[number] = base64.urlsafe_b64encode(content) if field.encoding.base64 else bytes(content)
    names = tuple(name for name, _ in files)
    return PictureFiles(
        nested_lists.shaped(field, value),
        picture=images.names_in_short(names),
        names=names,
        base64=field.encoding.base64,
        ours=all(bundled().get(name) == content for name, content in files),
    )


def preview(field: Field, value: Any, limit: int = 8) -> tuple[bytes, ...]:
    """PNG files of the first pictures, made small; none of what is no picture.

    Args:
      field: the input.
      value: an array of strings.
      limit: pictures.
    """
    found = []
    for content in np.asarray(value, object).reshape(-1)[:limit]:
        if not isinstance(content, bytes):
            continue
        try:
            plain = base64.urlsafe_b64decode(content) if field.encoding.base64 else content
            picture, _ = images.opened("", plain, FORMATS)
        except (SignatureError, binascii.Error):
            continue
        picture.thumbnail((SIDE, SIDE))
        file = io.BytesIO()
        picture.save(file, "PNG")
        found.append(file.getvalue())
    return tuple(found)


def drawn(pixels: Array, encoding: Encoding) -> bytes:
    """A picture as the content of a file that the graph decodes.

    Args:
      pixels: [height, width, 3], 0.0 to 1.0.
      encoding: the format, and whether base64 is wanted.
    """
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(file, encoding.picture or "PNG")
    content = file.getvalue()
    return base64.urlsafe_b64encode(content) if encoding.base64 else content
