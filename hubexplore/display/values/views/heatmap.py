"""Matrices as colours: heat maps, and the similarity of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from hubexplore.display.markup import Markup
from hubexplore.display.palette import INK
from hubexplore.display.values.hover import MAX_CELLS, Box, GridHover
from hubexplore.display.values.value_kinds import Array, as_floats, drawable, limits_of, number_text, signed
from hubexplore.display.values.views.drawing import (
    WIDTH,
    Drawing,
    captions,
    coloured,
    round_steps,
    step_text,
    width_of,
)
from hubexplore.display.values.views.lists import numbers
from hubexplore.display.values.views.plot import Plotted, Texts, class_name, row_name
from hubexplore.display.wording import counted

MAX_SIDE: Final = 200
"""Rows and columns of a heat map; of more, evenly spaced ones are shown."""
_WRITTEN: Final = 10
"""Numbers stand in the cells of a heat map of at most so many rows and columns."""
_FEW: Final = 7
"""Columns that leave room for captions of rows of ..."""
_LONG: Final = 28
_SHORT: Final = 20
"""... so many characters; if there are more columns, or above a column, of so many."""
_SMALL: Final = 9.0


@dataclass(frozen=True)
class _Cells:
    """Numbers [rows, columns] and what rows and columns are called."""

    numbers: Array
    rows: Texts
    columns: Texts
    short: Texts = ()
    """What columns are called where there is no room for more."""


def similarity(array: Array, rows: Texts) -> Plotted:
    """Cosine similarity of all pairs of rows: x·y / (|x| |y|)."""
    similarities, empty = cosine(array)
    count = len(similarities)
    names = [
        f"{index} {row_name(rows, index)}" if index < len(rows) else str(index) for index in range(count)
    ]
    note = _nearest(similarities, rows)
    words = f"Heat map of the cosine similarity of {count} rows. {note}"
    cells = _Cells(similarities, names, names, [str(index) for index in range(count)])
    picture, hover = _draw(cells, (40.0, 40.0), (-1.0, 1.0), words)
    if empty:
        note += (
            f" {counted(len(empty), 'row')} ({', '.join(map(str, empty[:12]))}{', …' if empty[12:] else ''}) "
            f"without a direction: all zeros, or with NaN or Inf."
        )
    return Plotted(
        picture, (hover,), note.strip(), numbers(similarities, names, [str(at) for at in range(count)])
    )


def cosine(array: Array) -> tuple[Array, list[int]]:
    """The similarities, and which rows have none: those stay NaN."""
    floats = as_floats(array).reshape(len(array), -1)
    with np.errstate(all="ignore"):
        largest = np.abs(floats).max(axis=1, keepdims=True, initial=0)
        scaled = floats / largest  # so that squares neither overflow nor vanish
        unit = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
        similarities = np.clip(unit @ unit.T, -1, 1)
    return similarities, [int(index) for index in np.flatnonzero(~np.isfinite(unit).all(axis=1))]


def _nearest(similarities: Array, rows: Texts) -> str:
    """Says which two rows are most alike."""
    pairs = np.where(
        np.triu(np.ones_like(similarities, bool), 1) & np.isfinite(similarities), similarities, -np.inf
    )
    first, second = np.unravel_index(int(np.argmax(pairs)), pairs.shape)
    if not np.isfinite(pairs[first, second]):
        return ""
    one, other = captions([row_name(rows, int(index)) for index in (first, second)], 60)
    return f"Most alike: “{one}” and “{other}”, {number_text(similarities[first, second])}."


def heat(array: Array, rows: Texts, labels: Texts) -> Plotted:
    """A matrix as colours; of a value of more dimensions all but the last are the rows."""
    matrix = array.reshape(-1, array.shape[-1])
    over, across = (_spaced(size, MAX_SIDE) for size in matrix.shape)
    shown = as_floats(matrix[np.ix_(over, across)])
    names = [row_name(rows, int(index), array.shape[:-1]) for index in over]
    columns = [class_name(labels, int(index)) for index in across]
    low, high = limits_of(shown)
    reach = max(abs(low), abs(high))
    words = (
        f"Heat map of {counted(len(matrix), 'row')} and {counted(matrix.shape[1], 'column')}, "
        f"{signed(low)} to {signed(high)}."
    )
    cells = _Cells(shown, names, columns)
    picture, hover = _draw(cells, (32.0, 20.0), (-reach, reach) if low < 0 < high else (low, high), words)
    notes = []
    if shown.shape != matrix.shape:
        notes.append(
            f"{len(over):,} of {counted(len(matrix), 'row')} and {len(across):,} of "
            f"{counted(matrix.shape[1], 'column')}, evenly spaced."
        )
    if np.isnan(shown).any():
        notes.append("Grey cells are NaN.")
    return Plotted(picture, (hover,), " ".join(notes))


def _spaced(size: int, most: int) -> Array:
    positions: Array = np.unique(np.linspace(0, size - 1, min(size, most)).astype(int))
    return positions


def _draw(
    cells: _Cells, best: tuple[float, float], limits: tuple[float, float], words: str
) -> tuple[Markup, GridHover]:
    """Draws cells, if there is room `best` points wide and high each.

    Colours part at 0 where the limits lie evenly around it.
    """
    down, across = cells.numbers.shape
    low, high = (float(limit) for limit in drawable(np.array(limits)))
    right = 32 + width_of([step_text(low), step_text(high)], _SMALL)  # for the scale of colours
    beside = captions(cells.rows, _LONG if across <= _FEW else _SHORT)
    left = width_of(beside, _SMALL) + 10
    wide = min(best[0] * across, WIDTH - left - right) / across
    tall = wide if best[0] == best[1] else min(best[1] * down, 400.0) / down
    above = captions(cells.columns, _SHORT)
    turned = width_of(above, _SMALL) > wide - 4 and wide >= 14 and not all(map(str.isdecimal, above))
    if not turned and width_of(above, _SMALL) > wide - 4 and cells.short:
        above = list(cells.short)
    top = 12 + width_of(above, _SMALL) * 0.64 if turned else 18.0
    overhang = max(width_of(above[-3:], _SMALL) * 0.77 - 20, 0.0) if turned else 0.0
    area = (left, top, wide * across, tall * down)
    drawing = Drawing(left + area[2] + max(right, overhang), top + max(area[3], 40.0) + 6)
    colours = coloured(drawable(cells.numbers), low, high)
    drawing.pixels(*area, colours)
    _name_columns(drawing, area, above, turned)
    for row, name in _marks(beside, int(area[3] / 10.5)):
        drawing.text(left - 6, top + (row + 0.5) * tall, name, "right", size=_SMALL)
    if max(down, across) <= _WRITTEN and wide >= 28 and tall >= 12:
        _write(drawing, area, cells.numbers, colours)
    _scale(drawing, (left + area[2] + 12, top, 9.0, max(area[3], 40.0)), low, high)
    return drawing.picture(words), _hover(drawing.box(*area), cells)


def _name_columns(drawing: Drawing, area: Box, names: list[str], turned: bool) -> None:
    left, top, width, _ = area
    step = width / len(names)
    most = len(names) if turned else int(width / (width_of(names, _SMALL) + 7))
    for place, name in _marks(names, most):
        x = left + (place + 0.5) * step
        if turned:
            drawing.text(x + 1, top - 8, name, size=_SMALL, turn=40)
        else:
            drawing.text(x, top - 8, name, "center", size=_SMALL)


def _marks(names: Texts, most: int) -> list[tuple[float, str]]:
    """Where which captions are written, if there is room for so many: all, round numbers, or some."""
    if len(names) <= most:
        return [(float(place), name) for place, name in enumerate(names)]
    if all(name.isdecimal() for name in names):
        known = [int(name) for name in names]
        steps = [step for step in round_steps(known[0], known[-1], max(most - 1, 1)) if step == int(step)]
        return [(float(np.interp(step, known, range(len(known)))), str(int(step))) for step in steps]
    every = -(-len(names) // max(most, 1))
    return [(float(place), names[place]) for place in range(0, len(names), every)]


def _write(drawing: Drawing, area: Box, numbers: Array, colours: Array) -> None:
    """Writes the numbers into the cells, in white where those are dark; nothing if one has no room."""
    left, top, width, height = area
    down, across = numbers.shape
    texts = _texts(numbers)
    fitting = [size for size in (_SMALL, 8.0, 7.5) if width_of(texts, size) < width / across - 1]
    if not fitting:
        return
    bright = (colours[..., :3] @ np.array([0.299, 0.587, 0.114])).reshape(-1)
    for place, words in enumerate(texts):
        row, column = divmod(place, across)
        drawing.text(
            left + (column + 0.5) * width / across, top + (row + 0.5) * height / down, words, "center",
            colour="white" if bright[place] < 140 else INK, size=fitting[0],
        )  # fmt: skip


def _texts(numbers: Array) -> list[str]:
    """Numbers with as many decimals as their size asks for."""
    reach = max(map(abs, limits_of(numbers)))
    if np.all(numbers == np.round(numbers)) and reach < 1e4:
        form = ".0f"
    else:
        form = ".2f" if 0.1 <= reach < 100 else ".2g"
    texts = (f"{number:{form}}" for number in numbers.reshape(-1).tolist())
    return [text.lstrip("-") if not text.strip("-0.") else text.replace("-", "−") for text in texts]


def _scale(drawing: Drawing, area: Box, low: float, high: float) -> None:
    """Draws which colour is which number."""
    left, top, width, height = area
    if low == high:
        drawing.pixels(*area, coloured(np.array([[low]]), low, high))
        drawing.text(left + width + 5, top + height / 2, step_text(low), size=_SMALL)
        return
    drawing.pixels(*area, coloured(np.linspace(high, low, 65)[:, None], low, high))
    for step in round_steps(low, high, 8 if height > 150 else 5) if height > 80 else (low, high):
        drawing.text(
            left + width + 5, top + height * (high - step) / (high - low), step_text(step), size=_SMALL
        )


def _hover(box: Box, cells: _Cells) -> GridHover:
    """Tells each number; of many cells, the range of the numbers in blocks of them."""
    down, across = cells.numbers.shape
    if down * across <= MAX_CELLS:
        texts = tuple(number_text(number) for number in cells.numbers.reshape(-1).tolist())
        return GridHover(box, down, across, texts, tuple(cells.rows), tuple(cells.columns))
    by_rows = -(-down // 64)
    by_columns = -(-across // (MAX_CELLS // -(-down // by_rows)))
    starts = np.arange(0, down, by_rows), np.arange(0, across, by_columns)
    low, high = (
        function.reduceat(function.reduceat(cells.numbers, starts[0], 0), starts[1], 1)
        for function in (np.fmin, np.fmax)
    )
    pairs = zip(low.reshape(-1).tolist(), high.reshape(-1).tolist(), strict=True)
    texts = tuple(
        number_text(one) if one == other else f"{number_text(one)} to {number_text(other)}"
        for one, other in pairs
    )
    # The last blocks may reach beyond the picture: each block has the size of a whole one.
    left, top, width, height = box
    wider, taller = len(starts[1]) * by_columns / across, len(starts[0]) * by_rows / down
    return GridHover(
        (left, top, width * wider, height * taller), len(starts[0]), len(starts[1]), texts,
        _blocks(cells.rows, by_rows), _blocks(cells.columns, by_columns),
    )  # fmt: skip


def _blocks(names: Texts, size: int) -> tuple[str, ...]:
    parts = (names[start : start + size] for start in range(0, len(names), size))
    return tuple(part[0] if len(part) == 1 else f"{part[0]} … {part[-1]}" for part in parts)
