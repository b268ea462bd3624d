"""Waiting times at the panel of `hubexplore.lens` on 200,000 vectors of 100 numbers, in a real JupyterLab."""

from __future__ import annotations

from typing import Any, Final

from playwright.sync_api import FloatRect, expect

from benchmarks.explorer import Waits, user
from tests.browser.notebook import PATIENCE, Notebook

ROWS: Final = 200_000
LASSOS: Final = 8
_DATA: Final = f"""
import numpy as np, pandas as pd, hubexplore as hub
random = np.random.default_rng(0)
label = random.integers(0, 10, {ROWS})
vectors = (random.normal(size=(10, 100))[label] * 2 + random.normal(size=({ROWS}, 100))).astype(np.float32)
frame = pd.DataFrame({{
    "text": [f"row {{at}}" for at in range({ROWS})], "label": label, "vector": list(vectors),
    "prediction": np.where(random.random({ROWS}) < 0.05, 0, label),
}})
hub.lens  # the import is not measured
"""
_PICTURE: Final = """() => {
  window.drawn = null;
  const start = performance.now();
  const look = () => {
    const canvas = document.querySelector(".hubexplore-panel .hub-map canvas");
    if (canvas?.getBoundingClientRect().height) window.drawn = performance.now() - start;
    else requestAnimationFrame(look);
  };
  addEventListener("keydown", () => requestAnimationFrame(look), { capture: true, once: true });
}"""
# A map without a lens: what a lasso of jupyter-scatter takes until the kernel has answered with a text.
_BARE: Final = """
import ipywidgets, jscatter
from hubexplore.mapped.projection import principal_components
places = pd.DataFrame(principal_components(vectors).places, columns=["x", "y"])
places["right"] = pd.Categorical(np.where(frame.label == frame.prediction, "right", "wrong"))
scatter = jscatter.Scatter(data=places, x="x", y="y", height=420, axes=False, color_by="right", legend=False)
answer = ipywidgets.Label("nothing").add_class("answer")
scatter.widget.observe(lambda change: setattr(answer, "value", f"{len(change['new'])} points"), "selection")
ipywidgets.VBox([scatter.show(["pan_zoom", "lasso"]), answer]).add_class("bare")
"""
# From the end of a lasso until another text is painted.
_WATCH: Final = """selector => {
  window.ended = 0;
  window.listed = [];
  window.watching?.disconnect();
  addEventListener("pointerup", () => { window.ended = performance.now(); }, true);
  addEventListener("mouseup", () => { window.ended = performance.now(); }, true);
  let before = document.querySelector(selector)?.textContent ?? "";
  window.watching = new MutationObserver(() => {
    const text = document.querySelector(selector)?.textContent ?? "";
    if (text === before) return;
    before = text;
    requestAnimationFrame(() => window.listed.push(performance.now() - window.ended));
  });
  window.watching.observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


def measure() -> dict[str, Any]:
    """Measures the seconds until the first picture, and from a lasso to its table.

    "bare" is from a lasso of jupyter-scatter alone to a text of the kernel.
    """
    with user() as notebook:
        notebook.new()
        notebook.run(_DATA)
        cell = notebook.write("hub.lens(frame, label='label', prediction='prediction')")
        notebook.page.evaluate(_PICTURE)
        notebook.cell(cell).locator(".cm-content").click()
        notebook.page.keyboard.press("Shift+Enter")
        notebook.page.wait_for_function("() => window.drawn !== null", timeout=PATIENCE)
        picture = notebook.page.evaluate("window.drawn") / 1000
        lasso = _lassos(notebook, ".hubexplore-panel .hub-map", ".hub-rows caption")
        notebook.run(_BARE)
        return {"picture": picture, "lasso": lasso, "bare": _lassos(notebook, ".bare", ".answer")}


def _lassos(notebook: Notebook, plot: str, answer: str) -> Waits:
    """Measures from the end of a lasso on a map until its answer is painted; both are selectors."""
    page = notebook.page
    canvas = notebook.panel.locator(f"{plot} canvas").first
    expect(canvas).to_be_visible()
    notebook.panel.locator(f"{plot} button").nth(1).click()
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None, "the canvas is visible"
    page.evaluate(_WATCH, answer)
    waited: list[float] = []
    for number in range(LASSOS):
        _lasso(notebook, box, 0.3 + 0.02 * number)
        page.wait_for_function("number => window.listed.length > number", arg=len(waited), timeout=PATIENCE)
        waited.append(page.evaluate("window.listed.at(-1)") / 1000)
    return Waits.of(waited)


def _lasso(notebook: Notebook, box: FloatRect, top: float) -> None:
    """Draws a rectangle with this upper edge, as a share of the map."""
    mouse = notebook.page.mouse

    # In few steps: a browser without a graphics card draws all points again at each, which takes a while.
    def move(across: float, down: float) -> None:
        mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * down, steps=2)

    move(0.3, top)
    mouse.down()
    for corner in ((0.7, top), (0.7, 0.7), (0.3, 0.7), (0.3, top + 0.01)):
        move(*corner)
    mouse.up()
