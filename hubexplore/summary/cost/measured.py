"""What a run of a signature cost: frozen records of times and memory, as TensorFlow measured them."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import NamedTuple

from hubexplore.summary.cost.model import Cost
from hubexplore.summary.model import Shape


class OpTime(NamedTuple):
    """How long one op took in a run.

    Attributes:
      name: path of the op, as diagrams have it; what belongs to no op of the module begins with "(".
      op: its type; TensorFlow may have fused several ops into it.
      seconds: time in its kernel, in all passes of the loops around it.
      bytes: memory that it allocated for its outputs and while it ran.
      runs: how often it ran.
    """

    name: str
    op: str
    seconds: float
    bytes: int
    runs: int = 1


class BatchTime(NamedTuple):
    """How long runs of a number of rows took.

    Attributes:
      rows: number of rows of one run.
      runs: number of runs that were timed.
      p50: median time of a run in seconds.
      p90: time in seconds that nine of ten runs kept to.
      throughput: rows for each second, by the median.
    """

    rows: int
    runs: int
    p50: float
    p90: float
    throughput: float


@dataclass(frozen=True)
class MeasuredCost:
    """What a run of a signature cost on this machine.

    Attributes:
      title: name of the module.
      signature: name of the signature.
      tags: of the graph variant, sorted.
      shapes: (input, shape of its value) in the run that was traced.
      rows: number of rows of that run.
      device: that the ops ran on.
      seconds: median time of that run without tracing, from the call to the values.
      peak_bytes: largest sum of memory that the ops of the run held at one time; None where TensorFlow does
        not say.
      ops: times of the ops, in the order in which they began.
      curve: times by number of rows, ascending; empty if rows cannot be varied.
      counted: what is counted in the graph for the same shapes; None if it cannot be counted.
      notes: how it was measured, and what stopped it: sentences.
    """

    title: str
    signature: str
    tags: tuple[str, ...]
    shapes: tuple[tuple[str, Shape], ...]
    rows: int
    device: str
    seconds: float
    peak_bytes: int | None
    ops: tuple[OpTime, ...] = field(repr=False)
    curve: tuple[BatchTime, ...] = ()
    counted: Cost | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    @functools.cached_property
    def op_seconds(self) -> float:
        """Time in kernels, of all ops together; more than `seconds` if ops ran side by side."""
        return sum(op.seconds for op in self.ops)

    def by_op(self) -> dict[str, float]:
        """Returns name of an op -> its time in seconds; for colours."""
        times: dict[str, float] = {}
        for op in self.ops:
            if not op.name.startswith("("):
                times[op.name] = times.get(op.name, 0.0) + op.seconds
        return times
