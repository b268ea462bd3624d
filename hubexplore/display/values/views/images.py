"""Values as images, as bright as they were meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from hubexplore.display.markup import join, tag
from hubexplore.display.values.hover import MAX_CELLS, GridHover
from hubexplore.display.values.value_kinds import (
    as_floats,
    clipped,
    drawable,
    limits_of,
    number_text,
    signed_text,
)
from hubexplore.display.values.views.plot import Figure, row_name
from hubexplore.display.values.views.png import photo
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

MAX_IMAGES: Final = 24
_MAX_BYTES: Final = 150_000
"""Bytes for all of them."""
_MAX_PIXELS: Final = 1_500_000
"""So many are looked at; of larger images every second one, and so on."""
_MIN_SCREEN_SIDE: Final = 112
"""Pixels that the longer side of an image has on screen at least: small ones are enlarged."""
_USUAL_RANGES: Final = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
"""What images usually hold; each is meant if the values lie in it, up to a small part of it, ..."""
_RANGE_TOLERANCE: Final = 0.02
_MIN_CONTRAST: Final = 0.125
"""... and take at least this part of it: fainter images are stretched, or nothing would be seen."""


def images(array: Array, rows: Sequence[str], centred: bool = False) -> Figure:
    """Each image as a picture; one rule of brightness for all of them, which is said.

    Args:
      array: [..., h, w, c], c of 1, 3 or 4.
      rows: captions.
      both: 0 is the middle of the scale, as in a difference.
    """
    outer_shape = array.shape[:-3]
    per_row = int(np.prod(outer_shape[1:]))  # images in each row
    stack = array.reshape(-1, *array.shape[-3:])
    shown = stack[:MAX_IMAGES]
    step = int(np.ceil(np.sqrt(shown.size / shown.shape[3] / _MAX_PIXELS)))
    sampled = shown[:, ::step, ::step]
    pixels, rule = _zero_centred(sampled) if centred else brightness(sampled)
    figures, hovers, losses = [], [], {f"one of every {step} pixels in a row"} if step > 1 else set()
    has_hover = sampled.size // sampled.shape[3] <= MAX_CELLS and step == 1
    for number, image_pixels in enumerate(pixels):
        name = row_name(rows, number, outer_shape)
        name = name if number // per_row < len(rows) else f"image {name}"
        alt_text = f"{name}, {shown.shape[1]} × {shown.shape[2]} pixels, {rule}"
        enlarged = _enlarged(image_pixels)
        picture, loss = photo(enlarged, alt_text, _MAX_BYTES // len(shown), enlarged.shape[1])
        losses |= {loss} - {""}
        figures.append(tag("figure", picture, tag("figcaption", name)))
        hovers.append(_hover(sampled[number]) if has_hover else None)
    more = len(stack) - len(shown)
    note = f"Brightness: {rule}." + (f" … and {counted(more, 'image')} more." if more else "")
    if losses:
        note += f" Large: shown {', '.join(sorted(losses))}."
    return Figure(join(*figures), tuple(hovers), note)


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
    if stack.dtype == np.uint8 and (np.ptp(stack) >= _MIN_CONTRAST * 255 or stack.min() == stack.max()):
        return stack, "0 is black, 255 is white"
    floats = drawable(as_floats(stack))
    low, high = limits_of(floats)
    start, end = next(
        (
            (start, end)
            for start, end in _USUAL_RANGES
            if low >= start - _RANGE_TOLERANCE * (end - start)
            and high <= end + _RANGE_TOLERANCE * (end - start)
            and high - low >= _MIN_CONTRAST * (end - start)
        ),
        (low, high) if low < high else _constant_range(low),
    )
    return _scaled(floats, start, end), f"{signed_text(start)} is black, {signed_text(end)} is white"


def _constant_range(number: float) -> tuple[float, float]:
    """The range of images that are all one number."""
    return next(
        (limits for limits in _USUAL_RANGES if limits[0] <= number <= limits[1]),
        (min(number, 0), max(number, 0)),
    )


def _zero_centred(stack: Array) -> tuple[Array, str]:
    floats = drawable(as_floats(stack))
    reach = max(map(abs, limits_of(floats)), default=0.0) or 1.0
    pixels = _scaled(floats, -reach, reach)
    if pixels.shape[3] == 4:
        pixels[..., 3] = 255  # a difference of opacities would hide those of colours
    return pixels, f"{signed_text(-reach)} is black, 0 is grey, {signed_text(reach)} is white"


def _scaled(floats: Array, start: float, end: float) -> Array:
    known = np.where(np.isnan(floats), start, clipped(floats, start, end))
    scaled: Array = ((known - start) / ((end - start) or 1.0) * 255).round().astype(np.uint8)
    return scaled


def _enlarged(pixels: Array) -> Array:
    longest = max(pixels.shape[:2])
    if longest < _MIN_SCREEN_SIDE:
        factor = -(-_MIN_SCREEN_SIDE // longest)
        return pixels.repeat(factor, 0).repeat(factor, 1)
    return pixels
