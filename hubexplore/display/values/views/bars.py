"""The Scores view: class scores as bars, the highest on top."""

from __future__ import annotations

from typing import Final

import numpy as np

from hubexplore.display.palette import BLUE, ORANGE, SCALE_INK, SCALE_LINE
from hubexplore.display.values import numerics
from hubexplore.display.values.hover import GridHover
from hubexplore.display.values.views.lists import text_grid
from hubexplore.display.values.views.plot import Figure, Texts, class_name, row_name
from hubexplore.display.values.views.svg_drawing import WIDTH, SvgDrawing, captions, width_of
from hubexplore.summary.tensor_values import Array

MAX_SCORED: Final = 6
"""Maximum number of rows that are drawn."""
MAX_CLASSES: Final = 10
"""Maximum number of classes that are drawn of a single row; of several rows half as many."""
MSG_INFINITE: Final = "Infinite numbers have no bar."
_BAR_HEIGHT: Final = 17.0
"""Points from one bar to the next."""


def scores(array: Array, rows: Texts, labels: Texts) -> Figure:
    """Draws the highest scores of each row as bars.

    Args:
      array: real numbers [classes] or [rows, classes].
      rows: captions of the rows.
      labels: names of the classes.
    """
    matrix = np.atleast_2d(array)
    shown = numerics.as_floats(matrix[:MAX_SCORED])
    # All rows of one picture have the same number of classes, so that blocks are of even height.
    count = min(MAX_CLASSES if len(shown) == 1 else 5, matrix.shape[1])
    order = [_top_positions(row, count) for row in shown]
    names = [[_class_caption(labels, int(index)) for index in best] for best in order]
    titled = len(shown) > 1 or bool(rows)
    # A title is as high as a bar, because the tooltips divide the picture into rows of even height.
    rows_per_block = count + titled
    drawing = SvgDrawing(WIDTH, len(shown) * rows_per_block * _BAR_HEIGHT + 6)
    row_scores = [numerics.drawable(row[best]) for row, best in zip(shown, order, strict=True)]
    titles = captions([row_name(rows, number) for number in range(len(shown))], 60)
    _draw(drawing, row_scores, names, titles if titled else [])
    hover_captions: list[str] = []
    values: list[str] = []
    body: list[tuple[str, str, str]] = []
    for number, best in enumerate(order):
        name = row_name(rows, number)
        score_texts = [numerics.number_text(shown[number][index]) for index in best]
        hover_captions += [name] * titled + names[number]
        values += [""] * titled + score_texts
        body += zip([name] * count, names[number], score_texts, strict=True)
    best_texts = [numerics.number_text(row[best[0]]) for row, best in zip(shown, order, strict=True)]
    best_scores = "; ".join(
        f"{row_name(rows, at)}: {names[at][0]} {text}" for at, text in enumerate(best_texts)
    )
    hover = GridHover(
        drawing.box(0, 0, WIDTH, drawing.height - 6), len(values), 1, tuple(values), tuple(hover_captions)
    )
    notes = [f"The first {len(shown)} of {len(matrix):,} rows."] if len(matrix) > len(shown) else []
    notes += [f"The {count} highest of {matrix.shape[1]:,} classes."] if count < matrix.shape[1] else []
    notes += [MSG_INFINITE] if any(np.isinf(row).any() for row in row_scores) else []
    numbers = text_grid(("row", "class", "score"), body)
    picture = drawing.picture(f"Bars of the highest scores. {best_scores}")
    return Figure(picture, (hover,), " ".join(notes), numbers)


def _class_caption(labels: Texts, index: int) -> str:
    return class_name(labels, index) if index < len(labels) else f"class {index}"


def _top_positions(row: Array, count: int) -> Array:
    """Returns the positions of the highest scores, highest first: of equal ones the first, NaN last."""
    ranked = np.nan_to_num(row, nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    positions: Array = np.argsort(-ranked, kind="stable")[:count]
    return positions


def _draw(drawing: SvgDrawing, row_scores: list[Array], names: list[list[str]], titles: list[str]) -> None:
    low, high = numerics.limits_of(np.concatenate(row_scores))
    # Bars begin at 0, even if all scores are far from it: a bar is read by its length.
    low, high = min(0.0, low), max(0.0, high)
    # All scores may be 0 or NaN; then there is no bar, but a number beside each.
    span = (high - low) or 1.0
    written = [captions(name) for name in names]
    left = width_of([name for caption in written for name in caption], bold=True) + 12
    # 66 points hold the longest number beside a positive bar, such as 1.234e+05, in bold.
    room = drawing.width - left - 66
    zero = left + room * (0.0 - low) / span
    top = 0.0
    for number, row in enumerate(row_scores):
        if titles:
            drawing.text(2, top + _BAR_HEIGHT / 2 + 1, titles[number], colour=SCALE_INK)
            top += _BAR_HEIGHT
        drawing.line([zero, zero], [top + 1, top + len(row) * _BAR_HEIGHT - 1], SCALE_LINE)
        for place, score in enumerate(row):
            middle = top + (place + 0.5) * _BAR_HEIGHT
            end = left + room * float(numerics.clipped(score, low, high) - low) / span
            first, last = min(zero, end), max(zero, end)
            if np.isfinite(score):
                drawing.bar(first, middle - 5.5, last - first, 11, ORANGE if place == 0 else BLUE)
            else:
                last = zero
            drawing.text(left - 8, middle, written[number][place], "right", bold=place == 0)
            # To the right of negative bars as well: to their left is the caption.
            drawing.text(last + 5, middle, numerics.signed_text(score), bold=place == 0)
        top += len(row) * _BAR_HEIGHT
