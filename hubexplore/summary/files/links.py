"""Links that lead out of a module, whose targets are the user's files and not the module's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hubexplore.summary.files.paths import is_url

_BLOBS: Final = "blobs"


def is_own(path: str, directory: str) -> bool:
    """Whether an asset is the module's: what a link leads to elsewhere is neither read nor shown.

    Args:
      path: of the file.
      directory: of the assets folder, which may itself be a link that a cache made.
    """
    if is_url(path):
        return True
    try:
        target, folder = Path(path).resolve(), Path(directory).resolve()
    except (OSError, RuntimeError, ValueError):
        return False
    # The cache of Hugging Face keeps the content of files beside its folders of links to them.
    roots = [folder.parent, *(parent / _BLOBS for parent in Path(directory).absolute().parents[1:4])]
    return any(target.is_relative_to(root) for root in roots)
