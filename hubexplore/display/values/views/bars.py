"""Class scores as bars, the highest on top."""

from __future__ import annotations

from typing import Final

import numpy as np

from hubexplore.display.palette import BLUE, ORANGE, SCALE_INK, SCALE_LINE
from hubexplore.display.values.hover import GridHover
from hubexplore.display.values.value_kinds import (
    Array,
    as_floats,
    drawable,
    limits_of,
    number_text,
    signed,
    within,
)
from hubexplore.display.values.views.drawing import WIDTH, Drawing, captions, width_of
from hubexplore.display.values.views.lists import listing
from hubexplore.display.values.views.plot import Plotted, Texts, class_name, row_name

MAX_SCORED: Final = 6
"""Rows that are drawn."""
MAX_CLASSES: Final = 10
_BAR: Final = 17.0


def scores(array: Array, rows: Texts, labels: Texts) -> Plotted:
    """The highest scores of each row as bars."""
    matrix = np.atleast_2d(array)
    shown = as_floats(matrix[:MAX_SCORED])
    count = min(MAX_CLASSES if len(shown) == 1 else 5, matrix.shape[1])
    order = [_highest(row, count) for row in shown]
    names = [[_class(labels, int(index)) for index in best] for best in order]
    titled = len(shown) > 1 or bool(rows)
    # A title takes as much room as a bar, so that hovering finds rows of even height.
    block = count + titled
    drawing = Drawing(WIDTH, len(shown) * block * _BAR + 6)
    heights = [drawable(row[best]) for row, best in zip(shown, order, strict=True)]
    titles = captions([row_name(rows, number) for number in range(len(shown))], 60)
    _draw(drawing, heights, names, titles if titled else [])
    heads: list[str] = []
    values: list[str] = []
    body: list[tuple[str, str, str]] = []
    for number, best in enumerate(order):
        name = row_name(rows, number)
        score_texts = [number_text(shown[number][index]) for index in best]
        heads += [name] * titled + names[number]
        values += [""] * titled + score_texts
        body += zip([name] * count, names[number], score_texts, strict=True)
    best_scores = "; ".join(f"{row_name(rows, at)}: {names[at][0]} {number_text(shown[at][order[at][0]])}"
                     for at in range(len(shown)))  # fmt: skip
    hover = GridHover(
        drawing.box(0, 0, WIDTH, drawing.height - 6), len(values), 1, tuple(values), tuple(heads)
    )
    notes = [f"The first {len(shown)} of {len(matrix):,} rows."] if len(matrix) > len(shown) else []
    notes += [f"The {count} highest of {matrix.shape[1]:,} classes."] if count < matrix.shape[1] else []
    numbers = listing(("row", "class", "score"), body)
    picture = drawing.picture(f"Bars of the highest scores. {best_scores}")
    return Plotted(picture, (hover,), " ".join(notes), numbers)


def _class(labels: Texts, index: int) -> str:
    return class_name(labels, index) if index < len(labels) else f"class {index}"


def _highest(row: Array, count: int) -> Array:
    """Where the highest are, the first of equal ones first; NaN is never high."""
    known = np.nan_to_num(row, nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    positions: Array = np.argsort(-known, kind="stable")[:count]
    return positions


def _draw(drawing: Drawing, heights: list[Array], names: list[list[str]], titles: list[str]) -> None:
    low, high = limits_of(np.concatenate(heights))
    low, high = min(0.0, low), max(0.0, high)
    reach = (high - low) or 1.0
    written = [captions(name) for name in names]
    left = width_of([name for caption in written for name in caption], bold=True) + 12
    room = drawing.width - left - 66
    zero = left + room * (0.0 - low) / reach
    top = 0.0
    for number, row in enumerate(heights):
        if titles:
            drawing.text(2, top + _BAR / 2 + 1, titles[number], colour=SCALE_INK)
            top += _BAR
        drawing.line([zero, zero], [top + 1, top + len(row) * _BAR - 1], SCALE_LINE)
        for place, score in enumerate(row):
            middle = top + (place + 0.5) * _BAR
            end = left + room * float(within(score, low, high) - low) / reach
            first, last = min(zero, end), max(zero, end)
            drawing.bar(first, middle - 5.5, last - first, 11, ORANGE if place == 0 else BLUE)
            drawing.text(left - 8, middle, written[number][place], "right", bold=place == 0)
            drawing.text(last + 5, middle, signed(score), bold=place == 0)
        top += len(row) * _BAR
