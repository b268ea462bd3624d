"""Small pictures to start with, drawn here."""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import PIL.Image

_FINE: Final = 8  # times larger drawn than kept, for smooth edges
_SIZE: Final = 64


@functools.cache
def bundled() -> Mapping[str, bytes]:
    """PNG files of 64 by 64 pixels by their names: a lit cube in a room, a landscape, a digit in ink."""
    pictures = {"cube": _cube(), "landscape": _landscape(), "digit": _digit()}
    return MappingProxyType({name: _png(picture) for name, picture in pictures.items()})


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


def _digit() -> PIL.Image.Image:
    """A three in dark ink on white paper."""
    import PIL.ImageDraw

    picture = _blank("white")
    draw = PIL.ImageDraw.Draw(picture)
    width = 8 * _FINE
    for box, begin, end in (((17, 4, 47, 34), 200, 450), ((15, 27, 49, 61), 270, 520)):
        draw.arc([each * _FINE for each in box], begin, end, "#1b1b2b", width)
    return picture
