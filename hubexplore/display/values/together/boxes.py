"""Boxes of a detector on the picture that went in, with their classes and scores."""

from __future__ import annotations

import zlib
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
from hubexplore.display.values.together.scene import (
    Group,
    Member,
    Picture,
    Scene,
    are_ids,
    are_shares,
    names_fit,
)
from hubexplore.display.values.value_kinds import is_number, is_text, item_text
from hubexplore.display.values.views.lists import text_grid
from hubexplore.display.values.views.plot import Figure, Texts, distinct_captions, row_name
from hubexplore.display.values.views.svg_drawing import caption
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

Y_FIRST: Final = "Boxes (y, x)"
X_FIRST: Final = "Boxes (x, y)"
CENTRED: Final = "Boxes (centre, size)"
MAX_BOXES: Final = 100
"""Maximum number of boxes that are drawn on a picture."""
MAX_PICTURES: Final = 8
"""Maximum number of pictures."""
THRESHOLD: Final = "threshold"
BOX_WORDS: Final = frozenset({"box", "boxes", "bbox", "bboxes"})
"""Words in names of outputs that are boxes if their shape allows it."""
_LABEL: Final = 24
_LARGEST_SHARE: Final = 2
"""Larger numbers are pixels, not shares of a picture."""
_ENOUGH: Final = 0.9
"""Share of the boxes that must have their corners in order."""


@dataclass(frozen=True)
class Boxes:
    """Boxes, float [pictures, boxes, 4], with what stands beside them.

    Attributes:
      members: the boxes, then what describes them: scores, classes.
      corners: the boxes.
      pictures: one for each row.
      scores: a share for each box; None if there are none.
      classes: ids or texts, one for each box.
      counts: how many boxes of each picture count.
      class_names: names by id.
      views: the orders of numbers that are possible, the likeliest first.
    """

    members: tuple[Member, ...]
    corners: Array
    pictures: tuple[Picture, ...]
    views: tuple[str, ...]
    scores: Array | None = None
    classes: Array | None = None
    counts: Array | None = None
    class_names: tuple[str, ...] = ()

    @property
    def controls(self) -> tuple[Control, ...]:  # noqa: D102 - as Group
        if self.scores is None:
            return ()
        highest = float(np.nanmax(numerics.as_floats(self.scores)))
        # Detectors return many boxes of low scores. Of one that is never sure the best ones are shown.
        usual = 0.3 if highest >= 0.3 else round(highest / 2, 2)
        return (Control(THRESHOLD, "Lowest score", 0.0, 1.0, usual),)

    @property
    def facts(self) -> str:  # noqa: D102
        most: int = max(self._size(number) for number in range(len(self.corners)))
        return f"{counted(most, 'box')} on the input"

    def _size(self, number: int) -> int:
        """Returns how many boxes of a picture count: those after them fill the array up."""
        size = int(self.corners.shape[1])
        return size if self.counts is None else min(size, max(int(self.counts[number]), 0))

    def draw(self, view: str, settings: dict[str, float]) -> Rendered:  # noqa: D102
        usual = self.controls[0].value if self.controls else 0.0
        threshold = settings.get(THRESHOLD, usual)
        rows = distinct_captions(self.members[0].rows)
        colours = self._colours()
        figures, hovers, numbers, drawn_boxes = [], [], [], 0
        for number, shown in enumerate(self.pictures[:MAX_PICTURES]):
            chosen = self._chosen(number, threshold)
            drawn_boxes += len(chosen)
            drawing = PictureDrawing(shown.pixels)
            places = _as_shares(self.corners[number][chosen], view, shown)
            texts = [self._text(number, int(at)) for at in chosen]
            # The best box is drawn last, on top of the others.
            for place, at, text in reversed([*zip(places.tolist(), chosen.tolist(), texts, strict=True)]):
                drawing.box(place, colours[self._key(number, at)], text)
            name = row_name(rows, number)
            picture, hover = drawing.finish(f"{name}: {counted(len(chosen), 'box')}")
            figures.append(titled(picture, name, len(self.pictures) > 1 or bool(rows)))
            hovers.append(hover)
            numbers += [
                (name, text, ", ".join(numerics.number_text(entry) for entry in self.corners[number][at]))
                for at, text in zip(chosen, texts, strict=True)
            ]
        note = self._note(drawn_boxes, len(figures), threshold)
        grid = text_grid(("row", "box", view.partition("(")[2].rstrip(")") or "corners"), numbers)
        return with_numbers(view, Figure(join(*figures), tuple(hovers), note, grid), lambda: grid)

    def _note(self, drawn: int, pictures: int, threshold: float) -> str:
        """Returns how many of the boxes of the first pictures are drawn, and what to do if it is none."""
        all_boxes = sum(self._size(number) for number in range(pictures))
        if self.scores is None:
            return f"{drawn:,} of {counted(all_boxes, 'box')}."
        if drawn or not all_boxes:
            return f"{drawn:,} of {counted(all_boxes, 'box')} with a score of at least {threshold:g}."
        scores = [numerics.as_floats(self.scores[number][: self._size(number)]) for number in range(pictures)]
        highest = numerics.number_text(float(np.nanmax(np.concatenate(scores))))
        return f"No box has a score of at least {threshold:g}: the highest score is {highest}."

    def _chosen(self, number: int, threshold: float) -> Array:
        """Returns the indices of the boxes of a picture that are drawn, the best first."""
        size = self._size(number)
        chosen = np.arange(size)
        if self.scores is not None:
            scores = numerics.as_floats(self.scores[number][:size])
            chosen = np.argsort(-np.nan_to_num(scores, nan=-1), kind="stable")
            chosen = chosen[scores[chosen] >= threshold]
        is_finite = np.isfinite(numerics.as_floats(self.corners[number][chosen])).all(-1)
        shown: Array = chosen[is_finite][:MAX_BOXES]
        return shown

    def _text(self, number: int, at: int) -> str:
        parts = []
        if self.classes is not None:
            parts.append(_class_text(self.classes[number][at], self.class_names))
        if self.scores is not None:
            parts.append(numerics.rounded_text(float(self.scores[number][at]), 2))
        return " ".join(parts) or str(at)

    def _colours(self) -> dict[int, str]:
        """Returns a colour for each class, by the keys of `_key`: those that no threshold hides, too."""
        shown = range(min(len(self.corners), MAX_PICTURES))
        return series_colours(self._key(number, at) for number in shown for at in range(self._size(number)))

    def _key(self, number: int, at: int) -> int:
        """Returns a number for the class of a box, the same in every run."""
        if self.classes is None:
            return 0
        entry = self.classes[number][at]
        return zlib.crc32(item_text(entry).encode()) if isinstance(entry, (bytes, str)) else int(entry)


