"""A user looks at a mapped data set: the map, its lasso, the rows beside it, and the mistakes."""

from __future__ import annotations

import json
from typing import Final

from playwright.sync_api import expect

from tests.browser.notebook import Notebook

DATA = """
import numpy as np, pandas as pd, hubexplore as hub
random = np.random.default_rng(0)
labels = np.arange(600) % 6
scores = np.eye(6)[labels] * 3 + random.normal(size=(600, 6))
scores = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
pictures = np.kron(np.eye(8)[labels][:, :, None] * 200, np.ones((1, 1, 8))).astype(np.uint8)
vectors = np.eye(6)[labels] * 6 + random.normal(size=(600, 6))
result = pd.DataFrame({"picture": list(pictures), "label": labels, "size": random.normal(size=600),
                       "vector": list(vectors), "scores": list(scores)})
"""


# Makes each drawing slow, and the wait for the rows long, and notes the order of what comes after a lasso.
_SLOW: Final = """() => {
  const { renderer } = window.jupyterScatter;
  const [draw, wait] = [renderer.render, window.setTimeout];
  window.order = [];
  renderer.render = (...values) => {
    for (const end = performance.now() + 60; performance.now() < end;);
    draw(...values);
    window.order.push("drawn");
  };
  window.setTimeout = (act, pause, ...values) => wait(act, pause === 500 ? 1e6 : pause, ...values);
  addEventListener("mouseup", () => { window.order.length = 0; }, true);
  const rows = document.querySelector(".hub-lens-tabs");
  new MutationObserver(() => window.order.push("listed")).observe(rows, { subtree: true, childList: true });
}"""
# What jupyter-scatter shows as selected.
_HIGHLIGHTED: Final = """() => {
  const plot = [...document.querySelectorAll(".hub-map div")].find((node) => node.api).api;
  return [...plot.get("selectedPoints")].sort((one, other) => one - other);
}"""


def test_the_map_the_rows_and_the_mistakes(notebook: Notebook) -> None:
    notebook.new()
    notebook.run(DATA)
    notebook.run("lens = hub.lens(result, label='label')\nlens")
    page = notebook.page
    panel = notebook.panel.locator(".hubexplore-panel")
    expect(panel).to_have_count(1)
    expect(notebook.panel.locator(".hubexplore-still")).to_be_hidden()
    expect(panel.get_by_text("600 rows · vector: vectors of 6 numbers")).to_be_visible()
    canvas = panel.locator("canvas").first
    expect(canvas).to_be_visible()
    # Narrower, it would cut off the points at its sides.
    box = canvas.bounding_box()
    assert box is not None
    assert box["width"] >= box["height"]
    _lasso_the_left_half(notebook)
    caption = panel.locator(".hub-rows caption").first
    expect(caption).to_contain_text("Selected: ")
    notebook.screenshot("lens", panel)
    cell = notebook.run("print(f'Selected: {len(lens.selected)} rows')")
    expect(notebook.output(cell)).to_contain_text(caption.inner_text())
    rows = panel.locator("tr[data-pick^='row:']")
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.get_by_text("Nearest rows.")).to_be_visible()
    expect(rows.nth(1)).to_be_focused()
    panel.get_by_role("tab", name="Mistakes").click()
    panel.locator(".hub-confusion td.hub-wrong button").first.click()
    expect(caption).to_contain_text("0 predicted as")
    panel.get_by_role("tab", name="Slices").click()
    expect(panel.get_by_text("Where it is worst")).to_be_visible()
    notebook.theme("dark")
    notebook.screenshot("lens-slices-dark", panel)
    panel.get_by_role("tab", name="Rows").click()
    notebook.narrow(600)
    widths = "node => [node.scrollWidth, node.clientWidth]"
    inner, outer = panel.evaluate(widths)
    assert inner <= outer
    notebook.screenshot("lens-narrow", panel)
    notebook.theme("light")


def test_a_saved_notebook_keeps_a_picture_of_the_map(notebook: Notebook) -> None:
    notebook.new()
    notebook.run(DATA)
    cell = notebook.run("hub.lens(result, label='label')")
    expect(notebook.panel.locator(".hubexplore-panel canvas").first).to_be_visible()
    notebook.save()
    html = str(notebook.outputs(cell))
    assert "Map of 600 rows by component 1" in html
    assert "Rows are labels, columns are predictions" in html


def test_rows_are_listed_before_a_slow_browser_draws_the_selection(notebook: Notebook) -> None:
    notebook.start_over()  # all maps of a page are drawn by one renderer
    notebook.new()
    notebook.run(DATA)
    notebook.run("lens = hub.lens(result)\nlens")
    page = notebook.page
    expect(notebook.panel.locator(".hub-map canvas").first).to_be_visible()
    page.evaluate(_SLOW)
    _lasso_the_left_half(notebook)
    page.wait_for_function("() => window.order.includes('listed') && window.order.at(-1) === 'drawn'")
    assert page.evaluate("window.order[0]") == "listed"
    cell = notebook.run("print(lens.selected.index.tolist())")
    selected = json.loads(notebook.output(cell).inner_text())
    assert 0 < len(selected) < 600
    assert page.evaluate(_HIGHLIGHTED) == selected
    notebook.start_over()  # the page is slow


def _lasso_the_left_half(notebook: Notebook) -> None:
    """Chooses the lasso and draws it around the left half of the map."""
    page = notebook.page
    notebook.panel.locator(".hub-map button").nth(1).click()
    box = notebook.panel.locator(".hub-map canvas").first.bounding_box()
    assert box is not None

    def move(across: float, down: float) -> None:
        page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * down, steps=10)

    move(0.01, 0.01)
    page.mouse.down()
    for corner in ((0.5, 0.01), (0.5, 0.99), (0.01, 0.99), (0.01, 0.02)):
        move(*corner)
    page.mouse.up()
