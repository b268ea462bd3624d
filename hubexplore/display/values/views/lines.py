"""The Plot view: vectors as bars or lines over their index."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from hubexplore.display.palette import BLUE, GRID_LINE, SCALE_INK, SERIES
from hubexplore.display.values import numerics
from hubexplore.display.values.hover import GridHover, Rect
from hubexplore.display.values.views.plot import Figure, Texts, class_name, row_name
from hubexplore.display.values.views.svg_drawing import (
    WIDTH,
    SvgDrawing,
    captions,
    round_ticks,
    tick_text,
    width_of,
)
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

MAX_LINES: Final = 8
"""Maximum number of lines in a plot."""
_MAX_POINTS: Final = 480
"""Maximum number of points of a line: about one for each pixel of the screen."""
_MAX_BARS: Final = 64
"""Maximum number of entries of a vector that are drawn as bars rather than as a line."""
_CAPTION_SIZE: Final = 9.0
"""Size in points of the font of captions."""
# Lines differ in colour and in dashes, for anyone who cannot tell the colours apart.
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


def plot(array: Array, rows: Texts, labels: Texts) -> Figure:
    """Draws a vector, or the rows of a value of more dimensions as lines."""
    outer_shape = array.shape[:-1]
    # A column [rows, 1] would be a plot of single points, so it is drawn as a vector.
    is_column = not outer_shape or array.shape[-1] == 1
    matrix = array.reshape(1, -1) if is_column else array.reshape(-1, array.shape[-1])
    shown = matrix[:MAX_LINES]
    positions = numerics.evenly_spaced(matrix.shape[1], _MAX_POINTS)
    lines = numerics.as_floats(shown[:, positions])
    names = [""] if is_column else [row_name(rows, number, outer_shape) for number in range(len(shown))]
    low, high = numerics.limits_of(numerics.drawable(lines))
    # The axis contains 0, at which bars begin and to which the sign of a line refers.
    low, high = min(low, 0.0), max(high, 0.0)
    range_text = f"{numerics.signed_text(low)} to {numerics.signed_text(high)}"
    if low == high:  # all zeros, or no finite number
        high = 1.0
    steps = round_ticks(low, high, 6)
    left = width_of([tick_text(step) for step in steps], _CAPTION_SIZE) + 10
    area = (left, 8.0, WIDTH - left - 4, 150.0)
    has_legend = not is_column and (len(shown) > 1 or bool(rows))
    # Two columns of the legend if the captions leave room for them, otherwise one with longer captions.
    per_line = 2 if width_of(captions(names, 34), _CAPTION_SIZE) < WIDTH / 2 - 40 else 1
    drawing = SvgDrawing(WIDTH, 182.0 + (15 * -(-len(shown) // per_line) if has_legend else 0))
    _draw_value_axis(drawing, area, steps, (low, high))
    _draw_lines(drawing, area, numerics.drawable(lines), (low, high))
    if is_column:
        entry_names = rows if outer_shape or len(labels) != len(array) else labels
        columns = [row_name(entry_names, int(index), outer_shape) for index in positions]
    else:
        columns = [class_name(labels, int(index)) for index in positions]
    _draw_index_axis(drawing, area, columns, positions)
    if has_legend:
        _draw_legend(drawing, names, per_line)
    hover_texts = [
        "; ".join(numerics.number_text(number) for number in lines[:, at].tolist())
        for at in range(len(positions))
    ]
    hover = GridHover(drawing.box(*area), 1, len(positions), tuple(hover_texts), (), tuple(columns))
    alt_text = f"Plot of {counted(len(shown), 'row')} of {counted(matrix.shape[1], 'number')}, {range_text}."
    is_finite = np.isfinite(lines)
    notes = [] if is_finite.any() else ["There is no finite number to draw."]
    # Without this note, Inf would read as the highest of the finite numbers.
    if is_finite.any() and np.isinf(lines).any():
        notes.append("Infinite numbers are drawn at the end of the axis.")
    notes += [f"The first {len(shown)} of {len(matrix):,} rows."] if len(matrix) > len(shown) else []
    if len(positions) < matrix.shape[1]:
        notes.append(f"{len(positions)} of {matrix.shape[1]:,} entries, evenly spaced.")
    return Figure(drawing.picture(alt_text), (hover,), " ".join(notes))


def _y_of(numbers: Array, area: Rect, limits: tuple[float, float]) -> Array:
    """Returns numbers as points from the top of the drawing; NaN stays, Inf is at the end of the axis."""
    low, high = limits
    visible_numbers = np.where(np.isnan(numbers), np.nan, numerics.clipped(numbers, low, high))
    heights: Array = area[1] + area[3] * (high - visible_numbers) / ((high - low) or 1.0)
    return heights


def _draw_value_axis(
    drawing: SvgDrawing, area: Rect, steps: list[float], limits: tuple[float, float]
) -> None:
    left, _, width, _ = area
    for step, y in zip(steps, _y_of(np.array(steps), area, limits).tolist(), strict=True):
        drawing.line([left, left + width], [y, y], GRID_LINE)
        drawing.text(left - 6, y, tick_text(step), "right", size=_CAPTION_SIZE)
    zero = float(_y_of(np.array(0.0), area, limits))
    drawing.line([left, left + width], [zero, zero], SCALE_INK, 0.7)


def _draw_lines(drawing: SvgDrawing, area: Rect, lines: Array, limits: tuple[float, float]) -> None:
    left, _, width, _ = area
    count = lines.shape[1]
    if len(lines) == 1 and count <= _MAX_BARS:
        zero = float(_y_of(np.array(0.0), area, limits))
        # A single bar as wide as the plot would look like a background.
        step = min(width / count, 60.0)
        for index, y in enumerate(_y_of(lines[0], area, limits).tolist()):
            if not math.isnan(y):
                middle = left + (index + 0.5) * width / count
                drawing.bar(middle - step * 0.4, min(y, zero), step * 0.8, abs(y - zero), BLUE)
        return
    x = left + (np.arange(count) + 0.5) * width / count
    for number, line in enumerate(lines):
        y = _y_of(line, area, limits)
        drawing.line(x, y, SERIES[number], 1.4, _DASHES[number])
        # A point between two NaN is not part of any line segment.
        # Padded by NaN on both sides, so that the first and the last point need no case of their own.
        has_point = np.isfinite(np.concatenate([[np.nan], y, [np.nan]]))
        isolated = has_point[1:-1] & ~has_point[:-2] & ~has_point[2:]
        if isolated.any():
            drawing.dots(x[isolated], y[isolated], 3.0, SERIES[number])


def _draw_index_axis(drawing: SvgDrawing, area: Rect, names: list[str], positions: Array) -> None:
    """Writes the captions of the entries below the plot: all if there is room, else round indices."""
    left, top, width, height = area
    spacing = width / len(names)
    y = top + height + 10
    # The widest caption decides, so that either all captions are written or none.
    if width_of(names, _CAPTION_SIZE) + 8 <= spacing:
        for index, name in enumerate(names):
            drawing.text(left + (index + 0.5) * spacing, y, name, "center", size=_CAPTION_SIZE)
        return
    last = int(positions[-1])
    for step in round_ticks(0, last, 8):
        if step == int(step):
            x = left + (step / max(last, 1) * (len(names) - 1) + 0.5) * spacing
            # The last number would be cut at the border of the picture if it was centred.
            side = "right" if x > left + width - 12 else "center"
            drawing.text(x, y, f"{int(step):,}", side, size=_CAPTION_SIZE)  # type: ignore[arg-type]


def _draw_legend(drawing: SvgDrawing, names: list[str], per_line: int) -> None:
    for number, name in enumerate(captions(names, 34 if per_line == 2 else 60)):
        x = 12 + (number % per_line) * (WIDTH / 2)
        y = 186 + 15 * (number // per_line)
        drawing.line([x, x + 22], [y, y], SERIES[number], 1.8, _DASHES[number])
        drawing.text(x + 28, y, name, size=_CAPTION_SIZE)
