"""Waiting times at the panel of `hubexplore.explore`, in a real JupyterLab in Chromium.

The page itself measures the time from a click until the result is painted.
"""

from __future__ import annotations

import re
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorflow as tf
from playwright.sync_api import expect, sync_playwright

import hubexplore as hub
from tests.browser.lab import serving
from tests.browser.notebook import PATIENCE, WINDOW, Notebook
from tests.browser.panel import Panel
from tests.conftest import CHROMIUM_FLAGS
from tests.hub.modules import export

tf1 = tf.compat.v1
FORMS: Final = 3
"""How often a form is opened; the figure is the median."""
RUNS: Final = 30
SENTENCES: Final = "\n".join(f"the king of the {number} islands wrote a letter" for number in range(20))

# Records the time of a click and the time when its result is painted: one frame after the attribute changes,
# when pictures are decoded. A clock outside the page would also measure Playwright's round trips.
_WATCH: Final = """() => {
  window.clicked = 0;
  window.painted = [];
  addEventListener("pointerdown", () => { window.clicked = performance.now(); }, true);
  const seen = new MutationObserver((changes) => {
    if (changes.some(({ attributeName }) => attributeName === "data-painted")) {
      requestAnimationFrame(() => window.painted.push(performance.now() - window.clicked));
    }
  });
  seen.observe(document.body, { subtree: true, attributes: true, attributeFilter: ["data-painted"] });
}"""


@dataclass(frozen=True)
class Waits:
    """Waiting times in seconds: p50, p95, and the number of measurements."""

    p50: float
    p95: float
    count: int

    @staticmethod
    def of(times: list[float]) -> Waits:
        """Summarises a list of times."""
        ordered = sorted(times)
        return Waits(statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))], len(ordered))