def _class_text(entry: object, names: Texts) -> str:
    if isinstance(entry, (bytes, str)):
        return caption(item_text(entry), _LABEL)
    number = int(entry)  # type: ignore[call-overload]
    return caption(names[number], _LABEL) if 0 <= number < len(names) and names[number] else f"class {number}"


def find(scene: Scene) -> Iterator[Group]:
    """Yields the boxes of a scene: four numbers for each thing that are corners on the picture."""
    if not scene.pictures:
        return
    for member, array in scene.numbers():
        if (rows := _rows_of_boxes(member, array, scene)) is not None:
            yield rows
            continue
        if array.ndim not in (2, 3) or array.shape[-1] != 4 or array.dtype.kind == "b":
            continue
        corners = array if array.ndim == 3 else array[None]
        if len(corners) != len(scene.pictures):
            continue
        siblings = list(scene.siblings(member, array.shape[:-1]))
        # Four numbers for each row of the input may be anything; beside scores or classes they are boxes.
        if not siblings and not member.words & BOX_WORDS:
            continue
        views = _possible_views(corners, scene, member)
        if views:
            yield _with_siblings(member, corners, views, siblings, scene)


def _rows_of_boxes(member: Member, array: Array, scene: Scene) -> Boxes | None:
    """Returns boxes in rows with their score and class, [..., boxes, 6], as many detectors write them.

    The score may come before or after the class, or stand alone. A seventh number before them, as rows of
    EfficientDet have it, is the number of the picture. What fills the rows up has no score.
    """
    if array.ndim not in (2, 3) or array.shape[-1] not in (5, 6, 7) or array.dtype.kind != "f":
        return None
    floats = numerics.as_floats(array if array.ndim == 3 else array[None])
    if len(floats) != len(scene.pictures):
        return None
    has_number = floats.shape[-1] == 7
    if has_number and not np.all(floats[..., 0] == floats[:, :1, 0]):
        return None
    floats = floats[..., has_number:]
    corners, columns = floats[..., :4], [floats[..., at] for at in range(4, floats.shape[-1])]
    is_counted = (floats[..., 4:] > 0).any(-1) & (corners != 0).any(-1)
    scores = next((column for column in columns if are_shares(column[is_counted])), None)
    classes = next((column for column in columns if column is not scores), None)
    if scores is None or not (classes is None or are_ids(classes[is_counted])):
        return None
    # Five shares in a row may be anything.
    if classes is None and array.ndim == 2 and np.abs(corners).max() <= _LARGEST_SHARE:
        return None
    views = _possible_views(
        np.where(is_counted[..., None], corners, np.nan), scene, member, Y_FIRST if has_number else X_FIRST
    )
    ids = None if classes is None else np.where(is_counted, classes, 0)
    are_named = ids is not None and names_fit(scene.class_names, ids[is_counted])
    return (
        Boxes(
            (member,), corners, scene.pictures, views, np.where(is_counted, scores, 0.0), ids,
            class_names=scene.class_names if are_named else (),
        )
        if views
        else None
    )  # fmt: skip


