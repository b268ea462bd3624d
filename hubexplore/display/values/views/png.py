"""Pixels as `<img>` of bounded size in bytes."""

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
"""Maximum width of a picture in screen pixels."""
_QUALITY: Final = 85
"""Quality of JPEG files, as Pillow counts it."""


def photo(pixels: Array, alt_text: str, max_bytes: int, width: int) -> tuple[Markup, str]:
    """Returns an image that no theme inverts, and how it was reduced to fit: "" if it was not.

    Args:
      pixels: uint8 [h, w], or [h, w, c] of 1 (grey), 2 (grey and alpha), 3 or 4 channels.
      alt_text: what the image shows.
      max_bytes: maximum size of the file in bytes.
      width: width in screen pixels.
    """
    src, loss = _reduced(pixels, max_bytes)
    return tag("img", src=src, alt=alt_text, width=min(width, MAX_SCREEN_WIDTH), class_="photo"), loss


def photo_data_url(pixels: Array, max_bytes: int) -> str:
    """Returns pixels, uint8 [h, w] or [h, w, c], as the data URL of a file of at most this size."""
    return _reduced(pixels, max_bytes)[0]


def _reduced(pixels: Array, max_bytes: int) -> tuple[str, str]:
    kind, content, loss = _encoded(pixels, max_bytes)
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}", loss


def png_file(pixels: Array) -> bytes:
    """Returns pixels, uint8 [h, w] or [h, w, c], as the content of a PNG file of their size."""
    from PIL import Image

    plain = pixels[:, :, 0] if pixels.shape[2:] == (1,) else pixels
    return _file_content(Image.fromarray(np.ascontiguousarray(plain)), "PNG")


def png_data_url(pixels: Array) -> str:
    """Returns pixels, uint8 [h, w, 4], as a data URL of a PNG."""
    from PIL import Image

    content = _file_content(Image.fromarray(np.ascontiguousarray(pixels)), "PNG")
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def _encoded(pixels: Array, max_bytes: int) -> tuple[str, bytes, str]:
    """Returns (format, content, loss) of the first that fits: PNG, JPEG, both at half the size, and so on.

    JPEG is left out for images with transparency. Terminates because 64 pixels always fit as PNG.
    """
    from PIL import Image

    # Pillow takes grey images as [h, w] only.
    whole = Image.fromarray(pixels[:, :, 0] if pixels.shape[2:] == (1,) else pixels)
    factor = 1
    while True:
        # Always reduced from the whole image: reducing a reduced one would blur it twice.
        image = whole if factor == 1 else whole.reduce(factor)
        # Encoding is what takes time, so it is tried only where the raw size makes success likely.
        raw = image.width * image.height * len(image.getbands())
        smaller = "" if factor == 1 else f"at 1/{factor} of their size"
        is_smallest = image.width * image.height <= 64
        if raw <= 6 * max_bytes or is_smallest:  # PNG shrinks photographs to a sixth at best: no need to try
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
