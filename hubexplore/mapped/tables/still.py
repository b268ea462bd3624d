"""A map as a picture, for saved notebooks: any number of points as pixels, with a legend."""

from __future__ import annotations

from typing import Final

import numpy as np

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.palette import NOT_A_NUMBER, SCALE_LINE
from hubexplore.display.values import numerics
from hubexplore.display.values.views.svg_drawing import WIDTH, SvgDrawing, captions
from hubexplore.display.wording import counted
from hubexplore.mapped.colouring import Colouring
from hubexplore.mapped.projection import Points
from hubexplore.summary.tensor_values import Array

_SIDE: Final = 320.0
"""Height of the picture in points."""
_GRAIN: Final = 2
"""Pixels for each point of the page."""
_MARGIN: Final = 6
"""Pixels between the outermost points and the edge."""
_SWATCH: Final = "display: inline-block; width: .8em; height: .8em; border-radius: 50%; margin: 0 .35em"
_BAR: Final = "display: inline-block; width: 9em; height: .8em"
_LISTED: Final = 20
"""Maximum number of categories in the legend."""


def still_map(points: Points, colours: Colouring, selected: Array | None = None) -> Markup:
    """Returns the map as an image with its legend; costs one pass over the points.

    Args:
      points: of the rows.
      colours: of the rows.
      selected: positions of rows; all others are drawn pale.
    """
    drawing = SvgDrawing(WIDTH, _SIDE)
    pixels = _painted(points.places, colours, selected)
    drawing.pixels(0, 0, WIDTH, _SIDE, pixels)
    drawing.frame((0.5, 0.5, WIDTH - 1, _SIDE - 1), SCALE_LINE, 0.8)
    shown = int(np.isfinite(points.places).all(axis=1).sum())
    alt_text = (
        f"Map of {counted(shown, 'row')} by {points.axes[0]} and {points.axes[1]}, colour: {colours.name}."
    )
    note = f"Across: {points.axes[0]}. Up: {points.axes[1]}. {counted(shown, 'point')}"
    if points.left_out:
        note += f", {counted(points.left_out, 'row')} without a finite vector"
    return join(
        tag("div", drawing.picture(alt_text), class_="pictures"),
        legend(colours),
        tag("p", f"{note}.", class_="note"),
    )


def _painted(places: Array, colours: Colouring, selected: Array | None) -> Array:
    """Returns the points as RGBA pixels, uint8 [h, w, 4]; later points lie on top."""
    width, height = int(WIDTH * _GRAIN), int(_SIDE * _GRAIN)
    pixels = np.zeros((height, width, 4), np.uint8)
    usable = np.flatnonzero(np.isfinite(places).all(axis=1))
    if not usable.size:
        return pixels
    low, high = places[usable].min(axis=0), places[usable].max(axis=0)
    reach = np.where(high > low, high - low, 1)
    room = np.array([width - 2 * _MARGIN - 1, height - 2 * _MARGIN - 1])
    spots = ((places[usable] - low) / reach * room).astype(np.int64) + _MARGIN
    inks = _inks(colours)[usable]
    if selected is not None and selected.size:
        inks[:, 3] = np.where(np.isin(usable, selected), 255, 40)
    # Few points are dots that can be seen, many are grains.
    radius = 4 if len(usable) <= 500 else 2 if len(usable) <= 20_000 else 1
    for across in range(-radius, radius + 1):
        for up in range(-radius, radius + 1):
            if across * across + up * up <= radius * radius:
                pixels[height - 1 - (spots[:, 1] + up), spots[:, 0] + across] = inks
    return pixels


def _inks(colours: Colouring) -> Array:
    """Returns RGBA of each row, uint8 [rows, 4]."""
    table = np.array([_rgba(colour) for colour in (*colours.palette, NOT_A_NUMBER)], np.uint8)
    if colours.categories:
        inks: Array = table[np.asarray(colours.values, np.int64)]
        return inks
    values = np.asarray(colours.values, np.float64)
    known = np.isfinite(values)
    low, high = (float(values[known].min()), float(values[known].max())) if known.any() else (0.0, 1.0)
    steps = len(table) - 2
    shares = np.where(known, (values - low) / (high - low or 1.0), 0)
    scaled: Array = table[np.where(known, (shares * steps).round().astype(np.int64), len(table) - 1)]
    return scaled


def _rgba(colour: str) -> tuple[int, int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16), 255


def legend(colours: Colouring) -> Markup:
    """Returns what the colours mean."""
    if len(colours.categories) == 1:
        return Markup("")
    if not colours.categories:
        values = np.asarray(colours.values, np.float64)
        known = values[np.isfinite(values)]
        ends = (known.min(), known.max()) if known.size else (0, 0)
        stops = ", ".join(colours.palette[::10] + colours.palette[-1:])
        bar = tag("span", class_="hub-scale", style=f"{_BAR}; background: linear-gradient(to right, {stops})")
        low, high = map(numerics.number_text, ends)
        return tag("p", tag("strong", colours.name), " ", low, " ", bar, " ", high, class_="hub-legend")
    names = captions(list(colours.categories[:_LISTED]), 24)
    items = [
        tag("span", tag("span", class_="hub-swatch", style=f"{_SWATCH}; background: {colour}"), name, " ")
        for colour, name in zip(colours.palette, names, strict=False)
    ]
    left_out = len(colours.categories) - len(names)
    more = (f"and {left_out} more",) if left_out > 0 else ()
    return tag("p", tag("strong", colours.name), *items, *more, class_="hub-legend")
