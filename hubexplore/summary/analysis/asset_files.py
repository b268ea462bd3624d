"""Which file the path of an asset leads to."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hubexplore.summary.analysis.values import ASSET_MARK, LINK_MARK
from hubexplore.summary.files.filesystem import join
from hubexplore.summary.files.links import leads_out
from hubexplore.summary.files.paths import is_url

AssetPath = Callable[[str], bytes]
"""From the name of an asset to its path, with where it leads if it is a link out of the module."""
_ASSETS: Final = "assets"


def in_folder(name: str) -> bytes:
    """The path of an asset of a module that is not on disk."""
    return ASSET_MARK + os.fsencode(name)


def on_disk(directory: str) -> AssetPath:
    """The paths of the assets of a module in a directory, with links followed."""
    if is_url(directory):
        return in_folder
    folder = join(directory, _ASSETS)

    def path(name: str) -> bytes:
        file = join(folder, name)
        # A name that leads out by itself is shown as it is written.
        if not os.path.normpath(file).startswith(os.path.normpath(folder)) or not leads_out(file, directory):
            return in_folder(name)
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            return in_folder(name) + LINK_MARK + os.fsencode(Path(file).resolve())
        return in_folder(name)

    return path
