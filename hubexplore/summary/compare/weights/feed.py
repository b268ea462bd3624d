"""Reads both sides of variables ahead, in a thread for each, while the caller works at what was read.

A thread fills large buffers and checks them: that takes few and long calls without Python's lock. The caller
makes many short ones, so that threads which did the same would wait for each other's lock most of the time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final

from hubexplore.summary.compare.weights.stored import Bytes, Reader, Stored
from hubexplore.summary.weights.crc32c_blocks import aligned, new_register

PIECE: Final = 1 << 23
"""Bytes of a buffer: a multiple of the size of every number. Smaller ones are handed over too often."""
ALONE: Final = 1 << 18
"""Bytes of a buffer without threads: what is read is still in the processor's cache when it is worked at."""
AHEAD: Final = 2
"""Number of buffers of either side."""
_LINE: Final = 64
"""Places in a buffer are multiples of this."""

Pair = tuple[Stored, Stored]


@dataclass(frozen=True)
class Span:
    """A stretch of one part of a pair.

    Attributes:
      pair: index of the pair.
      part: index of the part.
      start: where it begins in the part, in bytes.
      size: in bytes.
      place: where it is in the buffer.
      ends_part: whether it is the last one of the part.
      ends_pair: whether it is the last one of the pair.
    """

    pair: int
    part: int
    start: int
    size: int
    place: int
    ends_part: bool
    ends_pair: bool


@dataclass(frozen=True)
class Filled:
    """What was read of one side: a buffer, and whether each span that ends a part shows it damaged."""

    buffer: Bytes
    damaged: Sequence[bool]


def pieces(pairs: Sequence[Pair], size: int) -> Iterator[list[Span]]:
    """Yields the spans that fit into a buffer of `size` bytes together, in the order of the pairs."""
    spans: list[Span] = []
    place = 0
    for number, (first, _) in enumerate(pairs):
        for at, part in enumerate(first.parts):
            start = 0
            while start < part.size or not start:
                length = min(part.size - start, size - place)
                ends = start + length == part.size
                spans.append(
                    Span(number, at, start, length, place, ends, ends and at == len(first.parts) - 1)
                )
                start += length
                place += length + -length % _LINE
                if place >= size:
                    yield spans
                    spans, place = [], 0
                if ends:
                    break
    if spans:
        yield spans


class Feed:
    """Both sides of pairs, piece by piece; a context manager.

    Args:
      pairs: of one layout each.
      size: bytes of a piece, a multiple of 64.
    """

    def __init__(self, pairs: Sequence[Pair], size: int) -> None:
        self._pairs = pairs
        total = sum(first.size for first, _ in pairs)
        # For little data a thread is not worth its start, nor for one processor.
        self._is_threaded = total > size and _processors() > 1
        self._size = size if self._is_threaded else min(size, ALONE)
        room = min(self._size, total + _LINE * sum(len(first.parts) for first, _ in pairs))
        self._sides = [_Side([pair[at] for pair in pairs], room) for at in (0, 1)]

    def __iter__(self) -> Iterator[tuple[Span, tuple[Bytes, Bytes], tuple[bool, bool]]]:
        """Yields each span with the bytes of both sides, and which of them it shows to be damaged.

        The bytes stay until the next span is asked for.
        """
        for side in self._sides:
            side.start(pieces(self._pairs, self._size), self._is_threaded)
        for spans in pieces(self._pairs, self._size):
            first, second = (side.take(spans) for side in self._sides)
            for span, *damaged in zip(spans, first.damaged, second.damaged, strict=True):
                place = slice(span.place, span.place + span.size)
                yield span, (first.buffer[place], second.buffer[place]), (damaged[0], damaged[1])
            for side, filled in zip(self._sides, (first, second), strict=True):
                side.give_back(filled)

    def __enter__(self) -> Feed:
        return self

    def __exit__(self, *_: object) -> None:
        for side in self._sides:
            side.close()


class _Side:
    """One side, and the thread that reads it."""

    def __init__(self, stored: Sequence[Stored], size: int) -> None:
        self._stored, self._size = stored, size
        self._reader = Reader()
        self._register = new_register()
        self._free: SimpleQueue[Bytes | None] = SimpleQueue()
        self._filled: SimpleQueue[Filled | BaseException] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self, planned: Iterator[list[Span]], is_threaded: bool) -> None:
        self._free.put(aligned(self._size))
        if is_threaded:
            for _ in range(AHEAD - 1):
                self._free.put(aligned(self._size))
            self._thread = threading.Thread(
                target=self._run, args=(planned,), name="hubexplore-weights", daemon=True
            )
            self._thread.start()

    def _run(self, planned: Iterator[list[Span]]) -> None:
        try:
            for spans in planned:
                buffer = self._free.get()
                if buffer is None:
                    return
                self._filled.put(self._fill(spans, buffer))
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._filled.put(error)

    def _fill(self, spans: Sequence[Span], buffer: Bytes) -> Filled:
        damaged = []
        for span in spans:
            stored = self._stored[span.pair]
            part = stored.parts[span.part]
            data = buffer[span.place : span.place + span.size]
            self._reader.read_into(stored, part, data, span.start)
            if part.checksum is not None:
                self._register.add(data)
            is_checked = span.ends_part and part.checksum is not None
            damaged.append(is_checked and self._register.take() != part.checksum)
        return Filled(buffer, damaged)

    def take(self, spans: Sequence[Span]) -> Filled:
        if self._thread is None:
            buffer = self._free.get()
            assert buffer is not None  # noqa: S101 - one buffer, which was given back
            return self._fill(spans, buffer)
        filled = self._filled.get()
        if isinstance(filled, BaseException):
            raise filled
        return filled

    def give_back(self, filled: Filled) -> None:
        self._free.put(filled.buffer)

    def close(self) -> None:
        # In front of buffers that are free, so that the thread ends after what it is reading now.
        while not self._free.empty():
            self._free.get()
        self._free.put(None)
        if self._thread is not None:
            self._thread.join()
        self._reader.close()


def _processors() -> int:
    # Not `os.cpu_count`, which counts those of the machine, also where a container has fewer.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
