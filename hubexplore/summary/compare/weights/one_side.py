"""Reads one side of a variable that is not read ahead, and checks it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hubexplore.summary.compare.weights.stored import Bytes, Part, Reader, Stored
from hubexplore.summary.weights.crc32c_blocks import new_register


class OneSide:
    """One side of a pair; a context manager.

    Args:
      stored: where the value is.
      advance: is told how many bytes were read.
      piece: number of bytes that should be read at a time at most.
    """

    def __init__(self, stored: Stored, advance: Callable[[int], object], piece: int) -> None:
        self.stored, self.piece, self.advance = stored, piece, advance
        self._reader = Reader()
        self._register = new_register()

    def is_damaged(self) -> bool:
        """Reads the whole side, part by part, and returns whether any part does not have its checksum."""
        damaged = False
        for part in self.stored.parts:
            for start in range(0, part.size, self.piece):
                size = min(self.piece, part.size - start)
                self.check(self.copy(part, start, size))
                self.advance(size)
            damaged |= not self.has_checksum(part)
        return damaged

    def copy(self, part: Part, start: int, size: int) -> Bytes:
        """Returns bytes of a part in memory of their own; `advance` is not told.

        Raises:
          DamagedModuleError: a data file is missing or truncated.
          UnreadableModuleError: a data file cannot be read.
        """
        data = np.empty(size, np.uint8)
        self._reader.read_into(self.stored, part, data, start)
        return data

    def check(self, data: Bytes) -> None:
        """Adds bytes to the checksum."""
        self._register.add(data)

    def has_checksum(self, part: Part) -> bool:
        """Returns whether what was added has the checksum of a part, and begins again."""
        return self._register.take() == part.checksum or part.checksum is None

    def __enter__(self) -> OneSide:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
