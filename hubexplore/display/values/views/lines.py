"""Vectors as bars or lines over their index."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from hubexplore.display.palette import BLUE, GRID_LINE, SCALE_INK, SERIES
from hubexplore.display.values.hover import Box, GridHover
from hubexplore.display.values.value_kinds import (
    Array,
    as_floats,
    drawable,
    limits_of,
    number_text,
    signed,
    within,
)
from hubexplore.display.values.views.drawing import WIDTH, Drawing, captions, round_steps, step_text, width_of
from hubexplore.display.values.views.plot import Plotted, Texts, class_name, row_name
from hubexplore.display.wording import counted

MAX_LINES: Final = 8
_PLACES: Final = 480
"""Places of a line that are drawn: about as many as can be told from each other."""
_BARS: Final = 64
_SMALL: Final = 9.0
# Lines differ in colour and in dashes.
_DASHES: Final[tuple[tuple[float, ...], ...]] = (
    (),
    (5.0, 2.0),
    (1.5, 1.5),
    (7.0, 2.0, 1.5, 2.0),
    (9.0, 3.0),
    (3.0, 1.0),
    (1.0, 3.0),
    (5.0, 1.0, 1.0, 1.0),
)


def plot(array: Array, rows: Texts, labels: Texts) -> Plotted:
    """Draws a vector, or the rows of a value of more dimensions as lines."""
    lead = array.shape[:-1]
    # Bars: the entries of a vector, or a number for each row.
    is_column = not lead or array.shape[-1] == 1
    matrix = array.reshape(1, -1) if is_column else array.reshape(-1, array.shape[-1])
    shown = matrix[:MAX_LINES]
    over = np.unique(np.linspace(0, matrix.shape[1] - 1, min(matrix.shape[1], _PLACES)).astype(int))
    lines = as_floats(shown[:, over])
    names = [""] if is_column else [row_name(rows, number, lead) for number in range(len(shown))]
    low, high = limits_of(drawable(lines))
    low, high = min(low, 0.0), max(high, 0.0)
    known = f"{signed(low)} to {signed(high)}"
    if low == high:  # nothing but zeros, or no number at all
        high = 1.0
    steps = round_steps(low, high, 6)
    left = width_of([step_text(step) for step in steps], _SMALL) + 10
    area = (left, 8.0, WIDTH - left - 4, 150.0)
    named = not is_column and (len(shown) > 1 or bool(rows))
    per_line = 2 if width_of(captions(names, 34), _SMALL) < WIDTH / 2 - 40 else 1
    drawing = Drawing(WIDTH, 182.0 + (15 * -(-len(shown) // per_line) if named else 0))
    _frame(drawing, area, steps, (low, high))
    _curves(drawing, area, drawable(lines), (low, high))
    if is_column:
        known_as = rows if lead or len(labels) != len(array) else labels
        columns = [row_name(known_as, int(index), lead) for index in over]
    else:
        columns = [class_name(labels, int(index)) for index in over]
    _places(drawing, area, columns, over)
    if named:
        _legend(drawing, names, per_line)
    texts = ["; ".join(number_text(number) for number in lines[:, at].tolist()) for at in range(len(over))]
    hover = GridHover(drawing.box(*area), 1, len(over), tuple(texts), (), tuple(columns))
    words = f"Plot of {counted(len(shown), 'row')} of {counted(matrix.shape[1], 'number')}, {known}."
    notes = [] if np.isfinite(lines).any() else ["There is no finite number to draw."]
    notes += [f"The first {len(shown)} of {len(matrix):,} rows."] if len(matrix) > len(shown) else []
    if len(over) < matrix.shape[1]:
        notes.append(f"{len(over)} of {matrix.shape[1]:,} places, evenly spaced.")
    return Plotted(drawing.picture(words), (hover,), " ".join(notes))


def _height(numbers: Array, area: Box, limits: tuple[float, float]) -> Array:
    """Where numbers lie between the limits, in points from the top; NaN stays."""
    low, high = limits
    known = np.where(np.isnan(numbers), np.nan, within(numbers, low, high))
    heights: Array = area[1] + area[3] * (high - known) / ((high - low) or 1.0)
    return heights


def _frame(drawing: Drawing, area: Box, steps: list[float], limits: tuple[float, float]) -> None:
    left, _, width, _ = area
    for step, y in zip(steps, _height(np.array(steps), area, limits).tolist(), strict=True):
        drawing.line([left, left + width], [y, y], GRID_LINE)
        drawing.text(left - 6, y, step_text(step), "right", size=_SMALL)
    zero = float(_height(np.array(0.0), area, limits))
    drawing.line([left, left + width], [zero, zero], SCALE_INK, 0.7)


def _curves(drawing: Drawing, area: Box, lines: Array, limits: tuple[float, float]) -> None:
    left, _, width, _ = area
    count = lines.shape[1]
    if len(lines) == 1 and count <= _BARS:
        zero = float(_height(np.array(0.0), area, limits))
        step = min(width / count, 60.0)
        for place, y in enumerate(_height(lines[0], area, limits).tolist()):
            if not math.isnan(y):
                middle = left + (place + 0.5) * width / count
                drawing.bar(middle - step * 0.4, min(y, zero), step * 0.8, abs(y - zero), BLUE)
        return
    x = left + (np.arange(count) + 0.5) * width / count
    for number, line in enumerate(lines):
        y = _height(line, area, limits)
        drawing.line(x, y, SERIES[number], 1.4, _DASHES[number])
        # A point between two NaN is no part of any line.
        known = np.isfinite(np.concatenate([[np.nan], y, [np.nan]]))
        alone = known[1:-1] & ~known[:-2] & ~known[2:]
        if alone.any():
            drawing.dots(x[alone], y[alone], 3.0, SERIES[number])


def _places(drawing: Drawing, area: Box, names: list[str], over: Array) -> None:
    """Writes below which entry it is: each one if there is room, else round numbers."""
    left, top, width, height = area
    spacing = width / len(names)
    y = top + height + 10
    if width_of(names, _SMALL) + 8 <= spacing:
        for place, name in enumerate(names):
            drawing.text(left + (place + 0.5) * spacing, y, name, "center", size=_SMALL)
        return
    last = int(over[-1])
    for step in round_steps(0, last, 8):
        if step == int(step):
            x = left + (step / max(last, 1) * (len(names) - 1) + 0.5) * spacing
            side = "right" if x > left + width - 12 else "center"
            drawing.text(x, y, f"{int(step):,}", side, size=_SMALL)  # type: ignore[arg-type]


def _legend(drawing: Drawing, names: list[str], per_line: int) -> None:
    for number, name in enumerate(captions(names, 34 if per_line == 2 else 60)):
        x = 12 + (number % per_line) * (WIDTH / 2)
        y = 186 + 15 * (number // per_line)
        drawing.line([x, x + 22], [y, y], SERIES[number], 1.8, _DASHES[number])
        drawing.text(x + 28, y, name, size=_SMALL)
