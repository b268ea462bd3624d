"""One measurement in a separate process; prints one JSON object as its last line.

    python -m benchmarks.child cold SIDE              path -> first output; SUBJECT on stdin
    python -m benchmarks.child gradients SIDE         the first `tf.gradients`; SUBJECT on stdin
    python -m benchmarks.child spec SIDE PATH         the first `load_module_spec`
    python -m benchmarks.child memory SIDE PATH       peak memory of loading a heavy module
    python -m benchmarks.child import                 `import hubexplore`
    python -m benchmarks.child calls HANDLE           calls through a session, and bare ones
    python -m benchmarks.child load_ext               `%load_ext hubexplore` in a fresh shell
    python -m benchmarks.child card                   `%hub_load` in a fresh kernel
    python -m benchmarks.child hours HANDLE           calls, loads and panels as in hours of use
    python -m benchmarks.child look PATH REPEATS      summary, page and diagram, without TensorFlow
    python -m benchmarks.child keras_cold SIDE KIND PATH   a model of Keras: path -> first output
    python -m benchmarks.child keras_floor PATH FILE       writes what the side "floor" of it imports
    python -m benchmarks.child keras_calls KIND PATH       and calls of it
    python -m benchmarks.child eager_load SIDE PATH   hub.load of the module of images
    python -m benchmarks.child eager_calls            calls outside of graphs
    python -m benchmarks.child eager_memory SIDE PATH peak memory of hub.load
    python -m benchmarks.child fit_steps              steps of training in Keras
    python -m benchmarks.child maps ROWS              whole data sets
    python -m benchmarks.child map_memory GIGABYTES   memory of Parquet that does not fit into it
    python -m benchmarks.child maps_on_clusters ROWS  pictures on workers of Dask
    python -m benchmarks.child form PATH              `explore` in a fresh kernel
    python -m benchmarks.child inline NODES ...       inlining graphs of calls
    python -m benchmarks.child cut PATH REPEATS       cuts of a large module
    python -m benchmarks.child parts PATH REPEATS     what is made of a large module and another one

SIDE is "peer", "hubexplore" or "tf.saved_model.load" ("base" for memory, "floor" for gradients and models of
Keras); SUBJECT is a JSON object.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def library(side: str) -> Any:
    """Imports one of the two libraries."""
    if side == "peer":
        from benchmarks import peer

        return peer.load()
    import hubexplore

    return hubexplore


def _cold(side: str) -> dict[str, Any]:
    import tensorflow as tf

    subject = json.load(sys.stdin)
    # TensorFlow and the input values are loaded by now: only the path from directory to output counts. The
    # import of the library does count, because the first use of a module pays for it.
    start = time.perf_counter()
    if side == "tf.saved_model.load":
        output = _saved_model_load(tf, subject)
    else:
        output = _hub_module(tf, side, subject)
    assert output
    return {"seconds": time.perf_counter() - start}


def _hub_module(tf: Any, side: str, subject: dict[str, Any]) -> Any:
    api = library(side)
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        module = api.Module(subject["path"], tags=set(subject["tags"]))
        feeds = {name: tf.constant(value, dtype) for name, (value, dtype) in subject["values"].items()}
        outputs = module(feeds, signature=subject["signature"], as_dict=True)
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        return session.run(outputs)


def _saved_model_load(tf: Any, subject: dict[str, Any]) -> Any:
    loaded = tf.saved_model.load(subject["path"], tags=subject["tags"])
    feeds = {name: tf.constant(value, dtype) for name, (value, dtype) in subject["values"].items()}
    outputs = loaded.signatures[subject["signature"]](**feeds)
    return {name: output.numpy() for name, output in outputs.items()}


def _gradients(side: str) -> dict[str, Any]:
    import tensorflow as tf

    described = json.load(sys.stdin)
    with tf.Graph().as_default() as graph:
        outputs, variables = _differentiable(tf, side, described)
        loss = tf.add_n([tf.reduce_sum(output) for output in outputs if output.dtype.is_floating])
        before = len(graph.get_operations())
        start = time.perf_counter()
        gradients = tf.gradients(loss, variables)
        seconds = time.perf_counter() - start
        assert any(gradient is not None for gradient in gradients)
        return {"seconds": seconds, "ops": len(graph.get_operations()) - before}


def _differentiable(tf: Any, side: str, described: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    if side == "floor":
        from benchmarks import tensorflow_floor
        from benchmarks.subjects import Subject

        subject = Subject(**{field.name: described[field.name] for field in dataclasses.fields(Subject)})
        return tensorflow_floor.differentiable(
            tensorflow_floor.plan(dataclasses.replace(subject, path=Path(subject.path)))
        )
    v1 = tf.compat.v1
    module = library(side).Module(described["path"], trainable=True, tags=set(described["tags"]))
    infos = module.get_input_info_dict(described["signature"])
    feeds = {name: v1.placeholder(info.dtype, info.get_shape()) for name, info in infos.items()}
    outputs = module(feeds, signature=described["signature"], as_dict=True)
    return [output for _, output in sorted(outputs.items())], v1.trainable_variables()


def _spec(side: str, path: str) -> dict[str, Any]:
    import tensorflow as tf  # noqa: F401  # its import is not a part of the measurement

    load = library(side).load_module_spec
    start = time.perf_counter()
    load(path)
    return {"seconds": time.perf_counter() - start}


def peak_memory() -> int:
    """Returns the peak memory of this process in bytes; Linux counts it from the start of the program."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no VmHWM: peak memory can be measured only on Linux")


