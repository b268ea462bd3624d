"""A user explores the graph of a module in the panel."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf
from playwright.sync_api import Locator, expect

import hubexplore as hub
from tests.browser.notebook import Notebook
from tests.browser.panel import Panel
from tests.hub import called_functions


@pytest.fixture
def panel(notebook: Notebook) -> Panel:
    """The panel of a network that reads digits, with two of them in its form."""
    notebook.new()
    panel = Panel.open(notebook, "'sample:digits'")
    panel.fill("Sample digits", rows=2)
    panel.run()
    panel.tab("Graph")
    expect(panel.node.locator(".hub-graph svg")).to_be_visible()
    return panel


def box(panel: Panel, words: str) -> Locator:
    """A box of the picture, by the beginning of its label for screen readers."""
    return panel.node.locator(f".hub-graph [aria-label^='{words} (']")


def test_unfold_to_a_convolution_and_see_its_activations(panel: Panel) -> None:
    box(panel, "conv1").click()
    expect(panel.node.get_by_role("status").filter(has_text="conv1 is unfolded")).to_be_visible()
    box(panel, "conv1/Conv2D").click()
    expect(panel.node.get_by_role("cell", name="[1, 1, 1, 1]")).to_be_visible()
    panel.node.get_by_role("button", name="Value on the current inputs").click()
    value = panel.node.get_by_role("region", name="conv1/Conv2D:0")
    expect(value).to_contain_text("2 × 8 × 8 × 24 float32")
    expect(value.get_by_label("View")).to_have_value("Tiles")
    expect(value.get_by_role("img").first).to_be_visible()
    panel.node.get_by_role("button", name="Statistics of the variables").click()
    expect(panel.node.get_by_text("Weights of 1 variable: 216 numbers")).to_be_visible()
    panel.notebook.screenshot("activations", panel.node)
    panel.node.get_by_role("button", name="Up to signature default").click()
    expect(box(panel, "conv1")).to_be_visible()


def test_by_search_and_by_keys(panel: Panel) -> None:
    page = panel.page
    panel.node.get_by_role("searchbox", name="Search").fill("conv3/relu")
    expect(panel.node.get_by_role("listbox").get_by_role("option").first).to_have_text("conv3/Relu · Relu")
    page.keyboard.press("Enter")
    selected = panel.node.locator(".hub-graph [aria-current=true]")
    expect(selected).to_have_attribute("aria-label", "conv3/Relu (op), selected")
    selected.focus()
    page.keyboard.press("ArrowUp")
    expect(selected).not_to_be_focused()
    page.keyboard.press("Escape")
    expect(panel.node.get_by_role("button", name="Up to conv3")).to_have_count(0)
    first = panel.node.locator(".hub-graph [tabindex='0']")
    first.focus()
    page.keyboard.press("+")
    expect(first).to_be_focused()


def test_values_inside_a_function_and_after_a_loop(notebook: Notebook, tmp_path: Path) -> None:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        hub.Module(hub.create_module_spec(called_functions.loop)).export(str(tmp_path / "loop"), session)
    notebook.new()
    panel = Panel.open(notebook, repr(str(tmp_path / "loop")))
    panel.field("default").fill("[0.5, 1]")
    panel.run()
    panel.tab("Graph")
    box(panel, "call_1/Sum").click()
    panel.node.get_by_role("button", name="Value on the current inputs").click()
    expect(panel.node.get_by_role("region", name="call_1/Sum:0")).to_contain_text("float32")
    box(panel, "loop").click()
    box(panel, "loop/body").click()
    box(panel, "loop/body/squared").click()
    expect(panel.node.get_by_text("fetch 'loop/body/")).to_be_visible()
    notebook.screenshot("an-op-of-a-loop-without-a-value", panel.node)
    box(panel, "loop/body/grown").click()
    panel.node.get_by_role("button", name="Value on the current inputs").click()
    expect(panel.node.get_by_role("region", name="loop/body/grown:0")).to_contain_text("2 float32")
    notebook.screenshot("a-value-after-a-loop", panel.node)
