"""The pictures of `hubexplore.pictures`, which is public; it states what they are for.

Nothing here imports TensorFlow.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from hubexplore.summary.tensor_values import Array

if TYPE_CHECKING:
    import numpy.typing as npt
    import PIL.Image

__all__ = ["DIGIT_SIDE", "digit", "film", "samples", "scene"]

DIGIT_SIDE: Final = 8
"""Height and width in pixels of `digit`."""
# Ink from "." (none) over "+" (the edge of a stroke) to "#" (full), digits 0 to 9 from left to right.
_INKS: Final = {".": 0.0, "-": 0.25, "+": 0.6, "#": 1.0}
_DIGITS: Final = (
    "..+##+.. ....##.. ..+##+.. ..###+.. ....+#.. ..####+. ....##.. .+#####. ..+##+.. ..+##+..",
    "..#++#+. ...+##.. .+#+##.. .++.+#+. ...+#+.. .+#+++.. ...#+... .++++#+. .+#-+#.. .+#+##..",
    ".+#-.+#. ..+###.. .....#+. ....+#.. ...#+... .+#..... ..+#.... ....+#.. .+#.+#.. .+#..#+.",
    ".+#..-#. ..-.##.. ....+#.. ..+##+.. ..+#.++. .+###+.. ..#++... ...+##+. ..+##+.. .-#++#+.",
    ".+#..-#. ....##.. ...+#+.. ....+#+. .+#..#+. ..-.+#+. .+###+.. ..+##+-. ..+##+.. ..+#+#+.",
    ".+#..+#. ....##.. ..+#+... .....##. .######. .....#+. .+#.+#+. ...#+... .+#.+#.. .....#+.",
    "..#++#+. ....##.. ..+#++-. .+..+#+. ...+#+.. .+..+#+. ..#++#+. ..+#.... .+#++#.. ..-.+#+.",
    "..+##+.. ....#+.. .+####+. ..###+.. ....#+.. ..###+.. ..+##+.. ..+#.... ..+##+.. ..+##+..",
)
SAMPLE_NAMES: Final = ("cube", "landscape", "digit")
"""Names of the `samples`, which are drawn when the first of them is asked for."""
_SIZE: Final = 64
_FINE: Final = 8
"""How many times larger a sample is drawn than it is saved: scaling down gives smooth edges."""


@functools.cache
def samples() -> Mapping[str, bytes]:
    """The built-in samples: PNG files of 64 by 64 pixels, by name.

    Returns:
      A read-only mapping: "cube" (a lit cube in a room), "landscape" (hills and a lake) and "digit" (a three
      in ink on white paper).
    """
    drawings = (_cube(), _landscape(), _ink_three())
    return MappingProxyType(
        {name: _png(drawing) for name, drawing in zip(SAMPLE_NAMES, drawings, strict=True)}
    )


def digit(number: int) -> npt.NDArray[np.float64]:
    """A digit from 0 to 9, float64 [8, 8]: 0.0 is paper, 1.0 is ink."""
    rows = [line.split(" ")[number] for line in _DIGITS]
    return np.array([[_INKS[ink] for ink in row] for row in rows])


def film(rows: int, frames: int, height: int, width: int, channels: int) -> npt.NDArray[np.float64]:
    """Films of a ball that rolls to and fro, float64 [rows, frames, height, width, channels], 0.0 to 1.0.

    Args:
      rows: number of films, each of another colour.
      frames: number of pictures of each; 50 of them are one way to and fro.
      height: in pixels.
      width: in pixels.
      channels: as those of `scene`.
    """
    drawn = [
        scene(height, width, channels, row, position=float(np.sin(2 * np.pi * frame / 50)))
        for row in range(rows)
        for frame in range(frames)
    ]
    return np.reshape(drawn, (rows, frames, height, width, channels))


def scene(
    height: int, width: int, channels: int, number: int = 0, *, position: float | None = None
) -> npt.NDArray[np.float64]:
    """A lit ball on a floor before a wall, float64 [height, width, channels], 0.0 to 1.0.

    Args:
      height: in pixels.
      width: in pixels.
      channels: 3 for colours, 1 for grey; others repeat grey.
      number: of the scene: colours and the position of the ball depend on it.
      position: of the ball, -1.0 (left) to 1.0 (right), whatever the number says.
    """
    # Coordinates of the centres of the pixels, 0 to 1 from top to bottom and from left to right.
    y = ((np.arange(height) + 0.5) / height)[:, None]
    # Stretched about the middle by the aspect ratio, so that the ball is round in a wide picture as well.
    x = 0.5 + ((np.arange(width) + 0.5) / width - 0.5)[None, :] * max(width / height, 0.7)
    hues = [(0.08 + 0.31 * number + offset) % 1.0 for offset in (0.0, 0.52, 0.14)]
    ball_color, wall_color, floor_color = (_color(hue) for hue in hues)
    center, radius = 0.5 + 0.16 * (np.sin(2.4 * number) if position is None else position), 0.26
    horizon, middle = 0.55, 0.58
    # The wall is darker to the side, the floor lighter towards the viewer.
    wall = 0.9 - 0.25 * np.abs(x - 0.4) + 0.0 * y
    floor = 0.45 + 0.45 * (y - horizon) / (1 - horizon) + 0.0 * x
    shadow = ((x - center - 0.08) / (1.2 * radius)) ** 2 + ((y - middle - radius) / (0.3 * radius)) ** 2
    floor = floor * np.where(shadow < 1, 0.45 + 0.3 * shadow, 1.0)
    image = np.where((y < horizon)[..., None], wall[..., None] * wall_color, floor[..., None] * floor_color)
    # The ball is a hemisphere over the picture: its height gives the normal; the light comes from above left.
    across, down = (x - center) / radius, (y - middle) / radius
    above = 1 - across**2 - down**2
    depth = np.sqrt(np.maximum(above, 0))
    light = np.maximum(-0.5 * across - 0.6 * down + 0.62 * depth, 0)
    ball = (0.22 + 0.78 * light)[..., None] * ball_color + 0.6 * (light**24)[..., None]
    image = np.clip(np.where((above > 0)[..., None], ball, image), 0.0, 1.0)
    if channels == 3:
        return np.asarray(image)
    # The weights of ITU-R BT.601, as Pillow's conversion to grey uses them.
    grey = image @ np.array([0.299, 0.587, 0.114])
    return np.repeat(grey[..., None], channels, axis=2)


def _color(hue: float) -> Array:
    """A bright colour, [3]."""
    wheel = np.abs((hue * 6 + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1
    return np.asarray(0.3 + 0.7 * np.clip(wheel, 0, 1))


# ---- the drawings of the samples


def _png(picture: PIL.Image.Image) -> bytes:
    import PIL.Image

    file = io.BytesIO()
    picture.resize((_SIZE, _SIZE), PIL.Image.Resampling.LANCZOS).save(file, "PNG", optimize=True)
    return file.getvalue()


def _blank(color: str) -> PIL.Image.Image:
    import PIL.Image

    return PIL.Image.new("RGB", (_SIZE * _FINE, _SIZE * _FINE), color)


def _cube() -> PIL.Image.Image:
    """A cube, lit from above and the left, on a floor before two walls."""
    import PIL.ImageDraw

    picture = _blank("#4fc3e8")
    draw = PIL.ImageDraw.Draw(picture)

    def fill(color: str, *corners: tuple[float, float]) -> None:
        draw.polygon([(x * _FINE, y * _FINE) for x, y in corners], color)

    fill("#45aed0", (38, 0), (64, 0), (64, 30), (38, 24))
    fill("#e8b23a", (0, 30), (38, 24), (64, 30), (64, 64), (0, 64))
    fill("#c4932b", (20, 47), (32, 51), (50, 50), (58, 45), (46, 41), (32, 41))
    fill("#d8433b", (18, 27), (31, 31), (31, 50), (18, 45))
    fill("#a32c28", (31, 31), (46, 26), (46, 44), (31, 50))
    fill("#ef6a5c", (18, 27), (33, 22.5), (46, 26), (31, 31))
    return picture


def _landscape() -> PIL.Image.Image:
    """Hills and a lake below a sun."""
    import PIL.ImageDraw

    picture = _blank("#8ecbf0")
    draw = PIL.ImageDraw.Draw(picture)
    side = _SIZE * _FINE
    for y in range(side * 5 // 8):
        share = y / (side * 5 / 8)
        draw.line([(0, y), (side, y)], (int(96 + 150 * share), int(170 + 50 * share), int(235 - 30 * share)))
    draw.ellipse([44 * _FINE, 8 * _FINE, 54 * _FINE, 18 * _FINE], "#fff3c4")
    for color, corners in (
        ("#7d8fa8", [(0, 40), (14, 18), (26, 34), (38, 14), (56, 38), (64, 32), (64, 44), (0, 44)]),
        ("#4f7f4a", [(0, 44), (12, 36), (30, 41), (48, 34), (64, 40), (64, 52), (0, 52)]),
        ("#3d7ca8", [(0, 52), (20, 45), (50, 45), (64, 50), (64, 64), (0, 64)]),
        ("#75a857", [(0, 50), (18, 54), (30, 64), (0, 64)]),
    ):
        draw.polygon([(x * _FINE, y * _FINE) for x, y in corners], color)
    return picture


def _ink_three() -> PIL.Image.Image:
    """A three in dark ink on white paper."""
    import PIL.ImageDraw

    picture = _blank("white")
    draw = PIL.ImageDraw.Draw(picture)
    width = 8 * _FINE
    for box, begin, end in (((17, 4, 47, 34), 200, 450), ((15, 27, 49, 61), 270, 520)):
        draw.arc([side * _FINE for side in box], begin, end, "#1b1b2b", width)
    return picture
