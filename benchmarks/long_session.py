"""A kernel after hours of use: calls of changing sizes, loads under one name, panels opened and closed.

Everything runs in one process, as in a notebook that stays open. Memory is the resident size of the process.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any, Final

CALLS: Final = 20_000
LOADS: Final = 300
PANELS: Final = 100
WINDOW: Final = 1_000  # calls
LARGEST_BATCH: Final = 200


def measure(handle: str) -> dict[str, Any]:
    """Returns the figures of a module with one float input, by name; memory in MB."""
    return _calls(handle) | _loads(handle) | _panels(handle)


def _calls(handle: str) -> dict[str, Any]:
    """Measures calls with changing batch sizes, in turn through a session and through plain TensorFlow."""
    import numpy as np
    import tensorflow as tf

    import hubexplore as hub

    v1 = tf.compat.v1
    session = hub.NotebookSession("calls")
    module = session.load(handle)
    name, rows = _rows(module)
    info = module.get_input_info_dict()[name]
    with tf.Graph().as_default():
        placeholder = v1.placeholder(info.dtype, info.get_shape())
        output = hub.Module(handle)(placeholder)
        plain = v1.Session()
        plain.run(v1.global_variables_initializer())
        bare = plain.make_callable(output, [placeholder])
    sides: tuple[Callable[[Any], object], ...] = (lambda x: session.call(module, x), bare)
    taken: tuple[list[float], list[float]] = ([], [])
    # Changing sizes, because a cache by shape would grow with each of them.
    sizes = np.random.default_rng(0).integers(1, LARGEST_BATCH + 1, CALLS)
    memory = []
    for number, size in enumerate(sizes.tolist()):
        for side, times in zip(sides, taken, strict=True):
            start = time.perf_counter()
            side(rows[:size])
            times.append(time.perf_counter() - start)
        if number + 1 in (CALLS // 10, CALLS):
            memory.append(_memory())
    session.close()
    ours, theirs = taken
    return {
        "call": statistics.median(ours),
        "bare": statistics.median(theirs),
        "call_growth": _growth(ours) / _growth(theirs),
        "calls_mb": memory[1] - memory[0],
    }


def _rows(module: Any) -> tuple[str, Any]:
    """Returns the name of the input of the default signature, and values for it."""
    import numpy as np

    ((name, info),) = module.get_input_info_dict().items()
    return name, np.ones([LARGEST_BATCH, *info.get_shape().as_list()[1:]], info.dtype.as_numpy_dtype)


def _growth(times: list[float]) -> float:
    """Returns the ratio of the last calls to the first ones after the warm-up."""
    return statistics.median(times[-WINDOW:]) / statistics.median(times[100 : 100 + WINDOW])


def _loads(handle: str) -> dict[str, Any]:
    """Measures loading a module again and again under the same name."""
    import hubexplore as hub

    session = hub.NotebookSession("loads")
    times, memory = [], []
    for number in range(LOADS):
        start = time.perf_counter()
        session.load(handle, "m")
        times.append(time.perf_counter() - start)
        if number + 1 in (LOADS // 10, LOADS):
            memory.append(_memory())
    session.close()
    # Without the first loads, which also fill caches.
    tenth = statistics.median(times[5:25])
    return {
        "load": statistics.median(times),
        "load_growth": statistics.median(times[-20:]) / tenth,
        "loads_mb": memory[1] - memory[0],
    }


def _panels(handle: str) -> dict[str, Any]:
    """Measures what remains of panels that were opened, run once and closed."""
    import comm
    from ipywidgets.widgets.widget import _instances

    import hubexplore as hub

    name, rows = _rows(hub.load_module_spec(handle))
    # ipywidgets keeps a strong reference to every widget that is not closed: leaks show in this dict. The
    # manager of comms keeps each comm that is open.
    counts: list[tuple[int, int]] = []
    comms, memory = comm.get_comm_manager().comms, []
    for number in range(PANELS):
        panel = hub.explore(handle)
        panel.run({name: rows[:2]})
        panel.close()
        del panel
        if number + 1 in (PANELS // 4, PANELS):
            memory.append(_memory())
        if number in (0, PANELS - 1):
            counts.append((len(_instances), len(comms)))
    # From the first panel on, which may leave what exists once.
    widgets_left, comms_left = (last - first for first, last in zip(*counts, strict=True))
    return {"widgets_left": widgets_left, "comms_left": comms_left, "panels_mb": memory[1] - memory[0]}


def _memory() -> float:
    import psutil

    gc.collect()  # graphs and widgets are cycles
    return float(psutil.Process().memory_info().rss) / 1e6
