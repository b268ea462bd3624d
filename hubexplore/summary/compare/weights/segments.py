"""Reads two sides of variables at once, in a few threads, and sums up what changed.

A variable is cut into segments, which are what a thread works at; small ones share a batch. A thread holds
one piece of either side at a time, so that memory is bounded by the number of threads. What the threads found
is put together in the order of the variables: sums add up, and so do the CRCs of stretches that follow each
other.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from hubexplore.summary.compare.weights.other_layouts import add_other_layouts
from hubexplore.summary.compare.weights.records import TEXTS, VariableChange, with_sums
from hubexplore.summary.compare.weights.stored import STRING, Stored
from hubexplore.summary.compare.weights.sums import Sums
from hubexplore.summary.compare.weights.texts import add_texts
from hubexplore.summary.compare.weights.workbench import Stopped, Workbench
from hubexplore.summary.weights import crc32c
from hubexplore.summary.weights.crc32c_blocks import joined

PIECE: Final = 1 << 19
"""Bytes of either side that a thread holds at a time: a multiple of the size of every number."""
SEGMENT: Final = 1 << 25
"""Maximum number of bytes of either side that one thread reads in a row."""
BATCH: Final = 1 << 22
"""Bytes of small variables that are one piece of work."""
MAX_THREADS: Final = 4
"""More do not help: memory is then what all wait for."""
_TICK: Final = 0.1
"""Seconds between two reports of progress."""

Pair = tuple[Stored, Stored]
Advance = Callable[[int], object]
"""Is called, in the caller's thread, with the number of bytes read since the last call; may raise to stop."""


@dataclass(frozen=True)
class _Segment:
    """A stretch of one part of a pair; `part` is -1 for a pair that is read as a whole."""

    pair: int
    part: int = -1
    start: int = 0
    stop: int = 0
    is_last: bool = True


@dataclass
class _Found:
    """What a thread found in a segment: sums, and the CRC register of either side, begun at zero."""

    segment: _Segment
    sums: Sums
    registers: tuple[int, int] = (0, 0)
    damaged: tuple[bool, bool] = (False, False)
    note: str = ""


def read_changes(
    pairs: Sequence[Pair], advance: Advance = lambda size: None, piece: int = PIECE
) -> Iterator[VariableChange]:
    """Yields the change of each pair, in their order.

    Args:
      pairs: two sides of a variable, of equal dtype and shape.
      advance: is told of progress.
      piece: bytes that are held at a time, a multiple of 16; the result does not depend on it, but for
        rounding.

    Raises:
      DamagedModuleError: a data file is missing or truncated.
      UnreadableModuleError: a data file cannot be read.
    """
    pending = _Pending(pairs)
    for found in _worked(pairs, advance, piece):
        change = pending.add(found)
        if change is not None:
            yield change


@dataclass
class _Pending:
    """Puts together what was found in the segments of one pair after the other."""

    pairs: Sequence[Pair]
    sums: Sums = field(default_factory=Sums)
    damaged: tuple[bool, bool] = (False, False)
    registers: tuple[int, int] = (crc32c.START, crc32c.START)

    def add(self, found: _Found) -> VariableChange | None:
        """Returns the change of a pair with its last segment."""
        segment, pair = found.segment, self.pairs[found.segment.pair]
        self.sums.merge(found.sums)
        damaged = found.damaged
        if segment.part >= 0:
            size = segment.stop - segment.start
            first, second = (
                joined(register, other, size)
                for register, other in zip(self.registers, found.registers, strict=True)
            )
            self.registers = first, second
            if segment.stop == pair[0].parts[segment.part].size:
                damaged = (
                    _is_damaged(pair[0], segment.part, first),
                    _is_damaged(pair[1], segment.part, second),
                )
                self.registers = crc32c.START, crc32c.START
        self.damaged = self.damaged[0] or damaged[0], self.damaged[1] or damaged[1]
        if not segment.is_last:
            return None
        change = _change(pair[0], self.sums, self.damaged, found.note)
        self.sums, self.damaged = Sums(), (False, False)
        return change


def _is_damaged(stored: Stored, part: int, register: int) -> bool:
    checksum = stored.parts[part].checksum
    return checksum is not None and crc32c.finished(register) != checksum


