"""A user colours the graph by what is counted and measured, and sees what a signature costs."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser.notebook import THEMES, Notebook
from tests.browser.panel import HANGS_OVER, Panel


def box(panel: Panel, words: str) -> Locator:
    """A box of the picture, by its label for screen readers."""
    return panel.node.locator(f".hub-graph [aria-label*='{words}']").first


def test_colours_of_the_graph(notebook: Notebook) -> None:
    notebook.new()
    panel = Panel.open(notebook, "'sample:digits'")
    panel.fill("Sample digits", rows=2)
    panel.tab("Graph")
    expect(panel.node.locator(".hub-graph svg")).to_be_visible()
    panel.choose("Colour by", "FLOPs")
    expect(box(panel, "FLOPs (")).to_be_visible()
    expect(panel.node.locator(".hub-graph svg").get_by_text("FLOPs:")).to_be_visible()
    for theme in THEMES:
        notebook.theme(theme)
        notebook.screenshot(f"colours-{theme.replace(' ', '-')}", panel.node)
    notebook.theme("light")
    assert panel.node.evaluate(HANGS_OVER) == []
    # Times are those of a run of the inputs in the form.
    panel.choose("Colour by", "time")
    expect(panel.node.locator(".hub-graph svg").get_by_text("time:")).to_be_visible(timeout=60_000)
    notebook.screenshot("colours-time", panel.node)
    notebook.run("mine = {'conv1': -0.5, 'conv2': 1.0}")
    panel.choose("Colour by", "own numbers")
    variable = panel.node.get_by_placeholder("variable of the notebook")
    variable.fill("mien")
    variable.press("Enter")
    expect(panel.node.get_by_role("alert").filter(has_text="Did you mean 'mine'?")).to_be_visible()
    variable.fill("mine")
    variable.press("Enter")
    expect(box(panel, "mine: -0.5")).to_be_visible()
    notebook.screenshot("colours-own", panel.node)
    panel.tab("Variables")
    expect(panel.node.get_by_role("columnheader", name="Multiply-adds")).to_be_visible()
    expect(panel.node.get_by_role("cell", name="111 k")).to_be_visible()
    notebook.screenshot("variables-multiply-adds", panel.node)


def test_the_card_of_a_cost(notebook: Notebook) -> None:
    notebook.new()
    notebook.run("%load_ext hubexplore\n%hub_load sample:digits")
    shown = notebook.run("%hub_cost digits --seconds 1")
    card = notebook.output(shown)
    expect(card.get_by_text(re.compile("^Measured cost of digits"))).to_be_visible()
    expect(card.get_by_text("Latency by number of rows")).to_be_visible()
    card.locator("summary").filter(has_text="conv2").first.click()
    for theme in THEMES:
        notebook.theme(theme)
        notebook.screenshot(f"cost-{theme.replace(' ', '-')}", card.first)