def _with_siblings(
    member: Member,
    corners: Array,
    views: tuple[str, ...],
    siblings: list[tuple[Member, Array]],
    scene: Scene,
) -> Boxes:
    shape = corners.shape[:-1]
    scores = next((pair for pair in _by_words(siblings, {"score", "scores"}) if are_shares(pair[1])), None)
    rest = [pair for pair in siblings if pair is not scores]
    classes = next(
        (
            pair
            for pair in _by_words(rest, {"class", "classes", "label", "labels"})
            if is_text(pair[1]) or are_ids(pair[1])
        ),
        None,
    )
    counts = counts_of(scene, corners)
    are_named = classes is not None and not is_text(classes[1]) and names_fit(scene.class_names, classes[1])
    return Boxes(
        members=(member, *(pair[0] for pair in (scores, classes, counts) if pair)),
        corners=corners,
        pictures=scene.pictures,
        views=views,
        scores=scores[1].reshape(shape) if scores else None,
        classes=classes[1].reshape(shape) if classes else None,
        counts=counts[1] if counts else None,
        class_names=scene.class_names if are_named else (),
    )


def counts_of(scene: Scene, corners: Array) -> tuple[Member, Array] | None:
    """Returns the output that says how many boxes of each picture count, int [pictures]; None without one.

    Args:
      scene: what the module returned.
      corners: boxes, [pictures, boxes, 4].
    """
    return next(
        (
            (other, array.reshape(-1))
            for other, array in scene.numbers()
            if array.size == len(corners)
            and are_ids(array)
            and array.max() <= corners.shape[1]
            and other.words & {"num", "count", "number", "valid"}
        ),
        None,
    )


def _by_words(pairs: list[tuple[Member, Array]], words: set[str]) -> list[tuple[Member, Array]]:
    return sorted(pairs, key=lambda pair: not pair[0].words & words)


def _possible_views(corners: Array, scene: Scene, member: Member, usual: str = "") -> tuple[str, ...]:
    """Returns the orders in which the numbers are boxes on the pictures, the likeliest first.

    Args:
      corners: of the boxes, [pictures, boxes, 4].
      scene: has the pictures.
      member: whose name may say what the order is.
      usual: the order in which boxes of this form are written, if any.
    """
    if not is_number(corners):
        return ()
    outside: dict[str, float] = {}
    for view in (Y_FIRST, X_FIRST, CENTRED):
        places = [
            _as_shares(rows, view, picture) for rows, picture in zip(corners, scene.pictures, strict=True)
        ]
        if all(len(place) == len(rows) for place, rows in zip(places, corners, strict=True)) and _are_ordered(
            np.concatenate(places)
        ):
            outside[view] = share_outside(np.concatenate(places))
    likeliest = X_FIRST if "xyxy" in member.words else CENTRED if member.words & {"xywh", "cxcywh"} else usual
    # TensorFlow's own ops have y first, but what leaves the picture is likely in another order. Corners fit
    # as centres and sizes too, more often than the reverse.
    return tuple(sorted(outside, key=lambda view: (view != likeliest, view == CENTRED, outside[view])))


def _are_ordered(places: Array) -> bool:
    finite = places[np.isfinite(places).all(-1)]
    if not len(finite):
        return False
    in_order = (finite[:, 2] >= finite[:, 0]) & (finite[:, 3] >= finite[:, 1])
    return bool(in_order.mean() >= _ENOUGH and np.any(finite[:, 2] > finite[:, 0]))


def _as_shares(rows: Array, view: str, picture: Picture) -> Array:
    """Returns boxes as shares of the picture: top, left, bottom, right; none of them if they do not fit."""
    floats = numerics.as_floats(rows)
    if view == CENTRED:
        middle, half = floats[:, :2], floats[:, 2:] / 2
        floats = np.concatenate([middle - half, middle + half], axis=1)
    if view != Y_FIRST:
        floats = floats[:, [1, 0, 3, 2]]
    shares = shares_of(floats.reshape(-1, 2), *picture.size)
    return np.zeros((0, 4)) if shares is None else shares.reshape(-1, 4)
