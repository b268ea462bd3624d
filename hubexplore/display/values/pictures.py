"""Values as pictures: images as they are, activations as grey tiles."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Final

import numpy as np

from hubexplore.display.markup import Markup, tag
from hubexplore.display.tables import counted, visible
from hubexplore.display.values.hover import GridHover
from hubexplore.display.values.kinds import Array, drawable, number_text, signed
from hubexplore.display.values.plots import Plotted

MAX_IMAGES: Final = 24
MAX_TILES: Final = 64
_LEAST: Final = 112
"""Pixels that the longer side of an image has on screen at least: small ones are enlarged."""
_MOST: Final = 384
_GAP: Final = 2
_RANGES: Final = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
"""What images usually hold; each is meant if the values lie in it, up to a small part of it, ..."""
_SLACK: Final = 0.02
_FAINT: Final = 0.125
"""... and take at least this part of it: fainter images are stretched, or nothing would be seen."""


def images(array: Array, rows: Sequence[str]) -> Plotted:
    """Each image as a picture; one rule of brightness for all of them, which is said."""
    stack = array[None] if array.ndim == 3 else array
    shown = stack[:MAX_IMAGES]
    pixels, rule = brightness(shown)
    found = []
    for number, each in enumerate(pixels):
        words = visible(rows[number]) if number < len(rows) else f"image {number}"
        text = f"{words}, {each.shape[0]} × {each.shape[1]} pixels, {rule}"
        found.append(_figure(each, text, words))
    more = len(stack) - len(shown)
    note = f"Brightness: {rule}." + (f" … and {counted(more, 'image')} more." if more else "")
    return Plotted(tag("div", *found, class_="pictures"), None, note)


def brightness(stack: Array) -> tuple[Array, str]:
    """Images as uint8, and by which rule: a usual range that fits, else from the least value on."""
    if stack.dtype == np.uint8:
        return stack, "0 to 255"
    floats = drawable(stack)
    finite = floats[np.isfinite(floats)]
    low, high = float(finite.min(initial=0)), float(finite.max(initial=0))
    start, end = next(
        (
            (start, end)
            for start, end in _RANGES
            if low >= start - _SLACK * (end - start)
            and high <= end + _SLACK * (end - start)
            and high - low >= _FAINT * (end - start)
        ),
        (low, high),
    )
    rule = f"{signed(start)} is black, {signed(end)} is white"
    scaled = (np.nan_to_num(floats, nan=start, posinf=end, neginf=start) - start) / ((end - start) or 1)
    return (np.clip(scaled, 0, 1) * 255).round().astype(np.uint8), rule


def tiles(array: Array) -> Plotted:
    """The channels of [n, h, w, c] (or the matrices of [n, h, w]) as grey tiles with one scale."""
    first = array[0] if array.ndim == 4 else np.moveaxis(array, 0, -1)
    floats = drawable(first)
    count = min(first.shape[2], MAX_TILES)
    shown = np.moveaxis(floats[:, :, :count], -1, 0)
    finite = shown[np.isfinite(shown)]
    low, high = float(finite.min(initial=0)), float(finite.max(initial=0))
    grey = (np.nan_to_num((shown - low) / ((high - low) or 1), nan=0.0) * 255).clip(0, 255).astype(np.uint8)
    across = min(8, count)
    down = -(-count // across)
    tall, wide = grey.shape[1:]
    step = max(1, round(64 / max(tall, wide)))
    grey = grey.repeat(step, 1).repeat(step, 2)
    skip = max(1, max(grey.shape[1:]) // 96)  # large maps become small tiles
    grey = grey[:, ::skip, ::skip]
    tall, wide = grey.shape[1:]
    sheet = np.full((down * (tall + _GAP) - _GAP, across * (wide + _GAP) - _GAP), 255, np.uint8)
    for number, tile in enumerate(grey):
        row, column = divmod(number, across)
        sheet[row * (tall + _GAP) :, column * (wide + _GAP) :][:tall, :wide] = tile
    what = "channel" if array.ndim == 4 else "matrix"
    words = (
        f"{counted(count, 'tile')} of {first.shape[0]} × {first.shape[1]}: {what} 0 at the top left, "
        f"{number_text(low)} is black, {number_text(high)} is white"
    )
    told = tuple(
        f"mean {number_text(each.mean())}, {number_text(each.min())} to {number_text(each.max())}"
        for each in shown
    )
    captions = tuple(f"{what} {number}" for number in range(down * across))
    box = (0.0, 0.0, 1.0, 1.0)
    values = tuple(
        f"{captions[number]}: {told[number]}" if number < count else "" for number in range(down * across)
    )
    more = first.shape[2] - count
    note = f"{words[0].upper()}{words[1:]}." + (f" … and {more:,} more." if more else "")
    if array.ndim == 4 and len(array) > 1:
        note += f" Of the first of {len(array):,} rows."
    return Plotted(_photo(sheet, words), GridHover(box, down, across, values), note)


def _figure(pixels: Array, words: str, caption: str) -> Markup:
    return tag("figure", _photo(_enlarged(pixels), words), tag("figcaption", caption))


def _enlarged(pixels: Array) -> Array:
    longest = max(pixels.shape[:2])
    if longest < _LEAST:
        factor = -(-_LEAST // longest)
        return pixels.repeat(factor, 0).repeat(factor, 1)
    return pixels


def _photo(pixels: Array, words: str) -> Markup:
    """An image that no theme changes."""
    data = base64.b64encode(png(pixels)).decode()
    width = min(pixels.shape[1], max(_MOST, 640 if pixels.ndim == 2 else 0))
    return tag("img", src=f"data:image/png;base64,{data}", alt=words, width=width, class_="photo")


def png(pixels: Array) -> bytes:
    """Encodes uint8 [h, w], [h, w, 1], [h, w, 3] or [h, w, 4]."""
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2:] == (1,) else pixels).save(content, "PNG")
    return content.getvalue()
