"""The files of the samples in the package, and the digest of their content; fast to import."""

from __future__ import annotations

import hashlib
import pathlib
from typing import Final

import hubexplore

PACKAGE: Final = pathlib.Path(__file__).parent
WEIGHTS: Final = PACKAGE / "weights"
DATA: Final = PACKAGE / "data"
HELD_OUT_DIGITS: Final = WEIGHTS / "digits" / "held_out.npz"
TRAINING_DIGITS: Final = DATA / "training_digits.npz"
VERSES: Final = DATA / "verses.txt.xz"
LARGEST_PIXEL: Final = 16.0
"""Largest value of a pixel of the digit images, which are stored as whole numbers."""


def digest(name: str, package: pathlib.Path = PACKAGE) -> str:
    """Returns hex digits that change with everything the sample `name` is built from.

    That is the release of hubexplore, the code in `package`, and the weights of the sample.
    """
    # Digests of digests: joined contents could be split into files in another way with the same result.
    state = hashlib.sha256(hubexplore.__version__.encode())
    for path in (*sorted(package.glob("*.py")), *sorted((package / "weights" / name).glob("*"))):
        state.update(hashlib.sha256(path.read_bytes()).digest())
    return state.hexdigest()
