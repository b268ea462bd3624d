"""Draws what a model found on the picture that went in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from hubexplore.display.markup import Markup, tag
from hubexplore.display.palette import PAPER, SERIES
from hubexplore.display.values import numerics
from hubexplore.display.values.hover import PointsHover
from hubexplore.display.values.views.svg_drawing import SvgDrawing, width_of
from hubexplore.summary.tensor_values import Array

WIDTH: Final = 420.0
"""Largest width of a picture in points."""
HEIGHT: Final = 320.0
"""Largest height of a picture in points."""
_MIN_SIDE: Final = 260.0
"""Smallest length in points of the longer side: small pictures are enlarged."""
_MAX_BYTES: Final = 120_000
_FONT: Final = 9.0
_TOLERANCE: Final = 0.005


class PictureDrawing:
    """A picture and what is drawn on it.

    Positions are shares of the height and width of the picture.

    Args:
      pixels: uint8 [height, width, 3].
    """

    def __init__(self, pixels: Array) -> None:
        height, width = pixels.shape[:2]
        scale = min(WIDTH / width, HEIGHT / height, max(_MIN_SIDE / max(width, height), 0.75))
        self.drawing = SvgDrawing(width * scale, height * scale)
        self.drawing.photo(pixels, _MAX_BYTES)
        self._points: list[tuple[float, float, str]] = []

    def box(self, corners: Sequence[float], colour: str, text: str) -> None:
        """Adds a box (top, left, bottom, right) with its text at the top left corner."""
        top, left, bottom, right = corners
        drawing = self.drawing
        x, y = left * drawing.width, top * drawing.height
        across, down = (right - left) * drawing.width, (bottom - top) * drawing.height
        # A white line on both sides of the coloured one keeps it visible on every ground.
        drawing.frame((x, y, across, down), PAPER, 3.0)
        drawing.frame((x, y, across, down), colour, 1.6)
        if text:
            room = width_of([text], _FONT, bold=True) + 6
            at = min(max(x, 0.0), max(drawing.width - room, 0.0))
            above = y - 12 if y >= 12 else min(max(y, 0.0), drawing.height - 12)
            drawing.bar(at, above, room, 12, colour)
            drawing.text(at + 3, above + 6, text, colour=PAPER, size=_FONT, bold=True)
        self._points.append((_share((left + right) / 2), _share((top + bottom) / 2), text))

    def point(self, y: float, x: float, colour: str, text: str) -> None:
        """Adds a point."""
        drawing = self.drawing
        place = np.array([x * drawing.width]), np.array([y * drawing.height])
        drawing.dots(*place, 8.0, PAPER)
        drawing.dots(*place, 5.5, colour)
        self._points.append((_share(x), _share(y), text))

    def finish(self, alt_text: str) -> tuple[Markup, PointsHover | None]:
        """Returns the picture, and its tooltips."""
        hover = PointsHover(tuple(self._points)) if self._points else None
        return self.drawing.picture(alt_text, is_photo=True), hover


def _share(number: float) -> float:
    return round(min(max(float(number), 0.0), 1.0), 5)


def titled(picture: Markup, name: str, has_title: bool) -> Markup:
    """Returns a picture as a figure; the only picture of a run needs no title."""
    return tag("figure", picture, *([tag("figcaption", name)] if has_title else []))


def colour_of(number: int) -> str:
    """Returns the colour of a class."""
    return SERIES[number % len(SERIES)]


def as_rgb(colour: str) -> Array:
    """Returns a colour of the palette, uint8 [3]."""
    return np.frombuffer(bytes.fromhex(colour.removeprefix("#")), np.uint8)


def share_outside(shares: Array) -> float:
    """Returns which part of some shares of a picture lies outside of it."""
    finite = shares[np.isfinite(shares)]
    outside = (finite < -_TOLERANCE) | (finite > 1 + _TOLERANCE)
    return float(outside.mean()) if finite.size else 1.0


def shares_of(numbers: Array, height: int, width: int) -> Array | None:
    """Returns places (y, x) as shares of a picture; None if they do not lie on it.

    Args:
      numbers: real numbers [..., 2], shares or pixels.
      height: of the picture in pixels.
      width: of the picture.
    """
    floats = numerics.as_floats(numbers)
    finite = floats[np.isfinite(floats)]
    if not finite.size or finite.min() < -0.5 * max(height, width):
        return None
    # Predictions may lie a little outside of the picture, in either unit.
    if np.abs(finite).max() <= 2.0:
        return floats
    size = np.array([height, width], float)
    with np.errstate(invalid="ignore"):
        is_within = bool(
            np.nanmax(floats[..., 0]) <= 1.2 * height and np.nanmax(floats[..., 1]) <= 1.2 * width
        )
    return floats / size if is_within else None
