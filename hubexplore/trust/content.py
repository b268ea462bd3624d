"""The digest of everything in a module that decides what it does when it runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hubexplore.errors import UnreadableModuleError
from hubexplore.summary.files.filesystem import join
from hubexplore.summary.module_format import (
    ASSETS_FOLDER,
    FINGERPRINT_FILE,
    GRAPH_FILES,
    MODULE_FILE,
    VARIABLES_FOLDER,
)

if TYPE_CHECKING:
    from hubexplore.summary.files.filesystem import Filesystem, Mark
    from hubexplore.summary.module_directory import ModuleDirectory

_FILES: Final = (*GRAPH_FILES, MODULE_FILE, FINGERPRINT_FILE)
_FOLDERS: Final = (ASSETS_FOLDER, VARIABLES_FOLDER)
_DEEPEST: Final = 16
_MOST_FILES: Final = 100_000
_CHUNK: Final = 1 << 24  # bytes of a file in memory at once
_PREFIX: Final = "hubexplore content 1"
"""Distinguishes this digest from any other SHA-256 of JSON; the number changes with its definition."""


MSG_CHANGED: Final = (
    "The files of {directory!r} have changed since its graph was read, so what was found in it may no longer "
    "hold. Nothing more of it was run. Load or show it again."
)


@dataclass(frozen=True)
class Content:
    """The content of a module that was found in a folder.

    Attributes:
      digest: see `content_digest`.
      place: of the module.
      marks: of its files, by name; they tell, without reading, that a file has changed.
    """

    digest: str
    place: ModuleDirectory
    marks: Mapping[str, Mark]

    def confirm(self) -> None:
        """Checks that the folder still has this content.

        Raises:
          UnreadableModuleError: a file was changed, added or removed.
        """
        if _marks(self.place) != self.marks:
            raise _changed(self.place)


def content_of(place: ModuleDirectory) -> Content:
    """Returns the content of a module, whose files are read in full.

    Raises:
      UnreadableModuleError: a file cannot be read, or the folders hold more files than any module; or a graph
        is not the one that was read before, or a file changes meanwhile. The digest would then be of
        something else than what was examined.
    """
    marks = _marks(place)
    content = Content(content_digest(place), place, marks)
    content.confirm()
    return content


def _changed(place: ModuleDirectory) -> UnreadableModuleError:
    return UnreadableModuleError(MSG_CHANGED.format(directory=place.directory))


def _marks(place: ModuleDirectory) -> Mapping[str, Mark]:
    if place.has_changed:
        raise _changed(place)
    try:
        return {name: place.filesystem.mark(place.path(name)) for name in content_names(place)}
    except OSError as error:
        raise _unreadable(place, error) from error


def content_digest(place: ModuleDirectory) -> str:
    """Returns the SHA-256, in hex digits, of the graphs, assets and weights of a module, read in full.

    `ModuleSummary.digest` takes the checksums of the weights from the index of the checkpoint, which whoever
    changes the weights can keep. This digest is that of the bytes. It is linear in the size of the module.

    Raises:
      UnreadableModuleError: a file cannot be read, or the folders hold more files than any module.
    """
    try:
        files = [
            (name, _file_digest(place.path(name), place.filesystem)) for name in sorted(content_names(place))
        ]
    except OSError as error:
        raise _unreadable(place, error) from error
    # JSON keeps names and digests apart, so that no two different contents give the same text.
    return hashlib.sha256(json.dumps([_PREFIX, files]).encode("ascii")).hexdigest()


def _unreadable(place: ModuleDirectory, error: OSError) -> UnreadableModuleError:
    if isinstance(error, UnreadableModuleError):
        return error
    return UnreadableModuleError(
        f"The content of {place.directory!r} cannot be read: {error.strerror or error}."
    )


def content_names(place: ModuleDirectory) -> Iterator[str]:
    """Yields the paths of the files that the digest covers, from the module's directory."""
    if place.names is not None:
        yield from place.names
        folders: tuple[str, ...] = ()
        if place.filesystem.isdir(place.path(ASSETS_FOLDER)):
            folders = (ASSETS_FOLDER,)
    else:
        yield from (name for name in _FILES if place.filesystem.exists(place.path(name)))
        folders = tuple(folder for folder in _FOLDERS if place.filesystem.isdir(place.path(folder)))
    count = 0
    for folder in folders:
        for name in _below(place.path(folder), place.filesystem):
            count += 1
            if count > _MOST_FILES:
                raise UnreadableModuleError(f"{place.directory!r} has more than {_MOST_FILES:,} files.")
            yield f"{folder}/{name}"


def _below(path: str, filesystem: Filesystem, depth: int = 0) -> Iterator[str]:
    for name in filesystem.listdir(path):
        inner = join(path, name)
        if not filesystem.isdir(inner):
            yield name
        elif depth < _DEEPEST:
            yield from (f"{name}/{below}" for below in _below(inner, filesystem, depth + 1))
        else:
            raise UnreadableModuleError(f"{path!r} has folders more than {_DEEPEST} levels deep.")


def _file_digest(path: str, filesystem: Filesystem) -> str:
    whole = hashlib.sha256()
    # Up to the end, not up to a size: what is appended meanwhile belongs to what TensorFlow is going to read.
    offset = 0
    while data := filesystem.read_range(path, offset, _CHUNK):
        whole.update(data)
        offset += len(data)
    return whole.hexdigest()
