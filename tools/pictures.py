"""Makes the pictures of the README from screenshots of the browser tests; few colours keep them small.

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
"""Maximum height of a picture in pixels; the rest is cut off."""


def take(source: Path, target: Path) -> None:
    """Crops one screenshot, reduces its colours and writes it."""
    with Image.open(source) as picture:
        width, height = picture.size
        cropped = picture.convert("RGB").crop((0, 0, width, min(height, HIGHEST)))
    cropped.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    screenshots, pictures = map(Path, sys.argv[1:])
    for name in NAMES:
        take(screenshots / f"{name}.png", pictures / f"{name}.png")
