"""Where the files of a conversion go: nothing is there before they are complete."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hubexplore.errors import ExportError, ExportExistsError
from hubexplore.hub.placement import rename
from hubexplore.hub.resolve.tf_filesystem import filesystem_of
from hubexplore.summary.files import paths
from hubexplore.summary.files.atomic_write import part_name
from hubexplore.summary.free_names import free_name
from hubexplore.summary.lookup import first_names

WHAT: Final = "The path to write to"
"""What the target of a conversion is called in messages."""
_MAX_STEM: Final = 100
_NOT_IN_NAMES: Final = re.compile(r"[^\w.\-]+", re.ASCII)

MSG_EXISTS: Final = (
    "{path!r} exists. Write to another path, remove it, or replace it: overwrite=True, in a notebook and a "
    "terminal --overwrite. Nothing was changed."
)
MSG_FOLDER: Final = (
    "{path!r} is a directory, but {suffix} is a file. Write to a path inside it, such as {below!r}. "
    "Nothing was changed."
)
MSG_OTHER: Final = (
    "{path!r} holds {names}. overwrite=True replaces files that end in {suffixes} only. Write to "
    "another path. Nothing was changed."
)
MSG_WRITE: Final = "{path!r} cannot be written: {reason}. Nothing was changed."


def target_of(path: str | os.PathLike[str]) -> str:
    """The absolute path of a target, which must be on this machine."""
    return paths.local_to_write(path, WHAT)


def check(path: str, suffixes: Sequence[str], overwrite: bool) -> None:
    """Checks that something can be written.

    Args:
      path: absolute. With the first suffix it is a file, otherwise a directory for files.
      suffixes: of the files that are written.
      overwrite: whether such files are replaced.

    Raises:
      ExportExistsError: (a FileExistsError) something is there that stays.
    """
    target = Path(path)
    if not os.path.lexists(target):
        return
    if path.lower().endswith(suffixes[0]):
        if target.is_dir():
            below = os.path.join(path, f"model{suffixes[0]}")
            raise ExportExistsError(MSG_FOLDER.format(path=path, suffix=suffixes[0], below=below))
        if not overwrite:
            raise ExportExistsError(MSG_EXISTS.format(path=path))
        return
    if not target.is_dir():
        raise ExportExistsError(MSG_EXISTS.format(path=path))
    names = sorted(filesystem_of(path).listdir(path))
    if not names:
        return
    others = [name for name in names if not name.lower().endswith(tuple(suffixes))]
    if others:
        raise ExportExistsError(
            MSG_OTHER.format(path=path, names=first_names(others, 3), suffixes=", ".join(suffixes))
        )
    if not overwrite:
        raise ExportExistsError(MSG_EXISTS.format(path=path))


def put(files: Sequence[tuple[Path, Path]], overwrite: bool) -> None:
    """Moves files to their targets, the last of them last; after a failure none of the new ones is there.

    Args:
      files: where each is, complete, and where it belongs.
      overwrite: whether a file that is there is replaced.

    Raises:
      ExportExistsError: (a FileExistsError) another program has put something there meanwhile.
      ExportError: (an OSError) no permission, no space.
    """
    folders = {target.parent for _, target in files}
    missing = [
        folder
        for home in folders
        for folder in (home, *home.parents)
        if not os.path.lexists(folder)
    ]  # fmt: skip
    # First all go beside their targets, which may be on another disk; from there each is one rename.
    parts = [(target.with_name(part_name(target.name)), target) for _, target in files]
    placed: list[Path] = []
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        for (source, _), (part, _) in zip(files, parts, strict=True):
            shutil.move(source, part)
        for part, target in parts:
            if overwrite:
                part.replace(target)
            else:
                rename.move(part, target)
                placed.append(target)
    except BaseException as error:
        for path in (*placed, *(part for part, _ in parts)):
            with contextlib.suppress(OSError):
                path.unlink()
        for folder in sorted(set(missing), key=lambda one: -len(one.parts)):
            with contextlib.suppress(OSError):
                folder.rmdir()
        target = files[-1][1]
        if isinstance(error, FileExistsError):
            raise ExportExistsError(MSG_EXISTS.format(path=str(error.filename2 or target))) from error
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise ExportError(MSG_WRITE.format(path=str(target), reason=reason)) from error
        raise


def file_name(signature: str, used: set[str]) -> str:
    """A name for the file of a signature, without a suffix, that no other signature has.

    Args:
      signature: its name, which may hold any character.
      used: names that are taken, in lower case; gets the new one.
    """
    stem = _NOT_IN_NAMES.sub("_", signature)[:_MAX_STEM].strip(".") or "signature"
    name = free_name(stem, used, first=2, ignore_case=True)
    used.add(name.lower())
    return name
