"""Values as images, as bright as they were meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from hubexplore.display.markup import join, tag
from hubexplore.display.values.hover import MAX_CELLS, GridHover
from hubexplore.display.values.value_kinds import (
    Array,
    as_floats,
    drawable,
    limits_of,
    number_text,
    signed,
    within,
)
from hubexplore.display.values.views.plot import Plotted, row_name
from hubexplore.display.values.views.png import photo
from hubexplore.display.wording import counted

MAX_IMAGES: Final = 24
_ROOM: Final = 150_000
"""Bytes for all of them."""
_MOST_PIXELS: Final = 1_500_000
"""So many are looked at; of larger images every second one, and so on."""
_LEAST: Final = 112
"""Pixels that the longer side of an image has on screen at least: small ones are enlarged."""
_RANGES: Final = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
"""What images usually hold; each is meant if the values lie in it, up to a small part of it, ..."""
_SLACK: Final = 0.02
_FAINT: Final = 0.125
"""... and take at least this part of it: fainter images are stretched, or nothing would be seen."""


def images(array: Array, rows: Sequence[str], both: bool = False) -> Plotted:
    """Each image as a picture; one rule of brightness for all of them, which is said.

    Args:
      array: [..., h, w, c], c of 1, 3 or 4.
      rows: captions.
      both: 0 is the middle of the scale, as in a difference.
    """
    lead = array.shape[:-3]
    inner = int(np.prod(lead[1:]))  # images in each row
    stack = array.reshape(-1, *array.shape[-3:])
    shown = stack[:MAX_IMAGES]
    step = int(np.ceil(np.sqrt(shown.size / shown.shape[3] / _MOST_PIXELS)))
    seen = shown[:, ::step, ::step]
    pixels, rule = _around_zero(seen) if both else brightness(seen)
    figures, hovers, given_up = [], [], {f"one of every {step} pixels in a row"} if step > 1 else set()
    tell = seen.size // seen.shape[3] <= MAX_CELLS and step == 1
    for number, image_pixels in enumerate(pixels):
        name = row_name(rows, number, lead)
        name = name if number // inner < len(rows) else f"image {name}"
        words = f"{name}, {shown.shape[1]} × {shown.shape[2]} pixels, {rule}"
        enlarged = _enlarged(image_pixels)
        picture, lost = photo(enlarged, words, _ROOM // len(shown), enlarged.shape[1])
        given_up |= {lost} - {""}
        figures.append(tag("figure", picture, tag("figcaption", name)))
        hovers.append(_hover(seen[number]) if tell else None)
    more = len(stack) - len(shown)
    note = f"Brightness: {rule}." + (f" … and {counted(more, 'image')} more." if more else "")
    if given_up:
        note += f" Large: shown {', '.join(sorted(given_up))}."
    return Plotted(join(*figures), tuple(hovers), note)


def _hover(image: Array) -> GridHover:
    down, across, channels = image.shape
    texts = [number_text(each) for each in image.reshape(-1).tolist()]
    values = tuple(", ".join(texts[at : at + channels]) for at in range(0, len(texts), channels))
    places = (
        tuple(f"{word} {at}" for at in range(size)) for word, size in (("row", down), ("column", across))
    )
    return GridHover((0.0, 0.0, 1.0, 1.0), down, across, values, *places)


def brightness(stack: Array) -> tuple[Array, str]:
    """Images as uint8, and by which rule: a usual range that fits, else from the least value on."""
    if stack.dtype == np.uint8 and (np.ptp(stack) >= _FAINT * 255 or stack.min() == stack.max()):
        return stack, "0 is black, 255 is white"
    floats = drawable(as_floats(stack))
    low, high = limits_of(floats)
    start, end = next(
        (
            (start, end)
            for start, end in _RANGES
            if low >= start - _SLACK * (end - start)
            and high <= end + _SLACK * (end - start)
            and high - low >= _FAINT * (end - start)
        ),
        (low, high) if low < high else _around(low),
    )
    return _scaled(floats, start, end), f"{signed(start)} is black, {signed(end)} is white"


def _around(number: float) -> tuple[float, float]:
    """The range of images that are all one number."""
    return next(
        (limits for limits in _RANGES if limits[0] <= number <= limits[1]), (min(number, 0), max(number, 0))
    )


def _around_zero(stack: Array) -> tuple[Array, str]:
    floats = drawable(as_floats(stack))
    reach = max(map(abs, limits_of(floats)), default=0.0) or 1.0
    pixels = _scaled(floats, -reach, reach)
    if pixels.shape[3] == 4:
        pixels[..., 3] = 255  # a difference of opacities would hide those of colours
    return pixels, f"{signed(-reach)} is black, 0 is grey, {signed(reach)} is white"


def _scaled(floats: Array, start: float, end: float) -> Array:
    known = np.where(np.isnan(floats), start, within(floats, start, end))
    scaled: Array = ((known - start) / ((end - start) or 1.0) * 255).round().astype(np.uint8)
    return scaled


def _enlarged(pixels: Array) -> Array:
    longest = max(pixels.shape[:2])
    if longest < _LEAST:
        factor = -(-_LEAST // longest)
        return pixels.repeat(factor, 0).repeat(factor, 1)
    return pixels
