"""Pictures as numbers: decoded, fitted to the size of the input, scaled to its range."""

from __future__ import annotations

import dataclasses
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.inputs import pictures
from hubexplore.inputs.external.file_signatures import seems_to_be
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue, short
from hubexplore.summary.tensor_values import Array

if TYPE_CHECKING:
    import PIL.Image

__all__ = [
    "ImageChoice",
    "Pictures",
    "default_choice",
    "numbers_of",
    "preview",
    "read_pictures",
    "read_pixels",
    "stacked",
]

MAX_PIXELS: Final = 50_000_000
"""Maximum number of pixels of a picture in its file; decoded, it takes four bytes a pixel."""
MAX_TOTAL_PIXELS: Final = 200_000_000
"""Maximum number of pixels of all pictures together in their files."""
MAX_NUMBERS: Final = 100_000_000
"""Maximum number of values of all pictures together, as the module takes them."""
MAX_SIDE: Final = 512
"""Longer side in pixels of a picture for an input of any size; larger pictures are scaled down."""
SMALL_SIDE: Final = 32
"""Side in pixels up to which a grey input is taken for handwriting, dark on white paper."""

Fit = Literal["crop", "pad", "stretch"]
Scale = Literal["0 to 1", "-1 to 1", "0 to 255"]

_OPAQUE: Final = ("L", "RGB")
"""Modes of Pillow without transparent pixels, which take a half of the time of RGBA."""
FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
"""Formats of files that are read, by their names in Pillow."""


@dataclass(frozen=True)
class ImageChoice:
    """How a picture becomes numbers.

    Attributes:
      fit: "crop" cuts two sides off, "pad" adds white at two sides, "stretch" changes the aspect ratio.
      scale: the numbers for black and white.
      invert: whether dark is high, so that white paper becomes the lowest number and ink the highest.
    """

    fit: Fit = "crop"
    scale: Scale = "0 to 1"
    invert: bool = False


@dataclass(frozen=True)
class Pictures(InputValue):
    """Pictures for an input; `value` has one per row.

    Attributes:
      names: names of the files.
      choice: how they became numbers.
      has_16_bits: whether one of them has 16 bits per pixel.
      are_samples: whether all of them are built-in samples (`pictures.samples()`).
      is_lone: whether the value is one picture, without a dimension of rows.
    """

    names: tuple[str, ...] = ()
    choice: ImageChoice = ImageChoice()
    has_16_bits: bool = False
    are_samples: bool = False
    is_lone: bool = False


def default_choice(field: Field) -> ImageChoice:
    """The initial choice for an input; only the author of a module knows what it was trained on.

    Floats are from 0 to 1, the convention for images in TF1 Hub modules; uint8 is from 0 to 255. Grey
    pictures of at most `SMALL_SIDE` pixels are inverted: such modules mostly read handwriting, with 1 for
    ink.
    """
    tiny = field.channels == 1 and max(field.height, field.width) <= SMALL_SIDE
    return ImageChoice(scale="0 to 255" if _is_integral(field) else "0 to 1", invert=tiny)


def read_pictures(field: Field, files: Sequence[tuple[str, bytes]], choice: ImageChoice) -> Pictures:
    """Decodes pictures for an input.

    Transparent pixels become white; the EXIF orientation of a photo is applied; of an animation only the
    first frame is read. An input of integers gets 0 to 255, whatever `choice` says. Where the input takes any
    size, the first picture sets it, up to `MAX_SIDE`, and the others are fitted to it.

    Args:
      field: an input for images, with height, width and channels.
      files: (name, content) of one or more files.
      choice: how pictures become numbers.

    Returns:
      `value` is [len(files), height, width, channels] of the input's dtype, without the first dimension for
      an input of one picture, and without the last one for an input that has none.

    Raises:
      SignatureError: a file is not a picture, damaged or too large; or there are too many or too few.
    """
    batch = 1 if field.is_lone else field.shape[0] if field.shape else None
    if not files or (batch is not None and batch != len(files)):
        expected = "at least one picture" if batch is None else f"exactly {batch}"
        raise SignatureError(f"Input {field.name!r} takes {expected}; got {len(files)}.")
    # Checked before any file is decoded where the size is known, else after the first picture has set it.
    if not field.any_size:
        _check_count(field, len(files))
    if _is_integral(field):
        choice = ImageChoice(choice.fit, "0 to 255", choice.invert)
    rows: list[Any] = []
    has_16_bits, pixels = False, 0
    # One by one: a decoded picture may take a thousand times the bytes of its file, so that only the fitted
    # pictures are all in memory at once.
    for name, content in files:
        picture, has_more_bits = open_picture(name, content)
        pixels += picture.width * picture.height
        if pixels > MAX_TOTAL_PIXELS:
            raise SignatureError(
                f"These {len(files)} pictures are too large together: the limit is "
                f"{MAX_TOTAL_PIXELS / 1e6:.0f} million pixels. Make them smaller first, or choose fewer."
            )
        if field.any_size and not rows:
            field = _sized(field, picture)
            _check_count(field, len(files))
        rows.append(fitted(picture, (field.width, field.height), field.channels, choice))
        has_16_bits = has_16_bits or has_more_bits
    names = tuple(name for name, _ in files)
    sizes: tuple[int, ...] = (field.height, field.width, field.channels)
    sizes = sizes if field.is_lone else (len(rows), *sizes)
    sizes = sizes[: len(field.shape or sizes)]
    value = np.stack(rows).reshape(sizes).astype(field.numpy)
    return Pictures(
        value,
        picture=short_names(names),
        names=names,
        choice=choice,
        has_16_bits=has_16_bits,
        are_samples=all(pictures.samples().get(name) == content for name, content in files),
        is_lone=field.is_lone,
        contents=tuple(content for _, content in files),
    )


