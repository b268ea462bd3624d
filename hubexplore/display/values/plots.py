"""Values as plots: scores, similarities, maps, heat maps, lines and bars; each with its numbers for hover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.tables import visible
from hubexplore.display.values.drawing import (
    ACCENT,
    COLOURS,
    DIM,
    INK,
    STRONG,
    Drawing,
    caption,
    style,
    width_of,
)
from hubexplore.display.values.hover import MAX_CELLS, Box, GridHover, Hover, PointsHover
from hubexplore.display.values.kinds import Array, as_floats, drawable, number_text

MAX_SCORED: Final = 6
MAX_CLASSES: Final = 10
MAX_SIDE: Final = 300
"""Rows and columns of a heat map; of more, evenly spaced ones are shown."""
MAX_LINES: Final = 8
MAX_POINTS: Final = 2000
_BAR: Final = 17.0
_WRITTEN: Final = 10
"""Numbers stand in the cells of a heat map of at most so many rows and columns."""


@dataclass(frozen=True)
class Plotted:
    """A picture, what hovering tells, what is to be said below it, and its numbers if not the value's own."""

    html: Markup
    hover: Hover | None
    note: str = ""
    numbers: Array | None = None


def scores(array: Array, rows: Sequence[str], labels: Sequence[str]) -> Plotted:
    """The highest scores of each row as bars, the highest on top."""
    floats = np.atleast_2d(drawable(array))
    shown = floats[:MAX_SCORED]
    count = min(MAX_CLASSES if len(shown) == 1 else 5, floats.shape[1])
    order = [np.argsort(-np.nan_to_num(row, nan=-np.inf), kind="stable")[:count] for row in shown]
    names = [[_label(labels, index) for index in each] for each in order]
    left = width_of([caption(name) for each in names for name in each])
    block = count * _BAR + (24 if len(shown) > 1 or rows else 8)
    with style():
        drawing = Drawing(max(460.0, left + 300), len(shown) * block + 8)
        drawn = np.array([row[best] for row, best in zip(shown, order, strict=True)])
        finite = drawn[np.isfinite(drawn)]
        low, high = min(0.0, finite.min(initial=0)), max(0.0, finite.max(initial=0))
        for number, (row, best) in enumerate(zip(shown, order, strict=True)):
            top = number * block + (20 if block > count * _BAR + 8 else 4)
            width = drawing.width - left - 60
            axes = drawing.axes(left, top, width, count * _BAR)
            heights = np.nan_to_num(row[best], nan=0.0, posinf=high, neginf=low)
            axes.barh(range(count), heights, height=0.7, color=[STRONG, *[ACCENT] * (count - 1)])
            axes.set(ylim=(count - 0.5, -0.5), xlim=(low, high or 1), xticks=[])
            axes.set_yticks(range(count), [caption(name) for name in names[number]])
            axes.spines["bottom"].set_visible(False)
            for place, index in enumerate(best):
                axes.annotate(
                    number_text(row[index]), (max(heights[place], 0.0), place), xytext=(5, 0),
                    textcoords="offset points", va="center", weight="bold" if place == 0 else "normal",
                )  # fmt: skip
            if len(shown) > 1 or rows:
                axes.set_title(
                    caption(_row(rows, number)), loc="left", color=DIM, pad=3, x=(8 - left) / width
                )
        told = "; ".join(
            f"{_row(rows, number)}: {names[number][0]} {number_text(shown[number][order[number][0]])}"
            for number in range(len(shown))
        )
        html = drawing.picture(f"Bars of the highest scores. {told}")
    left_out = len(floats) - len(shown)
    note = f"The first {len(shown)} of {len(floats):,} rows. " if left_out else ""
    note += f"The {count} highest of {floats.shape[1]:,} classes." if count < floats.shape[1] else ""
    return Plotted(html, None, note)


