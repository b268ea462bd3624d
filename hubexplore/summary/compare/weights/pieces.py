"""Reads both sides of variables piece by piece, checks and sums up what was read, in several threads.

A thread does all work of a block at once, while it is in the last cache of the processor: memory is read
once, and nothing is handed over but sums. Checksums of pieces are joined to those of the whole.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final

import numpy as np

from hubexplore.summary.compare.weights.stored import Constants, Reader, Stored
from hubexplore.summary.compare.weights.sums import Summing, Sums
from hubexplore.summary.weights.crc32c_blocks import aligned, joined, new_register

PIECE: Final = 1 << 23
"""Bytes of either side that a thread takes at a time."""
BLOCK: Final = 1 << 21
"""Bytes of either side that are read, checked and summed up at a time; a multiple of every number's size.

Threads of smaller blocks wait longer for Python's lock than the nearer cache saves: with 512 KB, comparing
takes almost twice as long.
"""
MOST_THREADS: Final = 4
"""More would mostly wait for Python's lock, or for memory."""

Pair = tuple[Stored, Stored]


@dataclass(frozen=True)
class Span:
    """A stretch of one part of a pair.

    Attributes:
      pair: index of the pair.
      part: index of the part.
      start: where it begins in the part, in bytes.
      size: in bytes.
      ends_part: whether it is the last one of the part.
      ends_pair: whether it is the last one of the pair.
    """

    pair: int
    part: int
    start: int
    size: int
    ends_part: bool
    ends_pair: bool


@dataclass(frozen=True)
class Seen:
    """What was found in a span: sums, and the masked CRC-32C of either side."""

    span: Span
    sums: Sums
    checksums: tuple[int, int]


def spans_of(pairs: Sequence[Pair], size: int) -> Iterator[list[Span]]:
    """Yields the spans that have `size` bytes of either side together, in the order of the pairs."""
    spans: list[Span] = []
    room = size
    for number, (first, _) in enumerate(pairs):
        for at, part in enumerate(first.parts):
            start = 0
            while start < part.size or not start:
                length = min(part.size - start, room)
                ends = start + length == part.size
                spans.append(Span(number, at, start, length, ends, ends and at == len(first.parts) - 1))
                start += length
                room -= length
                if not room:
                    yield spans
                    spans, room = [], size
                if ends:
                    break
    if spans:
        yield spans


class Pieces:
    """Both sides of pairs, piece by piece; a context manager.

    Args:
      pairs: of one layout each.
      size: bytes of a piece of either side, a multiple of 64.
    """

    def __init__(self, pairs: Sequence[Pair], size: int) -> None:
        self._pairs, self._size = pairs, size
        total = sum(first.size for first, _ in pairs)
        # For little data a thread is not worth its start, nor for one processor.
        count = min(MOST_THREADS, _processors()) if total > size else 1
        self._pool = ThreadPoolExecutor(count, "hubexplore-weights") if count > 1 else None
        self._ahead = 2 * count
        constants = Constants(), Constants()
        self._workers = [_Worker(pairs, min(BLOCK, size), constants) for _ in range(count)]
        self._free: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self._workers:
            self._free.put(worker)

    def __iter__(self) -> Iterator[tuple[Span, Sums, tuple[bool, bool]]]:
        """Yields each span in order with its sums, and which sides it shows to be damaged.

        Raises:
          DamagedModuleError: a data file is missing or truncated.
          UnreadableModuleError: a data file cannot be read.
        """
        checksums = [0, 0]
        for seen in self._seen():
            span, damaged = seen.span, [False, False]
            for at, stored in enumerate(self._pairs[span.pair]):
                found = seen.checksums[at]
                checksums[at] = joined(checksums[at], found, span.size) if span.start else found
                stated = stored.parts[span.part].checksum
                damaged[at] = span.ends_part and stated is not None and stated != checksums[at]
            yield span, seen.sums, (damaged[0], damaged[1])

    def _seen(self) -> Iterator[Seen]:
        planned = spans_of(self._pairs, self._size)
        if self._pool is None:
            for spans in planned:
                yield from self._look(spans)
            return
        waiting: deque[Future[list[Seen]]] = deque()
        for spans in planned:
            waiting.append(self._pool.submit(self._look, spans))
            if len(waiting) > self._ahead:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()

    def _look(self, spans: Sequence[Span]) -> list[Seen]:
        worker = self._free.get()
        try:
            return [worker.look(span) for span in spans]
        finally:
            self._free.put(worker)

    def __enter__(self) -> Pieces:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.close()


class _Worker:
    """What one thread needs at a time: open files, and memory for a block of either side."""

    def __init__(self, pairs: Sequence[Pair], size: int, constants: tuple[Constants, Constants]) -> None:
        self._pairs, self._size = pairs, size
        self._readers = [Reader(shared) for shared in constants]
        self._buffers = [aligned(size), aligned(size)]
        self._registers = [new_register(), new_register()]
        self._summing = Summing()

    def look(self, span: Span) -> Seen:
        """Reads, checks and sums up a span."""
        pair, sums = self._pairs[span.pair], Sums()
        for start in range(span.start, span.start + span.size, self._size):
            size = min(self._size, span.start + span.size - start)
            blocks = []
            for stored, reader, buffer, register in zip(
                pair, self._readers, self._buffers, self._registers, strict=True
            ):
                block = buffer[:size]
                reader.read_into(stored, stored.parts[span.part], block, start)
                register.add(block)
                blocks.append(block)
            # Overflow and NaN are looked for in the sums.
            with np.errstate(all="ignore"):
                self._summing.add(sums, pair[0].dtype, pair[0].width, blocks[0], blocks[1])
        first, second = (register.take() for register in self._registers)
        return Seen(span, sums, (first, second))

    def close(self) -> None:
        for reader in self._readers:
            reader.close()


def _processors() -> int:
    # Not `os.cpu_count`, which counts those of the machine, also where a container has fewer.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
