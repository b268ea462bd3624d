"""The panel, used without a mouse."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.notebook import Notebook
from tests.browser.panel import TAB_STOPS, Panel, walk


def test_tab_reaches_everything_in_order(notebook: Notebook) -> None:
    notebook.new()
    panel = Panel.open(notebook, "'sample:text-embedding'")
    panel.field("default").fill("one\ntwo\nthree")
    panel.run()
    seen = walk(panel)
    count = panel.node.evaluate(TAB_STOPS)
    assert [element["place"] for element in seen] == list(range(count))
    assert not [element["what"] for element in seen if not element["seen"]]


def test_typed_and_run_by_keys(notebook: Notebook) -> None:
    notebook.new()
    panel = Panel.open(notebook, "'sample:text-embedding'")
    cells = len(notebook.code_cells())
    panel.field("default").focus()
    notebook.page.keyboard.type("dd one\ntwo")
    notebook.page.keyboard.press("Shift+Enter")
    panel.wait_for_run(1)
    expect(panel.output("default")).to_contain_text("2 × 100 float32")
    expect(panel.field("default")).to_have_value("dd one\ntwo")
    assert len(notebook.code_cells()) == cells