@contextmanager
def user() -> Iterator[Notebook]:
    """Starts a separate JupyterLab and a user in front of it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), Path(folder, "modules")) as lab,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(CHROMIUM_FLAGS), chromium_sandbox=False
        )
        with browser.new_context(viewport=WINDOW) as context:
            context.set_default_timeout(PATIENCE)
            yield Notebook(context.new_page(), lab)
        browser.close()


def runs(notebook: Notebook, what: str, fill: Callable[[Panel], None], count: int = RUNS) -> Waits:
    """Measures from a click on Run to the painted result, without the run itself.

    Args:
      notebook: in which the panel is opened.
      what: expression that is passed to `explore`.
      fill: fills in the form.
      count: number of measured runs.
    """
    notebook.new()
    panel = Panel.open(notebook, what)
    fill(panel)
    panel.run()  # loads TensorFlow and the module
    panel.run()  # warms up caches of the kernel and the browser
    notebook.page.evaluate(_WATCH)
    waited: list[float] = []
    for number in range(3, 3 + count):
        # The page, not this process, takes the time; see `_WATCH`.
        panel.run_button.click()
        panel.wait_for_run(number)
        notebook.page.wait_for_function("number => window.painted.length > number", arg=len(waited))
        seconds = notebook.page.evaluate("window.painted.at(-1)") / 1000
        # The log states how long TensorFlow took, which is not the panel's to improve.
        waited.append(seconds - _seconds(panel.log.locator("tbody tr").first.inner_text()))
    return Waits.of(waited)


def unfolding(notebook: Notebook, what: str, most: int = 12) -> Waits:
    """Measures from a click on a scope of the graph to the new painted layout; every layout is a new one."""
    notebook.new()
    panel = Panel.open(notebook, what)
    panel.tab("Graph")
    stage = panel.node.locator(".hub-graph[data-painted]")
    expect(stage).to_be_visible()
    notebook.page.evaluate(_WATCH)
    waited: list[float] = []
    while len(waited) < most and stage.locator(".hub-folded").count():
        stage.locator(".hub-folded").first.click(force=True)
        notebook.page.wait_for_function("number => window.painted.length > number", arg=len(waited))
        waited.append(notebook.page.evaluate("window.painted.at(-1)") / 1000)
    return Waits.of(waited)


def opening(notebook: Notebook, what: str, *, warm: bool = False) -> float:
    """Returns the seconds from running the cell until the form is painted; hubexplore is already imported.

    Args:
      notebook: in which the panel is opened.
      what: expression that is passed to `explore`.
      warm: whether the kernel has opened a panel before.
    """
    notebook.new()
    notebook.run("import hubexplore")
    if warm:
        notebook.run("hubexplore.explore('sample:half-plus-two').close()")
    cell = notebook.write(f"hubexplore.explore({what})")
    notebook.page.evaluate(
        """() => {
          window.opened = null;
          const start = performance.now();
          const look = () => {
            const button = document.querySelector(".hubexplore-panel .hub-actions button");
            if (button?.getBoundingClientRect().height) window.opened = performance.now() - start;
            else requestAnimationFrame(look);
          };
          addEventListener("keydown", () => requestAnimationFrame(look), { capture: true, once: true });
        }"""
    )
    notebook.cell(cell).locator(".cm-content").click()
    notebook.page.keyboard.press("Shift+Enter")
    notebook.page.wait_for_function("() => window.opened !== null", timeout=PATIENCE)
    seconds: float = notebook.page.evaluate("window.opened") / 1000
    return seconds


def reading(notebook: Notebook, path: Path) -> float:
    """Returns the seconds from choosing a CSV file until the panel describes its million numbers."""
    notebook.new()
    panel = Panel.open(notebook, f"{str(path / 'one')!r}")
    panel.choose("Source", "file")
    notebook.page.evaluate(
        """() => {
          window.described = null;
          const start = { at: 0 };
          addEventListener("change", () => { start.at = performance.now(); }, true);
          const seen = new MutationObserver(() => {
            if (!document.querySelector(".hub-field")?.textContent.includes("1,000,000 float32")) return;
            requestAnimationFrame(() => { window.described ??= performance.now() - start.at; });
          });
          seen.observe(document.body, { subtree: true, childList: true, characterData: true });
        }"""
    )
    panel.upload(path / "numbers.csv")
    notebook.page.wait_for_function("() => window.described !== null", timeout=PATIENCE)
    seconds: float = notebook.page.evaluate("window.described") / 1000
    return seconds


def _write_form_subjects(folder: Path) -> None:
    """Writes a module of a hundred inputs, one of a single vector, and a CSV file of a million numbers."""

    def hundred() -> None:
        inputs = {f"x{number}": tf1.placeholder(tf.float32, [None]) for number in range(100)}
        hub.add_signature(inputs=inputs, outputs=tf.add_n(list(inputs.values())))

    def one() -> None:
        vector = tf1.placeholder(tf.float32, [None], "x")
        hub.add_signature(inputs={"x": vector}, outputs=tf.reduce_sum(vector))

    for function in (hundred, one):
        export(hub.create_module_spec(function), folder / function.__name__)
    numbers = np.random.default_rng(0).normal(size=1_000_000).astype(np.float32)
    (folder / "numbers.csv").write_text("\n".join(map(str, numbers)))


def _seconds(row: str) -> float:
    """Returns the time in a row of the log."""
    match = re.search(r"([\d.]+) (ms|s)\b", row)
    assert match is not None, row
    return float(match[1]) / (1000 if match[2] == "ms" else 1)


def measure(decoder: Path | None, cnn: Path | None) -> dict[str, Any]:
    """Measures runs, unfolding and opening; each with a new browser and kernels.

    Args:
      decoder: a module with the signature `decoder`; None leaves it out.
      cnn: a module of about 4,000 nodes; None leaves it out.
    """
    results: dict[str, Any] = {}
    with user() as notebook:
        results["text"] = runs(
            notebook, "'sample:text-embedding'", lambda panel: panel.field("default").fill(SENTENCES)
        )
        results["unfolding"] = [unfolding(notebook, "'sample:digits'")]
    if decoder is not None:
        with user() as notebook:
            row = " ".join(["0.5"] * 10)
            results["decoder"] = runs(
                notebook,
                f"{str(decoder)!r}, 'decoder'",
                lambda panel: panel.field("latent_vectors").fill(row),
            )
            results["unfolding"].append(unfolding(notebook, f"{str(decoder)!r}, 'reconstructions'"))
    if cnn is not None:
        with user() as notebook:
            results["opening"] = opening(notebook, repr(str(cnn)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_form_subjects(folder)
        times = []
        for _ in range(FORMS):
            # In a browser of its own: JupyterLab would show the panel of the notebook before.
            with user() as notebook:
                times.append(opening(notebook, repr(str(folder / "hundred")), warm=True))
        results["form"] = statistics.median(times)
        with user() as notebook:
            results["csv"] = reading(notebook, folder)
    return results
