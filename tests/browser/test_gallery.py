"""Each kind of value is shown as what it is, in every theme and width, and can be run by keys alone.

`make gallery` sets HUBEXPLORE_GALLERY, and each kind then leaves its pictures in build/screenshots/gallery.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Complaints
from tests.browser.gallery import EXHIBITS, write_all
from tests.browser.gallery.exhibit import Exhibit
from tests.browser.lab import Lab
from tests.browser.notebook import Notebook
from tests.browser.panel import FAINT, HANGS_OVER, TAB_STOPS, Panel, walk
from tools import gallery

ROOT: Final = Path(__file__).resolve().parents[2]
IS_RECORDED: Final = bool(os.environ.get("HUBEXPLORE_GALLERY"))

# JupyterLab takes cells that are not in sight out of the page, also while the focus goes through them.
WHOLE_NOTEBOOK: Final = {"notebook-extension/tracker": {"windowingMode": "none"}}
# What is wider than the window scrolls in its box, and would be cut off there.
IS_WHOLE: Final = """tip => {
  const [inner, outer] = [tip, tip.closest('.hub-output-body')].map(node => node.getBoundingClientRect());
  return inner.left >= outer.left - 1 && inner.right <= outer.right + 1;
}"""
UP_TO_RESULTS: Final = ".hub-code, .hub-log { display: none !important; }"


@pytest.fixture(scope="module")
def notebook(window: Page, server: Lab, kernels: None, complaints: Complaints) -> Notebook:
    """One notebook for all kinds, each of which takes the place of the last one.

    The modules, and the files that are uploaded to them, lie beside the notebook.
    """
    server.lay_out()
    server.forget_settings(WHOLE_NOTEBOOK)
    write_all(server.root)
    complaints.begin(server.url)
    notebook = Notebook(window, server)
    notebook.new()
    notebook.hide_files()
    return notebook


def record(panel: Panel, exhibit: Exhibit, variation: str) -> None:
    """Takes a picture of the panel down to its results, if pictures are wanted."""
    if IS_RECORDED:
        shown = panel.results if variation == "keyboard" else panel.node
        panel.notebook.screenshot(f"gallery/{exhibit.name}-{variation}", shown, style=UP_TO_RESULTS)


def read_by_keys(panel: Panel) -> None:
    """Reads a value of the first drawing; goes to the first control where no drawing has any to read."""
    drawing = panel.results.locator(".hub-hover:has(.hub-tip)").first
    if drawing.count():
        drawing.focus()
        for _ in range(3):
            panel.page.keyboard.press("ArrowRight")
        tip = drawing.locator(".hub-tip")
        expect(tip).to_be_visible()
        assert tip.evaluate(IS_WHOLE), tip.inner_text()
    else:
        panel.results.locator("input, select, button").first.focus()
        panel.page.keyboard.press("Tab")
        panel.page.keyboard.press("Shift+Tab")  # only keys show where the focus is


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: exhibit.name)
def test_kind(exhibit: Exhibit, notebook: Notebook, complaints: Complaints) -> None:
    complaints.messages.clear()
    panel = Panel.open_in(notebook, exhibit.source)
    exhibit.fill(panel, notebook.lab.root)
    panel.run_button.focus()
    notebook.page.keyboard.press("Enter")
    panel.wait_for_run(1)
    assert panel.error.all_inner_texts() == []
    exhibit.check(panel)
    for theme in notebook.both_themes():
        assert panel.node.evaluate(FAINT) == [], theme
        record(panel, exhibit, theme)
    if IS_RECORDED:
        notebook.switch_theme("light")
    notebook.narrow(600)
    assert panel.node.evaluate(HANGS_OVER) == []
    record(panel, exhibit, "600")
    notebook.zoom(200)
    assert panel.node.evaluate(HANGS_OVER) == []
    record(panel, exhibit, "200")
    notebook.zoom(100)
    read_by_keys(panel)
    record(panel, exhibit, "keyboard")
    seen = walk(panel)
    stops = panel.node.evaluate(TAB_STOPS)
    assert [stop["place"] for stop in seen] == list(range(stops)), [
        stop for stop in seen if stop["place"] < 0
    ]
    assert not [stop["what"] for stop in seen if not stop["seen"]]
    assert not complaints.messages


def test_the_page_shows_every_kind() -> None:
    folder = ROOT / "docs" / "gallery"
    assert (folder / "index.md").read_text("utf-8") == gallery.page(), "make gallery"
    assert {path.name for path in folder.glob("*.png")} == set(gallery.names()), "make gallery"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 2_500_000
