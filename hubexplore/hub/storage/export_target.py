"""Checks the target of an export: nothing, files that stay, or a module that is replaced."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import tensorflow as tf

from hubexplore.errors import ExportExistsError, HubError
from hubexplore.hub.placement import is_scratch
from hubexplore.hub.resolve.tf_filesystem import filesystem_of
from hubexplore.hub.storage import assets
from hubexplore.hub.storage.meta_graphs import read_variants
from hubexplore.summary.files.paths import is_url
from hubexplore.summary.lookup import first_names
from hubexplore.summary.module_format import ASSETS_FOLDER, GRAPH_FILES, MODULE_FILE, VARIABLES_FOLDER

# Where one of these is, the directory already holds a model.
_OCCUPIED: Final = frozenset({MODULE_FILE, *GRAPH_FILES, VARIABLES_FOLDER, ASSETS_FOLDER})
# What writers of SavedModels derive from the model, and file managers leave in any folder.
_DERIVED: Final = frozenset({"keras_metadata.pb", "fingerprint.pb", ".DS_Store", "Thumbs.db", "desktop.ini"})
_FILES: Final = frozenset({MODULE_FILE, *GRAPH_FILES}) | _DERIVED
_CHECKPOINT_FILE: Final = re.compile(r"variables/variables\.(index|data-\d{5}-of-\d{5})")
_MAX_NAMES: Final = 3
"""Maximum number of foreign files that a message names."""

MSG_FILE: Final = "{path!r} is a file. Export to a directory that does not exist yet. Nothing was changed."
MSG_DANGLING: Final = (
    "{path!r} is a symbolic link to {leads!r}, which does not exist. Remove the link, os.unlink({path!r}), "
    "or export to another path. Nothing was changed."
)
MSG_HOLDS_MODEL: Final = (
    "{path!r} already holds a model ({names}). Export to another directory, remove it, or replace it: "
    "overwrite=True, in a notebook and a terminal --overwrite. Nothing was changed."
)
MSG_NO_MODULE: Final = (
    "{path!r} holds something that is not a {kind}: {names}. overwrite replaces a {kind} only. Remove it "
    "yourself, or export to another path. Nothing was changed."
)
MSG_FOREIGN: Final = (
    "{path!r} holds more than the module, and replacing it would delete: {names}. Move that elsewhere, or "
    "export to another path. Nothing was changed."
)
MSG_LINK: Final = (
    "{path!r} is a symbolic link to {leads!r}, and overwrite replaces directories only. Export to {leads!r} "
    "to replace the module there, or remove the link: os.unlink({path!r}). Nothing was changed."
)
MSG_MOUNT: Final = (
    "{path!r} is a mount point, and overwrite replaces whole directories. Export to a directory inside it, "
    "such as {below!r}, or remove the module there yourself. Nothing was changed."
)
MSG_CURRENT: Final = (
    "{path!r} cannot be replaced while the current directory is {current!r}, which would be deleted. Change "
    "it first, os.chdir(...), or export to another path. Nothing was changed."
)


class ModuleExistsError(ExportExistsError, tf.errors.AlreadyExistsError):  # type: ignore[misc]  # TensorFlow is untyped
    """The target of an export already holds something."""

    def __init__(self, message: str) -> None:
        tf.errors.AlreadyExistsError.__init__(self, None, None, message)


def is_replaced(path: str, overwrite: bool, last: str = MODULE_FILE) -> bool:
    """Says whether an export replaces a model at its target; otherwise it adds files to what is there.

    Args:
      path: absolute path, or an address of TensorFlow's file systems.
      overwrite: whether a model may be replaced.
      last: the file by which a model that may be replaced is known.

    Raises:
      ModuleExistsError: (a FileExistsError) an export must do neither.
      OSError: the target cannot be looked at.
    """
    filesystem = filesystem_of(path)
    # Before exists(), which follows the link and would report that nothing is there.
    if not is_url(path) and Path(path).is_symlink() and not Path(path).exists():
        raise ModuleExistsError(MSG_DANGLING.format(path=path, leads=str(Path(path).readlink())))
    if not filesystem.exists(path):
        return False
    if not filesystem.isdir(path):
        raise ModuleExistsError(MSG_FILE.format(path=path))
    names = {name for name in filesystem.listdir(path) if not is_scratch(name)}
    if not overwrite:
        if occupied := _OCCUPIED & names:
            raise ModuleExistsError(MSG_HOLDS_MODEL.format(path=path, names=", ".join(sorted(occupied))))
        return False
    if not names:
        return False
    if last not in names:
        raise ModuleExistsError(
            MSG_NO_MODULE.format(
                kind="module" if last == MODULE_FILE else "SavedModel",
                path=path,
                names=first_names(sorted(names), _MAX_NAMES),
            )
        )
    _check_replaceable(path)
    return True


def _check_replaceable(path: str) -> None:
    """Raises ModuleExistsError if to replace the module at `path` would delete or move something else."""
    if not is_url(path):
        if Path(path).is_symlink():
            raise ModuleExistsError(MSG_LINK.format(path=path, leads=os.path.realpath(path)))
        if Path(path).is_mount():
            raise ModuleExistsError(MSG_MOUNT.format(path=path, below=os.path.join(path, "module")))
        current = _current()
        if current is not None and current.is_relative_to(Path(path).resolve()):
            raise ModuleExistsError(MSG_CURRENT.format(path=path, current=str(current)))
    # A replaced directory is deleted as a whole, so nothing but the module may be in it.
    foreign = list(_foreign(path))
    if foreign:
        raise ModuleExistsError(MSG_FOREIGN.format(path=path, names=first_names(sorted(foreign), _MAX_NAMES)))


def _current() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # it was deleted
        return None


def _foreign(path: str) -> list[str]:
    """Returns what no export writes, relative to the module; a directory as a whole, with a slash."""
    files = _FILES | {f"{ASSETS_FOLDER}/{name}" for name in _listed_assets(path)}
    folders = {VARIABLES_FOLDER, ASSETS_FOLDER}
    for file in files:
        folders.update(file[: slash.start()] for slash in re.finditer("/", file))

    def foreign(folder: str) -> Iterator[str]:
        for name, is_folder in _entries(os.path.join(path, folder)):
            below = f"{folder}/{name}" if folder else name
            if is_folder and below in folders:
                yield from foreign(below)
            elif is_folder:
                yield f"{below}/"
            elif below not in files | folders and not _CHECKPOINT_FILE.fullmatch(below):
                yield below

    return list(foreign(""))


def _entries(folder: str) -> Iterator[tuple[str, bool]]:
    """Yields names, and whether each is a directory; a link does not count as one, whatever its target."""
    filesystem = filesystem_of(folder)
    for name in filesystem.listdir(folder):
        path = os.path.join(folder, name)
        yield name, filesystem.isdir(path) and (is_url(path) or not Path(path).is_symlink())


def _listed_assets(path: str) -> set[str]:
    """The assets that a module lists; none where its graphs cannot be read."""
    if not filesystem_of(path).isdir(os.path.join(path, ASSETS_FOLDER)):
        return set()
    with contextlib.suppress(HubError, tf.errors.OpError):
        return {
            name for variant in read_variants(path) for name in assets.read_assets(variant.as_read).values()
        }
    return set()
