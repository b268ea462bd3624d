"""One run with TensorFlow's own trace (RunMetadata), read as times and memory of the module's ops."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf

from hubexplore.hub.module import Module
from hubexplore.hub.running.compiled_call import STOP_SCOPE
from hubexplore.hub.running.signature_runner import AppliedSignature
from hubexplore.hub.tensor_info import components
from hubexplore.session.tf_session import ManagedSession
from hubexplore.summary.cost.measured import OpTime
from hubexplore.summary.tensor_values import Array

OUTSIDE: Final = "(outside of the module)"
"""Scope of what TensorFlow runs beside the ops of the module: feeding, fetching, copies between devices."""
# TensorFlow runs the body of a While as ops of the graph, in a scope "loop/body/_7/".
_LOWERED: Final = re.compile(r"/_\d+(?=/)")
_STREAM: Final = re.compile(r"stream:|memcpy", re.IGNORECASE)


@dataclass(frozen=True)
class Trace:
    """What TensorFlow measured in one run.

    Attributes:
      ops: times of the ops, in the order in which they began.
      peak_bytes: largest sum of memory that ops held at one time; None if TensorFlow does not say.
      device: the device of most ops, as in "CPU:0".
    """

    ops: tuple[OpTime, ...]
    peak_bytes: int | None
    device: str


def traced(
    session: ManagedSession, module: Module, applied: AppliedSignature, arrays: Sequence[Array]
) -> Trace:
    """Runs a signature once with tracing, which makes it slower than it is, and returns what was measured.

    Args:
      session: of the graph.
      module: live.
      applied: the signature.
      arrays: one for each of its placeholders.

    Raises:
      tf.errors.OpError: the run failed.
    """
    metadata = tf.compat.v1.RunMetadata()
    options = tf.compat.v1.RunOptions(trace_level=_trace_level())
    fetches = [tensor for output in applied.outputs.values() for tensor in components(output)]
    feeds = dict(zip(applied.placeholders, arrays, strict=True))
    session.run(fetches, feeds, options=options, run_metadata=metadata)
    return read(metadata, Names(module, applied))


def _trace_level() -> int:
    """Returns the level that has the times of all kernels.

    Those of a GPU are in the full trace only, which writes a warning into the notebook where there is none.
    """
    levels = tf.compat.v1.RunOptions
    has_gpu = bool(tf.config.list_physical_devices("GPU"))
    return int(levels.FULL_TRACE if has_gpu else levels.SOFTWARE_TRACE)


class Names:
    """The names that ops of a call have in the module.

    Args:
      module: live.
      applied: the call.
    """

    def __init__(self, module: Module, applied: AppliedSignature) -> None:
        scope = applied.scope
        self._prefixes = (f"{scope}/" if scope else "", *module.scopes)

    def of(self, node: str) -> str:
        """Returns the name in the module; one in `OUTSIDE` for what is not of the module."""
        for prefix in self._prefixes:
            if prefix and node.startswith(prefix):
                return _LOWERED.sub("", node.removeprefix(prefix).lstrip("/"))
        return f"{OUTSIDE}/{node}"


def read(metadata: Any, names: Names) -> Trace:
    """Returns the times and the memory in a RunMetadata."""
    stats = [
        (device.device, node)
        for device in metadata.step_stats.dev_stats
        # What kernels of a GPU do is listed a second time, by its streams.
        if not _STREAM.search(device.device)
        for node in device.node_stats
        # The op by which a run can be ended waits for all others: its time is that of the run.
        if not node.node_name.startswith(STOP_SCOPE)
    ]
    stats.sort(key=lambda entry: entry[1].all_start_micros)
    times: dict[str, OpTime] = {}
    devices: dict[str, float] = {}
    for device, node in stats:
        name = names.of(node.node_name)
        seconds = _seconds(node)
        before = times.get(name)
        op = _type_of(node)
        size = _allocated(node)
        if before is None:
            times[name] = OpTime(name, op, seconds, size)
        else:
            times[name] = before._replace(
                seconds=before.seconds + seconds, bytes=before.bytes + size, runs=before.runs + 1
            )
        devices[device] = devices.get(device, 0.0) + seconds
    device = max(devices, key=lambda name: devices[name], default="")
    nodes = [node for _, node in stats]
    return Trace(tuple(times.values()), _peak(nodes), device.rpartition("device:")[2])


def _seconds(node: Any) -> float:
    """Returns the time in the kernel of an op."""
    nanoseconds = node.op_end_rel_nanos - node.op_start_rel_nanos
    if nanoseconds > 0:
        return float(nanoseconds) / 1e9
    return float(max(node.op_end_rel_micros - node.op_start_rel_micros, 0)) / 1e6


def _type_of(node: Any) -> str:
    """Returns the op type from a label such as "conv/Relu = _FusedConv2D(x, w)"."""
    _, _, call = str(node.timeline_label).partition(" = ")
    return call.partition("(")[0]


def _allocated(node: Any) -> int:
    return sum(int(memory.total_bytes) for memory in node.memory)


def _peak(nodes: Iterable[Any]) -> int | None:
    """Returns the largest sum of what was allocated and not yet freed."""
    records = sorted(
        # What is freed at the same time as something is allocated is freed first: one buffer is reused.
        (int(record.alloc_micros), int(record.alloc_bytes))
        for node in nodes
        for memory in node.memory
        for record in memory.allocation_records
    )
    if not records:
        return None
    return max(_sums(size for _, size in records), default=0)


def _sums(sizes: Iterable[int]) -> Iterator[int]:
    total = 0
    for size in sizes:
        total += size
        yield total
