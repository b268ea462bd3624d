"""Takes the pictures of the README from what the browser tests saw: few colours, so that they are small.

python -m tools.pictures build/screenshots docs/pictures
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from PIL import Image

NAMES: Final = ("explorer", "activations", "card")
COLOURS: Final = 256
HIGHEST: Final = 1200
"""Pixels; what is below is cut off."""


def take(source: Path, target: Path) -> None:
    """Writes one picture."""
    with Image.open(source) as picture:
        width, height = picture.size
        shown = picture.convert("RGB").crop((0, 0, width, min(height, HIGHEST)))
    shown.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    screenshots, pictures = map(Path, sys.argv[1:])
    for name in NAMES:
        take(screenshots / f"{name}.png", pictures / f"{name}.png")