def _change(stored: Stored, sums: Sums, damaged: tuple[bool, bool], note: str) -> VariableChange:
    facts = VariableChange(
        stored.name, stored.dtype, stored.shape, stored.count, stored.size, damaged=damaged, note=note
    )
    if note:
        return facts
    if stored.dtype == STRING:
        return replace(facts, changed=sums.changed, note=TEXTS)
    if not stored.is_decoded:
        return replace(facts, changed=sums.changed, note=f"{stored.dtype}: compared, but not decoded")
    return with_sums(facts, sums)


# ---- the work


def _batches(pairs: Sequence[Pair]) -> Iterator[list[_Segment]]:
    batch: list[_Segment] = []
    size = 0
    for segment in _segments(pairs):
        batch.append(segment)
        size += segment.stop - segment.start
        if size >= BATCH or segment.part < 0:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _segments(pairs: Sequence[Pair]) -> Iterator[_Segment]:
    for number, (first, second) in enumerate(pairs):
        if first.dtype == STRING or first.layout != second.layout:
            yield _Segment(number)
            continue
        last = len(first.parts) - 1
        for at, part in enumerate(first.parts):
            starts = range(0, part.size, SEGMENT) or (0,)
            for start in starts:
                stop = min(start + SEGMENT, part.size)
                yield _Segment(number, at, start, stop, at == last and stop == part.size)


def _worked(pairs: Sequence[Pair], advance: Advance, piece: int) -> Iterator[_Found]:
    """Yields what was found in each segment, in order."""
    benches = _Benches(piece)
    total = sum(first.size + second.size for first, second in pairs)
    threads = min(MAX_THREADS, _processors(), 1 + total // (4 * BATCH))
    if threads == 1:
        try:
            for batch in _batches(pairs):
                yield from _work(pairs, batch, benches)
                advance(benches.taken())
        finally:
            benches.close()
        return
    # Not a `with`: leaving it would wait for all that is queued.
    executor = ThreadPoolExecutor(threads, "hubexplore-weights")
    try:
        queue: deque[Future[list[_Found]]] = deque()
        batches = _batches(pairs)
        for batch in batches:
            queue.append(executor.submit(_work, pairs, batch, benches))
            if len(queue) > 4 * threads:
                yield from _result(queue.popleft(), benches, advance)
        while queue:
            yield from _result(queue.popleft(), benches, advance)
    finally:
        # Also after Ctrl-C, or when the caller stops asking: threads end at their next piece.
        benches.stop.set()
        executor.shutdown(wait=True, cancel_futures=True)
        benches.close()


def _result(future: Future[list[_Found]], benches: _Benches, advance: Advance) -> list[_Found]:
    while True:
        try:
            found = future.result(_TICK)
        except TimeoutError:
            if future.done():
                raise
            advance(benches.taken())
        else:
            advance(benches.taken())
            return found


def _processors() -> int:
    # Not `os.cpu_count`, which counts those of the machine, also where a container has fewer.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Benches:
    """A workbench for each thread, and what all have read."""

    def __init__(self, piece: int) -> None:
        self.stop = threading.Event()
        self._piece = piece
        self._local = threading.local()
        self._all: list[Workbench] = []
        self._reported = 0

    def mine(self) -> Workbench:
        bench: Workbench | None = getattr(self._local, "bench", None)
        if bench is None:
            bench = self._local.bench = Workbench(self._piece, self.stop)
            self._all.append(bench)
        return bench

    def taken(self) -> int:
        """Returns the number of bytes read since the last call."""
        total = sum(bench.read for bench in self._all)
        since, self._reported = total - self._reported, total
        return since

    def close(self) -> None:
        for bench in self._all:
            bench.close()


def _work(pairs: Sequence[Pair], batch: Sequence[_Segment], benches: _Benches) -> list[_Found]:
    bench = benches.mine()
    # Overflow and NaN are looked for in the sums.
    with np.errstate(all="ignore"):
        try:
            return [_find(pairs[segment.pair], segment, bench) for segment in batch]
        except Stopped:
            return []


def _find(pair: Pair, segment: _Segment, bench: Workbench) -> _Found:
    sums = Sums()
    if segment.part < 0:
        add = add_texts if pair[0].dtype == STRING else add_other_layouts
        damaged, note = add(sums, pair, bench)
        return _Found(segment, sums, damaged=damaged, note=note)
    first, second = pair
    parts = first.parts[segment.part], second.parts[segment.part]
    for start in range(segment.start, segment.stop, bench.piece):
        size = min(bench.piece, segment.stop - start)
        numbers = bench.read_pair(pair, parts, start, size)
        bench.summing.add(sums, first.dtype, first.width, *numbers)
        bench.check(size)
    return _Found(segment, sums, bench.registers())
