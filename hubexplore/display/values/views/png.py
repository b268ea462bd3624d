"""Pixels as `<img>`, in no more bytes than there is room for."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Final

import numpy as np

from hubexplore.display.markup import Markup, tag
from hubexplore.summary.tensor_values import Array

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_SCREEN_WIDTH: Final = 600
"""Pixels of a screen that a picture may take."""
_QUALITY: Final = 85


def photo(pixels: Array, alt_text: str, max_bytes: int, width: int) -> tuple[Markup, str]:
    """Returns an image that no theme changes, and what was given up for its size: nothing, or as words.

    Args:
      pixels: uint8 [h, w], or [h, w, c] of 1 (grey), 2 (grey and alpha), 3 or 4 channels.
      words: say what is seen.
      room: bytes that it may take.
      width: pixels that it takes on the screen.
    """
    kind, content, loss = _encoded(pixels, max_bytes)
    data = base64.b64encode(content).decode()
    src = f"data:image/{kind};base64,{data}"
    return tag("img", src=src, alt=alt_text, width=min(width, MAX_SCREEN_WIDTH), class_="photo"), loss


def png_data_url(pixels: Array) -> str:
    """Returns pixels as an address that holds them, in PNG; they are uint8 [h, w, 4]."""
    from PIL import Image

    content = _file_content(Image.fromarray(np.ascontiguousarray(pixels)), "PNG")
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def _encoded(pixels: Array, max_bytes: int) -> tuple[str, bytes, str]:
    """PNG, else JPEG where nothing is transparent, else the same smaller; whichever first has room."""
    from PIL import Image

    whole = Image.fromarray(pixels[:, :, 0] if pixels.shape[2:] == (1,) else pixels)
    factor = 1
    while True:
        image = whole if factor == 1 else whole.reduce(factor)
        raw = image.width * image.height * len(image.getbands())
        smaller = "" if factor == 1 else f"at 1/{factor} of their size"
        is_smallest = image.width * image.height <= 64
        if raw <= 6 * max_bytes or is_smallest:  # photographs become at best so much smaller
            content = _file_content(image, "PNG")
            if len(content) <= max_bytes or is_smallest:
                return "png", content, smaller
        if image.mode in ("L", "RGB") and raw <= 30 * max_bytes:
            content = _file_content(image, "JPEG")
            if len(content) <= max_bytes:
                return "jpeg", content, f"{smaller} as JPEG".strip()
        factor *= 2


def _file_content(image: Image, form: str) -> bytes:
    content = io.BytesIO()
    if form == "PNG":
        image.save(content, form, compress_level=4)
    else:
        image.save(content, form, quality=_QUALITY)
    return content.getvalue()
