"""The Tiles view: activations as grey tiles, one for each channel."""

from __future__ import annotations

from typing import Final

import numpy as np

from hubexplore.display.values import numerics
from hubexplore.display.values.hover import GridHover
from hubexplore.display.values.views.images import scale_text
from hubexplore.display.values.views.lists import text_grid
from hubexplore.display.values.views.plot import Figure, Texts, row_name
from hubexplore.display.values.views.png import photo
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

MAX_TILES: Final = 64
"""Maximum number of tiles."""
_MIN_TILES: Final = 16
"""Number of tiles that are drawn even if that means fewer pixels for each."""
_MAX_PIXELS: Final = 130_000
"""Maximum number of pixels of all tiles together, before they are enlarged."""
_MAX_BYTES: Final = 160_000
"""Maximum size in bytes of the picture."""
_TILE_SIDE: Final = 64
"""Length in pixels to which the longer side of a small tile is enlarged, about."""
_TILES_PER_ROW: Final = 8
_GAP: Final = 4
"""Pixels between two tiles."""
_NUMBER_HEIGHT: Final = 13
"""Height in pixels of the number above a tile."""


def tiles(array: Array, rows: Texts) -> Figure:
    """Draws the channels of [n, h, w, c], or the matrices of [n, h, w], as grey tiles with one scale."""
    array = _matrices(array)
    # A batch is shown by its first row: channels of one input are to be compared, not inputs.
    first = array[0] if array.ndim == 4 else np.moveaxis(array, 0, -1)
    height, width, channels = first.shape
    count = min(channels, MAX_TILES, max(_MIN_TILES, _MAX_PIXELS // (height * width)))
    step = max(1, int(np.ceil(np.sqrt(count * height * width / _MAX_PIXELS))))
    shown = np.moveaxis(numerics.as_floats(first[:, :, :count]), -1, 0)
    low, high = numerics.limits_of(numerics.drawable(shown))
    grey = (
        numerics.clipped((numerics.drawable(shown[:, ::step, ::step]) - low) / ((high - low) or 1), 0, 1)
        * 255
    ).astype(np.uint8)
    # Whole factors keep pixels square and sharp.
    factor = max(1, round(_TILE_SIDE / max(grey.shape[1:])))
    arranged, down, across = mosaic(grey.repeat(factor, 1).repeat(factor, 2)[..., None])
    noun = "channel" if array.ndim == 4 else "matrix"
    scale = scale_text(low, high)
    alt_text = f"{counted(count, 'tile')} of {height} × {width}, numbered by {noun}: {scale}"
    picture, loss = photo(arranged, alt_text, _MAX_BYTES, arranged.shape[1])
    body = [(f"{noun} {number}", *_statistics(tile)) for number, tile in enumerate(shown)]
    ranges = tuple(f"mean {mean}, {lowest} to {highest}" for _, mean, lowest, highest in body)
    hover = GridHover(
        (0.0, 0.0, 1.0, 1.0), down, across,
        tuple(f"{body[at][0]}: {ranges[at]}" if at < count else "" for at in range(down * across)),
    )  # fmt: skip
    note = f"Each {noun} is a tile: {scale}."
    note += f" … and {channels - count:,} more." if channels > count else ""
    note += f" One of every {step} pixels in a row is shown." if step > 1 else ""
    note += f" Shown {loss}." if loss else ""
    if array.ndim == 4 and len(array) > 1:
        note += f" The channels are of the first of {len(array):,} rows"
        note += f", {row_name(rows, 0)}." if rows else "."
    numbers = text_grid((noun, "mean", "lowest", "highest"), body)
    return Figure(picture, (hover,), note, numbers, (lambda: arranged,))


def _matrices(array: Array) -> Array:
    """Returns attention [n, heads, from, to] as matrices [heads, from, to]: its rows add up to 1."""
    if array.ndim != 4 or array.shape[2] != array.shape[3]:
        return array
    return array[0] if numerics.add_up_to_one(numerics.as_floats(array[0])) else array


def _statistics(tile: Array) -> tuple[str, str, str]:
    with np.errstate(all="ignore"):
        return (
            numerics.number_text(tile.mean()),
            numerics.number_text(tile.min()),
            numerics.number_text(tile.max()),
        )


def mosaic(tiles: Array) -> tuple[Array, int, int]:
    """Arranges tiles in rows, each below its number, on a transparent ground.

    Args:
      tiles: uint8 [n, h, w, channels], of 1 or 3 channels.

    Returns:
      The picture, uint8 [h, w, channels + 1] with alpha last, its number of rows, and that of tiles in a row.
    """
    from PIL import Image, ImageDraw, ImageFont

    count, height, width, channels = tiles.shape
    across = min(_TILES_PER_ROW, count)
    down = -(-count // across)
    # At least 24 pixels wide, or the numbers of neighbouring tiles would overlap.
    cell_height, cell_width = height + _NUMBER_HEIGHT + _GAP, max(width, 24) + _GAP
    arranged = np.zeros((down * cell_height, across * cell_width, channels + 1), np.uint8)
    places = [divmod(number, across) for number in range(count)]
    for (row, column), tile in zip(places, tiles, strict=True):
        y, x = row * cell_height + _NUMBER_HEIGHT, column * cell_width
        arranged[y : y + height, x : x + width, :channels] = tile
        arranged[y : y + height, x : x + width, channels] = 255
    image = Image.fromarray(arranged)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default()
    for at, (row, column) in enumerate(places):
        # The picture has no ground of its own, so the grey must be readable on white and on black.
        pen.text((column * cell_width, row * cell_height), str(at), fill=(*[125] * channels, 255), font=font)
    return np.asarray(image), down, across
