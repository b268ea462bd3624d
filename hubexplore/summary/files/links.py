"""Links that lead out of a module, whose targets are the user's files and not the module's."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

from hubexplore.summary.files.paths import is_url

_BLOBS: Final = "blobs"


def leads_out(path: str, module: str) -> bool:
    """Whether the path of a file of a module leads out of its directory, by a link of any part of it."""
    if is_url(path):
        return False
    try:
        target, root = Path(path).resolve(), Path(module).resolve()
    except (OSError, RuntimeError, ValueError):
        return True
    # The cache of Hugging Face keeps the content of files beside its folders of links to them.
    roots = [root, *(parent / _BLOBS for parent in Path(module).absolute().parents[:3])]
    return not any(target.is_relative_to(root) for root in roots)


def is_own(path: str, directory: str) -> bool:
    """Whether an asset may be read and shown: not what a link of the file leads to elsewhere.

    Args:
      path: of the file.
      directory: of the assets folder, which may itself be a link that a cache made.
    """
    folder = Path(directory)
    if is_url(path) or not leads_out(path, str(folder.parent)):
        return True
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        return Path(path).resolve().is_relative_to(folder.resolve())
    return False