def similarity(array: Array, rows: Sequence[str]) -> Plotted:
    """Cosine similarity of all pairs of rows: x·y / (|x| |y|)."""
    found, empty = cosine(array)
    count = len(found)
    names = [
        f"{index} {caption(rows[index])}" if index < len(rows) else f"row {index}" for index in range(count)
    ]
    told = _nearest(found, rows)
    side = min(max(320.0, count * 12.0), max(150.0, count * 46.0), 620.0)
    cells = _Cells(found, names, [str(index) for index in range(count)])
    words = f"Heat map of the cosine similarity of {count} rows. {told}"
    plotted = _heat(cells, (side, side), (-1.0, 1.0), words)
    if empty:
        told += f" {len(empty)} rows are all zeros or hold NaN or Inf, so they have no direction."
    return Plotted(plotted.html, plotted.hover, told, found)


def cosine(array: Array) -> tuple[Array, list[int]]:
    """The similarities, and which rows have none: those stay NaN."""
    floats = as_floats(array).reshape(len(array), -1)
    with np.errstate(all="ignore"):
        largest = np.abs(floats).max(axis=1, keepdims=True, initial=0)
        scaled = floats / largest  # so that squares neither overflow nor vanish
        unit = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
        found = np.clip(unit @ unit.T, -1, 1)
    return found, [int(index) for index in np.flatnonzero(~np.isfinite(unit).all(axis=1))]


def _nearest(found: Array, rows: Sequence[str]) -> str:
    """Says which two rows are most alike."""
    pairs = np.where(np.triu(np.ones_like(found, bool), 1) & np.isfinite(found), found, -np.inf)
    first, second = np.unravel_index(int(np.argmax(pairs)), pairs.shape)
    if not np.isfinite(pairs[first, second]):
        return ""
    one, other = (caption(_row(rows, int(index))) for index in (first, second))
    return f"Most alike: {one} and {other}, {number_text(found[first, second])}."


def pca(array: Array, rows: Sequence[str]) -> Plotted:
    """The rows in the plane in which they differ most (principal components)."""
    floats = drawable(array).reshape(len(array), -1)
    kept = np.flatnonzero(np.isfinite(floats).all(axis=1))[:MAX_POINTS]
    points, shares = components(floats[kept])
    with style():
        drawing = Drawing(460, 360)
        area = (44.0, 12.0, 396.0, 306.0)
        axes = drawing.axes(*area)
        axes.scatter(points[:, 0], points[:, 1], s=36, color=ACCENT, linewidths=0, zorder=3)
        axes.margins(0.18, 0.12)
        axes.set_xlabel(f"component 1: {shares[0]:.0%} of the variance")
        axes.set_ylabel(f"component 2: {shares[1]:.0%} of the variance")
        axes.set(xticks=[], yticks=[])
        if len(kept) <= 40:
            middle = (points[:, 0].min(initial=0) + points[:, 0].max(initial=0)) / 2
            for place, index in enumerate(kept):
                # Captions point to the middle, where there is room.
                right = points[place, 0] > middle
                axes.annotate(
                    caption(_row(rows, int(index))), points[place], xytext=(-6 if right else 6, 4),
                    ha="right" if right else "left", textcoords="offset points", color=INK, fontsize=9,
                )  # fmt: skip
        html = drawing.picture(f"Map of {len(kept)} rows by their first two principal components.")
        places = axes.transAxes.inverted().transform(axes.transData.transform(points))
        hover = PointsHover(_placed(drawing.box(*area), places, [_row(rows, int(index)) for index in kept]))
    left_out = len(floats) - len(kept)
    return Plotted(html, hover, f"{left_out:,} rows are not in the map." if left_out else "")


