"""The measurements that need a new process: cold start, first gradients, memory, import time."""

from __future__ import annotations

import compileall
import functools
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from benchmarks import child
from benchmarks.folders import ROOT
from benchmarks.keras_models import FLOOR, LOADER
from benchmarks.subjects import Subject, values

Measured = tuple[dict[str, float], dict[str, str]]
"""Side -> what was measured, and side -> why it failed."""
LIMIT = 900  # longest time in seconds of one process


def run_child(*arguments: str, stdin: str = "") -> dict[str, Any]:
    """Runs `benchmarks.child` in a new process and returns what it measured.

    Raises:
      RuntimeError: if it fails, with the end of what it wrote to stderr.
    """
    _compile_package()
    command = [sys.executable, "-m", "benchmarks.child", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, input=stdin, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments[:2])}: {done.stderr.strip().splitlines()[-1:]}")
    # Only the last line: TensorFlow and the libraries may print others before it.
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


@functools.cache
def _compile_package() -> None:
    """Writes the bytecode of the package, as its installation does: TensorFlow and the peer have theirs."""
    # Where Python is told not to write any, each process would compile all files again.
    compileall.compile_dir(ROOT / "hubexplore", quiet=1)


def cold(subject: Subject, api: Any, sides: list[str], repeats: int) -> Measured:
    """Returns median seconds from path to first output, without the import of TensorFlow.

    Args:
      subject: a module that `Module(path)` can load.
      api: library that says which inputs the signature has.
      sides: "peer", "hubexplore", "tf.saved_model.load".
      repeats: processes per side.
    """
    return _first_seconds("cold", subject, api, sides, repeats)


def gradients(subject: Subject, api: Any, sides: list[str], repeats: int) -> Measured:
    """Returns median seconds of the first `tf.gradients` in a process, by all trainable variables.

    Args:
      subject: a trainable module.
      api: library that says which inputs the signature has.
      sides: "peer", "hubexplore", "floor".
      repeats: processes per side.
    """
    return _first_seconds("gradients", subject, api, sides, repeats)


def _first_seconds(measurement: str, subject: Subject, api: Any, sides: list[str], repeats: int) -> Measured:
    encoded = _described(subject, api)

    def measure(side: str) -> float:
        return float(run_child(measurement, side, stdin=encoded)["seconds"])

    return _alternating(measure, sides, repeats)


def _described(subject: Subject, api: Any) -> str:
    infos = subject.spec(api).get_input_info_dict(subject.signature, tags=set(subject.tags))
    return child.describe(subject, values(infos), infos)


def keras_cold(kind: str, path: str, repeats: int) -> dict[str, float]:
    """Returns median seconds from the path of a model of Keras to its first output, by side."""
    flat = f"{path}.flat.pb"
    run_child("keras_floor", path, flat)

    def measure(side: str) -> float:
        return float(run_child("keras_cold", side, kind, flat if side == FLOOR else path)["seconds"])

    took, failed = _alternating(measure, [LOADER, "hubexplore", FLOOR], repeats)
    if failed:
        raise RuntimeError("; ".join(failed.values()))
    return took


def first_spec(path: Path, sides: list[str], repeats: int) -> Measured:
    """Returns median seconds of the first `load_module_spec` in a process, without imports."""

    def measure(side: str) -> float:
        return float(run_child("spec", side, str(path))["seconds"])

    return _alternating(measure, sides, repeats)


def memory(path: Path, sides: list[str], repeats: int) -> Measured:
    """Returns the median of the peak memory above the base, as a share of the checkpoint's size.

    The base is the same process after it imported TensorFlow and ran a session once.
    """
    size = sum(file.stat().st_size for file in (path / "variables").iterdir())

    def measure(side: str) -> float:
        seen = run_child("memory", side, str(path))
        return float(seen["peak"] - seen["base"]) / size

    return _alternating(measure, sides, repeats)


def _alternating(measure: Callable[[str], float], sides: list[str], repeats: int) -> Measured:
    taken: dict[str, list[float]] = {side: [] for side in sides}
    failed: dict[str, str] = {}
    # The sides alternate, so that a slow phase of the machine hits all of them.
    for _ in range(repeats):
        for side in [side for side in sides if side not in failed]:
            try:
                taken[side].append(measure(side))
            except RuntimeError as error:
                # One side that fails is reported in a note; the others are still worth measuring.
                failed[side] = str(error)
    return {side: statistics.median(taken[side]) for side in sides if side not in failed}, failed


def import_time(repeats: int) -> tuple[float, list[str]]:
    """Returns median seconds of `import hubexplore`, and which heavy packages it loaded."""
    seen = [run_child("import") for _ in range(repeats)]
    heavy = {name for figures in seen for name in figures["heavy"]}
    return statistics.median(figures["seconds"] for figures in seen), sorted(heavy)


def can_saved_model_load(subject: Subject) -> bool:
    """Whether `tf.saved_model.load` can load the variant by its tags and call the signature."""
    # Many modules of TF1 have tags or signatures that it refuses, which is not a failure of the benchmark.
    try:
        loaded = tf.saved_model.load(str(subject.path), tags=list(subject.tags))
    except (ValueError, KeyError, tf.errors.OpError):
        return False
    return subject.signature in loaded.signatures
