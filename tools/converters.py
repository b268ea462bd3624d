"""Makes build/converters: tf2onnx and the runtimes of ONNX and LiteRT, which the tests of conversions use.

    .venv/bin/python -m tools.converters

They are optional, and so not in .venv: there the tests show what happens without them. The versions in
tools/converters.txt are those that work beside the ones in constraints.txt.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from tools import layered

ROOT: Final = Path(__file__).resolve().parents[1]
PLACE: Final = ROOT / "build" / "converters"
PACKAGES: Final = Path(__file__).with_suffix(".txt")


if __name__ == "__main__":
    sys.exit(layered.make(PLACE, PACKAGES, "The converters"))
