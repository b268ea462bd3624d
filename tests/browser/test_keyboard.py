"""The panel, used without a mouse."""

from __future__ import annotations

from typing import Any, Final

from playwright.sync_api import expect

from tests.browser.notebook import Notebook
from tests.browser.panel import Panel

# The elements that the Tab key has to reach, in the order of the page.
_PLACES: Final = """panel => {
  const shown = node => node.checkVisibility({visibilityProperty: true}) && !node.disabled;
  const all = [...panel.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')];
  window.places = all.filter(node => shown(node) && node.tabIndex >= 0);
  return window.places.length;
}"""
_FOCUS: Final = """panel => {
  const node = document.activeElement;
  if (!panel.contains(node)) return null;
  const style = getComputedStyle(node);
  const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  return {place: window.places.indexOf(node), seen: outlined || style.boxShadow !== 'none',
          what: node.outerHTML.slice(0, 200), top: Math.round(node.getBoundingClientRect().top + scrollY)};
}"""


def walk(panel: Panel) -> list[dict[str, Any]]:
    """Presses Tab from the first element until the focus leaves the panel; returns the focused elements."""
    count = panel.node.evaluate(_PLACES)
    panel.node.evaluate("() => window.places[0].focus({focusVisible: true})")
    seen = []
    while (place := panel.node.evaluate(_FOCUS)) is not None:
        seen.append(place)
        assert len(seen) <= 2 * count, "the focus goes round in circles"
        panel.page.keyboard.press("Tab")
    return seen


def test_tab_reaches_everything_in_order(notebook: Notebook) -> None:
    notebook.new()
    panel = Panel.open(notebook, "'sample:text-embedding'")
    panel.field("default").fill("one\ntwo\nthree")
    panel.run()
    seen = walk(panel)
    count = panel.node.evaluate(_PLACES)
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