def components(floats: Array) -> tuple[Array, tuple[float, float]]:
    """The first two principal components of rows [n, d] as [n, 2], and their shares of the variance.

    The sign of each is such that its largest entry is positive, so that a map does not flip by chance.
    """
    centred = floats - floats.mean(axis=0) if len(floats) else floats
    scale = np.abs(centred).max(initial=0) or 1.0
    left, sizes, _ = np.linalg.svd(centred / scale, full_matrices=False)
    points = np.zeros((len(floats), 2))
    width = min(2, len(sizes))
    points[:, :width] = left[:, :width] * sizes[:width]
    for axis in range(2):
        column = points[:, axis]
        if len(column) and column[np.argmax(np.abs(column))] < 0:
            points[:, axis] = -column
    total = float((sizes**2).sum()) or 1.0
    first, second = (float(sizes[axis] ** 2) / total if axis < len(sizes) else 0.0 for axis in (0, 1))
    return points * scale, (first, second)


def _placed(box: Box, places: Array, words: Sequence[str]) -> tuple[tuple[float, float, str], ...]:
    """Points at places in axes, from their bottom left, as shares of the picture."""
    left, top, width, height = box
    return tuple(
        (round(left + width * x, 4), round(top + height * (1 - y), 4), text)
        for (x, y), text in zip(places, words, strict=True)
    )


def heat(array: Array, rows: Sequence[str], labels: Sequence[str]) -> Plotted:
    """A matrix as colours; of a value of more dimensions the first ones together are the rows."""
    floats = drawable(array).reshape(-1, array.shape[-1])
    over, across = (
        np.unique(np.linspace(0, size - 1, min(size, MAX_SIDE)).astype(int)) for size in floats.shape
    )
    shown = floats[np.ix_(over, across)]
    names = [caption(_row(rows, int(index))) if rows else str(index) for index in over]
    columns = [caption(_label(labels, int(index))) if labels else str(index) for index in across]
    finite = shown[np.isfinite(shown)]
    low, high = float(finite.min(initial=np.inf)), float(finite.max(initial=-np.inf))
    if low > high:
        low, high = 0.0, 0.0
    both = low < 0 < high
    reach = max(abs(low), abs(high))
    size = (min(520.0, max(160.0, shown.shape[1] * 30.0)), min(420.0, max(24.0, shown.shape[0] * 18.0)))
    words = (
        f"Heat map of {len(floats):,} rows and {floats.shape[1]:,} columns, {number_text(low)} to "
        f"{number_text(high)}."
    )
    plotted = _heat(_Cells(shown, names, columns), size, (-reach, reach) if both else (low, high), words)
    cut = shown.shape != floats.shape
    return Plotted(plotted.html, plotted.hover, "Evenly spaced rows and columns; not all fit." if cut else "")


@dataclass(frozen=True)
class _Cells:
    """Numbers [rows, columns] and the captions of both."""

    numbers: Array
    rows: Sequence[str]
    columns: Sequence[str]


def _heat(shown: _Cells, size: tuple[float, float], limits: tuple[float, float], words: str) -> Plotted:
    """Draws cells in `size` points; colours part at 0 where the limits lie evenly around it."""
    cells, rows, columns = shown.numbers, shown.rows, shown.columns
    width, height = size
    diverging = limits[0] == -limits[1] < 0
    left = width_of(list(rows)) if len(rows) <= 60 else 30.0
    with style():
        drawing = Drawing(left + width + 70, height + 34)
        area = (left, 22.0, width, height)
        axes = drawing.axes(*area)
        low, high = limits if limits[0] < limits[1] else (limits[0] - 1, limits[1] + 1)
        image = axes.imshow(
            cells, cmap="RdBu_r" if diverging else "viridis", vmin=low, vmax=high, aspect="auto",
            interpolation="nearest",
        )  # fmt: skip
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.xaxis.tick_top()
        _ticks(axes.set_xticks, columns, width, max(map(len, columns), default=1) * 6.0 + 8)
        _ticks(axes.set_yticks, rows, height, 11.0)
        if max(cells.shape) <= _WRITTEN and width / cells.shape[1] >= 30:
            _write(axes, cells, low, high, diverging)
        bar = drawing.axes(left + width + 12, 22, 10, height)
        bar.figure.colorbar(image, cax=bar).outline.set_visible(False)
        bar.tick_params(length=0, labelsize=9)
        html = drawing.picture(words)
    hover = None
    if cells.size <= MAX_CELLS:
        values = tuple(number_text(each) for each in cells.reshape(-1))
        hover = GridHover(drawing.box(*area), len(rows), len(columns), values, tuple(rows), tuple(columns))
    return Plotted(html, hover)


