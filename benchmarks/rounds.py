"""The measurements inside one process: both libraries and the floor alternate, each in new graphs."""

from __future__ import annotations

import functools
import gc
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorflow as tf

from benchmarks import tensorflow_floor
from benchmarks.folders import BENCH
from benchmarks.subjects import Subject, values
from hubexplore.errors import GraphGrowthWarning

v1 = tf.compat.v1

CALLS: Final = 20
# The operations of one round, in seconds; ADDED counts ops.
LOAD, MODULE, FIRST, MANY, SECOND, TWENTIETH, ADDED, INIT, EXPORT = OPERATIONS = (
    "load spec",
    "Module(spec)",
    "first m(x)",
    "20 calls of m(x)",
    "2nd call",
    "20th call",
    "ops added per call",
    "initialise, new session",
    "export",
)

Round = dict[str, float]


def clock(action: Callable[[], Any]) -> tuple[float, Any]:
    """Runs `action`; returns the seconds that it took, and its result."""
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def library_round(subject: Subject, api: Any) -> tuple[Round, dict[str, Any]]:
    """Runs every operation once with one library.

    Returns:
      The measurements and the outputs of the signature.
    """
    took: Round = {}
    took[LOAD], spec = clock(lambda: subject.spec(api))
    made = values(spec.get_input_info_dict(subject.signature, tags=set(subject.tags)))
    # Two graphs: after twenty calls, initialising the first one would also take TensorFlow longer.
    with tf.Graph().as_default():
        took.update(_build(subject, api, spec, made))
    with tf.Graph().as_default() as graph:
        more, outputs = _run(subject, api, subject.spec(api), made, graph)
    return took | more, outputs


def _module(subject: Subject, api: Any, spec: Any) -> Any:
    return api.Module(spec, trainable=subject.trainable, tags=set(subject.tags))


def _call(subject: Subject, module: Any, feeds: dict[str, Any]) -> Any:
    return module(feeds, signature=subject.signature, as_dict=True)


def _placeholders(made: dict[str, Any], infos: dict[str, Any]) -> dict[str, Any]:
    """Returns a placeholder per input, made before the clock starts; converting it adds no op."""
    return {name: v1.placeholder(infos[name].dtype, infos[name].get_shape()) for name in made}


def _build(subject: Subject, api: Any, spec: Any, made: dict[str, Any]) -> Round:
    took: Round = {}
    took[MODULE], module = clock(lambda: _module(subject, api, spec))
    feeds = _placeholders(made, module.get_input_info_dict(subject.signature))
    graph = v1.get_default_graph()
    before = _size(graph)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GraphGrowthWarning)  # growing the graph is what is measured
        times = [clock(lambda: _call(subject, module, feeds))[0] for _ in range(CALLS)]
    # The first call also prepares what later ones reuse, so that growth is measured from the second one.
    took[FIRST], took[SECOND], took[TWENTIETH], took[MANY] = times[0], times[1], times[-1], sum(times)
    took[ADDED] = (_size(graph) - before) / CALLS
    return took


def _size(graph: Any) -> int:
    return len(graph.get_operations())


def _run(
    subject: Subject, api: Any, spec: Any, made: dict[str, Any], graph: Any
) -> tuple[Round, dict[str, Any]]:
    took: Round = {}
    module = _module(subject, api, spec)
    everything = tf.group(v1.global_variables_initializer(), v1.tables_initializer())

    def initialise() -> Any:
        session = v1.Session(graph=graph)
        session.run(everything)
        return session

    took[INIT], session = clock(initialise)
    # Beside the modules and not in /tmp, which may be another disk or memory.
    scratch = Path(tempfile.mkdtemp(dir=BENCH))
    try:
        took[EXPORT], _ = clock(lambda: module.export(str(scratch / "exported"), session))
    finally:
        shutil.rmtree(scratch)
    feeds = _placeholders(made, module.get_input_info_dict(subject.signature))
    outputs = _call(subject, module, feeds)
    with session:
        return took, session.run(outputs, {feeds[name]: made[name] for name in made})


def floor_round(floor: tensorflow_floor.Plan) -> Round:
    """Runs every operation of the floor once."""
    took: Round = {ADDED: floor.calls}
    with tf.Graph().as_default():
        took[MODULE] = tensorflow_floor.build_state(floor)
        times = [tensorflow_floor.build_apply(floor) for _ in range(CALLS)]
        took[FIRST], took[SECOND], took[TWENTIETH], took[MANY] = times[0], times[1], times[-1], sum(times)
    with tf.Graph().as_default():
        tensorflow_floor.build_state(floor)
        took[INIT], session = tensorflow_floor.initialise(floor)
        scratch = Path(tempfile.mkdtemp(dir=BENCH))
        try:
            with session:
                took[EXPORT] = tensorflow_floor.save(floor, session, scratch / "exported")
        finally:
            shutil.rmtree(scratch)
    return took


def alternate(
    subject: Subject, apis: dict[str, Any], repeats: int
) -> tuple[dict[str, Round], dict[str, str]]:
    """Returns medians over `repeats` rounds, in each of which every side runs once.

    Args:
      subject: what to measure on.
      apis: side -> library.
      repeats: rounds.

    Returns:
      Side -> operation -> median, with the side "floor" added; and side -> why it could not be
      measured, for libraries that raised or whose outputs differ from the first library's.
    """
    floor = tensorflow_floor.plan(subject)
    taken: dict[str, list[Round]] = {side: [] for side in [*apis, "floor"]}
    failed: dict[str, str] = {}
    for _ in range(repeats):
        outputs: list[dict[str, Any]] = []
        for side in [side for side in apis if side not in failed]:
            gc.collect()  # garbage of one side must not be collected in the time of the next
            try:
                took, output = library_round(subject, apis[side])
                _compare(output, (outputs or [output])[0])
            except Exception as error:  # noqa: BLE001 - whatever it is, the other side is still measured
                failed[side] = f"{type(error).__name__}: {str(error).strip().splitlines()[:1]}"
                continue
            taken[side].append(took)
            outputs.append(output)
        gc.collect()
        taken["floor"].append(floor_round(floor))
    return {side: _medians(took) for side, took in taken.items() if side not in failed}, failed


def read_specs(path: Path, apis: dict[str, Any], repeats: int) -> dict[str, float]:
    """Returns the median seconds of each side to read the spec of the module at `path`."""
    taken: dict[str, list[float]] = {side: [] for side in apis}
    gc.collect()
    for _ in range(repeats):
        for side, api in apis.items():
            taken[side].append(clock(functools.partial(api.load_module_spec, str(path)))[0])
    return {side: float(np.median(seconds)) for side, seconds in taken.items()}


def _medians(rounds: list[Round]) -> Round:
    return {name: float(np.median([took[name] for took in rounds])) for name in rounds[0]}


def _compare(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert set(ours) == set(theirs), (set(ours), set(theirs))
    for name, value in ours.items():
        # With a tolerance, since the order of a parallel sum is not fixed.
        if getattr(value, "dtype", None) is not None and value.dtype != object:
            np.testing.assert_allclose(value, theirs[name], rtol=1e-4, atol=1e-5, err_msg=name)
