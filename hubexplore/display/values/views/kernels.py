"""The Kernels view: the kernels of a convolution as tiles, in colours if they are applied to colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from hubexplore.display.values import numerics
from hubexplore.display.values.control import Control, Settings
from hubexplore.display.values.hover import GridHover
from hubexplore.display.values.views.lists import text_grid
from hubexplore.display.values.views.plot import Figure
from hubexplore.display.values.views.png import photo
from hubexplore.display.values.views.tiles import mosaic
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

CHANNEL: Final = "channel"
MAX_KERNELS: Final = 64
"""Maximum number of kernels that are drawn."""
MAX_SIDE: Final = 64
"""Maximum height and width of a kernel: larger arrays of rank 4 are hardly kernels."""
_MAX_BYTES: Final = 160_000
SIDE: Final = 56
"""Length in pixels to which the longer side of a kernel is enlarged, about."""
COMPACT_SIDE: Final = 40
"""The same where two pictures stand beside each other."""
_COLOURS: Final = 3


def are_kernels(shape: Sequence[int]) -> bool:
    """Returns whether [height, width, input channels, kernels] may be kernels of a convolution."""
    if len(shape) != 4 or min(shape) < 1:
        return False
    height, width = shape[:2]
    # A kernel of one pixel is a matrix, which a heat map shows better.
    return 1 < max(height, width) <= MAX_SIDE


def controls(shape: Sequence[int]) -> tuple[Control, ...]:
    """Returns the slider of the input channel; none if a tile shows all of them."""
    return () if shape[2] in {1, _COLOURS} else (Control(CHANNEL, "Input channel", 0, shape[2] - 1, 0, 1),)


def kernels(array: Array, settings: Settings, reach: float | None = None, side: int = SIDE) -> Figure:
    """Draws [height, width, input channels, kernels]: 0 is grey, and all tiles have one scale.

    Args:
      array: real numbers.
      settings: the value of the slider.
      reach: the number that is white, so that two pictures have the same scale; by default the largest size.
      side: length in pixels to which the longer side of a kernel is enlarged, about.
    """
    height, width, channels, count = array.shape
    controlled = controls(array.shape)
    shown = numerics.as_floats(array[..., :MAX_KERNELS])
    reach = reach or _reach_of(array)
    if controlled:
        channel = round(controlled[0].at(settings))
        shown = shown[:, :, channel : channel + 1]
    # One tile for each kernel: the last dimension comes first.
    stack = np.moveaxis(shown, -1, 0)
    pixels = numerics.clipped((numerics.drawable(stack) / reach + 1) * 127.5, 0, 255).round().astype(np.uint8)
    factor = max(1, round(side / max(height, width)))
    picture, down, across = mosaic(pixels.repeat(factor, 1).repeat(factor, 2))
    scale = f"{numerics.signed_text(-reach)} is black, 0 is grey, {numerics.signed_text(reach)} is white"
    what = f"{counted(len(stack), 'kernel')} of {height} × {width}"
    of_channel = f" on input channel {channel} of {channels:,}" if controlled else ""
    image, loss = photo(picture, f"{what}{of_channel}, numbered: {scale}", _MAX_BYTES, picture.shape[1])
    body = [
        (f"kernel {number}", *map(numerics.number_text, (kernel.mean(), kernel.min(), kernel.max())))
        for number, kernel in enumerate(stack)
    ]
    texts = [f"{name}: mean {mean}, {low} to {high}" for name, mean, low, high in body]
    texts += [""] * (down * across - len(texts))
    colours = ", its weights for red, green and blue as colours" if channels == _COLOURS else ""
    note = f"Each kernel is a tile{of_channel}{colours}: {scale}."
    note += f" … and {count - len(stack):,} more." if count > len(stack) else ""
    note += f" Shown {loss}." if loss else ""
    hover = GridHover((0.0, 0.0, 1.0, 1.0), down, across, tuple(texts))
    return Figure(image, (hover,), note, text_grid(("kernel", "mean", "lowest", "highest"), body))


def _reach_of(array: Array) -> float:
    """Returns the largest size of a finite number, or 1 if all are 0."""
    return max(map(abs, numerics.limits_of(numerics.drawable(numerics.as_floats(array))))) or 1.0
