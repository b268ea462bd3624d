"""`hub.load`: modules outside of graphs, against TensorFlow's own loader and functions.

Each measurement runs in a process of its own; `benchmarks.child` calls it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

LOADER: Final = "tf.saved_model.load"
_ROUNDS: Final = 9
_CALLS: Final = 200


def first_output(side: str, path: str) -> dict[str, Any]:
    """Seconds of loading a module of images, and of its first call."""
    import tensorflow as tf

    import hubexplore as hub

    # What the first variable and function of a process set up is not a part of either side.
    one = tf.Variable(1.0)
    tf.function(lambda: one + 1.0)()
    images = tf.zeros([1, 32, 32, 3])
    started = time.perf_counter()
    if side == LOADER:
        loaded = tf.saved_model.load(path, tags=[])
        loading = time.perf_counter() - started
        loaded.signatures["default"](images)
    else:
        loaded = hub.load(path)
        loading = time.perf_counter() - started
        loaded(images)
    return {"seconds": loading, "first": time.perf_counter() - started}


def calls() -> dict[str, Any]:
    """Median seconds of a call: of a loaded module, of a `tf.function` of its graph, and of TensorFlow alone.

    The module multiplies a vector by a matrix, since a call of a larger one is all TensorFlow.
    """
    import tensorflow as tf

    import hubexplore as hub

    v1 = tf.compat.v1

    def module_fn() -> None:
        x = v1.placeholder(tf.float32, [None, 8], name="x")
        matrix = v1.get_variable("matrix", [8, 8], use_resource=True)
        hub.add_signature(inputs=x, outputs=tf.tanh(tf.matmul(x, matrix)))

    loaded = hub.load(hub.create_module_spec(module_fn))
    matrix = loaded.variable_map["matrix"]
    function = tf.function(lambda x: tf.tanh(tf.matmul(x, matrix)))
    x = tf.ones([2, 8])
    concrete = function.get_concrete_function(tf.TensorSpec([None, 8]))
    run = concrete._inference_function
    given = [x, *concrete.captured_inputs]
    sides: dict[str, Callable[[], Any]] = {
        "function": lambda: function(x),
        "hubexplore": lambda: loaded(x),
        "floor": lambda: run.call_preflattened(given),
    }
    took: dict[str, list[float]] = {side: [] for side in sides}
    for _round in range(_ROUNDS):
        # The sides alternate, so that a slow phase of the machine hits all of them.
        for side, call in sides.items():
            call()
            for _number in range(_CALLS):
                started = time.perf_counter()
                call()
                took[side].append(time.perf_counter() - started)
    return {side: statistics.median(seconds) for side, seconds in took.items()}


def memory(side: str, path: str) -> dict[str, Any]:
    """Peak memory in bytes before and after a module of tables was loaded and called."""
    import tensorflow as tf

    from benchmarks.child import peak_memory

    rows = tf.constant([1, 2], tf.int64)
    tf.function(lambda ids: tf.gather(tf.ones([4, 4]), ids))(rows)
    base = peak_memory()
    if side == LOADER:
        tf.saved_model.load(path, tags=[]).signatures["default"](rows)
    else:
        import hubexplore as hub

        hub.load(path)(rows)
    return {"base": base, "peak": peak_memory()}


def share(run: Callable[..., dict[str, Any]], side: str, path: Path) -> float:
    """Peak memory above the base, as a share of the checkpoint's size.

    Args:
      run: runs `benchmarks.child`.
      side: `LOADER` or "hubexplore".
      path: of the module.
    """
    size = sum(file.stat().st_size for file in (path / "variables").iterdir())
    seen = run("eager_memory", side, str(path))
    return float(seen["peak"] - seen["base"]) / size
