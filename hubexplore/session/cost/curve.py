"""Latency and throughput by number of rows: twice as many in each step, until memory or time is used up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import tensorflow as tf

from hubexplore.hub.error_line import error_line
from hubexplore.hub.running.run_errors import explain_run_error
from hubexplore.summary.cost.measured import BatchTime
from hubexplore.summary.tensor_values import Array

MIN_RUNS: Final = 5
"""Minimum number of runs of a step, if there is time."""
MAX_RUNS: Final = 200
STEP_SECONDS: Final = 0.4
"""Time in seconds that the runs of one step take, if the minimum number of runs takes less."""
MAX_ROWS: Final = 1 << 16
"""Maximum number of rows of the steps that are chosen by default."""

Run = Callable[[Sequence[Array]], object]


def doubled(limit: int) -> Iterator[int]:
    """Yields 1, 2, 4, ... up to a limit."""
    rows = 1
    while rows <= min(limit, MAX_ROWS):
        yield rows
        rows *= 2


def measured_curve(
    run: Run,
    arrays_of: Callable[[int], Sequence[Array]],
    steps: Iterable[int],
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[tuple[BatchTime, ...], str]:
    """Returns the times of the steps, and why there are no further ones ("" if all were measured).

    Args:
      run: runs a signature on arrays.
      arrays_of: makes arrays of a number of rows.
      steps: numbers of rows, ascending.
      seconds: time for all steps together. A step is not begun if it would likely take more than is left.
      clock: returns the time in seconds.
    """
    end = clock() + seconds
    curve: list[BatchTime] = []
    for rows in steps:
        # One run of twice the rows may take twice the time, and there is one to warm up.
        if curve and clock() + 2 * curve[-1].p50 * rows / curve[-1].rows > end:
            return tuple(curve), f"The time of {seconds:g} s was over before {rows:,} rows."
        try:
            arrays = arrays_of(rows)
            run(arrays)
            curve.append(_timed(run, arrays, rows, end, clock))
        except (tf.errors.OpError, MemoryError) as error:
            explained = explain_run_error(error) if isinstance(error, tf.errors.OpError) else None
            return tuple(curve), f"A run of {rows:,} rows failed: {error_line(explained or error)}."
    return tuple(curve), ""


def _timed(run: Run, arrays: Sequence[Array], rows: int, end: float, clock: Callable[[], float]) -> BatchTime:
    times: list[float] = []
    begin = clock()
    while len(times) < MAX_RUNS:
        now = clock()
        if times and now >= end:
            break
        if len(times) >= MIN_RUNS and now - begin >= STEP_SECONDS:
            break
        run(arrays)
        times.append(clock() - now)
    times.sort()
    p50 = quantile(times, 0.5)
    return BatchTime(rows, len(times), p50, quantile(times, 0.9), rows / p50 if p50 > 0 else 0.0)


def quantile(times: Sequence[float], share: float) -> float:
    """Returns a quantile of sorted numbers; between two of them in proportion."""
    place = share * (len(times) - 1)
    below = int(place)
    above = min(below + 1, len(times) - 1)
    return times[below] + (times[above] - times[below]) * (place - below)
