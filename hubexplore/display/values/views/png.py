"""Pixels as `<img>`, in no more bytes than there is room for."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Final

import numpy as np

from hubexplore.display.markup import Markup, tag
from hubexplore.display.values.value_kinds import Array

if TYPE_CHECKING:
    from PIL.Image import Image

WIDEST: Final = 600
"""Pixels of a screen that a picture may take."""
_QUALITY: Final = 85


def photo(pixels: Array, words: str, room: int, width: int) -> tuple[Markup, str]:
    """Returns an image that no theme changes, and what was given up for its size: nothing, or as words.

    Args:
      pixels: uint8 [h, w], or [h, w, c] of 1 (grey), 2 (grey and alpha), 3 or 4 channels.
      words: say what is seen.
      room: bytes that it may take.
      width: pixels that it takes on the screen.
    """
    kind, content, lost = _encoded(pixels, room)
    data = base64.b64encode(content).decode()
    src = f"data:image/{kind};base64,{data}"
    return tag("img", src=src, alt=words, width=min(width, WIDEST), class_="photo"), lost


def png_address(pixels: Array) -> str:
    """Returns pixels as an address that holds them, in PNG; they are uint8 [h, w, 4]."""
    from PIL import Image

    content = _saved(Image.fromarray(np.ascontiguousarray(pixels)), "PNG")
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def _encoded(pixels: Array, room: int) -> tuple[str, bytes, str]:
    """PNG, else JPEG where nothing is transparent, else the same smaller; whichever first has room."""
    from PIL import Image

    whole = Image.fromarray(pixels[:, :, 0] if pixels.shape[2:] == (1,) else pixels)
    factor = 1
    while True:
        image = whole if factor == 1 else whole.reduce(factor)
        raw = image.width * image.height * len(image.getbands())
        smaller = "" if factor == 1 else f"at 1/{factor} of their size"
        last = image.width * image.height <= 64
        if raw <= 6 * room or last:  # photographs become at best so much smaller
            content = _saved(image, "PNG")
            if len(content) <= room or last:
                return "png", content, smaller
        if image.mode in ("L", "RGB") and raw <= 30 * room:
            content = _saved(image, "JPEG")
            if len(content) <= room:
                return "jpeg", content, f"{smaller} as JPEG".strip()
        factor *= 2


def _saved(image: Image, form: str) -> bytes:
    content = io.BytesIO()
    if form == "PNG":
        image.save(content, form, compress_level=4)
    else:
        image.save(content, form, quality=_QUALITY)
    return content.getvalue()
