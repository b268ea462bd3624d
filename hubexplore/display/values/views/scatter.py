"""Rows as points of a plane: their first two principal components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from hubexplore.display.palette import SCALE_INK, SCALE_LINE
from hubexplore.display.values.hover import Box, PointsHover
from hubexplore.display.values.value_kinds import Array, as_floats, drawable, number_text
from hubexplore.display.values.views.drawing import WIDTH, Drawing, Side, captions, width_of
from hubexplore.display.values.views.lists import numbers
from hubexplore.display.values.views.plot import Plotted, Texts, row_name
from hubexplore.display.wording import counted

MAX_POINTS: Final = 500
_CAPTIONED: Final = 60
_SMALL: Final = 9.0
_AREA: Final[Box] = (30.0, 6.0, WIDTH - 36, 290.0)
_Spot = tuple[float, float, Side]


def pca(array: Array, rows: Texts) -> Plotted:
    """The rows in the plane in which they differ most (principal components)."""
    floats = drawable(as_floats(array[:MAX_POINTS]).reshape(min(len(array), MAX_POINTS), -1))
    finite = np.flatnonzero(np.isfinite(floats).all(axis=1))
    points, shares = components(floats[finite])
    names = [row_name(rows, int(index)) for index in finite]
    left, top, width, height = _AREA
    x, y = left + width * _spread(points[:, 0]), top + height * (1 - _spread(points[:, 1]))
    drawing = Drawing(WIDTH, top + height + 26)
    drawing.line([left, left, left + width], [top, top + height, top + height], SCALE_LINE)
    axes = [f"component {at + 1}: {share:.0%} of the variance" for at, share in enumerate(shares)]
    drawing.text(left + width / 2, top + height + 13, axes[0], "center", colour=SCALE_INK)
    drawing.text(left - 11, top + height / 2, axes[1], "center", colour=SCALE_INK, turn=90)
    drawing.dots(x, y, 6.0 if len(finite) <= 200 else 3.5)
    spots = list(zip(x.tolist(), y.tolist(), strict=True))
    short = _write(drawing, spots, names, finite) if len(finite) <= _CAPTIONED else False
    places = zip((x / drawing.width).round(4).tolist(), (y / drawing.height).round(4).tolist(), strict=True)
    hover = PointsHover(
        tuple(
            (across, down, f"{name}: {number_text(point[0])}, {number_text(point[1])}")
            for (across, down), name, point in zip(places, names, points, strict=True)
        )
    )
    words = f"Map of {counted(len(finite), 'row')} by their first two principal components."
    notes = ["A caption without room gives way to the number of its row, or to nothing."] if short else []
    left_out = len(array) - len(finite)
    notes += [f"Not in the map: {counted(left_out, 'row')}."] if left_out else []
    table = numbers(points, names, [f"component {at}" for at in (1, 2)])
    return Plotted(drawing.picture(words), (hover,), " ".join(notes), table)


def components(floats: Array) -> tuple[Array, tuple[float, float]]:
    """The first two principal components of rows [n, d] as [n, 2], and their shares of the variance.

    The sign of each is such that its largest entry is positive, so that a map does not flip by chance.
    """
    if not len(floats):
        return np.zeros((0, 2)), (0.0, 0.0)
    scale = np.abs(floats).max(initial=0) or 1.0
    centred = floats / scale
    centred = centred - centred.mean(axis=0)
    spread = np.abs(centred).max(initial=0)
    if spread <= 1e-15:  # nothing but rounding
        return np.zeros((len(floats), 2)), (0.0, 0.0)
    centred = centred / spread
    # The smaller of the two products of the rows with themselves has the same largest eigenvalues.
    tall = len(centred) > centred.shape[1]
    variances, vectors = np.linalg.eigh(centred.T @ centred if tall else centred @ centred.T)
    points = np.zeros((len(floats), 2))
    shares = [0.0, 0.0]
    for axis in range(min(2, len(variances))):
        variance, vector = variances[-1 - axis], vectors[:, -1 - axis]
        if variance <= variances[-1] * 1e-12:  # nothing but rounding
            continue
        column = centred @ vector if tall else vector * np.sqrt(variance)
        points[:, axis] = column if column[np.argmax(np.abs(column))] > 0 else -column
        shares[axis] = float(variance / np.square(centred).sum())
    with np.errstate(over="ignore"):
        return points * spread * scale, (shares[0], shares[1])


def _spread(column: Array) -> Array:
    """Numbers as shares of a length, with a margin at both ends."""
    low, high = column.min(initial=np.inf), column.max(initial=-np.inf)
    # Halves, since the difference of two large numbers may be too large.
    reach = high / 2 - low / 2
    shares: Array = (0.08 + 0.84 * (column / 2 - low / 2) / reach) if reach > 0 else np.full(len(column), 0.5)
    return shares


def _write(drawing: Drawing, spots: Sequence[tuple[float, float]], names: list[str], finite: Array) -> bool:
    """Writes what has room beside the points; whether for some that is only the number of their row."""
    taken = [(x - 3, y - 3, x + 3, y + 3) for x, y in spots]
    short = False
    for (x, y), name, index in zip(spots, captions(names, 32), finite, strict=True):
        for words in (name, str(index)):
            spot = _spot(x, y, width_of([words], _SMALL), taken)
            if spot is not None:
                drawing.text(*spot[:2], words, spot[2], size=_SMALL)
                short = short or words != name
                break
        else:
            short = True
    return short


def _spot(x: float, y: float, width: float, taken: list[Box]) -> _Spot | None:
    """Finds room for a text beside a point: right, left, above or below; takes it."""
    left, top, wide, high = _AREA
    places: Sequence[_Spot] = (
        (x + 6, y, "left"), (x - 6, y, "right"), (x, y - 9, "center"), (x, y + 9, "center"),
        (x - 2, y - 9, "left"), (x - 2, y + 9, "left"), (x + 2, y - 9, "right"), (x + 2, y + 9, "right"),
    )  # fmt: skip
    for across, down, side in places:
        start = across - {"left": 0.0, "center": width / 2, "right": width}[side]
        box = (start, down - 5, start + width, down + 5)
        inside = box[0] >= left + 2 and box[2] <= left + wide and box[1] >= top and box[3] <= top + high - 1
        if inside and not any(
            box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
            for other in taken
        ):
            taken.append(box)
            return across, down, side
    return None
