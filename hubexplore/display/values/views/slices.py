"""The Slices and Film views: one slice of each volume, or one frame of each film, with a slider."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

import numpy as np

from hubexplore.display.markup import join, tag
from hubexplore.display.values import numerics
from hubexplore.display.values.control import Control, Settings
from hubexplore.display.values.views.images import brightness, enlarged, picture_hover
from hubexplore.display.values.views.lists import number_grid
from hubexplore.display.values.views.plot import Figure, row_name
from hubexplore.display.values.views.png import photo
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

SLICE: Final = "slice"
FRAME: Final = "frame"
MAX_PICTURES: Final = 24
"""Maximum number of slices on screen."""
_MAX_BYTES: Final = 150_000
_COLOURS: Final = (3, 4)
"""Numbers of channels that are shown as one picture; of any other number, each is a picture."""


def controls(shape: Sequence[int]) -> tuple[Control, ...]:
    """Returns the slider for values [rows, depth, height, width, channels], which begins in the middle."""
    return (Control(SLICE, "Slice", 0, shape[1] - 1, shape[1] // 2, 1, plays=True),)


def film_controls(shape: Sequence[int]) -> tuple[Control, ...]:
    """Returns the slider for films [rows, frames, ...] or [frames, height, width, channels]."""
    frames = shape[1] if len(shape) == 5 else shape[0]
    return (Control(FRAME, "Frame", 0, frames - 1, 0, 1, plays=True),)


def slices(array: Array, rows: Sequence[str], settings: Settings) -> Figure:
    """Draws a slice of each row and channel of [rows, depth, height, width, channels]."""
    return _draw(array, rows, controls(array.shape)[0], settings)


def film(array: Array, rows: Sequence[str], settings: Settings) -> Figure:
    """Draws a frame of each film, [rows, frames, height, width, channels], or of one without the rows."""
    films = array if array.ndim == 5 else array[None]
    return _draw(films, rows if array.ndim == 5 else (), film_controls(films.shape)[0], settings)


def _draw(array: Array, rows: Sequence[str], control: Control, settings: Settings) -> Figure:
    """Draws the chosen part of each row and channel.

    Brightness has one rule for the whole value, so that slices can be compared.
    """
    word = control.key
    number = round(control.at(settings))
    is_coloured = array.shape[-1] in _COLOURS
    # [rows, pictures of a row, height, width, channels of a picture]
    stack = array[:, number][:, None] if is_coloured else np.moveaxis(array[:, number], -1, 1)[..., None]
    per_row = stack.shape[1]
    stack = stack.reshape(-1, *stack.shape[2:])
    shown = stack[:MAX_PICTURES]
    low, high = numerics.limits_of(numerics.drawable(numerics.as_floats(array)))
    pixels, rule = brightness(shown, (low, high))
    figures, hovers, losses = [], [], set()
    for at, picture_pixels in enumerate(pixels):
        name = f"row {row_name(rows, at // per_row)}" if len(array) > 1 or len(rows) else ""
        channel = f"channel {at % per_row}" if per_row > 1 else ""
        caption = ", ".join(part for part in (name, channel) if part) or f"{word} {number}"
        alt_text = f"{caption}, {word} {number}, {shown.shape[1]} × {shown.shape[2]} pixels, {rule}"
        large = enlarged(picture_pixels)
        picture, loss = photo(large, alt_text, _MAX_BYTES // len(shown), large.shape[1])
        losses |= {loss} - {""}
        figures.append(tag("figure", picture, tag("figcaption", caption)))
        hovers.append(picture_hover(shown[at]))
    more = len(stack) - len(shown)
    note = (
        f"{control.label} {number} of {array.shape[1]:,} (0 to {array.shape[1] - 1:,}). Brightness: {rule}."
    )
    note += f" … and {counted(more, 'picture')} more." if more else ""
    note += f" Large: shown {', '.join(sorted(losses))}." if losses else ""
    first = numerics.as_floats(shown[0][..., 0])
    names = [list(map(str, range(size))) for size in first.shape]
    natives = tuple(functools.partial(_native, pixels, at) for at in range(len(shown)))
    return Figure(join(*figures), tuple(hovers), note, number_grid(first, *names), natives)


def _native(pixels: Array, at: int) -> Array:
    picture: Array = pixels[at]
    return picture
