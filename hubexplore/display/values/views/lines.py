"""The Plot view: vectors as bars or lines over their index."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
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
"""Maximum number of columns of a line: about one for each pixel of the screen."""
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


MSG_ENVELOPE: Final = "Each column of pixels covers {width:,} entries, from the lowest to the highest."
MSG_INFINITE_BARS: Final = "Infinite numbers have no bar."
MSG_INFINITE_LINES: Final = "Infinite numbers are drawn at the end of the axis."


@dataclass(frozen=True)
class Columns:
    """Lines, reduced to one column for each pixel of the screen.

    A column has the lowest and the highest of its numbers: every n-th number would turn a tone into a slow
    wave, and miss peaks.

    Attributes:
      starts: index of the first entry of each column, int64 [columns].
      lows: lowest number of each line and column, float64 [lines, columns]; NaN if it has no number.
      highs: highest number.
      size: number of entries of a line.
      width: largest number of entries in a column; 1 if nothing was reduced.
    """

    starts: Array
    lows: Array
    highs: Array
    size: int
    width: int

    @staticmethod
    def of(lines: Array) -> Columns:
        """Reduces the entries of lines, real numbers [lines, entries], to `_MAX_POINTS` columns."""
        size = lines.shape[1]
        if size <= _MAX_POINTS:
            floats = numerics.as_floats(lines)
            return Columns(np.arange(size), floats, floats, size, 1)
        starts = np.linspace(0, size, _MAX_POINTS, endpoint=False).astype(int)
        # One line at a time: a copy of all as float64 may be eight times as large.
        # One line at a time: a copy of all as float64 may be eight times as large.
        ends = [_lowest_and_highest(numerics.as_floats(line), starts) for line in lines]
        lows, highs = np.stack(ends, axis=1)
        return Columns(starts, lows, highs, size, int(np.diff([*starts, size]).max()))

    @property
    def are_bars(self) -> bool:
        """Whether there is one line of so few entries that they are drawn as bars."""
        return len(self.lows) == 1 and self.size <= _MAX_BARS

    def captions(self, name: Callable[[int], str]) -> list[str]:
        """Returns a caption for each column: the name of its entry, or of its first and last entry."""
        ends = [*self.starts[1:].tolist(), self.size]
        return [
            name(start) if end - start == 1 else f"{name(start)} to {name(end - 1)}"
            for start, end in zip(self.starts.tolist(), ends, strict=True)
        ]

    def texts(self) -> tuple[str, ...]:
        """Returns the numbers of each column as text."""
        return tuple(
            "; ".join(map(_interval, lows, highs))
            for lows, highs in zip(self.lows.T.tolist(), self.highs.T.tolist(), strict=True)
        )


def _lowest_and_highest(floats: Array, starts: Array) -> tuple[Array, Array]:
    return np.fmin.reduceat(floats, starts), np.fmax.reduceat(floats, starts)


def _interval(low: float, high: float) -> str:
    if low == high or math.isnan(low):
        return numerics.number_text(high)
    return f"{numerics.number_text(low)} to {numerics.number_text(high)}"


def plot(array: Array, rows: Texts, labels: Texts) -> Figure:
    """Draws a vector, or the rows of a value of more dimensions as lines."""
    outer_shape = array.shape[:-1]
    # A column [rows, 1] would be a plot of single points, so it is drawn as a vector.
    is_column = not outer_shape or array.shape[-1] == 1
    matrix = array.reshape(1, -1) if is_column else array.reshape(-1, array.shape[-1])
    shown = matrix[:MAX_LINES]
    columns = Columns.of(shown)
    lines = np.stack([columns.lows, columns.highs])
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
    draw_value_axis(drawing, area, steps, (low, high))
    _draw_lines(drawing, area, columns, (low, high))
    if is_column:
        entry_names = rows if outer_shape or len(labels) != len(array) else labels
        captions_below = columns.captions(lambda index: row_name(entry_names, index, outer_shape))
    else:
        captions_below = columns.captions(lambda index: class_name(labels, index))
    _draw_index_axis(drawing, area, captions_below, columns.size - 1)
    if has_legend:
        _draw_legend(drawing, names, per_line)
    hover = GridHover(drawing.box(*area), 1, len(columns.starts), columns.texts(), (), tuple(captions_below))
    alt_text = f"Plot of {counted(len(shown), 'row')} of {counted(matrix.shape[1], 'number')}, {range_text}."
    is_finite = np.isfinite(lines)
    notes = [] if is_finite.any() else ["There is no finite number to draw."]
    # Without this note, Inf would read as the highest of the finite numbers.
    if is_finite.any() and np.isinf(lines).any():
        notes.append(MSG_INFINITE_BARS if columns.are_bars else MSG_INFINITE_LINES)
    notes += [f"The first {len(shown)} of {len(matrix):,} rows."] if len(matrix) > len(shown) else []
    if columns.width > 1:
        notes.append(MSG_ENVELOPE.format(width=columns.width))
    return Figure(drawing.picture(alt_text), (hover,), " ".join(notes))


def y_of(numbers: Array, area: Rect, limits: tuple[float, float]) -> Array:
    """Returns numbers as points from the top of the drawing; NaN stays, Inf is at the end of the axis."""
    low, high = limits
    visible_numbers = np.where(np.isnan(numbers), np.nan, numerics.clipped(numbers, low, high))
    heights: Array = area[1] + area[3] * (high - visible_numbers) / ((high - low) or 1.0)
    return heights


def draw_value_axis(drawing: SvgDrawing, area: Rect, steps: list[float], limits: tuple[float, float]) -> None:
    """Draws a line for each of some round numbers, and a stronger one for 0 if it is within the limits."""
    left, _, width, _ = area
    for step, y in zip(steps, y_of(np.array(steps), area, limits).tolist(), strict=True):
        drawing.line([left, left + width], [y, y], GRID_LINE)
        drawing.text(left - 6, y, tick_text(step), "right", size=_CAPTION_SIZE)
    if limits[0] <= 0 <= limits[1]:
        zero = float(y_of(np.array(0.0), area, limits))
        drawing.line([left, left + width], [zero, zero], SCALE_INK, 0.7)


def _draw_lines(drawing: SvgDrawing, area: Rect, columns: Columns, limits: tuple[float, float]) -> None:
    left, _, width, _ = area
    count = len(columns.starts)
    if columns.are_bars:
        _draw_bars(drawing, area, columns.highs[0], limits)
        return
    x = left + (np.arange(count) + 0.5) * width / count
    for number, (lows, highs) in enumerate(zip(columns.lows, columns.highs, strict=True)):
        y = y_of(numerics.drawable(highs), area, limits)
        if columns.width == 1:
            drawing.line(x, y, SERIES[number], 1.4, _DASHES[number])
        else:
            # From the lowest to the highest of a column, and back in the next one: the path has no diagonals
            # from one end to the other, so it covers what the numbers cover.
            ends = np.stack([y_of(numerics.drawable(lows), area, limits), y], axis=1)
            ends[1::2] = ends[1::2, ::-1]
            drawing.line(np.repeat(x, 2), ends.reshape(-1), SERIES[number], 1.0)
        # A point between two NaN is not part of any line segment.
        # Padded by NaN on both sides, so that the first and the last point need no case of their own.
        has_point = np.isfinite(np.concatenate([[np.nan], y, [np.nan]]))
        isolated = has_point[1:-1] & ~has_point[:-2] & ~has_point[2:]
        if isolated.any():
            drawing.dots(x[isolated], y[isolated], 3.0, SERIES[number])


def _draw_bars(drawing: SvgDrawing, area: Rect, numbers: Array, limits: tuple[float, float]) -> None:
    left, _, width, _ = area
    zero = float(y_of(np.array(0.0), area, limits))
    # A single bar as wide as the plot would look like a background.
    step = min(width / len(numbers), 60.0)
    for index, (number, y) in enumerate(
        zip(numbers.tolist(), y_of(numerics.drawable(numbers), area, limits).tolist(), strict=True)
    ):
        middle = left + (index + 0.5) * width / len(numbers)
        if math.isfinite(number):
            drawing.bar(middle - step * 0.4, min(y, zero), step * 0.8, abs(y - zero), BLUE)
        elif math.isinf(number):
            sign = "∞" if number > 0 else "−∞"
            drawing.text(middle, zero - 7, sign, "center", colour=SCALE_INK, size=_CAPTION_SIZE)


def _draw_index_axis(drawing: SvgDrawing, area: Rect, names: list[str], last: int) -> None:
    """Writes the captions of the entries below the plot: all if there is room, else round indices."""
    left, top, width, height = area
    spacing = width / len(names)
    y = top + height + 10
    # The widest caption decides, so that either all captions are written or none.
    if width_of(names, _CAPTION_SIZE) + 8 <= spacing:
        for index, name in enumerate(names):
            drawing.text(left + (index + 0.5) * spacing, y, name, "center", size=_CAPTION_SIZE)
        return
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
