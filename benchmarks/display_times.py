"""Measures how long it takes to look at a module: `hubexplore show`, summaries, pages, diagrams, costs.

Nothing here may import TensorFlow: `measure` runs in a separate process, which checks that.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks.folders import ROOT

LIMIT: Final = 300  # seconds for one process
# The floor of `show`: starting Python and importing what any reader of these files needs.
BARE: Final = "import numpy, google.protobuf.message_factory"


def cold_show(path: Path, repeats: int) -> tuple[float, float, float]:
    """Returns median seconds of a process: `saved_model_cli show --all`, `hubexplore show`, bare Python."""
    tools = Path(sys.executable).parent
    commands = (
        [str(tools / "saved_model_cli"), "show", "--dir", str(path), "--all"],
        [str(tools / "hubexplore"), "show", str(path)],
        [sys.executable, "-c", BARE],
    )
    taken: list[list[float]] = [[], [], []]
    # The commands alternate, so that a slow phase of the machine hits all of them.
    for _ in range(repeats):
        for command, times in zip(commands, taken, strict=True):
            start = time.perf_counter()
            subprocess.run(command, cwd=ROOT, capture_output=True, timeout=LIMIT, check=True)
            times.append(time.perf_counter() - start)
    theirs, ours, bare = map(statistics.median, taken)
    return theirs, ours, bare


def measure(path: str, repeats: int) -> dict[str, Any]:
    """Returns median seconds of summary plus HTML, first diagram, cost, and parsing alone; sizes in kB.

    The diagram and the cost are of a new summary each time, whose own time does not count.
    """
    import hubexplore as hub
    from hubexplore.display.card import html
    from hubexplore.summary.graph.messages import SavedModel

    hub.summarize(path)  # imports do not count
    drawing = hub.summarize(path).graph().svg

    def page() -> str:
        return str(html.module(hub.summarize(path)))

    def parse() -> None:
        SavedModel.FromString(Path(path, "saved_model.pb").read_bytes())

    def diagram() -> float:
        summary = hub.summarize(path)
        return _clock(lambda: summary.graph().svg)

    def cost() -> float:
        summary = hub.summarize(path)
        # With the sums, which are made when they are first asked for.
        return _clock(lambda: summary.cost().scopes)

    return {
        "page": statistics.median(_clock(page) for _ in range(repeats)),
        "parse": statistics.median(_clock(parse) for _ in range(repeats)),
        "diagram": statistics.median(diagram() for _ in range(repeats)),
        "cost": statistics.median(cost() for _ in range(repeats)),
        "html_kb": len(page().encode()) / 1000,
        "svg_kb": len(drawing.encode()) / 1000,
        "heavy": sorted({"tensorflow", "pandas", "IPython"} & set(sys.modules)),
    }


def _clock(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
