"""The Heat map and Similarity views: matrices as colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hubexplore.display.markup import Markup
from hubexplore.display.palette import INK
from hubexplore.display.values import numerics
from hubexplore.display.values.hover import MAX_CELLS, GridHover, LazyTexts, Rect
from hubexplore.display.values.views.lists import number_grid
from hubexplore.display.values.views.plot import Figure, Texts, class_name, row_name
from hubexplore.display.values.views.svg_drawing import (
    WIDTH,
    SvgDrawing,
    captions,
    coloured,
    round_ticks,
    tick_text,
    width_of,
)
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

MAX_SIDE: Final = 200
"""Maximum number of rows, and of columns, of a heat map; of more, evenly spaced ones are shown."""
_MAX_WRITTEN_SIDE: Final = 10
"""Maximum number of rows, and of columns, of a heat map with numbers in its cells."""
_FEW_COLUMNS: Final = 7
"""Maximum number of columns beside which the captions of rows may be long."""
_LONG_CAPTION: Final = 28
"""Maximum length in characters of the caption of a row beside few columns."""
_SHORT_CAPTION: Final = 20
"""Maximum length in characters of all other captions."""
_CAPTION_SIZE: Final = 9.0
"""Size in points of the font of captions."""


@dataclass(frozen=True)
class _Cells:
    """The content of a heat map.

    Attributes:
      numbers: float64 [rows, columns].
      rows: a caption for each row.
      columns: a caption for each column.
      short: shorter captions of the columns, used where there is no room for those.
    """

    numbers: Array
    rows: Texts
    columns: Texts
    short: Texts = ()


def similarity(array: Array, rows: Texts) -> Figure:
    """Draws the cosine similarity of all pairs of rows: x·y / (|x| |y|)."""
    similarities, empty = cosine(array)
    count = len(similarities)
    names = [
        f"{index} {row_name(rows, index)}" if index < len(rows) else str(index) for index in range(count)
    ]
    note = _nearest_text(similarities, rows)
    alt_text = f"Heat map of the cosine similarity of {count} rows. {note}"
    cells = _Cells(similarities, names, names, [str(index) for index in range(count)])
    picture, hover = _draw(cells, (40.0, 40.0), (-1.0, 1.0), alt_text)
    if empty:
        note += (
            f" {counted(len(empty), 'row')} ({', '.join(map(str, empty[:12]))}{', …' if empty[12:] else ''}) "
            f"without a direction: all zeros, or with NaN or Inf."
        )
    return Figure(
        picture, (hover,), note.strip(), number_grid(similarities, names, [str(at) for at in range(count)])
    )


def cosine(array: Array) -> tuple[Array, list[int]]:
    """Returns the similarities, float64 [rows, rows], and which rows have no direction: theirs are NaN.

    Takes O(rows² · columns) time; see `view_choice` for the limits.
    """
    floats = numerics.as_floats(array).reshape(len(array), -1)
    with np.errstate(all="ignore"):
        # NaN and Inf spread to all similarities of their row, which is intended: it has no direction.
        largest = np.abs(floats).max(axis=1, keepdims=True, initial=0)
        # The norm is the same for scaled rows, whose squares neither overflow nor vanish.
        scaled = floats / largest
        unit = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
        similarities = np.clip(unit @ unit.T, -1, 1)
    return similarities, [int(index) for index in np.flatnonzero(~np.isfinite(unit).all(axis=1))]


def _nearest_text(similarities: Array, rows: Texts) -> str:
    """Returns a sentence on which two rows are most alike; nothing if no pair has a similarity."""
    # The upper triangle without the diagonal: each pair once, and no row with itself.
    pairs = np.where(
        np.triu(np.ones_like(similarities, bool), 1) & np.isfinite(similarities), similarities, -np.inf
    )
    first, second = np.unravel_index(int(np.argmax(pairs)), pairs.shape)
    if not np.isfinite(pairs[first, second]):
        return ""
    one, other = captions([row_name(rows, int(index)) for index in (first, second)], 60)
    return f"Most alike: “{one}” and “{other}”, {numerics.signed_text(similarities[first, second])}."


def heat(array: Array, rows: Texts, labels: Texts) -> Figure:
    """Draws a matrix as colours; all dimensions but the last one are rows."""
    matrix = array.reshape(-1, array.shape[-1])
    row_positions, column_positions = (numerics.evenly_spaced(size, MAX_SIDE) for size in matrix.shape)
    shown = numerics.as_floats(matrix[np.ix_(row_positions, column_positions)])
    names = [row_name(rows, int(index), array.shape[:-1]) for index in row_positions]
    columns = [class_name(labels, int(index)) for index in column_positions]
    low, high = numerics.limits_of(shown)
    magnitude = max(abs(low), abs(high))
    alt_text = (
        f"Heat map of {counted(len(matrix), 'row')} and {counted(matrix.shape[1], 'column')}, "
        f"{numerics.signed_text(low)} to {numerics.signed_text(high)}."
    )
    cells = _Cells(shown, names, columns)
    picture, hover = _draw(
        cells, (32.0, 20.0), (-magnitude, magnitude) if low < 0 < high else (low, high), alt_text
    )
    notes = []
    if shown.shape != matrix.shape:
        notes.append(
            f"{len(row_positions):,} of {counted(len(matrix), 'row')} and {len(column_positions):,} of "
            f"{counted(matrix.shape[1], 'column')}, evenly spaced."
        )
    if np.isnan(shown).any():
        notes.append("Grey cells are NaN.")
    return Figure(picture, (hover,), " ".join(notes))


def _draw(
    cells: _Cells, cell_size: tuple[float, float], limits: tuple[float, float], alt_text: str
) -> tuple[Markup, GridHover]:
    """Draws cells and returns the picture with its tooltips.

    Args:
      cells: numbers and captions.
      cell_size: width and height of a cell in points, if there is room for that.
      limits: lowest and highest number of the colour scale; symmetric ones select the diverging scale.
      alt_text: what the picture shows.
    """
    # Similarities have square cells (both sizes equal); a heat map may stretch them to fill its place.
    down, across = cells.numbers.shape
    low, high = (float(limit) for limit in numerics.drawable(np.array(limits)))
    right = 32 + width_of(
        [tick_text(low), tick_text(high)], _CAPTION_SIZE
    )  # the colour scale and its numbers
    row_captions = captions(cells.rows, _LONG_CAPTION if across <= _FEW_COLUMNS else _SHORT_CAPTION)
    left = width_of(row_captions, _CAPTION_SIZE) + 10
    cell_width = min(cell_size[0] * across, WIDTH - left - right) / across
    cell_height = cell_width if cell_size[0] == cell_size[1] else min(cell_size[1] * down, 400.0) / down
    column_captions = captions(cells.columns, _SHORT_CAPTION)
    # Numbers are never turned: round ones are picked from them instead, see _tick_captions.
    is_turned = (
        width_of(column_captions, _CAPTION_SIZE) > cell_width - 4
        and cell_width >= 14
        and not all(map(str.isdecimal, column_captions))
    )
    if not is_turned and width_of(column_captions, _CAPTION_SIZE) > cell_width - 4 and cells.short:
        column_captions = list(cells.short)
    # 0.64 and 0.77 are the sine and cosine of 40°, by which captions are turned: what they take in height
    # and, for the last ones, to the right of the cells.
    top = 12 + width_of(column_captions, _CAPTION_SIZE) * 0.64 if is_turned else 18.0
    overhang = max(width_of(column_captions[-3:], _CAPTION_SIZE) * 0.77 - 20, 0.0) if is_turned else 0.0
    area = (left, top, cell_width * across, cell_height * down)
    drawing = SvgDrawing(left + area[2] + max(right, overhang), top + max(area[3], 40.0) + 6)
    colours = coloured(numerics.drawable(cells.numbers), low, high)
    drawing.pixels(*area, colours)
    _name_columns(drawing, area, column_captions, is_turned)
    for row, name in _tick_captions(row_captions, int(area[3] / 10.5)):
        drawing.text(left - 6, top + (row + 0.5) * cell_height, name, "right", size=_CAPTION_SIZE)
    if max(down, across) <= _MAX_WRITTEN_SIDE and cell_width >= 28 and cell_height >= 12:
        _write_numbers(drawing, area, cells.numbers, colours)
    draw_colour_scale(drawing, (left + area[2] + 12, top, 9.0, max(area[3], 40.0)), low, high)
    return drawing.picture(alt_text), _hover(drawing.box(*area), cells)


def _name_columns(drawing: SvgDrawing, area: Rect, names: list[str], is_turned: bool) -> None:
    left, top, width, _ = area
    step = width / len(names)
    max_captions = len(names) if is_turned else int(width / (width_of(names, _CAPTION_SIZE) + 7))
    for place, name in _tick_captions(names, max_captions):
        x = left + (place + 0.5) * step
        if is_turned:
            drawing.text(x + 1, top - 8, name, size=_CAPTION_SIZE, turn=40)
        else:
            drawing.text(x, top - 8, name, "center", size=_CAPTION_SIZE)


def _tick_captions(names: Texts, max_captions: int) -> list[tuple[float, str]]:
    """Returns (position, caption) of the captions that have room.

    These are all captions, else round numbers if the captions are numbers, else every n-th caption.
    """
    if len(names) <= max_captions:
        return [(float(place), name) for place, name in enumerate(names)]
    if all(name.isdecimal() for name in names):
        # The captions are indices, evenly spaced or not: interpolation finds the position of a round number
        # that is not among them.
        known = [int(name) for name in names]
        steps = [
            step for step in round_ticks(known[0], known[-1], max(max_captions - 1, 1)) if step == int(step)
        ]
        return [(float(np.interp(step, known, range(len(known)))), str(int(step))) for step in steps]
    # Every n-th caption from the first one on, so that equal distances mean equal steps.
    stride = -(-len(names) // max(max_captions, 1))
    return [(float(place), names[place]) for place in range(0, len(names), stride)]


def _write_numbers(drawing: SvgDrawing, area: Rect, numbers: Array, colours: Array) -> None:
    """Writes the numbers into the cells, white on dark cells; none of them if one has no room."""
    left, top, width, height = area
    down, across = numbers.shape
    texts = _number_texts(numbers)
    # All numbers of a heat map have one size, or their size would seem to mean something.
    fitting = [size for size in (_CAPTION_SIZE, 8.0, 7.5) if width_of(texts, size) < width / across - 1]
    if not fitting:
        return
    # The luma of ITU-R BT.601.
    bright = (colours[..., :3] @ np.array([0.299, 0.587, 0.114])).reshape(-1)
    for index, text in enumerate(texts):
        row, column = divmod(index, across)
        drawing.text(
            left + (column + 0.5) * width / across, top + (row + 0.5) * height / down, text, "center",
            colour="white" if bright[index] < 140 else INK, size=fitting[0],
        )  # fmt: skip


def _number_texts(numbers: Array) -> list[str]:
    """Returns the numbers with the number of decimals that fits the largest of them."""
    largest = max(map(abs, numerics.limits_of(numbers)))
    if np.all(numbers == np.round(numbers)) and largest < 1e4:
        form = ".0f"
    else:
        form = ".2f" if 0.1 <= largest < 100 else ".2g"
    texts = (f"{number:{form}}" for number in numbers.reshape(-1).tolist())
    # Rounding to the decimals may leave −0.00, which would read as a negative number.
    return [text.lstrip("-") if not text.strip("-0.") else text.replace("-", "−") for text in texts]


def draw_colour_scale(
    drawing: SvgDrawing, area: Rect, low: float, high: float, scale: Sequence[str] = ()
) -> None:
    """Draws the colour scale with its numbers."""
    left, top, width, height = area
    # A constant matrix has no scale, only one colour, which is named.
    if low == high:
        drawing.pixels(*area, coloured(np.array([[low]]), low, high, scale))
        drawing.text(left + width + 5, top + height / 2, tick_text(low), size=_CAPTION_SIZE)
        return
    drawing.pixels(*area, coloured(np.linspace(high, low, 65)[:, None], low, high, scale))
    for step in round_ticks(low, high, 8 if height > 150 else 5) if height > 80 else (low, high):
        drawing.text(
            left + width + 5, top + height * (high - step) / (high - low), tick_text(step), size=_CAPTION_SIZE
        )


def _hover(box: Rect, cells: _Cells) -> GridHover:
    """Returns a tooltip for each cell; for too many cells, the range of each block of cells."""
    down, across = cells.numbers.shape
    if down * across <= MAX_CELLS:
        numbers = cells.numbers

        def write() -> tuple[str, ...]:
            return tuple(numerics.number_text(number) for number in numbers.reshape(-1).tolist())

        values = LazyTexts(write, numbers.size)
        return GridHover(box, down, across, values, tuple(cells.rows), tuple(cells.columns))
    # Blocks are whole cells: first at most 64 rows of blocks, then as many columns as remain of MAX_CELLS.
    by_rows = -(-down // 64)
    by_columns = -(-across // (MAX_CELLS // -(-down // by_rows)))
    starts = np.arange(0, down, by_rows), np.arange(0, across, by_columns)
    low, high = (
        # fmin and fmax ignore NaN, unlike min and max: a block with one NaN still has a range.
        function.reduceat(function.reduceat(cells.numbers, starts[0], 0), starts[1], 1)
        for function in (np.fmin, np.fmax)
    )
    pairs = zip(low.reshape(-1).tolist(), high.reshape(-1).tolist(), strict=True)
    texts = tuple(
        numerics.number_text(one)
        if one == other
        else f"{numerics.number_text(one)} to {numerics.number_text(other)}"
        for one, other in pairs
    )
    # The last blocks may be incomplete, but tooltips need cells of even size: the grid extends past the
    # picture.
    left, top, width, height = box
    wider, taller = len(starts[1]) * by_columns / across, len(starts[0]) * by_rows / down
    return GridHover(
        (left, top, width * wider, height * taller), len(starts[0]), len(starts[1]), texts,
        _block_captions(cells.rows, by_rows), _block_captions(cells.columns, by_columns),
    )  # fmt: skip


def _block_captions(names: Texts, size: int) -> tuple[str, ...]:
    parts = (names[start : start + size] for start in range(0, len(names), size))
    return tuple(part[0] if len(part) == 1 else f"{part[0]} … {part[-1]}" for part in parts)
