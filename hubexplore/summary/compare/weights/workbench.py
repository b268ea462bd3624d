"""What one thread works with: a buffer and a reader for either side, and scratch memory for sums."""

from __future__ import annotations

import threading

import numpy as np

from hubexplore.summary.compare.weights.stored import Bytes, Part, Reader, Stored
from hubexplore.summary.compare.weights.sums import Summing
from hubexplore.summary.weights import crc32c
from hubexplore.summary.weights.crc32c_blocks import CheckedBuffer, joined

Parts = tuple[Part, Part]


class Stopped(Exception):  # noqa: N818 - a request, not an error; never leaves this package
    """The caller no longer waits for the result."""


class Workbench:
    """Reads pieces of both sides.

    Args:
      piece: maximum number of bytes of a piece.
      stop: is set when nobody waits for the result any more.

    Attributes:
      piece: see above.
      read: number of bytes read so far, of both sides.
      summing: adds up pieces.
      buffers: of either side, with the checksums of what was in them.
    """

    def __init__(self, piece: int, stop: threading.Event) -> None:
        self.piece = piece
        self.read = 0
        self.summing = Summing(piece)
        self._stop = stop
        self.buffers = CheckedBuffer(piece), CheckedBuffer(piece)
        self._readers = Reader(), Reader()

    def read_pair(
        self, pair: tuple[Stored, Stored], parts: Parts, start: int, size: int
    ) -> tuple[Bytes, Bytes]:
        """Returns the bytes of a piece of either side; the next call, and `check`, overwrite them.

        Raises:
          Stopped: nobody waits for the result any more.
          DamagedModuleError: a data file is missing or truncated.
          UnreadableModuleError: a data file cannot be read.
        """
        first, second = (self.read_side(at, pair[at], parts[at], start, size) for at in (0, 1))
        return first, second

    def read_side(self, side: int, stored: Stored, part: Part, start: int, size: int) -> Bytes:
        """Returns the bytes of a piece of one side, as `read_pair` does."""
        data = self.buffers[side].data[:size]
        self.read_into(side, stored, part, start, data)
        self.read += size
        return data

    def read_into(self, side: int, stored: Stored, part: Part, start: int, target: Bytes) -> None:
        """Fills the caller's memory; what is read does not count."""
        if self._stop.is_set():
            raise Stopped
        self._readers[side].read_into(stored, part, target, start)

    def check(self, size: int) -> None:
        """Adds the piece that was read last to the checksums of both sides."""
        for buffer in self.buffers:
            buffer.take(size)

    def registers(self) -> tuple[int, int]:
        """Returns the CRC registers of all pieces that were checked, begun at zero, and begins again."""
        return self.buffers[0].register(), self.buffers[1].register()

    def side(self, side: int, stored: Stored) -> OneSide:
        """Returns access to one side, for what is not read piece by piece together with the other."""
        return OneSide(self, side, stored)

    def close(self) -> None:
        """Closes the files."""
        for reader in self._readers:
            reader.close()


class OneSide:
    """Reads one side of a pair, and checks it."""

    def __init__(self, bench: Workbench, side: int, stored: Stored) -> None:
        self.stored = stored
        self._bench, self._side = bench, side

    @property
    def piece(self) -> int:
        """Number of bytes that should be read at a time at most."""
        return self._bench.piece

    def is_damaged(self) -> bool:
        """Reads the whole side, part by part, and returns whether any part does not have its checksum."""
        damaged = False
        for part in self.stored.parts:
            for start in range(0, part.size, self.piece):
                size = min(self.piece, part.size - start)
                self._bench.read_side(self._side, self.stored, part, start, size)
                self._bench.buffers[self._side].take(size)
            damaged |= not self.has_checksum(part, part.size)
        return damaged

    def copy(self, part: Part, start: int, size: int) -> Bytes:
        """Returns bytes of a part in memory of their own; they do not count as read.

        Raises:
          Stopped: nobody waits for the result any more.
          DamagedModuleError: a data file is missing or truncated.
          UnreadableModuleError: a data file cannot be read.
        """
        data = np.empty(size, np.uint8)
        self._bench.read_into(self._side, self.stored, part, start, data)
        return data

    def count(self, size: int) -> None:
        """Counts bytes as read."""
        self._bench.read += size

    def check(self, data: Bytes) -> None:
        """Adds bytes to the checksum."""
        buffer = self._bench.buffers[self._side]
        for start in range(0, len(data), self.piece):
            piece = data[start : start + self.piece]
            buffer.data[: len(piece)] = piece
            buffer.take(len(piece))

    def has_checksum(self, part: Part, size: int) -> bool:
        """Returns whether the `size` bytes that were checked are those of a part, and begins again."""
        register = joined(crc32c.START, self._bench.buffers[self._side].register(), size)
        return part.checksum is None or crc32c.finished(register) == part.checksum
