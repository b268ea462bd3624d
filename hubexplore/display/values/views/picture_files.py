"""Files of pictures that are the entries of an output, as the pictures that they are."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.values.views.plot import Figure, Texts, row_name
from hubexplore.display.values.views.png import photo
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PICTURES: Final = 24
"""Maximum number of pictures."""
MAX_PIXELS: Final = 40_000_000
"""Maximum number of pixels of a picture that is decoded: a small file may hold a huge one."""
_MAX_BYTES: Final = 400_000
_FORMATS: Final = ("PNG", "JPEG", "GIF")


def pictures(array: Array, rows: Texts) -> Figure | None:
    """Draws the pictures in files; None if one of them cannot be read.

    Args:
      array: bytes of any shape.
      rows: captions of the first dimension.
    """
    files = array.reshape(-1).tolist()
    figures: list[Markup] = []
    for number, file in enumerate(files[:MAX_PICTURES]):
        pixels = _decoded(file)
        if pixels is None:
            return None
        name = row_name(rows, number, array.shape)
        size = f"{pixels.shape[0]} × {pixels.shape[1]} pixels"
        picture, _ = photo(pixels, f"{name}: picture of {size}", _MAX_BYTES // len(files), pixels.shape[1])
        caption = f"{name}, {size}" if len(files) > 1 or rows else size
        figures.append(tag("figure", picture, tag("figcaption", caption)))
    more = len(files) - len(figures)
    note = f"… and {counted(more, 'picture')} more." if more else ""
    return Figure(join(*figures), (None,) * len(figures), note)


def _decoded(file: Any) -> Array | None:
    """Returns the pixels of a file, uint8 [height, width, channels]; None if it cannot be read."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(file), formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            return np.asarray(image.convert(_mode(image)))
    # Pillow raises a SyntaxError for a broken PNG.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _mode(image: Image) -> str:
    if "transparency" in image.info or image.mode in ("LA", "PA", "RGBA"):
        return "RGBA"
    return "RGB"
