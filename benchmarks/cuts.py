"""How long it takes to cut a part out of a large module."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks import large
from benchmarks.folders import BENCH
from benchmarks.report import Row

NAME: Final = "cut a module"
CUT_WITHIN: Final = 1.0  # seconds
GROWTH_AT_MOST: Final = 1.2


def measure(path: str, repeats: str) -> dict[str, Any]:
    """Seconds of cuts of a large module, each the first one of a spec that was just read.

    Returns:
      `first`: the first half; `second`: from the middle on; `whole`: all but the last op; `shapes`: until the
      first of these has inferred its shapes, which its first use does.
    """
    import hubexplore as hub

    took: dict[str, list[float]] = {}
    for _ in range(int(repeats)):
        for kind in ("whole", "first", "second"):
            spec = hub.load_module_spec(path)
            names = [node.name for node in spec.variants[0].as_read.graph_def.node if node.op == "Relu"]
            middle, last = names[len(names) // 2], names[-2]
            wishes: dict[str, dict[str, Any]] = {
                "whole": {"outputs": {"out": last}},
                "first": {"outputs": {"out": middle}},
                "second": {"inputs": [middle], "outputs": {"out": last}},
            }
            began = time.perf_counter()
            cut = spec.cut(**wishes[kind])
            took.setdefault(kind, []).append(time.perf_counter() - began)
            if kind == "first":
                began = time.perf_counter()
                assert cut.get_output_info_dict()["out"].get_shape().rank == 4
                took.setdefault("shapes", []).append(time.perf_counter() - began)
    return {kind: statistics.median(seconds) for kind, seconds in took.items()}


def rows(run_child: Callable[..., dict[str, Any]], repeats: int, *, quick: bool) -> list[Row]:
    """The rows of a small and a large module.

    Args:
      run_child: runs a measurement in a process of its own.
      repeats: cuts of each kind.
      quick: small modules, without targets.
    """
    small, whole = (2_000, 20_000) if quick else (10_000, 100_000)
    tenth, full = (run_child("cut", str(large_module(nodes)), str(repeats)) for nodes in (small, whole))
    title = f"{whole:,} nodes"
    slowest = _slowest(full)
    growth = slowest / _slowest(tenth) / (whole / small)
    return [
        Row(NAME, f"all but the last op, {title}", None, full["whole"], within=None if quick else CUT_WITHIN),
        Row(NAME, f"first half, {title}", None, full["first"], within=None if quick else CUT_WITHIN),
        Row(NAME, f"second half, {title}", None, full["second"], within=None if quick else CUT_WITHIN),
        Row(NAME, f"all but the last op, {small:,} nodes", None, tenth["whole"]),
        Row(NAME, f"  per node, against {small:,}", None, growth, unit="x", at_most=GROWTH_AT_MOST),
        Row(NAME, "  its shapes, when they are first asked for", None, full["shapes"]),
    ]


def large_module(nodes: int) -> Path:
    """A module that TensorFlow can import; written if it does not exist yet."""
    path = BENCH / f"complete-{nodes}"
    if not path.exists():
        large.write(path, nodes, nodes // 100, complete=True)
    return path


def _slowest(seconds: Mapping[str, float]) -> float:
    return max(seconds[kind] for kind in ("whole", "first", "second"))
