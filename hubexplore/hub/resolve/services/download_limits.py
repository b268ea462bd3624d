"""Limits on what the packages of services fetch, which they do not have themselves.

They write to a folder of their own, which is watched while it grows: what a server announces of the size need
not be what it sends.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from hubexplore.hub.resolve import size_limits

# kagglehub fetches an archive, and unpacks it beside.
_ARCHIVE: Final = ".archive"
_SHORTEST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 1.0


class LimitError(Exception):
    """What is fetched passes a limit; the message is the rest of a sentence."""


@dataclass(frozen=True)
class Limits:
    """The limits of one download, by default those that the environment variables set.

    Attributes:
      size: bytes.
      files: number of files.
    """

    size: int = field(default_factory=lambda: size_limits.value(size_limits.SIZE))
    files: int = field(default_factory=lambda: size_limits.value(size_limits.FILES))

    def check(self, size: int, files: int) -> None:
        """Checks what a service announces, or has sent.

        Raises:
          LimitError: it is too much.
        """
        if size > self.size:
            finding = f"it has {size_limits.binary_size_text(size)} or more"
            raise LimitError(size_limits.lift(finding, size_limits.SIZE, self.size, size))
        if files > self.files:
            finding = f"it has more than {self.files:,} files"
            raise LimitError(size_limits.lift(finding, size_limits.FILES, self.files, files))


class _File(NamedTuple):
    path: str
    size: int
    is_link: bool


class Growth:
    """How a folder grows beyond what is there now.

    Attributes:
      longest: bytes of the longest file that is there now.
      pause: seconds until the next measurement is due. A folder of many files takes longer to read, so it is
        read less often.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        """Reads the folder, which need not exist."""
        self.pause = _SHORTEST_PAUSE_SECONDS
        self._folder = folder
        self._limits = limits
        self._before = {file.path: file.size for file in _files(folder)}
        self.longest = max(self._before.values(), default=0)

    def check(self) -> int:
        """Returns by how many bytes the folder has grown; links do not count.

        Raises:
          LimitError: a limit was passed.
        """
        started = time.monotonic()
        packed = unpacked = new = 0
        for file in _files(self._folder):
            if file.is_link:
                continue
            grown = file.size - self._before.get(file.path, 0)
            new += file.path not in self._before
            if file.path.endswith(_ARCHIVE):
                packed += grown
            else:
                unpacked += grown
        seconds = 10 * (time.monotonic() - started)
        self.pause = min(max(seconds, _SHORTEST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
        size = max(packed, unpacked)
        self._limits.check(size, new)
        return size

    def remove(self) -> None:
        """Removes the files that are new or have grown, and the folders that are empty then.

        A file that has grown may have been continued or written again, so its first part is not kept.
        """
        for file in list(_files(self._folder)):
            if file.size > self._before.get(file.path, -1):
                with contextlib.suppress(OSError):
                    os.unlink(file.path)  # noqa: PTH108 - paths are strings here
        for place, _, _ in os.walk(self._folder, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(place)  # noqa: PTH106 - as above


def _files(folder: Path) -> Iterator[_File]:
    """Yields the files below a folder; links have no size. Those that come or go meanwhile may be missing."""
    waiting = [str(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                    continue
                is_link = entry.is_symlink()
                with contextlib.suppress(OSError):
                    size = 0 if is_link else entry.stat(follow_symlinks=False).st_size
                    yield _File(entry.path, size, is_link)
