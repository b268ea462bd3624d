"""Points in space, with what stands beside them as their colours: classes, scores of classes, quantities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.palette import BLUE, SCALE_INK, SCALE_LINE, SEQUENTIAL
from hubexplore.display.values import numerics
from hubexplore.display.values.control import Control
from hubexplore.display.values.hover import PointsHover
from hubexplore.display.values.rendering import Rendered, with_numbers
from hubexplore.display.values.series_colours import series_colours
from hubexplore.display.values.together.bands import OF_ANOTHER_KIND, is_curve
from hubexplore.display.values.together.scene import Group, Member, Scene, are_ids
from hubexplore.display.values.value_kinds import is_number
from hubexplore.display.values.view_choice import MIN_EMBEDDING_COLUMNS
from hubexplore.display.values.views.lists import number_grid
from hubexplore.display.values.views.plot import Figure, class_name, distinct_captions, row_name
from hubexplore.display.values.views.svg_drawing import SvgDrawing, captions
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

VIEW: Final = "Points in space"
TURN: Final = "turn"
MAX_CLOUDS: Final = 4
"""Maximum number of clouds that are drawn."""
MAX_POINTS: Final = 2000
"""Maximum number of points of a cloud that are drawn: of more points, evenly spaced ones are."""
MAX_CLASSES: Final = 64
"""Maximum number of classes of points; more are ids of points, or quantities."""
_MAX_ROWS: Final = 32
"""Maximum number of clouds: more rows are those of one picture."""
_MIN_POINTS: Final = 16
_MIN_ALONE: Final = 64
"""Minimum number of points beside which nothing stands."""
_MIN_SURE: Final = 128
"""Minimum number of points where three columns went in, too: series of three variables are shorter."""
_MAX_HOVERED: Final = 600
_FURTHER: Final = (3, 4, 6, 7, 9)
"""Numbers of columns of points that went in: places, then brightness, colours, directions."""
_SIDE: Final = 300.0
# The diagonal of the cube is longer than its side.
_SCALE: Final = _SIDE / 2 / 1.62
_ELEVATION: Final = np.deg2rad(24)
_LAYERS: Final = 4
_SHADES: Final = 8
_LISTED: Final = 10
_LEGEND_LINE: Final = 14.0
_CORNERS: Final = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)


@dataclass(frozen=True)
class Cloud:
    """Points, [rows, points, 3], and a number for each by which they are coloured.

    Attributes:
      members: the outputs: the points, unless they went in, and the numbers.
      places: the points, float.
      colours: int for classes, float for quantities, [rows, points]; None without them.
      class_names: names of the classes by id.
    """

    members: tuple[Member, ...]
    places: Array
    colours: Array | None = None
    class_names: tuple[str, ...] = ()

    views = (VIEW,)
    # Nobody sees depth in a picture that stands still.
    controls = (Control(TURN, "Turn", 0, 355, 35, 5, plays=True),)

    @property
    def facts(self) -> str:  # noqa: D102 - as Group
        return f"{counted(self.places.shape[1], 'point')} in space"

    def draw(self, view: str, settings: dict[str, float]) -> Rendered:  # noqa: D102
        turn = self.controls[0].at(settings)
        rows = distinct_captions(self.members[0].rows)
        count = len(self.places)
        figures, hovers, is_thinned = [], [], False
        for number in range(min(count, MAX_CLOUDS)):
            name = row_name(rows, number)
            picture, hover, drawn = self._plot(number, turn, name)
            title = tag("figcaption", name)
            figures.append(tag("figure", picture, *([title] if count > 1 or rows else [])))
            hovers.append(hover)
            is_thinned |= drawn == MAX_POINTS < self.places.shape[1]
        notes = [f"The first {len(figures)} of {count:,} rows."] if len(figures) < count else []
        notes += [f"{MAX_POINTS:,} of {self.places.shape[1]:,} points are drawn."] if is_thinned else []
        grid = self._grid()
        return with_numbers(VIEW, Figure(join(*figures), tuple(hovers), " ".join(notes), grid), lambda: grid)

    def _grid(self) -> Markup:
        columns = [self.places[0]]
        if self.colours is not None:
            columns.append(numerics.as_floats(self.colours[0])[:, None])
        names = ["x", "y", "z", *([self.members[-1].name] if self.colours is not None else [])]
        numbers = np.concatenate(columns, axis=1)
        return number_grid(numbers, [str(at) for at in range(len(numbers))], names)

    def _plot(self, number: int, turn: float, name: str) -> tuple[Markup, PointsHover, int]:
        """Draws a cloud as it is seen from a little above; returns how many of its points are drawn."""
        places = self.places[number]
        finite = np.flatnonzero(np.isfinite(places).all(-1))
        shown = finite[numerics.evenly_spaced(len(finite), MAX_POINTS)]
        # One scale for the three axes: a sphere is round.
        lows, highs = (places[finite].min(0), places[finite].max(0)) if len(finite) else (np.zeros(3),) * 2
        reach = float((highs - lows).max()) / 2 or 1.0
        middle = (lows + highs) / 2
        half = (highs - lows) / 2 / reach
        height = _height_of(half)
        x, y, depth = _seen((places[shown] - middle) / reach, turn, height)
        legend = self._legend()
        drawing = SvgDrawing(_SIDE, height + _LEGEND_LINE * -(-len(legend) // 2))
        _draw_axes(drawing, half, turn, height)
        size = 4.5 if len(shown) <= 500 else 3.0
        keys = self._keys(number)[shown]
        palette = self._palette()
        # From the farthest to the nearest layer: what is in front covers what is behind it.
        order = np.argsort(-depth, kind="stable")
        for layer in np.array_split(order, _LAYERS):
            for key in np.unique(keys[layer]).tolist():
                at = layer[keys[layer] == key]
                drawing.dots(x[at], y[at], size, palette[key])
        for at, ((_, colour), text) in enumerate(
            zip(legend, captions([text for text, _ in legend], 20), strict=True)
        ):
            left, top = 8 + at % 2 * (_SIDE / 2), height + 6 + _LEGEND_LINE * (at // 2)
            drawing.dots(np.array([left + 4]), np.array([top]), 7.0, colour)
            drawing.text(left + 12, top, text, size=9.0)
        hovered = numerics.evenly_spaced(len(shown), _MAX_HOVERED)
        hover = PointsHover(
            tuple(
                (
                    round(float(x[at]) / drawing.width, 4),
                    round(float(y[at]) / drawing.height, 4),
                    self._text(number, int(shown[at])),
                )
                for at in hovered.tolist()
            )
        )
        alt_text = f"{name}: {counted(len(shown), 'point')} in space"
        return drawing.picture(alt_text), hover, len(shown)

    @property
    def _limits(self) -> tuple[float, float]:
        """The lowest and the highest quantity."""
        quantities = np.zeros(1) if self.colours is None else numerics.as_floats(self.colours)
        return numerics.limits_of(numerics.drawable(quantities))

    @property
    def _are_classes(self) -> bool:
        return self.colours is not None and self.colours.dtype.kind in "iu"

    def _keys(self, number: int) -> Array:
        """Returns a number for the colour of each point of a row: its class, or a step of the scale."""
        if self.colours is None:
            return np.zeros(self.places.shape[1], int)
        entries = self.colours[number]
        if self._are_classes:
            return np.asarray(entries, int)
        low, high = self._limits
        shares = (numerics.as_floats(entries) - low) / ((high - low) or 1.0)
        steps: Array = numerics.clipped(shares * _SHADES, 0, _SHADES - 1).astype(int)
        return steps

    def _palette(self) -> dict[int, str]:
        if self.colours is None:
            return {0: BLUE}
        if self._are_classes:
            return series_colours(np.unique(self.colours).tolist())
        places = np.linspace(0, len(SEQUENTIAL) - 1, _SHADES).round().astype(int)
        return {step: f"#{SEQUENTIAL[place]}" for step, place in enumerate(places.tolist())}

    def _legend(self) -> list[tuple[str, str]]:
        palette = self._palette()
        if self.colours is None:
            return []
        if self._are_classes:
            return [(self._class_text(key), colour) for key, colour in palette.items()][:_LISTED]
        return [
            (numerics.number_text(limit), palette[key])
            for limit, key in zip(self._limits, (0, _SHADES - 1), strict=True)
        ]

    def _class_text(self, number: int) -> str:
        is_named = number < len(self.class_names)
        return class_name(self.class_names, number) if is_named else f"class {number}"

    def _text(self, number: int, at: int) -> str:
        place = ", ".join(numerics.number_text(entry) for entry in self.places[number][at])
        if self.colours is None:
            return f"{at}: {place}"
        entry = self.colours[number][at]
        word = self._class_text(int(entry)) if self._are_classes else numerics.number_text(entry)
        return f"{at}: {word} ({place})"


def _height_of(half: Array) -> float:
    """Returns the height of the drawing of a box, however it is turned; `half` is half of its sides."""
    up = half[2] * np.cos(_ELEVATION) + np.hypot(half[0], half[1]) * np.sin(_ELEVATION)
    return float(2 * up * _SCALE) + 30


def _seen(points: Array, turn: float, height: float) -> tuple[Array, Array, Array]:
    """Returns where points of the cube from -1 to 1 are on the drawing, and how far away: x, y, depth."""
    angle = np.deg2rad(turn)
    across = points[:, 0] * np.cos(angle) - points[:, 1] * np.sin(angle)
    away = points[:, 0] * np.sin(angle) + points[:, 1] * np.cos(angle)
    up = points[:, 2] * np.cos(_ELEVATION) + away * np.sin(_ELEVATION)
    depth = away * np.cos(_ELEVATION) - points[:, 2] * np.sin(_ELEVATION)
    return _SIDE / 2 + across * _SCALE, height / 2 - up * _SCALE, depth


def _draw_axes(drawing: SvgDrawing, half: Array, turn: float, height: float) -> None:
    """Draws the box around all points, and the names of the axes that meet in its lowest corner."""
    x, y, depth = _seen(_CORNERS * half, turn, height)
    far = int(np.argmax(depth))
    for first in range(8):
        for second in range(first + 1, 8):
            if np.count_nonzero(_CORNERS[first] != _CORNERS[second]) == 1:
                is_hidden = far in (first, second)
                dashes = (2.0, 2.0) if is_hidden else ()
                drawing.line([x[first], x[second]], [y[first], y[second]], SCALE_LINE, 0.7, dashes)
    # The corner from which x, y and z grow.
    for axis, name in enumerate("xyz"):
        end = _CORNERS[0].copy()
        end[axis] = 1.16
        at_x, at_y, _ = _seen((end * np.where(half > 0, half, 0))[None], turn, height)
        drawing.text(float(at_x[0]), float(at_y[0]), name, "center", colour=SCALE_INK, size=10.0)


def find(scene: Scene) -> Iterator[Group]:
    """Yields clouds that came out, and numbers for each point of the one cloud that went in."""
    if scene.pictures:
        return
    for member, array in scene.numbers():
        places = _places(array)
        if places is None or member.words & OF_ANOTHER_KIND:
            continue
        beside = _colouring(scene, places)
        if beside is None and not _is_sure(scene, places):
            continue
        yield _cloud(scene, places, (member,), beside)
    given = [
        places
        for member in scene.inputs
        if (numbers := member.array) is not None
        and numbers.ndim == 3
        and numbers.shape[2] in _FURTHER
        and (places := _places(numbers[..., :3])) is not None
        and places.shape[1] >= _MIN_SURE
        and not _is_series(places)
    ]
    if len(given) == 1:
        for member, _ in scene.numbers():
            if (colours := _colours_of(member, given[0], scene)) is not None:
                yield _cloud(scene, given[0], (), (member, colours))


def _cloud(
    scene: Scene, places: Array, members: tuple[Member, ...], beside: tuple[Member, Array] | None
) -> Cloud:
    if beside is None:
        return Cloud(members, places)
    return Cloud((*members, beside[0]), places, beside[1], scene.class_names)


def _places(array: Array) -> Array | None:
    """Returns floats [rows, points, 3] as float64; None for other values, as chances of three classes."""
    if array.ndim != 3 or array.shape[2] != 3 or array.shape[1] < _MIN_POINTS or len(array) > _MAX_ROWS:
        return None
    if not is_number(array) or array.dtype.kind in "iu":
        return None
    floats = numerics.as_floats(array)
    return None if numerics.add_up_to_one(floats) or not np.isfinite(floats).any() else floats


def _is_series(places: Array) -> bool:
    return all(is_curve(places[..., axis]) for axis in range(3))


def _is_sure(scene: Scene, places: Array) -> bool:
    """Returns whether numbers beside which nothing stands are points, not steps of a series.

    Neighbours in a list of points are seldom near each other; those of a series are.
    """
    is_like_input = any(
        (given := member.array) is not None and given.ndim == 3 and given.shape[2] == 3
        for member in scene.inputs
    )
    least = _MIN_SURE if is_like_input else _MIN_ALONE
    return places.shape[1] >= least and not _is_series(places)


def _colouring(scene: Scene, places: Array) -> tuple[Member, Array] | None:
    """Returns the first output with a number or with scores for each point, which no three numbers are."""
    found = (
        (member, colours)
        for member, _ in scene.numbers()
        if (colours := _colours_of(member, places, scene)) is not None
    )
    return next(found, None)


def _colours_of(member: Member, places: Array, scene: Scene) -> Array | None:
    """Returns classes or quantities of points, [rows, points]; None if an output has none of them."""
    array = member.array
    if array is None or array.shape[:2] != places.shape[:2]:
        return None
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim == 2:
        if array.dtype.kind == "b":
            return array.astype(int)
        if are_ids(array) and array.max() < MAX_CLASSES:
            return array.astype(int)
        return numerics.as_floats(array) if is_number(array) else None
    if array.ndim != 3 or not is_number(array) or array.dtype.kind in "iu" or array.shape[2] == 3:
        return None
    floats = numerics.as_floats(array)
    # More columns may be features of the points.
    is_scored = array.shape[2] < MIN_EMBEDDING_COLUMNS or array.shape[2] == len(scene.class_names)
    return floats.argmax(-1) if is_scored or numerics.add_up_to_one(floats) else None
