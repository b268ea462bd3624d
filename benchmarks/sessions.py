"""Measures a call through a NotebookSession, and the waiting times of a notebook.

`calls` and `load_ext` run in separate processes, `card` starts a kernel.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, Final

CALLS: Final = 10_000
WINDOW: Final = 500  # calls around the 10th and the 10,000th, since a single one varies twofold


def calls(handle: str) -> dict[str, Any]:
    """Returns seconds per call of a signature with one float input, of a session and of plain TensorFlow.

    The sides alternate every 100 calls. The bare side is `Session.make_callable` with a placeholder, in a
    separate session.
    """
    import numpy as np
    import tensorflow as tf

    import hubexplore as hub
    from benchmarks.child import peak_memory

    v1 = tf.compat.v1
    x = np.ones(4, np.float32)
    session = hub.NotebookSession()
    module = session.load(handle)
    with tf.Graph().as_default():
        placeholder = v1.placeholder(tf.float32, [None])
        output = hub.Module(handle)(placeholder)
        plain = v1.Session()
        plain.run(v1.global_variables_initializer())
        bare = plain.make_callable(output, [placeholder])
    sides: tuple[Callable[[], object], ...] = (lambda: session.call(module, x), lambda: bare(x))
    taken: tuple[list[float], list[float]] = ([], [])
    # The first call of each side builds the graph or compiles the callable.
    for side in sides:
        side()
    ops = len(session.graph.get_operations())
    memory = None
    # In turns, since the machine gets faster and slower: both sides meet the same conditions.
    for turn in range(CALLS // 100):
        for side, times in zip(sides, taken, strict=True):
            for _ in range(100):
                start = time.perf_counter()
                side()
                times.append(time.perf_counter() - start)
        if turn == 20:  # the log has reached its full length
            memory = peak_memory()
    ours, theirs = taken
    return {
        "ours": statistics.median(ours),
        "bare": statistics.median(theirs),
        "growth": _growth(ours),
        "bare_growth": _growth(theirs),
        "ops_added": len(session.graph.get_operations()) - ops,
        "memory_growth_mb": (peak_memory() - (memory or 0)) / 1e6,
    }


def _growth(times: list[float]) -> float:
    """Returns the ratio of the last calls to those from the 10th on."""
    return statistics.median(times[-WINDOW:]) / statistics.median(times[10 : 10 + WINDOW])


def card() -> dict[str, Any]:
    """Returns the seconds from sending a cell with `%hub_load` to the first card, and to the end of the cell.

    In a new kernel, whose start does not count. The module is a sample that is already in the cache.
    """
    import hubexplore as hub

    hub.samples.path("half-plus-two")
    return _in_kernel("", "%load_ext hubexplore\n%hub_load sample:half-plus-two", "text/html", "<table")


def form(path: str) -> dict[str, Any]:
    """Returns the seconds from sending a cell with `explore` to the panel with its form, and to the end.

    In a new kernel that has imported hubexplore, as people do in their first cell. It includes importing
    ipywidgets and the panel, reading the model, finding an example and making all widgets; not TensorFlow,
    which is imported once the panel is on screen, nor the browser, which `benchmarks.explorer` measures.
    """
    view = "application/vnd.jupyter.widget-view+json"
    return _in_kernel("import hubexplore", f"hubexplore.explore({path!r})", view, "model_id")


def _in_kernel(before: str, code: str, mime_type: str, part: str) -> dict[str, Any]:
    """Runs two cells in a new kernel; the seconds until the second shows some output, and until it ends."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    try:
        client.execute_interactive(before, timeout=120, output_hook=lambda message: None)
        start = time.perf_counter()
        sent = client.execute(code)
        shown = None
        while True:
            message = client.get_iopub_msg(timeout=120)
            output = message["content"].get("data", {}).get(mime_type, "")
            if shown is None and part in output:
                shown = time.perf_counter() - start
            is_answer = message["parent_header"].get("msg_id") == sent
            if is_answer and message["content"].get("execution_state") == "idle":
                return {"shown": shown, "ready": time.perf_counter() - start}
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def load_ext() -> dict[str, Any]:
    """Seconds of `%load_ext hubexplore` in a shell that has imported nothing."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    before = set(sys.modules)
    start = time.perf_counter()
    shell.run_line_magic("load_ext", "hubexplore")
    loaded = time.perf_counter() - start
    # The time alone could hide an import on a fast machine.
    heavy = {"tensorflow", "pandas"} & (set(sys.modules) - before)
    return {"seconds": loaded, "heavy": sorted(heavy)}
