"""Outputs of a detector or a search that found nothing: they say so, instead of being empty one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hubexplore.display.markup import join, tag
from hubexplore.display.values.control import Control
from hubexplore.display.values.rendering import Rendered
from hubexplore.display.values.together.boxes import BOX_WORDS, counts_of
from hubexplore.display.values.together.on_picture import PictureDrawing, titled
from hubexplore.display.values.together.scene import Group, Member, Picture, Scene
from hubexplore.display.values.views.plot import distinct_captions, row_name
from hubexplore.summary.tensor_values import Array

VIEW: Final = "Result"
MAX_PICTURES: Final = 8
"""Maximum number of pictures that went in, which are shown as they are."""
MSG_BOXES: Final = "No boxes: the module found nothing in {place}."
MSG_ENTRIES: Final = "Nothing was found: the lists have no entries."


@dataclass(frozen=True)
class NothingFound:
    """Outputs without an entry.

    Attributes:
      members: all of them.
      pictures: those that went in, if boxes on them were looked for.
      are_boxes: whether one of them has the four numbers of boxes.
    """

    members: tuple[Member, ...]
    pictures: tuple[Picture, ...]
    are_boxes: bool

    views = (VIEW,)
    controls: tuple[Control, ...] = ()

    @property
    def facts(self) -> str:  # noqa: D102 - as Group
        return "no boxes" if self.are_boxes else "no entries"

    def draw(self, view: str, settings: dict[str, float]) -> Rendered:  # noqa: D102
        rows = distinct_captions(self.members[0].rows)
        figures = []
        for number, shown in enumerate(self.pictures[:MAX_PICTURES]):
            name = row_name(rows, number)
            picture, _ = PictureDrawing(shown.pixels).finish(f"{name}: no boxes")
            figures.append(titled(picture, name, len(self.pictures) > 1))
        place = "the picture" if len(self.pictures) == 1 else "these pictures" if figures else "the input"
        note = tag("p", MSG_BOXES.format(place=place) if self.are_boxes else MSG_ENTRIES, class_="note")
        pictured = [tag("div", *figures, class_="pictures")] if figures else []
        return Rendered(VIEW, join(*pictured, note), (None,) * len(figures))


def find(scene: Scene) -> Iterator[Group]:
    """Yields boxes with what stands beside them if there are none, and lists of one length that are empty."""
    for member in scene.outputs:
        array = member.array
        if array is None or array.ndim not in (2, 3) or array.shape[-1] != 4:
            continue
        beside = tuple(other for other, _ in scene.siblings(member, array.shape[:-1]))
        is_named = bool(member.words & BOX_WORDS)
        if _has_no_things(array, array.shape[:-1]) and (is_named or beside):
            yield NothingFound((member, *beside), scene.pictures, are_boxes=True)
            return
        counts = counts_of(scene, array if array.ndim == 3 else array[None]) if is_named else None
        # Detectors fill their arrays up with zeros.
        if counts is not None and not counts[1].any():
            yield NothingFound((member, *beside, counts[0]), scene.pictures, are_boxes=True)
            return
    by_shape: dict[tuple[int, ...], list[Member]] = {}
    for member in scene.outputs:
        array = member.array
        if array is not None and array.ndim in (1, 2) and _has_no_things(array, array.shape):
            by_shape.setdefault(array.shape, []).append(member)
    for members in by_shape.values():
        if len(members) > 1:
            yield NothingFound(tuple(members), (), are_boxes=False)


def _has_no_things(array: Array, things: tuple[int, ...]) -> bool:
    """Returns whether the last of these dimensions, that of the things found, is 0, but not the others."""
    return not array.size and things[-1:] == (0,) and 0 not in things[:-1]
