"""How long it takes to put large modules together: `hub.chain` and `hub.head`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, Final

from benchmarks.cuts import large_module
from benchmarks.report import Row

NAME: Final = "put together"


def measure(path: str, repeats: str) -> dict[str, float]:
    """Seconds of joining a large module with itself, and of a head on it.

    Returns:
      `chain` and `head`: of hubexplore; `chain_floor` and `head_floor`: of what no library that builds a new
      graph gets around, TensorFlow's import of the graphs and its export of the result.
    """
    import tensorflow as tf

    import hubexplore as hub

    def pool() -> None:
        images = tf.compat.v1.placeholder(tf.float32, [None, 32, 32, 8])
        hub.add_signature(inputs=images, outputs=tf.reduce_mean(images, [1, 2]))

    def rebuilt(*graphs: Any) -> Any:
        with tf.Graph().as_default() as graph:
            for number, graph_def in enumerate(graphs):
                tf.import_graph_def(graph_def, name=f"part_{number}")
            return tf.compat.v1.train.export_meta_graph(graph=graph)

    spec = hub.load_module_spec(path)
    features = hub.chain(spec, hub.create_module_spec(pool))
    of_module, of_features = (each.variants[0].meta_graph.graph_def for each in (spec, features))
    took: dict[str, list[float]] = {}
    for _ in range(int(repeats)):
        for name, work in (
            ("chain", lambda: hub.chain(spec, spec)),
            ("chain_floor", lambda: rebuilt(of_module, of_module)),
            ("head", lambda: hub.head(features, 10)),
            # Of both variants: for use, and for training.
            ("head_floor", lambda: (rebuilt(of_features), rebuilt(of_features))),
        ):
            began = time.perf_counter()
            work()
            took.setdefault(name, []).append(time.perf_counter() - began)
    return {name: statistics.median(seconds) for name, seconds in took.items()}


def rows(run_child: Callable[..., dict[str, Any]], repeats: int, *, quick: bool) -> list[Row]:
    """The rows of a module whose graph takes TensorFlow seconds.

    Args:
      run_child: runs a measurement in a process of its own.
      repeats: rounds.
      quick: a small module.
    """
    nodes = 2_000 if quick else 10_000
    seen = run_child("parts", str(large_module(nodes)), str(repeats))
    note = "floor: TensorFlow imports the graphs and exports the result"
    return [
        Row(NAME, f"chain of two, {nodes:,} nodes each", None, seen["chain"], seen["chain_floor"], note=note),
        Row(NAME, f"head on {nodes:,} nodes", None, seen["head"], seen["head_floor"]),
    ]
