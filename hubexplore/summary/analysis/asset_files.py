"""Which file the path of an asset leads to."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hubexplore.summary.analysis.values import ASSET_MARK
from hubexplore.summary.files.paths import is_url

AssetPath = Callable[[str], bytes]
"""From the name of an asset to its path: in the assets folder, or outside where a link leads there."""
_ASSETS: Final = "assets"
_BLOBS: Final = "blobs"


def in_folder(name: str) -> bytes:
    """The path of an asset of a module that is not on disk."""
    return ASSET_MARK + os.fsencode(name)


def on_disk(directory: str) -> AssetPath:
    """The paths of the assets of a module in a directory, with links followed."""
    if is_url(directory):
        return in_folder
    own = Path(directory).resolve()
    # The cache of Hugging Face keeps the content of files beside its folders of links to them.
    roots = [own, *(parent / _BLOBS for parent in Path(directory).absolute().parents[:3])]

    def path(name: str) -> bytes:
        file = Path(directory, _ASSETS, name)
        try:
            target = file.resolve()
        except (OSError, ValueError, RuntimeError):
            return in_folder(name)
        is_own = any(target.is_relative_to(root) for root in roots)
        is_within = os.path.normpath(file).startswith(os.path.normpath(Path(directory, _ASSETS)))
        # A name that leads out by itself is shown as it is written.
        return in_folder(name) if is_own or not is_within else os.fsencode(target)

    return path
