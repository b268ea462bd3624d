"""Comparing the weights of two checkpoints, against plainly reading both files.

    python -m benchmarks.weight_changes A B REPEATS    measures, and prints one JSON object
    python -m benchmarks.weight_changes A B REPEATS --from-disk

This is a process of its own, not one of `benchmarks.child`: its peak memory should not be that of TensorFlow.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.child import peak_memory
from benchmarks.folders import BENCH, ROOT
from benchmarks.report import Row

AT_LEAST: Final = 0.7
MEMORY_WITHIN: Final = 300
VARIABLES: Final = 16
OTHER_DTYPES: Final = ("bfloat16", "float16", "float64", "int8", "int32", "int64")
_FROM_DISK: Final = "--from-disk"
_BUFFER: Final = 1 << 20
_MEGABYTE: Final = 1 << 20


def write(prefix: Path, megabytes: int, changed: float, dtype: str = "float32") -> None:
    """Writes a checkpoint of variables whose numbers differ by about `changed` from those of 0.

    Integers are a hundred times as large.
    """
    import tensorflow as tf

    generator, other = np.random.default_rng(0), np.random.default_rng(1)
    stored = tf.as_dtype(dtype)
    count = megabytes * _MEGABYTE // stored.size // VARIABLES
    values = {}
    for number in range(VARIABLES):
        value = generator.standard_normal(count, np.float32)
        if changed:
            value += np.float32(changed) * other.standard_normal(count, np.float32)
        if stored.is_integer:
            value *= 100
        values[f"layer_{number}/kernel"] = value.astype(stored.as_numpy_dtype).reshape(-1, 1024)
    prefix.parent.mkdir(parents=True, exist_ok=True)
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=list(values.values()),
    )


def measure(first: str, second: str, repeats: int, from_disk: bool) -> dict[str, Any]:
    """Returns the least seconds of reading, and of comparing, two checkpoints, and the peak memory in bytes.

    Both take turns. `share` is the share of changed numbers.

    Args:
      first: prefix of a checkpoint.
      second: that of the other.
      repeats: turns of either.
      from_disk: whether their files leave the system's cache before each turn.
    """
    took: dict[str, list[float]] = {"read": [], "compare": []}
    share = 0.0
    paths = [f"{prefix}.data-00000-of-00001" for prefix in (first, second)]
    for _ in range(repeats):
        if from_disk:
            _forget(paths)
        begin = time.perf_counter()
        for path in paths:
            _read(path)
        took["read"].append(time.perf_counter() - begin)
        if from_disk:
            _forget(paths)
        begin = time.perf_counter()
        share = _compare(first, second)
        took["compare"].append(time.perf_counter() - begin)
    # Not medians: whatever else the machine does only adds to either.
    return {name: min(seconds) for name, seconds in took.items()} | {
        "peak": peak_memory(),
        "share": share,
    }


def _read(path: str) -> None:
    buffer = memoryview(bytearray(_BUFFER))
    with open(path, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def _forget(paths: list[str]) -> None:
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)  # what is not on the disk yet stays
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def _compare(first: str, second: str) -> float:
    from hubexplore.summary.compare.weights.changes import Side, compare_weights, plan
    from hubexplore.summary.files.filesystem import LocalFilesystem
    from hubexplore.summary.graph.messages import dtype_name
    from hubexplore.summary.model import VariableSummary
    from hubexplore.summary.source import Source, Weights
    from hubexplore.summary.weights.checkpoint_index import open_index

    filesystem = LocalFilesystem()
    sides = []
    for prefix in (first, second):
        index = open_index(f"{prefix}.index", filesystem)
        variables = tuple(
            VariableSummary(name, dtype_name(entry.dtype), entry.shape, trainable=True, key=name)
            for name, entry in index.entries.items()
        )
        sides.append(Side(prefix, variables, Source({}, Weights(prefix, index, filesystem))))
    changes = compare_weights(plan(sides[0], sides[1]))
    assert not any(any(change.damaged) for change in changes.variables)
    return sum(change.changed or 0 for change in changes.variables) / sum(
        change.count for change in changes.variables
    )


def rows(name: str, quick: bool) -> list[Row]:
    """Measures on checkpoints that are written for it and removed afterwards."""
    megabytes = 64 if quick else 1024
    seen, from_disk = (_seen(megabytes, 0.01, "float32", quick, *words) for words in ((), (_FROM_DISK,)))
    note = "peer: reading both files in pieces of 1 MB; with CRC-32C of all data"
    found = [
        Row(
            name,
            f"compare weights, {megabytes:,} MB a side",
            seen["read"],
            seen["compare"],
            at_least=AT_LEAST,
            note=f"{note}; all is in the system's cache",
        ),
        Row(name, "  from the disk", from_disk["read"], from_disk["compare"], at_least=AT_LEAST, note=note),
        Row(name, "  peak memory of the process", None, seen["peak"] / 1e6, unit="MB", within=MEMORY_WITHIN),
    ]
    fewer = megabytes // 4
    for dtype, changed in (*((dtype, 0.01) for dtype in OTHER_DTYPES), ("float32", 0.0)):
        what = f"  {fewer:,} MB of {dtype}" + ("" if changed else ", all equal")
        seen = _seen(fewer, changed, dtype, quick)
        found.append(Row(name, what, seen["read"], seen["compare"]))
    return found


def _seen(megabytes: int, changed: float, dtype: str, quick: bool, *options: str) -> dict[str, Any]:
    """Returns what `measure` finds in a process of its own."""
    folder = BENCH / "weight-changes"
    try:
        first, second = folder / "first", folder / "second"
        write(first, megabytes, 0.0, dtype)
        write(second, megabytes, changed, dtype)
        words = [str(first), str(second), "2" if quick else "9", *options]
        command = [sys.executable, "-m", "benchmarks.weight_changes", *words]
        output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
        seen: dict[str, Any] = json.loads(output)
        return seen
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]), _FROM_DISK in sys.argv)))
