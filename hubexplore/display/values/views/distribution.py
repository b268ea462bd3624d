"""The Histogram view: how often which numbers occur, and their statistics."""

from __future__ import annotations

from typing import Final

import numpy as np

from hubexplore.display.markup import Markup
from hubexplore.display.palette import BLUE, SCALE_INK, SCALE_LINE
from hubexplore.display.values import numerics
from hubexplore.display.values.hover import GridHover
from hubexplore.display.values.views.lists import text_grid
from hubexplore.display.values.views.plot import Figure
from hubexplore.display.values.views.svg_drawing import WIDTH, SvgDrawing, round_ticks, tick_text
from hubexplore.summary.tensor_values import Array

BINS: Final = 48
_LEFT: Final = 44.0
_TOP: Final = 8.0
_HEIGHT: Final = 150.0


def distribution(array: Array, limits: tuple[float, float] | None = None) -> Figure:
    """Draws a histogram of the finite numbers, in bins of even width, with their statistics as the grid.

    Args:
      array: real numbers of any shape, at least one.
      limits: the range of the bins, so that two pictures have the same; by default that of the numbers.
    """
    floats = numerics.drawable(numerics.as_floats(array.reshape(-1)))
    finite = floats[np.isfinite(floats)]
    facts = _facts(floats, finite)
    if not finite.size:
        return Figure(SvgDrawing(WIDTH, 20).picture("No finite numbers."), (), "No finite numbers.", facts)
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        note = f"All {finite.size:,} finite numbers are {numerics.signed_text(low)}."
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    else:
        mean, std = _moments(finite)
        note = f"Mean {numerics.signed_text(mean)}, standard deviation {numerics.signed_text(std)}."
    low, high = limits if limits is not None and limits[0] < limits[1] else (low, high)
    # A few integers have a bar each.
    whole = array.dtype.kind in "biu" and high - low < BINS
    if whole:
        low, high = np.floor(low) - 0.5, np.ceil(high) + 0.5
    count = int(high - low) if whole else BINS
    counts, edges = np.histogram(finite, count, (low, high))
    drawing = SvgDrawing(WIDTH, _TOP + _HEIGHT + 24)
    room = WIDTH - _LEFT - 10
    _axes(drawing, low, high, int(counts.max()), room)
    step = room / count
    for at, number in enumerate(counts.tolist()):
        # One number in a million is still to be seen.
        height = max(_HEIGHT * number / counts.max(), 1.0) if number else 0.0
        drawing.bar(_LEFT + at * step, _TOP + _HEIGHT - height, max(step - 0.8, 0.4), height, BLUE)
    texts = tuple(
        f"{numerics.signed_text(edges[at])} to {numerics.signed_text(edges[at + 1])}: {number:,}"
        for at, number in enumerate(counts.tolist())
    )
    hover = GridHover(drawing.box(_LEFT, _TOP, room, _HEIGHT), 1, count, texts)
    alt_text = f"Histogram of {finite.size:,} numbers. {note}"
    return Figure(drawing.picture(alt_text), (hover,), note, facts)


def _axes(drawing: SvgDrawing, low: float, high: float, most: int, room: float) -> None:
    bottom = _TOP + _HEIGHT
    drawing.line([_LEFT, _LEFT + room], [bottom, bottom])
    for tick in round_ticks(low, high, 6):
        x = _LEFT + room * (tick - low) / (high - low)
        drawing.line([x, x], [bottom, bottom + 3])
        drawing.text(x, bottom + 12, tick_text(tick), "center", colour=SCALE_INK)
    for tick in round_ticks(0, most, 3):
        y = bottom - _HEIGHT * tick / most
        drawing.line([_LEFT, _LEFT + room], [y, y], SCALE_LINE, 0.4)
        drawing.text(_LEFT - 5, y, tick_text(tick), "right", colour=SCALE_INK)


def _moments(finite: Array) -> tuple[float, float]:
    """Returns mean and standard deviation, scaled so that no square overflows."""
    scale = float(np.abs(finite).max()) or 1.0
    scaled = finite / scale
    return float(scaled.mean()) * scale, float(scaled.std()) * scale


def _facts(floats: Array, finite: Array) -> Markup:
    mean, std = _moments(finite) if finite.size else (float("nan"), float("nan"))
    low, high = numerics.limits_of(finite)
    rows = [
        ("numbers", f"{floats.size:,}"), ("lowest", numerics.number_text(low)),
        ("highest", numerics.number_text(high)), ("mean", numerics.number_text(mean)),
        ("standard deviation", numerics.number_text(std)),
        ("zeros", f"{int(np.count_nonzero(floats == 0)):,}"),
        ("NaN", f"{int(np.isnan(floats).sum()):,}"), ("Inf", f"{int(np.isinf(floats).sum()):,}"),
    ]  # fmt: skip
    return text_grid(("", "value"), rows)
