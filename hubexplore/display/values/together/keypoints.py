"""Keypoints on the picture that went in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from hubexplore.display.markup import join
from hubexplore.display.values import numerics
from hubexplore.display.values.control import Control
from hubexplore.display.values.rendering import Rendered, with_numbers
from hubexplore.display.values.series_colours import series_colours
from hubexplore.display.values.together.on_picture import (
    PictureDrawing,
    share_outside,
    shares_of,
    titled,
)
from hubexplore.display.values.together.scene import Group, Member, Picture, Scene, are_shares
from hubexplore.display.values.value_kinds import is_number
from hubexplore.display.values.views.lists import text_grid
from hubexplore.display.values.views.plot import Figure, distinct_captions, row_name
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

Y_FIRST: Final = "Points (y, x)"
X_FIRST: Final = "Points (x, y)"
THRESHOLD: Final = "threshold"
MAX_POINTS: Final = 600
"""Maximum number of points that are drawn on a picture."""
MAX_PICTURES: Final = 8
"""Maximum number of pictures."""
_JOINTS: Final = range(13, 34)
"""Numbers of points of a person in use: 17 in COCO, 33 in BlazePose, 21 of a hand."""
_MIN_LANDMARKS: Final = 5
_MIN_SPREAD: Final = 0.1
"""Share of the sides of a picture over which points of it are spread, at least."""
_MAPS: Final = range(5, 151)
"""Numbers of points for each of which there may be a map of where it is."""
_MIN_MAP: Final = 8
"""Minimum height and width of such a map."""
_MAP_FLOOR: Final = 0.05
"""Below it a map has no peak."""
_ENOUGH: Final = 0.9
"""Share of the maps that must have one peak."""
_PEAK: Final = 0.25
"""Share of the sides of such a map that its peak takes, at most."""
_WORDS: Final = frozenset(
    {"keypoint", "keypoints", "landmark", "landmarks", "joint", "joints", "pose", "points"}
)


@dataclass(frozen=True)
class Keypoints:
    """Points, float [pictures, points, 2], with a score for each if there are any.

    Attributes:
      members: the points, then their scores if these are an output of their own.
      places: two numbers for each point.
      pictures: one for each row.
      views: the orders of the two numbers that are possible, the likeliest first.
      scores: a share for each point; None if there are none.
    """

    members: tuple[Member, ...]
    places: Array
    pictures: tuple[Picture, ...]
    views: tuple[str, ...]
    scores: Array | None = None

    @property
    def controls(self) -> tuple[Control, ...]:  # noqa: D102 - as Group
        return () if self.scores is None else (Control(THRESHOLD, "Lowest score", 0.0, 1.0, 0.2),)

    @property
    def facts(self) -> str:  # noqa: D102
        return f"{counted(self.places.shape[1], 'point')} on the input"

    def draw(self, view: str, settings: dict[str, float]) -> Rendered:  # noqa: D102
        threshold = settings.get(THRESHOLD, 0.2)
        rows = distinct_captions(self.members[0].rows)
        colours = series_colours(range(min(self.places.shape[1], MAX_POINTS)))
        figures, hovers, numbers, drawn = [], [], [], 0
        for number, shown in enumerate(self.pictures[:MAX_PICTURES]):
            drawing, name = PictureDrawing(shown.pixels), row_name(rows, number)
            shares = _as_shares(self.places[number], view, shown)
            for at, (y, x) in enumerate(shares[:MAX_POINTS].tolist()):
                score = None if self.scores is None else float(self.scores[number][at])
                if not np.isfinite([y, x]).all() or (score is not None and not score >= threshold):
                    continue
                text = str(at) if score is None else f"{at}: {numerics.number_text(score)}"
                drawing.point(y, x, colours[at], text)
                drawn += 1
                place = ", ".join(numerics.number_text(entry) for entry in self.places[number][at])
                numbers.append((name, text, place))
            picture, hover = drawing.finish(f"{name}: {counted(self.places.shape[1], 'point')}")
            figures.append(titled(picture, name, len(self.pictures) > 1 or bool(rows)))
            hovers.append(hover)
        note = f"{drawn:,} of {counted(self.places.shape[1] * len(figures), 'point')}"
        note += f" with a score of at least {threshold:g}." if self.scores is not None else "."
        grid = text_grid(("row", "point", view.partition("(")[2].rstrip(")")), numbers)
        return with_numbers(view, Figure(join(*figures), tuple(hovers), note, grid), lambda: grid)


def find(scene: Scene) -> Iterator[Group]:
    """Yields the keypoints of a scene: two numbers for each point, or three of which the last is a score."""
    if not scene.pictures:
        return
    for member, array in scene.numbers():
        if (maps := _of_maps(member, array, scene)) is not None:
            yield maps
            continue
        # Two numbers may be anything, so that the name decides.
        is_named = bool(member.words & _WORDS) and array.shape[-1] in (2, 3)
        are_points = is_named or _are_unnamed_points(array) or _are_landmarks(array, scene)
        if not is_number(array) or not are_points:
            continue
        if array.ndim < 2 or array.size // array.shape[-1] % len(scene.pictures):
            continue
        # Several people on a picture, [pictures, people, points, 3], are all drawn.
        points = array.reshape(len(scene.pictures), -1, array.shape[-1])
        scores = points[..., 2] if array.shape[-1] == 3 else None
        if scores is not None and not are_shares(scores):
            scores = None  # the third dimension of space
        beside: tuple[Member, ...] = ()
        if scores is None:
            sibling = next(
                (pair for pair in scene.siblings(member, array.shape[:-1]) if are_shares(pair[1])), None
            )
            if sibling is not None:
                beside, scores = (sibling[0],), sibling[1].reshape(points.shape[:-1])
        places = points[..., :2]
        views = _possible_views(places, scene)
        if views:
            yield Keypoints((member, *beside), places, scene.pictures, views, scores)


def _possible_views(places: Array, scene: Scene) -> tuple[str, ...]:
    """Returns the orders of the two numbers in which all points lie on the pictures, the likeliest first."""
    outside: dict[str, float] = {}
    for view in (Y_FIRST, X_FIRST):
        shares = [
            _as_shares(rows, view, picture) for rows, picture in zip(places, scene.pictures, strict=True)
        ]
        if all(len(share) == len(rows) for share, rows in zip(shares, places, strict=True)):
            outside[view] = share_outside(np.concatenate(shares))
    return tuple(sorted(outside, key=lambda view: outside[view]))


def _are_unnamed_points(array: Array) -> bool:
    """Returns whether numbers [..., points, 3] are places and scores, whatever their name: as of a pose."""
    if array.ndim < 3 or array.shape[-1] != 3 or array.shape[-2] not in _JOINTS or not are_shares(array):
        return False
    # Shares of three classes add up to 1.
    return not np.allclose(numerics.as_floats(array).sum(-1), 1, atol=1e-3)


def _are_landmarks(array: Array, scene: Scene) -> bool:
    """Returns whether numbers [..., points, 2] are pixels that are spread over the pictures."""
    if array.ndim not in (2, 3) or array.shape[-1] != 2 or not is_number(array):
        return False
    floats = numerics.as_floats(array)
    if array.shape[-2] < _MIN_LANDMARKS or not np.isfinite(floats).all() or floats.min() < 0:
        return False
    spread = np.ptp(floats.reshape(-1, 2), axis=0)
    return bool(floats.max() > 2 and np.all(spread >= _MIN_SPREAD * min(scene.pictures[0].size)))


def _of_maps(member: Member, array: Array, scene: Scene) -> Keypoints | None:
    """Returns the peaks of maps [pictures, height, width, points], such as those of joints."""
    if array.ndim != 4 or len(array) != len(scene.pictures) or array.dtype.kind != "f":
        return None
    _, height, width, count = array.shape
    if count not in _MAPS or min(height, width) < _MIN_MAP:
        return None
    floats = numerics.as_floats(array)
    peaks = floats.max((1, 2))
    if not np.isfinite(floats).all() or floats.min() < -_MAP_FLOOR or not (peaks > _MAP_FLOOR).all():
        return None
    is_high = floats > peaks[:, None, None] / 2
    # How far apart the first and the last high pixel are, in both directions.
    extents = [_extent(is_high.any(axis)) / size for axis, size in ((2, height), (1, width))]
    if np.mean((extents[0] <= _PEAK) & (extents[1] <= _PEAK)) < _ENOUGH:
        return None
    at = floats.reshape(len(array), -1, count).argmax(1)
    rows, columns = np.divmod(at, width)
    places = np.stack([(rows + 0.5) / height, (columns + 0.5) / width], -1)
    return Keypoints((member,), places, scene.pictures, (Y_FIRST,), np.minimum(peaks, 1.0))


def _extent(is_high: Array) -> Array:
    """Returns the distance from the first to the last true entry, [pictures, points]; there is one."""
    size = is_high.shape[1]
    extent: Array = size - is_high.argmax(1) - is_high[:, ::-1].argmax(1)
    return extent


def _as_shares(rows: Array, view: str, picture: Picture) -> Array:
    floats = numerics.as_floats(rows if view == Y_FIRST else rows[:, ::-1])
    shares = shares_of(floats, *picture.size)
    return np.zeros((0, 2)) if shares is None else shares
