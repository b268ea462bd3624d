"""Pictures drawn from numbers: small digits, and a lit ball on a floor."""

from __future__ import annotations

from typing import Final

import numpy as np

from hubexplore.inputs.input_value import Array

DIGIT_SIDE: Final = 8
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


def digit(number: int) -> Array:
    """A digit from 0 to 9, float64 [8, 8]: 0.0 is paper, 1.0 is ink."""
    rows = [line.split(" ")[number] for line in _DIGITS]
    return np.array([[_INKS[each] for each in row] for row in rows])


def picture(height: int, width: int, channels: int, number: int = 0) -> Array:
    """A lit ball on a floor before a wall, float64 [height, width, channels], 0.0 to 1.0.

    Args:
      height: in pixels.
      width: in pixels.
      channels: 3 for colours, 1 for grey; others repeat grey.
      number: of the picture: each has other colours, and its ball in another place.
    """
    y = ((np.arange(height) + 0.5) / height)[:, None]
    # A ball is round in a wide picture, too.
    x = 0.5 + ((np.arange(width) + 0.5) / width - 0.5)[None, :] * max(width / height, 0.7)
    hues = [(0.08 + 0.31 * number + offset) % 1.0 for offset in (0.0, 0.52, 0.14)]
    ball_color, wall_color, floor_color = (_color(hue) for hue in hues)
    center, radius = 0.5 + 0.16 * np.sin(2.4 * number), 0.26
    horizon, middle = 0.55, 0.58
    # The wall is darker to the side, the floor lighter towards the viewer.
    wall = 0.9 - 0.25 * np.abs(x - 0.4) + 0.0 * y
    floor = 0.45 + 0.45 * (y - horizon) / (1 - horizon) + 0.0 * x
    shadow = ((x - center - 0.08) / (1.2 * radius)) ** 2 + ((y - middle - radius) / (0.3 * radius)) ** 2
    floor = floor * np.where(shadow < 1, 0.45 + 0.3 * shadow, 1.0)
    scene = np.where((y < horizon)[..., None], wall[..., None] * wall_color, floor[..., None] * floor_color)
    # The ball: its height above the plane of the picture gives the normal, the light comes from above left.
    across, down = (x - center) / radius, (y - middle) / radius
    above = 1 - across**2 - down**2
    depth = np.sqrt(np.maximum(above, 0))
    light = np.maximum(-0.5 * across - 0.6 * down + 0.62 * depth, 0)
    ball = (0.22 + 0.78 * light)[..., None] * ball_color + 0.6 * (light**24)[..., None]
    scene = np.clip(np.where((above > 0)[..., None], ball, scene), 0.0, 1.0)
    if channels == 3:
        return np.asarray(scene)
    grey = scene @ np.array([0.299, 0.587, 0.114])
    return np.repeat(grey[..., None], channels, axis=2)


def _color(hue: float) -> Array:
    """A bright colour, [3]."""
    wheel = np.abs((hue * 6 + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1
    return np.asarray(0.3 + 0.7 * np.clip(wheel, 0, 1))
