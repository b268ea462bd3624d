"""The Motion view: the direction of a motion is a hue, its length the strength of the colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from hubexplore.display.markup import join, tag
from hubexplore.display.values import numerics
from hubexplore.display.values.views.images import MAX_IMAGES, enlarged, picture_hover
from hubexplore.display.values.views.plot import Figure, row_name
from hubexplore.display.values.views.png import photo
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

_MAX_BYTES: Final = 150_000
_WHEEL: Final = 56
"""Width and height in pixels of the key."""


def motion(array: Array, rows: Sequence[str]) -> Figure:
    """Draws motion, with a wheel that shows which colour is which direction.

    Args:
      array: real numbers [height, width, 2], or [rows, height, width, 2]: to the right, and down.
      rows: captions of the first of four dimensions.
    """
    stack = numerics.drawable(numerics.as_floats(array if array.ndim == 4 else array[None]))
    captions = rows if array.ndim == 4 else ()
    shown = stack[:MAX_IMAGES]
    lengths = np.hypot(shown[..., 0], shown[..., 1])
    # One endless motion would leave no colour to the others.
    longest = float(lengths.max(initial=0.0, where=np.isfinite(lengths))) or 1.0
    figures, hovers = [], []
    has_title = len(stack) > 1 or bool(captions)
    for number, field in enumerate(shown):
        name = row_name(captions, number)
        pixels = enlarged(_colours(field / longest))
        picture, _ = photo(pixels, f"{name}: motion as colours", _MAX_BYTES // len(shown), pixels.shape[1])
        figures.append(tag("figure", picture, *([tag("figcaption", name)] if has_title else [])))
        hovers.append(picture_hover(field))
    side = np.linspace(-1, 1, _WHEEL)
    wheel = np.stack(np.meshgrid(side, side), -1)
    wheel[np.hypot(wheel[..., 0], wheel[..., 1]) > 1] = 0
    key, _ = photo(_colours(wheel), "The colours of directions", 8000, _WHEEL)
    figures.append(tag("figure", key, tag("figcaption", "direction")))
    more = len(stack) - len(shown)
    note = f"White does not move; the strongest colours move by {numerics.number_text(longest)}."
    note += f" … and {counted(more, 'row')} more." if more else ""
    return Figure(join(*figures), (*hovers, None), note)


def _colours(field: Array) -> Array:
    """Returns vectors of at most length 1, [height, width, 2], as uint8 [height, width, 3]."""
    hue = (np.arctan2(field[..., 1], field[..., 0]) / (2 * np.pi)) % 1
    strength = np.clip(np.hypot(field[..., 0], field[..., 1]), 0, 1)[..., None]
    # Red, green and blue of a full hue are 120 degrees apart.
    full = np.clip(np.abs((hue[..., None] * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    mixed = 1 - strength + strength * full
    pixels: Array = np.nan_to_num(mixed * 255, nan=128).round().astype(np.uint8)
    return pixels
