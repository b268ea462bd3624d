"""Which models are below a path: SavedModels, modules, frozen graphs, checkpoints, Keras models, archives."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hubexplore.summary.analysis.keras_code import SUFFIXES
from hubexplore.summary.diagnosis.file_types import HEAD, starts_graph
from hubexplore.summary.files.archive_names import ARCHIVE_SUFFIXES
from hubexplore.summary.files.filesystem import open_regular
from hubexplore.summary.module_format import (
    ASSETS_FOLDER,
    FINGERPRINT_FILE,
    GRAPH_FILES,
    METADATA_FILE,
    MODULE_FILE,
    VARIABLES_FOLDER,
)

_GRAPH_SUFFIXES: Final = (".pb", ".graphdef")
_TEXT_SUFFIX: Final = ".pbtxt"
_META_SUFFIX: Final = ".meta"
# Files beside a graph that are other messages.
_OTHER_FILES: Final = frozenset({*GRAPH_FILES, MODULE_FILE, FINGERPRINT_FILE, METADATA_FILE})
# Text that may be a graph; the text of other messages, such as label maps, is not reported as unreadable.
_GRAPH_WORDS: Final = (b"node", b"library", b"meta_info_def", b"graph_def")
# Of a model, folders in which no other model lies.
_PARTS: Final = frozenset({VARIABLES_FOLDER, ASSETS_FOLDER, "assets.extra"})


@dataclass(frozen=True)
class Target:
    """Something to judge.

    Attributes:
      path: that reads it.
      label: what reports call it.
      is_archive: whether models in it have to be unpacked first.
      is_certain: whether the user named it, so that it must be a model; else it was found in a folder.
    """

    path: str
    label: str
    is_archive: bool = False
    is_certain: bool = True


def targets(words: list[str]) -> list[Target]:
    """Returns what the arguments of the command name, each thing once, in order.

    Args:
      words: paths of directories and files, patterns as a shell has them, or other handles.
    """
    found: dict[str, Target] = {}
    for word in words:
        for path in _matches(word):
            for target in _of_path(path):
                found.setdefault(target.path, target)
    return list(found.values())


def _matches(word: str) -> list[str]:
    """Returns the paths that match a pattern; a path that exists is no pattern."""
    if os.path.lexists(word) or not glob.has_magic(word):
        return [word]
    # Without a match the pattern itself, which is then reported as a path where nothing is.
    return sorted(glob.glob(word, recursive=True)) or [word]  # noqa: PTH207 - of absolute paths as well


def _of_path(path: str) -> Iterator[Target]:
    if os.path.isdir(path):  # noqa: PTH112 - a word may be no path at all, such as a handle
        yield from below(path)
    else:
        yield Target(path, path, is_archive=path.lower().endswith(ARCHIVE_SUFFIXES))


def below(root: str) -> Iterator[Target]:
    """Yields the models in a directory and below it, sorted; links to directories are not followed."""
    # What a folder cannot be listed for is reported as what cannot be read.
    unlisted: list[OSError] = []
    for folder, folders, names in os.walk(root, onerror=unlisted.append):
        # A module that lacks its graph is one that cannot be read.
        is_model = any(name in (*GRAPH_FILES, MODULE_FILE) for name in names)
        folders[:] = sorted(name for name in folders if not (is_model and name in _PARTS))
        if is_model:
            yield Target(folder, folder)
        for name in sorted(names):
            path = str(Path(folder, name))
            if name.lower().endswith(SUFFIXES):
                yield Target(path, path, is_certain=False)
            elif name.lower().endswith(ARCHIVE_SUFFIXES):
                yield Target(path, path, is_archive=True, is_certain=False)
            # Beside the graph of a model other messages may lie, which only have names like graphs.
            elif _may_be_graph(path, name) and (not is_model or starts_graph(_head(path))):
                yield Target(path, path, is_certain=False)
    for error in unlisted:
        yield Target(str(error.filename), str(error.filename))


def _may_be_graph(path: str, name: str) -> bool:
    if name in _OTHER_FILES:
        return False
    suffix = Path(name).suffix.lower()
    if suffix == _TEXT_SUFFIX:
        head = _head(path)
        return any(word in head for word in _GRAPH_WORDS)
    if suffix == _META_SUFFIX:
        # Programs of all kinds write files with this suffix: only beside a checkpoint they are graphs.
        return Path(path).with_suffix(".index").exists() or _head(path)[:1] == b"\n"
    return suffix in _GRAPH_SUFFIXES


def _head(path: str) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(HEAD)
    except OSError:
        return b""
