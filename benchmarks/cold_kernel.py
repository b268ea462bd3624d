"""From `%load_ext` to the first answer in a new kernel, beside TensorFlow alone in another new kernel."""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import dataclass
from typing import Final

from jupyter_client.manager import start_new_kernel

from hubexplore import samples

PATIENCE: Final = 300.0
PICTURE: Final = "[[[[0.5]] * 8] * 8]"
OURS: Final = (
    "%load_ext hubexplore",
    "%hub_load sample:digits --as digits",
    f"answer = %hub_call digits {PICTURE}",
)
# What a user writes without hubexplore: the graph, its values, and one run.
TENSORFLOW: Final = (
    "import tensorflow as tf",
    """
tf1 = tf.compat.v1
with tf.Graph().as_default(), tf1.Session() as session:
    meta_graph = tf1.saved_model.load(session, [], {path!r})
    signature = meta_graph.signature_def["default"]
    feeds = {{next(iter(signature.inputs.values())).name: """
    + PICTURE
    + """}}
    answer = session.run(next(iter(signature.outputs.values())).name, feeds)
""",
)


@dataclass(frozen=True)
class ColdKernel:
    """Medians in seconds.

    Attributes:
      ours: from `%load_ext hubexplore` to the answer, cells run one after the other.
      tensorflow: from `import tensorflow` to the same answer.
      ratio: of the two in one round.
      card: until the card of the module is shown.
    """

    ours: float
    tensorflow: float
    ratio: float
    card: float


def measure(rounds: int) -> ColdKernel:
    """Measures both sides by turns, each time in a new kernel."""
    path = samples.resolve("digits")
    plain = tuple(cell.format(path=path) if "path" in cell else cell for cell in TENSORFLOW)
    _seconds(plain)  # the files of TensorFlow are in memory from now on
    pairs = [(_seconds(OURS), _seconds(plain)) for _ in range(rounds)]
    return ColdKernel(
        statistics.median(ours for (ours, _), _ in pairs),
        statistics.median(seconds for _, (seconds, _) in pairs),
        statistics.median(ours / seconds for (ours, _), (seconds, _) in pairs),
        statistics.median(card for (_, card), _ in pairs),
    )


def _seconds(cells: tuple[str, ...]) -> tuple[float, float]:
    """Returns how long the cells take in a new kernel, and when the first card is shown.

    Raises:
      RuntimeError: a cell failed.
    """
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=PATIENCE)
    card = 0.0
    began = time.perf_counter()

    def look(message: dict[str, object]) -> None:
        nonlocal card
        if not card and "<details" in str(message["content"]):
            card = time.perf_counter() - began

    try:
        for cell in cells:
            reply = client.execute_interactive(cell, timeout=PATIENCE, output_hook=look)
            if reply["content"]["status"] != "ok":
                raise RuntimeError(f"{cell}: {reply['content']['evalue']}")
        return time.perf_counter() - began, card
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
