"""Single numbers, texts and truth values as one table, such as a loss beside an accuracy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hubexplore.display.tables.grid import Column, Grid, grid_html
from hubexplore.display.values.control import Control
from hubexplore.display.values.rendering import Rendered
from hubexplore.display.values.together.scene import Group, Member, Scene, is_column
from hubexplore.display.values.value_kinds import is_text, item_text
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

VIEW: Final = "Values"
MAX_CELL: Final = 80
"""Maximum number of characters of a text among other values; longer ones are read by themselves."""


@dataclass(frozen=True)
class Scalars:
    """Outputs without dimensions.

    Attributes:
      members: in the order of the outputs.
    """

    members: tuple[Member, ...]

    views = (VIEW,)
    controls: tuple[Control, ...] = ()

    @property
    def facts(self) -> str:  # noqa: D102 - as Group
        return counted(len(self.members), "single value")

    def draw(self, view: str, settings: dict[str, float]) -> Rendered:  # noqa: D102
        rows = tuple(
            (member.name, item_text(member.array[()])) for member in self.members if member.array is not None
        )
        columns = (Column("output"), Column("value", "right"))
        return Rendered(VIEW, grid_html(Grid("", columns, rows), VIEW))


def find(scene: Scene) -> Iterator[Group]:
    """Yields the outputs without dimensions, if there are several."""
    members = [
        member
        for member in scene.outputs
        if (array := member.array) is not None and not array.ndim and is_column(array) and _is_short(array)
    ]
    if len(members) > 1:
        yield Scalars(tuple(members))


def _is_short(array: Array) -> bool:
    if not is_text(array):
        return True
    text = item_text(array[()])
    return len(text) <= MAX_CELL and "\n" not in text
