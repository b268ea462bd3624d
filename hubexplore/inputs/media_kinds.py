"""Inputs that are more than rows of numbers: pictures, films, and the vectors that generators take."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hubexplore.summary.dtypes import FLOATS
from hubexplore.summary.model import Shape, TensorSummary

MAX_SIDE: Final = 4096
"""Longest side in pixels of an input that is taken for a picture or a film."""
MIN_LONE_SIDE: Final = 8
"""Shortest side in pixels of an input of one picture without a dimension of rows."""
MAX_LONE_RATIO: Final = 8
"""Highest ratio of the sides of such an input: rows of many points in space have a higher one."""
GREY_SIDES: Final = (16, 64)
"""Shortest and longest side of a square that is a grey picture although it has no axis of channels."""
COLOURS: Final = 3
"""Number of channels of a picture in colour."""
LATENT_WIDTHS: Final = (2, 1024)
"""Lowest and highest number of numbers in a row that a generator makes a picture or sound of."""
_MIN_GENERATED: Final = 4000
"""Minimum number of numbers in a row of an output that may be a generated sound."""
_FACTOR: Final = 8
"""How many times longer than the vector a generated sound is, at least."""
_PICTURE_DTYPES: Final = FLOATS | {"uint8"}
_WIDE_INTEGERS: Final = frozenset({"int32", "int64"})
"""Further dtypes of pictures in colour, from 0 to 255; without colours they may be ids."""
_PICTURE_WORDS: Final = frozenset({
    "frame", "image", "images", "img", "photo", "picture", "pixels", "rgb", "rgbs",
})  # fmt: skip


@dataclass(frozen=True)
class PictureForm:
    """Sizes of an input of pictures; None for what is open.

    Attributes:
      height: in pixels.
      width: in pixels.
      channels: 1 or 3.
      is_lone: whether it takes one picture, without a dimension of rows.
    """

    height: int | None
    width: int | None
    channels: int
    is_lone: bool = False


def picture_form(dtype: str, shape: Shape, name: str = "", gains_rows: bool = False) -> PictureForm | None:
    """Returns the sizes of an input of pictures; None for other inputs.

    Args:
      dtype: TensorFlow's name of it.
      shape: static shape.
      name: of the input, which decides where the shape leaves it open whether there are rows.
      gains_rows: whether the graph puts a dimension of rows in front of it.
    """
    if shape is None or dtype not in _PICTURE_DTYPES | _WIDE_INTEGERS:
        return None
    if dtype in _WIDE_INTEGERS and (len(shape) != 4 or shape[3] != COLOURS):
        return None
    if len(shape) == 4:
        # NHWC with 1 or 3 channels is the convention of TF1 Hub modules for images.
        form = PictureForm(shape[1], shape[2], shape[3]) if shape[3] in (1, 3) else None
        least = MIN_LONE_SIDE if dtype in _WIDE_INTEGERS else 1
        return form if form is not None and _are_sides(form, least) else None
    if len(shape) == 3 and is_grey_square(shape):
        return PictureForm(shape[1], shape[2], 1)
    return _lone_form(dtype, shape, gains_rows or says_picture(name))


def says_picture(name: str) -> bool:
    """Returns whether the name of an input or output has a word for pictures."""
    return bool(_PICTURE_WORDS & set(re.split(r"[^a-z]+", name.lower())))


def may_be_lone_picture(dtype: str, shape: Shape) -> bool:
    """Returns whether an input is one picture if nothing but its shape is unclear."""
    return shape is not None and len(shape) == 3 and picture_form(dtype, shape, gains_rows=True) is not None


def _lone_form(dtype: str, shape: Sequence[int | None], is_said: bool) -> PictureForm | None:
    """Returns the sizes of one picture [height, width] or [height, width, 1 or 3]."""
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3)):
        return None
    form = PictureForm(shape[0], shape[1], 1 if len(shape) == 2 else shape[2] or 3, is_lone=True)
    if not _are_sides(form, MIN_LONE_SIDE):
        return None
    known = [side for side in shape[:2] if side is not None]
    if len(shape) == 2:
        # Rows of numbers have this shape, too; one open dimension is that of the rows.
        is_sure = len(known) == 2 and (dtype == "uint8" or is_grey_square((None, *shape)))
        return form if is_sure or (is_said and len(known) != 1) else None
    if is_said or dtype == "uint8":
        return form
    # As have floats [rows, points, 3].
    return form if len(known) == 2 and max(known) <= MAX_LONE_RATIO * min(known) else None


def _are_sides(form: PictureForm, least: int) -> bool:
    return all(side is None or least <= side <= MAX_SIDE for side in (form.height, form.width))


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
        noun = "frame" if self.frames == 1 else "frames"
        return f"a film of {frames} {noun}{sizes}, {'grey' if self.channels == 1 else 'in colour'}"


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
