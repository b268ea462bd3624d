"""Inputs that are more than rows of numbers: films, grey pictures, and the vectors that generators take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hubexplore.summary.dtypes import FLOATS
from hubexplore.summary.model import Shape, TensorSummary

MAX_SIDE: Final = 4096
"""Longest side in pixels of an input that is taken for a film."""
GREY_SIDES: Final = (16, 64)
"""Shortest and longest side of a square that is a grey picture although it has no axis of channels."""
LATENT_WIDTHS: Final = (2, 1024)
"""Lowest and highest number of numbers in a row that a generator makes a picture or sound of."""
_MIN_GENERATED: Final = 4000
"""Minimum number of numbers in a row of an output that may be a generated sound."""
_FACTOR: Final = 8
"""How many times longer than the vector a generated sound is, at least."""


@dataclass(frozen=True)
class Film:
    """An input [rows, frames, height, width, channels] that takes films; None for what is open."""

    frames: int | None
    height: int | None
    width: int | None
    channels: int

    @property
    def hint(self) -> str:
        """A short phrase on what to enter."""
        frames = "any number of" if self.frames is None else str(self.frames)
        sizes = "" if None in (self.height, self.width) else f" of {self.height} by {self.width} pixels"
        return f"a film of {frames} frames{sizes}, {'grey' if self.channels == 1 else 'in colour'}"


def film_of(shape: Shape) -> Film | None:
    """Returns the sizes of an input of films; None for other inputs.

    With one channel it may also be a volume, which is entered as a file.
    """
    if shape is None or len(shape) != 5 or shape[4] not in (1, 3):
        return None
    if any(side is not None and not 1 <= side <= MAX_SIDE for side in shape[1:4]):
        return None
    return Film(shape[1], shape[2], shape[3], shape[4])


def is_grey_square(shape: Sequence[int | None]) -> bool:
    """Returns whether [rows, height, width] are small grey pictures, as those of digits are."""
    height, width = shape[1:3]
    return height is not None and height == width and GREY_SIDES[0] <= height <= GREY_SIDES[1]


def is_latent(dtype: str, shape: Shape, outputs: Sequence[TensorSummary]) -> bool:
    """Returns whether an input is a vector of floats of which a row of an output, far larger, is generated.

    Args:
      dtype: of the input.
      shape: static shape of the input.
      outputs: of the signature.
    """
    if dtype not in FLOATS or not shape or len(shape) > 2:
        return False
    width = shape[-1]
    if width is None or not LATENT_WIDTHS[0] <= width <= LATENT_WIDTHS[1]:
        return False
    return any(_is_generated(output.shape, width) for output in outputs if output.dtype != "string")


def _is_generated(shape: Shape, width: int) -> bool:
    """Whether a row of this shape is a picture, a film or a sound that a vector of this width stands for."""
    if shape is None or len(shape) < 2:
        return False
    if len(shape) in (4, 5) and shape[-1] in (1, 3, 4):
        return shape[-2] is None or shape[-2] >= GREY_SIDES[0]
    if len(shape) == 3:
        return is_grey_square(shape)
    known = math.prod(size for size in shape[1:] if size is not None)
    return len(shape) == 2 and known >= max(_MIN_GENERATED, _FACTOR * width)