def stacked(field: Field, value: Any) -> Array:
    """Returns the value of an input of pictures with a dimension of rows, which that of one picture lacks."""
    array: Array = np.asarray(value)
    return array[None] if field.is_lone else array


def choice_like(value: Any) -> ImageChoice | None:
    """Returns how pictures became numbers like these: their range, and whether the paper is dark.

    Args:
      value: small grey pictures, [batch, height, width] or [batch, height, width, 1].

    Returns:
      None if the value does not tell: another shape, or all pixels are alike.
    """
    array = np.asarray(value)
    array = array[..., 0] if array.ndim == 4 and array.shape[3] == 1 else array
    if array.ndim != 3 or array.dtype.kind not in "fiuV" or min(array.shape) < 1:
        return None
    array = np.nan_to_num(array.astype(np.float64), posinf=0, neginf=0)
    low, high = float(array.min()), float(array.max())
    if low == high:
        return None
    scale: Scale = "0 to 255" if high > 1 else "-1 to 1" if low < 0 else "0 to 1"
    # Paper is what is at the border of most pictures.
    border = np.concatenate([array[:, [0, -1]].ravel(), array[:, :, [0, -1]].ravel()])
    return ImageChoice(scale=scale, invert=bool(np.median(border) < (low + high) / 2))


def read_pixels(field: Field, name: str, content: bytes, choice: ImageChoice) -> Array:
    """Decodes one picture as `read_pictures` does; where the input takes any size, it keeps its own.

    Returns:
      uint8 [height, width, channels]; `numbers_of` makes numbers of them. Sides of a picture for an input of
      any size are at most `MAX_SIDE`.

    Raises:
      SignatureError: it is not a picture, damaged or too large.
    """
    picture, _ = open_picture(name, content)
    if field.any_size:
        field = _sized(field, picture)
    pixels = np.asarray(_fitted(picture, (field.width, field.height), field.channels, choice))
    return pixels.reshape(field.height, field.width, field.channels)


def numbers_of(field: Field, pixels: Array, choice: ImageChoice) -> Array:
    """The numbers that an input takes for the pixels of one picture, or of many."""
    if _is_integral(field):
        choice = ImageChoice(choice.fit, "0 to 255", choice.invert)
    numbers: Array = _array(pixels, choice)
    return numbers.astype(field.numpy, copy=False)


def preview(value: Any, limit: int = 8) -> tuple[bytes, ...]:
    """PNG files of the first pictures in a value, one pixel for each of its pixels.

    The range is guessed: negative numbers mean -1 to 1, and numbers above 1 mean 0 to 255.

    Args:
      value: [batch, height, width] or [batch, height, width, 1 or 3] numbers; for anything else there is no
        preview.
      limit: maximum number of pictures.
    """
    import PIL.Image

    array = np.asarray(value)
    array = array[..., None] if array.ndim == 3 else array
    if array.ndim != 4 or array.shape[3] not in (1, 3) or array.dtype.kind not in "fiuV" or not array.size:
        return ()
    array = np.nan_to_num(array[:limit].astype(np.float64), posinf=0, neginf=0)
    low, high = float(array.min()), float(array.max())
    if high <= 1 and np.asarray(value).dtype.kind in "fV":
        array = (array + 1) * 127.5 if low < 0 else array * 255
    elif low < 0:
        array = (array - low) / (high - low) * 255
    pixels = np.clip(np.round(array), 0, 255).astype(np.uint8)
    files = []
    for image in pixels:
        file = io.BytesIO()
        PIL.Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image).save(file, "PNG")
        files.append(file.getvalue())
    return tuple(files)


def _check_count(field: Field, count: int) -> None:
    """Raises SignatureError if this number of pictures in the size of the field exceeds `MAX_NUMBERS`."""
    if count * field.height * field.width * field.channels > MAX_NUMBERS:
        raise SignatureError(
            f"{count} pictures of {field.height} by {field.width} pixels are too many at once. Choose fewer."
        )


