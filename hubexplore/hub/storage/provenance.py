"""Which files a spec was made from, and whether they have changed since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tensorflow as tf

from hubexplore.summary.files.paths import is_url


@dataclass(frozen=True)
class SourceFile:
    """The `saved_model.pb` that defines a spec, and nothing else does.

    Attributes:
      path: of the file.
      length: in bytes, when it was read.
      modified: time of its last change then, in nanoseconds since 1970.
      is_mended: the graphs in use differ from those of the file, because a defect of it was repaired.
    """

    path: str
    length: int
    modified: int
    is_mended: bool = False

    @classmethod
    def of(cls, path: str) -> SourceFile:
        """The origin for a file as it is now."""
        status = tf.io.gfile.stat(path)
        return cls(path, status.length, status.mtime_nsec)

    def is_unchanged(self) -> bool:
        """Whether the file is unchanged and holds exactly the graphs in use."""
        # A repaired spec never equals the file, whose `is_mended` is False.
        try:
            # Length and time of change, not content: a module has hundreds of megabytes, and an export must
            # not read them twice.
            return SourceFile.of(self.path) == self
        except tf.errors.OpError:
            return False


@dataclass(frozen=True)
class AssetFiles:
    """The assets of a spec, and what their files were when it was made.

    Attributes:
      marks: path -> length in bytes and time of the last change; None where nothing was.
    """

    marks: Mapping[str, tuple[int, int] | None]

    @classmethod
    def of(cls, paths: Iterable[str]) -> AssetFiles:
        """The files as they are now."""
        return cls({path: _mark(path) for path in paths})

    @property
    def missing(self) -> list[str]:
        """The paths where nothing was."""
        return [path for path, mark in self.marks.items() if mark is None]

    def changed(self) -> list[str]:
        """The paths whose files were written again, or removed, since then."""
        return [path for path, mark in self.marks.items() if _mark(path) != mark]


NO_FILES: Final = AssetFiles({})


def _mark(path: str) -> tuple[int, int] | None:
    try:
        if is_url(path):
            remote = tf.io.gfile.stat(path)
            return remote.length, remote.mtime_nsec
        status = Path(path).stat()
    except (OSError, ValueError, tf.errors.OpError):
        return None
    return status.st_size, status.st_mtime_ns
