"""Reads many ranges of one file into memory that the caller has, without opening the file for each."""

from __future__ import annotations

import os
from io import BufferedReader
from typing import Final

from hubexplore.summary.files.filesystem import Filesystem, LocalFilesystem, open_regular

_BLOCK: Final = 1 << 23
"""Bytes that are asked for at once where each call may be a request to a server."""


class Ranges:
    """Read access to one file; a context manager.

    Raises:
      OSError: the file cannot be opened, or a range cannot be read.
    """

    def __init__(self, filesystem: Filesystem, path: str) -> None:
        self._filesystem, self._path = filesystem, path
        self._file: BufferedReader | None = None
        self._start, self._block = 0, b""
        if isinstance(filesystem, LocalFilesystem):
            self._file = open_regular(path)

    def read_into(self, target: memoryview, offset: int) -> int:
        """Fills `target` from `offset` on; returns the number of bytes, fewer where the file ends before."""
        if self._file is not None:
            return _read_at(self._file, target, offset)
        done = 0
        while done < len(target):
            at = offset + done - self._start
            if not 0 <= at < len(self._block):
                self._start, at = offset + done, 0
                size = max(_BLOCK, len(target) - done)
                self._block = self._filesystem.read_range(self._path, self._start, size)
                if not self._block:
                    break
            piece = self._block[at : at + len(target) - done]
            target[done : done + len(piece)] = piece
            done += len(piece)
        return done

    def close(self) -> None:
        """Closes the file."""
        self._block = b""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Ranges:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _read_at(file: BufferedReader, target: memoryview, offset: int) -> int:
    done = 0
    # The system may return less than it was asked for; nothing is the end of the file.
    while done < len(target):
        size = os.preadv(file.fileno(), [target[done:]], offset + done)
        if not size:
            break
        done += size
    return done
