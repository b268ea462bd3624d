"""The pictures that users upload to the modules of the gallery."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SKY: Final = (122, 172, 222)
GRASS: Final = (92, 142, 82)
BALL: Final = (206, 118, 58)
CRATE: Final = (150, 62, 92)
SUN: Final = (250, 228, 84)
JOINTS: Final = {
    "nose": (70, 160), "left shoulder": (120, 130), "right shoulder": (120, 190), "left elbow": (170, 95),
    "right elbow": (172, 226), "left wrist": (214, 62), "right wrist": (136, 262), "left hip": (228, 140),
    "right hip": (228, 182), "left knee": (300, 118), "right knee": (302, 206), "left ankle": (372, 102),
    "right ankle": (374, 232),
}  # fmt: skip
"""Places of joints (y, x) in pixels on the picture of a person, 400 high and 320 wide."""
_BONES: Final = (
    ("left wrist", "left elbow", "left shoulder", "right shoulder", "right elbow", "right wrist"),
    ("left shoulder", "left hip", "left knee", "left ankle"),
    ("right shoulder", "right hip", "right knee", "right ankle"),
    ("left hip", "right hip"),
)


def scene() -> Image.Image:
    """Returns a picture of a ball, a crate and the sun, 640 x 480."""
    image = Image.new("RGB", (640, 480), SKY)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 320, 640, 480), fill=GRASS)
    pen.ellipse((80, 150, 260, 380), fill=BALL)
    pen.rectangle((350, 200, 560, 420), fill=CRATE)
    pen.ellipse((500, 40, 580, 120), fill=SUN)
    return image.filter(ImageFilter.GaussianBlur(1.2))


def person() -> Image.Image:
    """Returns a picture of somebody who waves, 320 x 400."""
    image = Image.new("RGB", (320, 400), (226, 222, 210))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 360, 320, 400), fill=(176, 160, 132))
    for bones in _BONES:
        line = [JOINTS[name][::-1] for name in bones]
        pen.line(line, fill=(58, 84, 128), width=22, joint="curve")
    pen.ellipse((132, 36, 188, 104), fill=(214, 164, 128))
    return image.filter(ImageFilter.GaussianBlur(1.0))


def digit() -> Image.Image:
    """Returns the digit 7, dark on white, 96 x 96."""
    image = Image.new("L", (96, 96), 255)
    pen = ImageDraw.Draw(image)
    pen.line([(26, 24), (70, 24), (42, 76)], fill=20, width=9, joint="curve")
    return image.filter(ImageFilter.GaussianBlur(0.8))


def draw_all(folder: Path) -> None:
    """Writes the pictures as PNG files below a folder."""
    for drawing in (scene, person, digit):
        drawing().save(folder / f"{drawing.__name__}.png")


def waves(size: int, *periods: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Returns the sum of sines with these numbers of periods, float [size]."""
    time = np.arange(size) / size
    total: np.ndarray[tuple[int], np.dtype[np.float64]] = np.sum(
        [np.sin(2 * np.pi * count * time) for count in periods], axis=0
    )
    return total