def _ticks(setter: Any, captions: Sequence[str], room: float, each: float) -> None:
    """Writes as many captions as there is room for."""
    step = max(1, int(np.ceil(len(captions) * each / room)))
    places = range(0, len(captions), step)
    setter(places, [captions[place] for place in places])


def _write(axes: Any, cells: Array, low: float, high: float, diverging: bool) -> None:
    middle, reach = (low + high) / 2, (high - low) / 2
    for (row, column), number in np.ndenumerate(cells):
        away = (number - middle) / reach if np.isfinite(number) else 0.0
        dark = abs(away) > 0.55 if diverging else away < 0
        axes.text(column, row, f"{number:.2f}" if abs(number) < 100 else number_text(number), ha="center",
                  va="center", fontsize=9, color="white" if dark else INK)  # fmt: skip


def plot(array: Array, rows: Sequence[str], labels: Sequence[str]) -> Plotted:
    """Vectors as bars or lines over their index."""
    matrix = drawable(array).reshape(-1, array.shape[-1]) if array.ndim > 1 else drawable(array)[None]
    shown = matrix[:MAX_LINES]
    over = np.unique(np.linspace(0, matrix.shape[1] - 1, min(matrix.shape[1], 600)).astype(int))
    lines = shown[:, over]
    named = len(shown) > 1
    with style():
        drawing = Drawing(520, 190 + (14 * ((len(shown) + 1) // 2) if named else 0))
        area = (48.0, 12.0, 456.0, 140.0)
        axes = drawing.axes(*area)
        if len(shown) == 1 and len(over) <= 64:
            axes.bar(range(len(over)), np.nan_to_num(lines[0], posinf=0, neginf=0), color=ACCENT, width=0.8)
        else:
            for number, line in enumerate(lines):
                axes.plot(line, color=COLOURS[number], linewidth=1.4, label=caption(_row(rows, number)))
        axes.axhline(0, color=DIM, linewidth=0.6)
        axes.set_xlim(-0.5, len(over) - 0.5)
        names = [caption(_label(labels, int(index))) if labels else str(index) for index in over]
        _ticks(axes.set_xticks, names, area[2], max(map(len, names), default=1) * 6.0 + 12)
        axes.tick_params(axis="y", labelsize=9)
        if named:
            axes.legend(
                loc="upper left",
                bbox_to_anchor=(0, -0.14),
                ncols=2,
                frameon=False,
                fontsize=9,
                handlelength=1.2,
            )
        html = drawing.picture(f"Plot of {len(shown)} rows of {matrix.shape[1]:,} numbers.")
    hover = None
    if lines.size <= MAX_CELLS:
        columns = ["; ".join(number_text(each) for each in lines[:, place]) for place in range(len(over))]
        hover = GridHover(drawing.box(*area), 1, len(over), tuple(columns), (), tuple(names))
    said = []
    if len(matrix) > len(shown):
        said.append(f"The first {len(shown)} of {len(matrix):,} rows.")
    if len(over) < matrix.shape[1]:
        said.append(f"{len(over)} of {matrix.shape[1]:,} places, evenly spaced.")
    return Plotted(html, hover, " ".join(said))


def _label(labels: Sequence[str], index: int) -> str:
    return visible(labels[index]) if index < len(labels) else f"class {index}"


def _row(rows: Sequence[str], index: int) -> str:
    return visible(rows[index]) if index < len(rows) else f"row {index}"


def joined(plotted: Plotted) -> Markup:
    """The picture and what is to be said below it."""
    note = (tag("p", plotted.note, class_="note"),) if plotted.note else ()
    return join(tag("p", plotted.html), *note)