def _memory(side: str, path: str) -> dict[str, Any]:
    import tensorflow as tf

    v1 = tf.compat.v1
    started = time.perf_counter()
    with tf.Graph().as_default(), v1.Session() as session:
        # The first run of a session allocates TensorFlow's own pools, which are not a part of the module.
        session.run(tf.constant(1) + 1)
        base = peak_memory()
        if side != "base":
            module = library(side).Module(path)
            output = module(tf.constant([1, 2], tf.int64))
            session.run(v1.global_variables_initializer())
            session.run(output)
    return {"base": base, "peak": peak_memory(), "seconds": time.perf_counter() - started}


def _import() -> dict[str, Any]:
    before = set(sys.modules)
    start = time.perf_counter()
    import hubexplore  # noqa: F401

    seconds = time.perf_counter() - start
    # Compared with before: starting this program loads modules too.
    heavy = {"tensorflow", "pandas", "IPython"} & (set(sys.modules) - before)
    return {"seconds": seconds, "heavy": sorted(heavy)}


def _look(path: str, repeats: str) -> dict[str, Any]:
    from benchmarks import display_times

    return display_times.measure(path, int(repeats))


def describe(subject: Any, made: dict[str, Any], infos: dict[str, Any]) -> str:
    """Returns the SUBJECT text of a subject and the values of its inputs."""
    plain = {name: (_text(value.tolist()), infos[name].dtype.name) for name, value in made.items()}
    fields = dataclasses.asdict(subject) | {"path": str(subject.path), "values": plain}
    return json.dumps(fields)


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return [_text(item) for item in value]
    return value.decode() if isinstance(value, bytes) else value


def main() -> None:
    from benchmarks import (
        cuts,
        eager_modules,
        keras_layers,
        keras_models,
        long_session,
        map_memory,
        maps,
        parts,
        saving,
        sessions,
    )

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    actions: dict[str, Callable[..., dict[str, Any]]] = {"cold": _cold, "memory": _memory, "import": _import}
    actions |= {"gradients": _gradients, "spec": _spec}
    actions |= {
        "cut": cuts.measure,
        "parts": parts.measure,
        "eager_calls": eager_modules.calls,
        "eager_load": eager_modules.first_output,
        "eager_memory": eager_modules.memory,
        "fit_steps": keras_layers.steps,
        "inline": keras_models.inlining,
        "keras_calls": keras_models.calls,
        "keras_cold": keras_models.cold,
        "keras_floor": keras_models.write_floor,
        "form": sessions.form,
        "map_memory": map_memory.measure,
        "maps": maps.seconds,
        "maps_on_clusters": maps.on_clusters,
        "hours": long_session.measure,
        "look": _look,
        "calls": sessions.calls,
        "load_ext": sessions.load_ext,
        "card": sessions.card,
        "save": saving.measure,
    }
    print(json.dumps(actions[sys.argv[1]](*sys.argv[2:])))


if __name__ == "__main__":
    main()
