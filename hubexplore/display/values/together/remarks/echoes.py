"""Outputs that hand an input on: they say so, instead of showing it a second time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from hubexplore.display.markup import tag
from hubexplore.display.values.control import Control
from hubexplore.display.values.rendering import Rendered
from hubexplore.display.values.together.scene import Group, Member, Scene
from hubexplore.display.values.value_facts import facts
from hubexplore.display.values.value_kinds import is_text
from hubexplore.display.wording import visible
from hubexplore.summary.tensor_values import Array

VIEW: Final = "Same as input"


@dataclass(frozen=True)
class Echo:
    """An output with the value of an input.

    Attributes:
      members: the output.
      source: name of the input.
    """

    members: tuple[Member, ...]
    source: str

    views = (VIEW,)
    controls: tuple[Control, ...] = ()

    @property
    def facts(self) -> str:  # noqa: D102 - as Group
        return facts(self.members[0].value)

    def draw(self, view: str, settings: dict[str, float]) -> Rendered:  # noqa: D102
        return Rendered(
            VIEW, tag("p", f"The same values as the input {visible(self.source)}.", class_="note")
        )


def find_numbers(scene: Scene) -> Iterator[Group]:
    """Yields the outputs of real numbers in two or more dimensions that are equal to an input.

    Before other groups: a series or a picture that went in would be drawn again. Texts and ids are not among
    them: beside what is said of each they are a column of a table.
    """
    for echo in find(scene):
        array = echo.members[0].array
        if array is not None and array.ndim > 1 and array.dtype.kind == "f":
            yield echo


def find(scene: Scene) -> Iterator[Group]:
    """Yields the outputs that are equal to an input, unless the module returns nothing else."""
    echoes = [
        Echo((member,), source) for member in scene.outputs if (source := _source(member, scene)) is not None
    ]
    if len(echoes) < len(scene.outputs):
        yield from echoes


def _source(member: Member, scene: Scene) -> str | None:
    array = member.array
    if array is None or not _can_be_known(array):
        return None
    return next(
        (
            given.name
            for given in scene.inputs
            if (value := given.array) is not None and _are_equal(value, array)
        ),
        None,
    )


def _can_be_known(array: Array) -> bool:
    """Returns whether equality with an input is no chance: single numbers and constant arrays may be."""
    if not array.ndim or not array.size:
        return False
    if is_text(array):
        return True
    flat = array.reshape(-1)
    return array.size > 1 and bool(np.any(flat != flat[0]))


def _are_equal(one: Array, other: Array) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and bool(np.all(one == other))
