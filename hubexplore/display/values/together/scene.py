"""What a run took and returned, as the groups read it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from hubexplore.display.values import numerics, view_choice
from hubexplore.display.values.control import Control
from hubexplore.display.values.value_kinds import is_number, is_text
from hubexplore.summary.graph.sounds import Sound
from hubexplore.summary.model import Shape
from hubexplore.summary.tensor_values import Array, flat_of, kind_of

if TYPE_CHECKING:
    from hubexplore.display.values.rendering import Rendered

BACKGROUNDS: Final = frozenset({"background", "__background__", "_background_", "dummy", "unused", "???"})
"""Names of class 0 where it stands for no class."""
_WORD: Final = re.compile(r"[A-Za-z][a-z]*|\d+")


@dataclass(frozen=True)
class Member:
    """An output or input of a run.

    Attributes:
      name: as the module spells it.
      value: an array, SparseTensorValue or RaggedTensorValue.
      rows: captions of the rows, if the value has as many.
      labels: names of the classes in its last dimension.
      shape: the shape that the signature declares.
      sound: what is known of it, if it is sound.
      is_picture: whether a matrix is a grey picture [height, width].
    """

    name: str
    value: object
    rows: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    shape: Shape = None
    sound: Sound | None = None
    is_picture: bool = False

    @property
    def array(self) -> Array | None:
        """The value as an array; None if it is sparse or ragged."""
        return flat_of(self.value) if kind_of(self.value) == "dense" else None

    @property
    def is_integer(self) -> bool:
        """Whether the value is an array of integers."""
        array = self.array
        return array is not None and array.dtype.kind in "iu"

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the views that suit the value by itself, best first."""
        return view_choice.suitable_views(
            self.value,
            name=self.name,
            labels=self.labels,
            shape=self.shape,
            sound=self.sound,
            is_picture=self.is_picture,
        )

    @property
    def words(self) -> frozenset[str]:
        """The words of the name in lower case: "detectionBoxes_2" has "detection", "boxes" and "2"."""
        return frozenset(word.lower() for word in _WORD.findall(self.name))


@dataclass(frozen=True)
class Picture:
    """A picture that went in.

    Attributes:
      pixels: uint8 [height, width, 3]; a large picture is sampled.
      size: height and width in pixels before that, in which places on it are counted.
    """

    pixels: Array
    size: tuple[int, int]


@dataclass(frozen=True)
class Scene:
    """What a run took and returned.

    Attributes:
      outputs: in the order in which they are shown.
      inputs: the inputs.
      pictures: the picture of each row of the input; none if it has no pictures.
      class_names: names by id, if the module has a list of them.
      rows: the texts that went in, if one input is a list of them.
      unknown_words: words among them that the vocabulary of the module lacks.
    """

    outputs: tuple[Member, ...]
    inputs: tuple[Member, ...] = ()
    pictures: tuple[Picture, ...] = ()
    class_names: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    unknown_words: tuple[str, ...] = ()

    def numbers(self) -> Iterator[tuple[Member, Array]]:
        """Yields the outputs that are dense arrays of numbers or truth values with at least one entry."""
        for member in self.outputs:
            array = member.array
            if array is not None and array.size and (is_number(array) or array.dtype.kind == "b"):
                yield member, array

    def siblings(self, member: Member, shape: Sequence[int]) -> Iterator[tuple[Member, Array]]:
        """Yields the other dense outputs of a shape."""
        for other in self.outputs:
            array = other.array
            if other is not member and array is not None and array.shape == tuple(shape):
                yield other, array


class Group(Protocol):
    """Outputs that are shown as one."""

    @property
    def members(self) -> tuple[Member, ...]:
        """The outputs, most important first."""

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the views that show all of them, best first."""

    @property
    def controls(self) -> tuple[Control, ...]:
        """What the reader may change."""

    @property
    def facts(self) -> str:
        """What it is, in a line."""

    def draw(self, view: str, settings: dict[str, float]) -> Rendered:
        """Draws a view; settings are the values of the controls by key."""


def names_fit(names: Sequence[str], ids: Array) -> bool:
    """Returns whether the ids of detected things are certain to count from the first of some names.

    Detectors count from 0 or from 1, and wrong names are worse than none.
    """
    if not names or not ids.size or int(ids.max()) >= len(names):
        return False
    return int(ids.min()) == 0 or names[0].strip().lower() in BACKGROUNDS


def are_ids(array: Array) -> bool:
    """Returns whether an array may hold ids of classes: whole numbers from 0 on, floats included."""
    if array.dtype.kind in "iu":
        return bool(array.size) and int(array.min()) >= 0
    if not is_number(array):
        return False
    floats = numerics.as_floats(array)
    return bool(np.all(floats == np.round(floats)) and np.all(floats >= 0))


def are_shares(array: Array) -> bool:
    """Returns whether an array may hold scores: floats from 0 to 1 that are not all whole."""
    if not is_number(array) or array.dtype.kind in "iu":
        return False
    floats = numerics.as_floats(array)
    with np.errstate(invalid="ignore"):
        return bool(np.all((floats >= 0) & (floats <= 1 + 1e-6)) and np.any(floats != np.round(floats)))


def is_column(array: Array) -> bool:
    """Returns whether the entries can be read one by one: texts, numbers or truth values."""
    return is_text(array) or is_number(array) or array.dtype.kind == "b"
