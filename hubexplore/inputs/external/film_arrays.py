"""Films as the value of an input: the frames of a GIF, APNG or WebP file, or a picture for each frame."""

from __future__ import annotations

import dataclasses
import io
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hubexplore.display.values.numerics import evenly_spaced
from hubexplore.errors import SignatureError
from hubexplore.inputs.external import picture_arrays
from hubexplore.inputs.external.picture_arrays import ImageChoice
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue, short
from hubexplore.inputs.text.literals import counted

if TYPE_CHECKING:
    import PIL.Image

MAX_FRAMES: Final = 64
"""Maximum number of frames of a film for an input of any length; of more, evenly spaced ones are taken."""
MAX_READ: Final = 2_000
"""Maximum number of frames of a file."""
MAX_SIDE: Final = 256
"""Longer side in pixels of a film for an input of any size."""


_DEFAULT: Final = ImageChoice()


@dataclass(frozen=True)
class Films(InputValue):
    """A film for an input; `value` is [1, frames, height, width, channels].

    Attributes:
      names: names of the files: one with all frames, or one for each.
      choice: how pictures became numbers.
      kept: indices of the frames that were taken.
      found: how many frames there are.
    """

    names: tuple[str, ...] = ()
    choice: ImageChoice = _DEFAULT
    kept: tuple[int, ...] = ()
    found: int = 0


def takes_films(field: Field) -> bool:
    """Returns whether an input takes films."""
    return field.film is not None and not field.problem


def read_film(field: Field, files: Sequence[tuple[str, bytes]], choice: ImageChoice) -> Films:
    """Decodes a film for an input.

    Args:
      field: an input that takes films.
      files: (name, content) of one file with several frames, or of pictures that are the frames, which are
        put into the order of the numbers in their names.
      choice: how pictures become numbers.

    Raises:
      SignatureError: a file is not a picture, damaged or too large; or the input wants several films.
    """
    film = field.film
    if film is None or not files:
        raise SignatureError(f"Input {field.name!r} takes a film: choose a file.")
    rows = field.shape[0] if field.shape else None
    if rows not in (None, 1):
        raise SignatureError(f"Input {field.name!r} takes {rows} films at once. Put them together in a cell.")
    if len(files) > 1:
        files = sorted(files, key=lambda file: _natural(file[0]))
    names = tuple(name for name, _ in files)
    count = _count(*files[0]) if len(files) == 1 else len(files)
    wanted = film.frames or min(count, MAX_FRAMES)
    kept = evenly_spaced(count, wanted).tolist()
    # A film that is too short stands still at its end.
    kept += [kept[-1]] * (wanted - len(kept))
    if field.numpy.kind in "iu":
        choice = dataclasses.replace(choice, scale="0 to 255")
    frames, pixels, size = {}, 0, (film.width, film.height)
    for index, frame in _frames(files, set(kept)):
        pixels += frame.width * frame.height
        if pixels > picture_arrays.MAX_TOTAL_PIXELS:
            raise SignatureError(f"{short(names[0])!r} is too large a film. Make it smaller first.")
        size = _size(size, frame)
        fitted = picture_arrays.fitted(frame, size, film.channels, choice)
        frames[index] = fitted.reshape(size[1], size[0], film.channels)
    value = np.stack([frames[index] for index in kept])[None].astype(field.numpy)
    name = picture_arrays.short_names(names)
    contents = tuple(content for _, content in files)
    return Films(
        value, picture=name, contents=contents, names=names, choice=choice, kept=tuple(kept), found=count
    )


def default_choice(field: Field) -> ImageChoice:
    """Returns the initial choice for an input, as that for pictures."""
    return ImageChoice(scale="0 to 255" if field.numpy.kind in "iu" else "0 to 1")


def _size(size: tuple[int | None, int | None], frame: PIL.Image.Image) -> tuple[int, int]:
    """Width and height of the frames; what is open is that of the first one, scaled down to `MAX_SIDE`."""
    shrunk = min(1.0, MAX_SIDE / max(frame.size))
    width, height = (max(1, round(side * shrunk)) for side in frame.size)
    return size[0] or width, size[1] or height


def _natural(name: str) -> list[Any]:
    """Sorts "frame 10" behind "frame 9"."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name.lower())]


def _count(name: str, content: bytes) -> int:
    """The number of frames in a file."""
    # Refuses what is no picture, or too large, with the messages for pictures.
    picture_arrays.open_picture(name, content)
    with _opened(content) as image:
        count = int(getattr(image, "n_frames", 1))
    if count > MAX_READ:
        limit = counted(MAX_READ, "frame", "frames")
        raise SignatureError(f"{short(name)!r} has {count:,} frames; at most {limit} are read. Cut it first.")
    return count


def _frames(files: Sequence[tuple[str, bytes]], kept: set[int]) -> Iterator[tuple[int, PIL.Image.Image]]:
    """Yields the index of each frame that is kept, and the frame in RGBA."""
    if len(files) > 1:
        for index in sorted(kept):
            yield index, picture_arrays.open_picture(*files[index])[0]
        return
    name, content = files[0]
    with _opened(content) as image:
        for index in sorted(kept):
            try:
                # Pillow decodes those before it as well, which a frame may only change in part.
                image.seek(index)
                yield index, image.convert("RGBA")
            except Exception as error:  # noqa: BLE001 - a file may hold anything
                raise SignatureError(
                    f"{short(name)!r} is damaged at frame {index}: {error}. Save it again."
                ) from None


def _opened(content: bytes) -> PIL.Image.Image:
    import PIL.Image

    with warnings.catch_warnings():
        # Of a picture above Pillow's own limit, which `open_picture` has checked.
        warnings.simplefilter("ignore")
        return PIL.Image.open(io.BytesIO(content), formats=picture_arrays.FORMATS)
