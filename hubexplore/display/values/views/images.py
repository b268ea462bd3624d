"""The Images view: values as images, with the brightness that was meant."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from hubexplore.display.markup import join, tag
from hubexplore.display.values import numerics
from hubexplore.display.values.hover import MAX_CELLS, GridHover, LazyTexts
from hubexplore.display.values.views.plot import Figure, row_name
from hubexplore.display.values.views.png import photo
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

MAX_IMAGES: Final = 24
"""Maximum number of images that are shown."""
_MAX_BYTES: Final = 150_000
"""Maximum size in bytes of all images of a value together."""
_MAX_PIXELS: Final = 1_500_000
"""Maximum number of pixels that are read; larger images are sampled at every second pixel, and so on."""
_MIN_SCREEN_SIDE: Final = 112
"""Minimum length in screen pixels of the longer side of an image: smaller images are enlarged."""
_USUAL_RANGES: Final = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
"""Ranges of pixel values that models use. The first range that the values fit is the one that was meant."""
_RANGE_TOLERANCE: Final = 0.02
"""Share of a range by which values may exceed it, as those of generated images do."""
_OVERSHOOT: Final = 0.15
"""Share of a range by which a few values may exceed it, as those beside edges of sharpened pictures do."""
_FEW: Final = 0.01
"""Maximum share of the values that may do so."""
_MIN_CONTRAST: Final = 0.125
"""Minimum share of a range that values must cover; images with less contrast are stretched to be visible."""


def images(array: Array, rows: Sequence[str], centred: bool = False) -> Figure:
    """Draws each image; the note states the brightness rule, which is one for all of them.

    Args:
      array: real numbers [..., height, width, channels] of 1, 3 or 4 channels.
      rows: captions of the first dimension.
      centred: whether 0 is the middle of the scale, as in a difference.
    """
    outer_shape = array.shape[:-3]
    per_row = int(np.prod(outer_shape[1:]))  # the number of images of a row
    # All outer dimensions become one; row_name restores their indices for the captions.
    stack = array.reshape(-1, *array.shape[-3:])
    shown = stack[:MAX_IMAGES]
    # The step is in both directions, so the number of pixels falls with its square.
    step = int(np.ceil(np.sqrt(shown.size / shown.shape[3] / _MAX_PIXELS)))
    sampled = shown[:, ::step, ::step]
    # One call for all images: with a rule for each, equal values would have different brightness.
    scale = _zero_centred if centred else brightness
    pixels, rule = scale(sampled)
    figures, hovers, losses = [], [], {f"one of every {step} pixels in a row"} if step > 1 else set()
    has_hover = sampled.size // sampled.shape[3] <= MAX_CELLS and step == 1
    for number, image_pixels in enumerate(pixels):
        name = row_name(rows, number, outer_shape)
        name = name if number // per_row < len(rows) else f"image {name}"
        alt_text = f"{name}, {shown.shape[1]} × {shown.shape[2]} pixels, {rule}"
        large = enlarged(image_pixels)
        picture, loss = photo(large, alt_text, _MAX_BYTES // len(shown), large.shape[1])
        losses |= {loss} - {""}
        # The only picture of an output needs no number.
        has_caption = len(stack) > 1 or bool(rows)
        figures.append(tag("figure", picture, *([tag("figcaption", name)] if has_caption else [])))
        hovers.append(picture_hover(sampled[number]) if has_hover else None)
    more = len(stack) - len(shown)
    note = f"Brightness: {rule}." + (f" … and {counted(more, 'image')} more." if more else "")
    if losses:
        note += f" Large: shown {', '.join(sorted(losses))}."
    # Again at the size of the value: what is on screen may be sampled.
    natives = tuple(functools.partial(_native, scale, shown, number) for number in range(len(shown)))
    return Figure(join(*figures), tuple(hovers), note, natives=natives)


def _native(scale: Callable[[Array], tuple[Array, str]], shown: Array, number: int) -> Array:
    picture: Array = scale(shown)[0][number]
    return picture


def picture_hover(image: Array) -> GridHover | None:
    """Returns tooltips for the pixels of an image [height, width, channels]; None if they are too many."""
    down, across, channels = image.shape
    if down * across > MAX_CELLS:
        return None

    def write() -> tuple[str, ...]:
        texts = numerics.number_texts(image)
        return tuple(map(", ".join, zip(*[iter(texts)] * channels, strict=True)))

    places = (
        tuple(f"{word} {at}" for at in range(size)) for word, size in (("row", down), ("column", across))
    )
    values = LazyTexts(write, down * across)
    return GridHover((0.0, 0.0, 1.0, 1.0), down, across, values, *places)


def brightness(stack: Array, limits: tuple[float, float] | None = None) -> tuple[Array, str]:
    """Returns images as uint8 and the rule: a usual range that fits, else the range of the values.

    Args:
      stack: real numbers [..., channels].
      limits: the lowest and the highest number, if there are more images than these.
    """
    floats = numerics.drawable(numerics.as_floats(stack))
    low, high = limits or numerics.limits_of(floats)
    if stack.dtype == np.uint8 and (high - low >= _MIN_CONTRAST * 255 or low == high):
        return stack, "0 is black, 255 is white" if low < high else f"every value is {low:.0f}"
    # The order of the ranges matters: values in [0, 1] also lie in [−1, 1] and [0, 255].
    start, end = next(
        (limits_of_range for limits_of_range in _USUAL_RANGES if _fits(floats, (low, high), limits_of_range)),
        (low, high) if low < high else _constant_range(low),
    )
    return _scaled(floats, start, end), scale_text(start, end) if low < high else scale_text(low, high)


def _fits(floats: Array, limits: tuple[float, float], meant: tuple[float, float]) -> bool:
    """Returns whether numbers with these limits are in a range, but for a few of them."""
    (low, high), (start, end) = limits, meant
    span = end - start
    if high - low < _MIN_CONTRAST * span:
        return False
    excess = max(start - low, high - end) / span
    if excess <= _RANGE_TOLERANCE:
        return True
    with np.errstate(invalid="ignore"):
        outside = (floats < start) | (floats > end)
    return excess <= _OVERSHOOT and float(outside.mean()) <= _FEW


def scale_text(low: float, high: float) -> str:
    """Returns what black and white stand for; with only one number, that number."""
    if low == high:
        return f"every value is {numerics.signed_text(low)}"
    return f"{numerics.signed_text(low)} is black, {numerics.signed_text(high)} is white"


def _constant_range(number: float) -> tuple[float, float]:
    """Returns the range for images whose values are all equal."""
    return next(
        (limits for limits in _USUAL_RANGES if limits[0] <= number <= limits[1]),
        (min(number, 0), max(number, 0)),
    )


def _zero_centred(stack: Array) -> tuple[Array, str]:
    floats = numerics.drawable(numerics.as_floats(stack))
    reach = max(map(abs, numerics.limits_of(floats)), default=0.0) or 1.0
    pixels = _scaled(floats, -reach, reach)
    if pixels.shape[3] == 4:
        pixels[..., 3] = 255  # a difference of opacities would hide those of colours
    return (
        pixels,
        f"{numerics.signed_text(-reach)} is black, 0 is grey, {numerics.signed_text(reach)} is white",
    )


def _scaled(floats: Array, start: float, end: float) -> Array:
    known = np.where(np.isnan(floats), start, numerics.clipped(floats, start, end))
    scaled: Array = ((known - start) / ((end - start) or 1.0) * 255).round().astype(np.uint8)
    return scaled


def enlarged(pixels: Array) -> Array:
    """Returns small images enlarged, so that single pixels can be seen."""
    longest = max(pixels.shape[:2])
    if longest < _MIN_SCREEN_SIDE:
        factor = -(-_MIN_SCREEN_SIDE // longest)
        # Enlarged by whole factors, without interpolation, so that single pixels stay visible.
        return pixels.repeat(factor, 0).repeat(factor, 1)
    return pixels
