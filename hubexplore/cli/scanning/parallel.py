"""Judges many models in several processes, with progress on a terminal."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Final

from hubexplore.cli.scanning.judging import Judged, judged, unreadable
from hubexplore.cli.scanning.targets import Target

_WORTH_PROCESSES: Final = 8
"""Minimum number of models that are worth the start of processes."""
MSG_ENDED: Final = "the process that read it was ended, as when memory is exhausted"


def judge_all(found: list[Target], processes: int | None = None) -> list[Judged]:
    """Returns what was found in each target, in their order.

    Args:
      found: what to judge.
      processes: number of processes; None for one for each processor, or none for a few models.
    """
    if processes is None:
        processes = os.cpu_count() or 1 if len(found) >= _WORTH_PROCESSES else 1
    results: list[list[Judged]] = [[] for _ in found]
    with _progress(len(found)) as advance:
        if processes == 1:
            for at, target in enumerate(found):
                results[at] = judged(target)
                advance()
        else:
            for at, result in _in_processes(found, processes):
                results[at] = result
                advance()
    return [one for result in results for one in result]


def _in_processes(found: list[Target], processes: int) -> Iterator[tuple[int, list[Judged]]]:
    """Yields the position of a target, and what was found in it, as they are done."""
    left = dict(enumerate(found))
    with _pool(min(processes, len(found))) as pool:
        waiting = {pool.submit(_judged, target): at for at, target in left.items()}
        with contextlib.suppress(BrokenProcessPool):
            for future in as_completed(waiting):
                yield waiting[future], future.result()
                del left[waiting[future]]
    # A process was ended from outside. Which model it had is not known: each has a process of its own now.
    for at, target in left.items():
        with _pool(1) as pool:
            try:
                yield at, pool.submit(_judged, target).result()
            except BrokenProcessPool:
                yield at, [unreadable(target, MSG_ENDED)]


@contextlib.contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Makes processes that end with this one, also when a user presses Ctrl-C."""
    # A fork starts in no time, and this process has no other threads. Windows has none.
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in methods else "spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin)
    try:
        yield pool
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown()


def _judged(target: Target) -> list[Judged]:
    """Judges in a process of a pool, which would take the end of the process for the result of the work."""
    try:
        return judged(target)
    except SystemExit:
        os._exit(0)


def _begin() -> None:
    # Ctrl-C goes to all processes of a terminal; the first one ends the others, whose `with` blocks then
    # remove their temporary folders.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


@contextlib.contextmanager
def _progress(count: int) -> Iterator[_Advance]:
    """Shows on a terminal how many models were judged."""
    advance = _Advance(count if sys.stderr.isatty() and count > 1 else 0)
    try:
        yield advance
    finally:
        advance.clear()


class _Advance:
    """A line on standard error; 0 models for none."""

    def __init__(self, count: int) -> None:
        self._count, self._done = count, 0

    def __call__(self) -> None:
        self._done += 1
        if self._count:
            sys.stderr.write(f"\rScanning: {self._done:,} of {self._count:,}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Removes the line."""
        if self._count and self._done:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
