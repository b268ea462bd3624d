"""Activations as grey tiles, one for each channel."""

from __future__ import annotations

from typing import Final

import numpy as np

from hubexplore.display.values.hover import GridHover
from hubexplore.display.values.value_kinds import (
    Array,
    as_floats,
    drawable,
    limits_of,
    number_text,
    signed,
    within,
)
from hubexplore.display.values.views.lists import listing
from hubexplore.display.values.views.plot import Plotted, Texts, row_name
from hubexplore.display.values.views.png import photo
from hubexplore.display.wording import counted

MAX_TILES: Final = 64
_LEAST_TILES: Final = 16
_PIXELS: Final = 130_000
"""Of all tiles together, before they are enlarged."""
_ROOM: Final = 160_000
_SIDE: Final = 64
_ACROSS: Final = 8
_GAP: Final = 4
_STRIP: Final = 13
"""Pixels above a tile, for its number."""


def tiles(array: Array, rows: Texts) -> Plotted:
    """The channels of [n, h, w, c] (or the matrices of [n, h, w]) as grey tiles with one scale."""
    first = array[0] if array.ndim == 4 else np.moveaxis(array, 0, -1)
    high, wide, channels = first.shape
    count = min(channels, MAX_TILES, max(_LEAST_TILES, _PIXELS // (high * wide)))
    step = max(1, int(np.ceil(np.sqrt(count * high * wide / _PIXELS))))
    shown = np.moveaxis(as_floats(first[:, :, :count]), -1, 0)
    low, top = limits_of(drawable(shown))
    grey = (within((drawable(shown[:, ::step, ::step]) - low) / ((top - low) or 1), 0, 1) * 255).astype(
        np.uint8
    )
    factor = max(1, round(_SIDE / max(grey.shape[1:])))
    sheet, down, across = _sheet(grey.repeat(factor, 1).repeat(factor, 2))
    what = "channel" if array.ndim == 4 else "matrix"
    scale = f"{signed(low)} is black, {signed(top)} is white"
    words = f"{counted(count, 'tile')} of {high} × {wide}, numbered by {what}: {scale}"
    picture, lost = photo(sheet, words, _ROOM, sheet.shape[1])
    body = [(f"{what} {number}", *_told(tile)) for number, tile in enumerate(shown)]
    ranges = tuple(f"mean {mean}, {low} to {high}" for _, mean, low, high in body)
    hover = GridHover(
        (0.0, 0.0, 1.0, 1.0), down, across,
        tuple(f"{body[at][0]}: {ranges[at]}" if at < count else "" for at in range(down * across)),
    )  # fmt: skip
    note = f"Each {what} is a tile: {scale}."
    note += f" … and {channels - count:,} more." if channels > count else ""
    note += f" Of every {step} pixels in a row one is shown." if step > 1 else ""
    note += f" Shown {lost}." if lost else ""
    if array.ndim == 4 and len(array) > 1:
        note += f" Of the first of {len(array):,} rows"
        note += f", {row_name(rows, 0)}." if rows else "."
    return Plotted(picture, (hover,), note, listing((what, "mean", "lowest", "highest"), body))


def _told(tile: Array) -> tuple[str, str, str]:
    with np.errstate(all="ignore"):
        return number_text(tile.mean()), number_text(tile.min()), number_text(tile.max())


def _sheet(grey: Array) -> tuple[Array, int, int]:
    """Puts tiles [n, h, w] in rows, each below its number; what is between them is transparent."""
    from PIL import Image, ImageDraw, ImageFont

    count, high, wide = grey.shape
    across = min(_ACROSS, count)
    down = -(-count // across)
    cell_high, cell_wide = high + _STRIP + _GAP, max(wide, 24) + _GAP
    sheet = np.zeros((down * cell_high, across * cell_wide, 2), np.uint8)
    places = [divmod(number, across) for number in range(count)]
    for (row, column), tile in zip(places, grey, strict=True):
        y, x = row * cell_high + _STRIP, column * cell_wide
        sheet[y : y + high, x : x + wide, 0] = tile
        sheet[y : y + high, x : x + wide, 1] = 255
    image = Image.fromarray(sheet)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default()
    for number, (row, column) in enumerate(places):
        # A grey that reads on white and on black.
        pen.text((column * cell_wide, row * cell_high), str(number), fill=(125, 255), font=font)
    return np.asarray(image), down, across
