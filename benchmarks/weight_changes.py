"""Comparing the weights of two checkpoints, against plainly reading both files.

    python -m benchmarks.weight_changes A B REPEATS    measures, and prints one JSON object

This is a process of its own, not one of `benchmarks.child`: its peak memory should not be that of TensorFlow.
"""

from __future__ import annotations

import json
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


def measure(first: str, second: str, repeats: int) -> dict[str, Any]:
    """Returns the least seconds of reading, and of comparing, two checkpoints, and the peak memory in bytes.

    Both take turns, and their files are in the system's cache. `share` is the share of changed numbers.
    """
    took: dict[str, list[float]] = {"read": [], "compare": []}
    share = 0.0
    for _ in range(repeats):
        begin = time.perf_counter()
        for prefix in (first, second):
            _read(f"{prefix}.data-00000-of-00001")
        took["read"].append(time.perf_counter() - begin)
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
    seen = _seen(megabytes, 0.01, "float32", quick)
    found = [
        Row(
            name,
            f"compare weights, {megabytes:,} MB a side",
            seen["read"],
            seen["compare"],
            at_least=AT_LEAST,
            note="peer: reading both files in pieces of 1 MB; with CRC-32C of all data",
        ),
        Row(name, "  peak memory of the process", None, seen["peak"] / 1e6, unit="MB", within=MEMORY_WITHIN),
    ]
    fewer = megabytes // 4
    for dtype, changed in (*((dtype, 0.01) for dtype in OTHER_DTYPES), ("float32", 0.0)):
        what = f"  {fewer:,} MB of {dtype}" + ("" if changed else ", all equal")
        seen = _seen(fewer, changed, dtype, quick)
        found.append(Row(name, what, seen["read"], seen["compare"]))
    return found


def _seen(megabytes: int, changed: float, dtype: str, quick: bool) -> dict[str, Any]:
    """Returns what `measure` finds in a process of its own."""
    folder = BENCH / "weight-changes"
    try:
        first, second = folder / "first", folder / "second"
        write(first, megabytes, 0.0, dtype)
        write(second, megabytes, changed, dtype)
        words = [str(first), str(second), "2" if quick else "9"]
        command = [sys.executable, "-m", "benchmarks.weight_changes", *words]
        output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
        seen: dict[str, Any] = json.loads(output)
        return seen
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
