"""How long this machine needs to import TensorFlow: a number in the user's folder for caches."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

from hubexplore.hub.resolve.cache import user_caches
from hubexplore.summary.files.atomic_write import write_file

DEFAULT_SECONDS: Final = 10.0
"""What is expected of a machine on which nothing has been measured."""
_LONGEST: Final = 3600.0
_MAX_BYTES: Final = 64


def expected_seconds() -> float:
    """Returns what the last import took, in seconds; a default if that is not known."""
    # RuntimeError: a user without a home directory.
    with contextlib.suppress(OSError, ValueError, RuntimeError), _path().open("rb") as opened:
        seconds = float(opened.read(_MAX_BYTES))
        if 0 < seconds <= _LONGEST:
            return seconds
    return DEFAULT_SECONDS


def remember(seconds: float) -> None:
    """Records what an import took; where that is impossible, nothing happens."""
    with contextlib.suppress(OSError, RuntimeError):
        file = _path()
        file.parent.mkdir(parents=True, exist_ok=True)
        write_file(file, f"{seconds:.1f}\n".encode("ascii"))


def _path() -> Path:
    return user_caches() / "hubexplore" / "tensorflow-import-seconds"
