"""Classes and quantities of the voxels of a volume that went in, one slice at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hubexplore.display.markup import Markup
from hubexplore.display.values import numerics
from hubexplore.display.values.control import Control
from hubexplore.display.values.rendering import Rendered, with_numbers
from hubexplore.display.values.together.masks import MAX_CLASSES, Mask
from hubexplore.display.values.together.masks import VIEW as MASK
from hubexplore.display.values.together.scene import Group, Member, Picture, Scene, are_ids
from hubexplore.display.values.value_kinds import is_number
from hubexplore.display.values.view_choice import SLICES, are_slices
from hubexplore.display.values.views import slices
from hubexplore.display.values.views.images import brightness
from hubexplore.summary.tensor_values import Array

_MIN_SIDE: Final = 4


@dataclass(frozen=True)
class Voxels:
    """A number for each voxel.

    Attributes:
      members: the one output.
      numbers: [rows, depth, height, width]; integers and truth values are classes.
      volume: the input, [rows, depth, height, width, channels].
      class_names: names by id.
    """

    members: tuple[Member, ...]
    numbers: Array
    volume: Array
    class_names: tuple[str, ...] = ()

    @property
    def _are_classes(self) -> bool:
        return self.numbers.dtype.kind in "biu"

    @property
    def views(self) -> tuple[str, ...]:  # noqa: D102 - as Group
        return (MASK,) if self._are_classes else (SLICES,)

    @property
    def controls(self) -> tuple[Control, ...]:  # noqa: D102
        opacity = Mask.controls
        return (*slices.controls(self.numbers.shape), *(opacity if self._are_classes else ()))

    @property
    def facts(self) -> str:  # noqa: D102
        sizes = " × ".join(f"{size:,}" for size in self.numbers.shape[1:])
        return f"{sizes} voxels of the input"

    def draw(self, view: str, settings: dict[str, float]) -> Rendered:  # noqa: D102
        rows = self.members[0].rows
        if not self._are_classes:
            return with_numbers(SLICES, slices.slices(self.numbers[..., None], rows, settings), Markup)
        number = round(self.controls[0].at(settings))
        limits = numerics.limits_of(numerics.drawable(numerics.as_floats(self.volume)))
        pixels, _ = brightness(self.volume[:, number], limits)
        colours = pixels[..., :3] if pixels.shape[-1] >= 3 else pixels[..., :1].repeat(3, axis=-1)
        depth = self.numbers.shape[1]
        size = (int(colours.shape[1]), int(colours.shape[2]))
        mask = Mask(
            self.members,
            self.numbers[:, number].astype(int),
            tuple(Picture(picture, size) for picture in colours),
            class_names=self.class_names,
            place=f"Slice {number} of {depth:,} (0 to {depth - 1:,}).",
        )
        return mask.draw(MASK, settings)


def find(scene: Scene) -> Iterator[Group]:
    """Yields the outputs with a number for each voxel of the one input that is a volume or a film."""
    volumes = [
        array if array.ndim == 5 else array[..., None]
        for member in scene.inputs
        if (array := member.array) is not None
        and (array.ndim == 5 or are_slices(array.shape))
        and is_number(array)
        and array.size
    ]
    if len(volumes) != 1 or min(volumes[0].shape[1:4]) < _MIN_SIDE:
        return
    for member, array in scene.numbers():
        if array.shape != volumes[0].shape[:4]:
            continue
        is_quantity = is_number(array) and array.dtype.kind == "f"
        if is_quantity or array.dtype.kind == "b" or (are_ids(array) and array.max() <= MAX_CLASSES):
            yield Voxels((member,), array, volumes[0], scene.class_names)
