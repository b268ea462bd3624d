"""The Map view: rows as points in the plane of their first two principal components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from hubexplore.display.palette import SCALE_INK, SCALE_LINE
from hubexplore.display.values import numerics
from hubexplore.display.values.hover import PointsHover, Rect
from hubexplore.display.values.views.lists import number_grid
from hubexplore.display.values.views.plot import Figure, Texts, row_name
from hubexplore.display.values.views.svg_drawing import WIDTH, Side, SvgDrawing, captions, width_of
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

MAX_POINTS: Final = 500
"""Maximum number of rows that are drawn."""
_MAX_CAPTIONED_POINTS: Final = 60
"""Maximum number of points with captions: of more points, evenly spaced ones have them."""
_CAPTION_SIZE: Final = 9.0
_AREA: Final[Rect] = (30.0, 6.0, WIDTH - 36, 290.0)
_TextPosition = tuple[float, float, Side]


def pca(array: Array, rows: Texts) -> Figure:
    """Draws the rows in the plane in which they vary most: a principal component analysis."""
    numbers = numerics.as_floats(array[:MAX_POINTS])
    floats = numerics.drawable(numbers.reshape(len(numbers), -1))
    # One NaN would make the whole decomposition NaN, so such rows are left out and counted below.
    finite = np.flatnonzero(np.isfinite(floats).all(axis=1))
    points, shares = components(floats[finite])
    names = [row_name(rows, int(index)) for index in finite]
    left, top, width, height = _AREA
    x, y = left + width * _margin_shares(points[:, 0]), top + height * (1 - _margin_shares(points[:, 1]))
    drawing = SvgDrawing(WIDTH, top + height + 26)
    drawing.line([left, left, left + width], [top, top + height, top + height], SCALE_LINE)
    axes = [f"component {at + 1}: {share:.0%} of the variance" for at, share in enumerate(shares)]
    drawing.text(left + width / 2, top + height + 13, axes[0], "center", colour=SCALE_INK)
    drawing.text(left - 11, top + height / 2, axes[1], "center", colour=SCALE_INK, turn=90)
    drawing.dots(x, y, 6.0 if len(finite) <= 200 else 3.5)
    positions = list(zip(x.tolist(), y.tolist(), strict=True))
    # Row numbers as captions of a few of many points would say nothing.
    has_captions = len(finite) <= _MAX_CAPTIONED_POINTS or bool(rows)
    has_shortened = _write_captions(drawing, positions, names, finite) if has_captions else False
    hover_positions = zip(
        (x / drawing.width).round(4).tolist(), (y / drawing.height).round(4).tolist(), strict=True
    )
    hover = PointsHover(
        tuple(
            (across, down, f"{name}: {numerics.number_text(point[0])}, {numerics.number_text(point[1])}")
            for (across, down), name, point in zip(hover_positions, names, points, strict=True)
        )
    )
    alt_text = f"Map of {counted(len(finite), 'row')} by their first two principal components."
    notes = []
    if has_shortened:
        notes = (
            ["Captions without room are replaced by the row number, or left out."]
            if len(finite) <= _MAX_CAPTIONED_POINTS
            else ["Some of the points have captions; the others have tooltips."]
        )
    left_out = len(array) - len(finite)
    notes += [f"Not in the map: {counted(left_out, 'row')}."] if left_out else []
    table = number_grid(points, names, [f"component {at}" for at in (1, 2)])
    return Figure(drawing.picture(alt_text), (hover,), " ".join(notes), table)


def components(floats: Array) -> tuple[Array, tuple[float, float]]:
    """Returns the first two principal components of rows [n, d] as [n, 2], and their shares of the variance.

    The largest entry of each component is positive: otherwise the sign, and so the map, would depend on the
    LAPACK that NumPy was built with. Takes O(n · d · min(n, d)) time.
    """
    if not len(floats):
        return np.zeros((0, 2)), (0.0, 0.0)
    scale = np.abs(floats).max(initial=0) or 1.0
    # Scaled before and after centring, so that the products below neither overflow nor vanish.
    centred = floats / scale
    centred = centred - centred.mean(axis=0)
    spread = np.abs(centred).max(initial=0)
    if spread <= 1e-15:  # only rounding errors
        return np.zeros((len(floats), 2)), (0.0, 0.0)
    centred = centred / spread
    # Of the d × d and the n × n product of the rows with themselves, both have the same nonzero eigenvalues,
    # and the smaller one is faster to decompose.
    tall = len(centred) > centred.shape[1]
    variances, vectors = np.linalg.eigh(centred.T @ centred if tall else centred @ centred.T)
    points = np.zeros((len(floats), 2))
    shares = [0.0, 0.0]
    for axis in range(min(2, len(variances))):
        variance, vector = variances[-1 - axis], vectors[:, -1 - axis]
        if variance <= variances[-1] * 1e-12:  # only rounding errors
            continue
        # For the n × n product the eigenvector is the component itself, up to the length √variance.
        column = centred @ vector if tall else vector * np.sqrt(variance)
        points[:, axis] = column if column[np.argmax(np.abs(column))] > 0 else -column
        shares[axis] = float(variance / np.square(centred).sum())
    with np.errstate(over="ignore"):
        return points * spread * scale, (shares[0], shares[1])


def _margin_shares(column: Array) -> Array:
    """Returns numbers as shares of the length of an axis, with a margin at both ends."""
    low, high = column.min(initial=np.inf), column.max(initial=-np.inf)
    # Halves, because the difference of two large numbers may overflow.
    reach = high / 2 - low / 2
    shares: Array = (0.08 + 0.84 * (column / 2 - low / 2) / reach) if reach > 0 else np.full(len(column), 0.5)
    return shares


def _write_captions(
    drawing: SvgDrawing, positions: Sequence[tuple[float, float]], names: list[str], finite: Array
) -> bool:
    """Writes the captions that have room; returns whether any was replaced by its row number or left out.

    Greedy, in the order of the rows: a caption avoids all points and the captions written before, never the
    later ones. Takes O(points · captions) time, hence the maximum number of points with captions.
    """
    occupied = [(x - 3, y - 3, x + 3, y + 3) for x, y in positions]
    places = numerics.evenly_spaced(len(names), _MAX_CAPTIONED_POINTS)
    has_shortened = len(places) < len(names)
    written = captions([names[at] for at in places], 32)
    for at, name in zip(places.tolist(), written, strict=True):
        (x, y), index = positions[at], finite[at]
        # A row number is short enough for most gaps, and the grid below the map has the caption.
        for text in (name, str(index)) if len(places) == len(names) else (name,):
            text_position = _free_position(x, y, width_of([text], _CAPTION_SIZE), occupied)
            if text_position is not None:
                drawing.text(*text_position[:2], text, text_position[2], size=_CAPTION_SIZE)
                has_shortened = has_shortened or text != name
                break
        else:
            has_shortened = True
    return has_shortened


def _free_position(x: float, y: float, width: float, occupied: list[Rect]) -> _TextPosition | None:
    """Finds room for a text beside a point (right, left, above or below) and adds it to `occupied`."""
    left, top, area_width, area_height = _AREA
    # In order of preference: to the right as in any text, above and below only as a last resort.
    candidates: Sequence[_TextPosition] = (
        (x + 6, y, "left"), (x - 6, y, "right"), (x, y - 9, "center"), (x, y + 9, "center"),
        (x - 2, y - 9, "left"), (x - 2, y + 9, "left"), (x + 2, y - 9, "right"), (x + 2, y + 9, "right"),
    )  # fmt: skip
    for across, down, side in candidates:
        start = across - {"left": 0.0, "center": width / 2, "right": width}[side]
        box = (start, down - 5, start + width, down + 5)
        inside = (
            box[0] >= left + 2
            and box[2] <= left + area_width
            and box[1] >= top
            and box[3] <= top + area_height - 1
        )
        if inside and not any(
            box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
            for other in occupied
        ):
            occupied.append(box)
            return across, down, side
    return None
