"""Paths of checkpoints for TensorFlow's readers, which treat them as patterns.

RestoreV2, `tf.train.load_checkpoint` and `tf.train.latest_checkpoint` look for files that match the path
before they read the path itself (TensorFlow 2.16 to 2.21: `GetMatchingPaths` in `save_restore_v2_ops.cc` and
`checkpoint_reader.cc`). A folder called `run[1]` does not match itself, nor does one with a backslash, and
an escaped path would match but then be read literally. So these folders are read through a link.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Final

from hubexplore.errors import PathError
from hubexplore.summary.files.paths import for_tensorflow, is_url

# Patterns that do not match themselves; `*`, `?` and a bracket that is never closed do.
_NOT_ITSELF: Final = re.compile(r"\[.*\]|\\", re.DOTALL)
MSG_NO_LINK: Final = (
    "TensorFlow takes '[', ']' and '\\' in the path of a checkpoint for a pattern, so {path!r} cannot be "
    "read as it is, and no link to it can be made in {folder!r}: {reason}. Rename the folder."
)


def restorable(prefix: str) -> str:
    """Returns a path for which TensorFlow reads the checkpoint at `prefix`, and no other.

    Args:
      prefix: of a checkpoint, absolute, without `.index`; or a directory of checkpoints.

    Returns:
      `prefix` itself, unless it is a pattern that does not match itself: then a path through a link that
      lasts as long as this process.

    Raises:
      PathError: (a ValueError) TensorFlow can read no such path, and no link to it can be made.
    """
    for_tensorflow(prefix)
    if is_url(prefix) or not _NOT_ITSELF.search(prefix):
        return prefix
    path = Path(prefix)
    if path.is_dir():
        return _link(path, _digest(path))
    # One link of the folder is enough if only the folder is a pattern.
    if not _NOT_ITSELF.search(path.name):
        return os.path.join(_link(path.parent, _digest(path.parent)), path.name)
    plain = _digest(path)
    # The name itself is a pattern, so the folder cannot be linked: each file of the checkpoint gets a link
    # with a plain name.
    for file in sorted(path.parent.glob("*")):
        if file.name == path.name or file.name.startswith(f"{path.name}."):
            _link(file, plain + file.name.removeprefix(path.name))
    return os.path.join(_links().name, plain)


def _digest(path: Path) -> str:
    # A digest, so that the same folder gets the same link in one process and the name is never a pattern.
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _link(target: Path, name: str) -> str:
    """Makes a link, unless it exists already; returns its path."""
    folder = _links().name
    link = Path(folder, name)
    try:
        if _NOT_ITSELF.search(folder):
            raise OSError("its own path is such a pattern; set TMPDIR to another folder")
        if not link.is_symlink():
            link.symlink_to(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PathError(MSG_NO_LINK.format(path=str(target), folder=folder, reason=reason)) from error
    return str(link)


@functools.cache
def _links() -> tempfile.TemporaryDirectory[str]:
    """The folder of this process's links, removed when it ends."""
    return tempfile.TemporaryDirectory(prefix="hubexplore-links-")
