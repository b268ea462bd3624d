"""A folder of pictures."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hubexplore.mapping.sources.memory import FrameSource
from hubexplore.mapping.sources.source import digest_of

SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")


def is_picture(name: str) -> bool:
    """Whether a file is a picture, by its name."""
    return name.lower().endswith(SUFFIXES)


def picture_files(folder: str) -> list[str]:
    """The paths of the pictures in a folder and those in it, from the folder, in alphabetical order."""
    found = []
    for parent, _, names in os.walk(folder):
        # Once for each folder, not for each file: of a million files it would take seconds.
        inner = Path(parent).relative_to(folder).as_posix()
        beginning = "" if inner == "." else f"{inner}/"
        found += [beginning + name for name in names if is_picture(name) and not name.startswith(".")]
    return sorted(found)


class PictureFolder(FrameSource):
    """The pictures in a folder: a column `path`, which is the index as well.

    Args:
      folder: of the pictures; "" for paths from the current directory.
      paths: of the files, from the folder.
    """

    def __init__(self, folder: str, paths: Sequence[str]) -> None:
        import pandas as pd

        index = pd.Index(paths, name="path")
        super().__init__(pd.DataFrame({"path": list(paths)}, index=index))
        self._folder = folder
        self.label = repr(folder) if folder else f"the {len(paths):,} pictures"

    def identity(self, names: Sequence[Any]) -> Mapping[str, Any]:
        """The names of the files, and how each was last changed."""
        stats = [Path(self._folder, path).stat() for path in self.index]
        changes = [(stat.st_size, stat.st_mtime_ns) for stat in stats]
        return {**super().identity(["path"]), "kind": "pictures", "changes": digest_of(changes)}

    def place(self, row: int) -> str:
        """The row and its file."""
        return f"row {row:,}, picture {self.index[row]!r}"

    def file_of(self, row: int) -> str:
        """The file of a row."""
        return os.path.join(self._folder, self.index[row])
