"""Displays stay readable: in each theme, enlarged, in a narrow window, saved, and without a kernel."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.browser.notebook import THEMES, Notebook
from tests.browser.panel import HANGS_OVER, Panel


def sent(lab: Lab, name: str) -> str:
    """Copies a notebook as if somebody had sent it, which JupyterLab does not trust; returns its name."""
    content = json.loads((lab.root / name).read_text())
    content["metadata"]["sent"] = True
    (lab.root / f"sent_{name}").write_text(json.dumps(content))
    return f"sent_{name}"


def test_the_card(notebook: Notebook) -> None:
    notebook.new()
    notebook.run("%load_ext hubexplore")
    shown = notebook.run("%hub_show sample:digits")
    card = notebook.output(shown)
    for name in THEMES:
        notebook.theme(name)
        expect(card.get_by_text("Signatures").first).to_be_visible()
        # Like other text, although JupyterLab draws a box behind code.
        expect(card.locator("td code").first).to_have_css("background-color", "rgba(0, 0, 0, 0)")
        notebook.screenshot(f"card-{name.replace(' ', '-')}")
    notebook.theme("light")
    notebook.hide_files()
    notebook.narrow(600)
    notebook.screenshot("card-narrow", card.first)
    notebook.zoom(200)
    notebook.screenshot("card-zoom")


def test_the_panel(notebook: Notebook) -> None:
    notebook.new()
    panel = Panel.open(notebook, "'sample:digits'")
    panel.fill("Sample digits", rows=3)
    panel.run()
    for name in THEMES:
        notebook.theme(name)
        expect(panel.output("probabilities")).to_be_visible()
        notebook.screenshot(f"panel-{name.replace(' ', '-')}", panel.node)
    notebook.theme("light")
    notebook.hide_files()
    notebook.narrow(600)
    assert panel.node.evaluate(HANGS_OVER) == []
    notebook.screenshot("panel-narrow", panel.node)
    notebook.zoom(200)
    assert panel.node.evaluate(HANGS_OVER) == []
    notebook.screenshot("panel-zoom", panel.node)
    parts = {"Graph": "Softmax", "Variables": "conv1", "Variants": "Compare", "Overview": "Signatures"}
    assert [*parts] == panel.tabs[1:]
    for tab, words in parts.items():
        panel.tab(tab)
        expect(panel.node.get_by_text(words).locator("visible=true").first).to_be_visible()
        notebook.screenshot(f"panel-zoom-{tab.lower()}", panel.node)
        assert panel.node.evaluate(HANGS_OVER) == []


def test_saved_closed_and_opened_without_a_kernel(notebook: Notebook, lab: Lab) -> None:
    notebook.new()
    notebook.run("%load_ext hubexplore")
    shown = notebook.run("%hub_show sample:digits")
    notebook.save()
    notebook.close()
    assert lab.call("GET", "sessions") == []
    notebook.open_without_kernel(sent(lab, "Untitled.ipynb"))
    expect(notebook.page.get_by_title("Notebook not trusted")).to_be_visible()
    expect(notebook.output(shown).get_by_text("Signatures").first).to_be_visible()
    assert lab.call("GET", "sessions") == []
    notebook.screenshot("card-sent")


def test_a_kernel_restart(notebook: Notebook) -> None:
    notebook.new()
    notebook.run("%load_ext hubexplore")
    notebook.restart_kernel()
    again = notebook.run("%load_ext hubexplore\n%hub_show sample:digits")
    expect(notebook.output(again).get_by_text("Signatures").first).to_be_visible()