def _sized(field: Field, picture: PIL.Image.Image) -> Field:
    """The field with the size of a picture, scaled down to `MAX_SIDE`."""
    shrunk = min(1.0, MAX_SIDE / max(picture.size))
    width, height = (max(1, round(side * shrunk)) for side in picture.size)
    return dataclasses.replace(field, height=height, width=width)


def _is_integral(field: Field) -> bool:
    return field.numpy.kind in "iu"


def short_names(names: Sequence[str]) -> str:
    """One name for several files."""
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def open_picture(name: str, content: bytes, formats: Sequence[str] = FORMATS) -> tuple[PIL.Image.Image, bool]:
    """Returns the first frame of a picture, upright; and whether it has 16 bits per pixel.

    Its mode is RGBA, or L or RGB where no pixel is transparent.

    Args:
      name: name of the file, for messages.
      content: content of the file.
      formats: formats to read, by their names in Pillow.

    Raises:
      SignatureError: it is not a picture in one of these formats, too large, or damaged.
    """
    import PIL.Image
    import PIL.ImageOps

    try:
        with warnings.catch_warnings():
            # Pillow warns of pictures above its own limit, and raises above twice that. Ours is checked
            # below, before any pixel is decoded.
            warnings.simplefilter("ignore")
            image = PIL.Image.open(io.BytesIO(content), formats=tuple(formats))
    except PIL.Image.DecompressionBombError:
        raise SignatureError(f"{short(name)!r} is too large a picture: {_limit()}") from None
    except Exception as error:  # noqa: BLE001 - a file may hold anything, and decoders fail in many ways
        raise SignatureError(_unreadable(name, content, error, formats)) from None
    if image.width * image.height > MAX_PIXELS:
        sizes = f"{image.width:,} by {image.height:,} pixels"
        raise SignatureError(f"{short(name)!r} is too large a picture: it has {sizes}; {_limit()}")
    try:
        upright = PIL.ImageOps.exif_transpose(image)
        has_16_bits = upright.mode.startswith("I")
        if has_16_bits:
            # Pillow would clip modes I and I;16 at 255 instead of scaling them.
            upright = PIL.Image.fromarray((np.asarray(upright) / 257).astype(np.uint8))
        is_opaque = upright.mode in _OPAQUE and "transparency" not in upright.info
        return (upright if is_opaque else upright.convert("RGBA")), has_16_bits
    except Exception as error:  # noqa: BLE001 - as above
        raise SignatureError(
            f"{short(name)!r} begins as a {image.format} picture, but is truncated or damaged: {error}. "
            f"Save it again."
        ) from None


def _limit() -> str:
    return f"the limit is {MAX_PIXELS / 1e6:.0f} million pixels. Make it smaller first."


def fitted(picture: PIL.Image.Image, size: tuple[int, int], channels: int, choice: ImageChoice) -> Any:
    """Returns a picture as numbers, float32 [height, width] or [height, width, 3].

    Args:
      picture: as `open_picture` returns it.
      size: width and height in pixels.
      channels: 1 or 3.
      choice: how it becomes numbers.
    """
    return _array(_fitted(picture, size, channels, choice), choice)


def _fitted(
    picture: PIL.Image.Image, size: tuple[int, int], channels: int, choice: ImageChoice
) -> PIL.Image.Image:
    """The picture in a size and channels, on a white background."""
    import PIL.Image
    import PIL.ImageOps

    smooth = PIL.Image.Resampling.LANCZOS
    if picture.size == size and picture.mode == ("L" if channels == 1 else "RGB"):
        return picture
    match choice.fit:
        case "crop":
            fitted = PIL.ImageOps.fit(picture, size, smooth)
        case "pad":
            fitted = PIL.ImageOps.pad(picture, size, smooth, color="white")
        case "stretch":
            fitted = picture.resize(size, smooth)
    if fitted.mode in _OPAQUE:
        return fitted.convert("L" if channels == 1 else "RGB")
    # Put on white after the resize, so that the background is exactly white at transparent edges.
    paper = PIL.Image.new("RGBA", size, "white")
    return PIL.Image.alpha_composite(paper, fitted).convert("L" if channels == 1 else "RGB")


def _array(picture: Any, choice: ImageChoice) -> Any:
    """The numbers of a picture, or of the pixels of several: float32 in their shape."""
    pixels = np.array(picture, np.float32)
    if choice.invert:
        np.subtract(255, pixels, out=pixels)
    match choice.scale:
        case "0 to 1":
            pixels /= 255
        case "-1 to 1":
            pixels /= 127.5
            pixels -= 1
    return pixels


def _unreadable(name: str, content: bytes, error: Exception, formats: Sequence[str]) -> str:
    seems = seems_to_be(content) or f"something else ({type(error).__name__})"
    known = ["WebP" if name == "WEBP" else name for name in formats]
    return (
        f"{short(name)!r} cannot be read as a picture. It seems to be {seems}. Supported formats are "
        f"{', '.join(known[:-1])} and {known[-1]}."
    )
