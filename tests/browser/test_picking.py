"""A user makes a signature of tensors that are picked in the graph of a frozen graph."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.notebook import Notebook
from tests.browser.panel import Panel
from tests.hub.graph_models import frozen, mlp


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picked_tensor_becomes_an_output(notebook: Notebook, theme: str, tmp_path: Path) -> None:
    path = frozen(tmp_path, mlp).path
    notebook.new()
    notebook.theme(theme)
    panel = Panel.open(notebook, repr(str(path)))
    panel.tab("Graph")
    expect(panel.node.locator(".hub-graph svg")).to_be_visible()
    panel.node.get_by_role("searchbox", name="Search").fill("hidden/activation")
    expect(panel.node.get_by_role("listbox").get_by_role("option").first).to_contain_text("hidden/activation")
    panel.page.keyboard.press("Enter")
    button = panel.node.get_by_role("button", name="Use as output")
    # By keys alone, as without a mouse.
    button.focus()
    panel.page.keyboard.press("Enter")
    said = panel.node.get_by_role("status").filter(has_text="The Try tab offers the signature 'picked'")
    expect(said).to_contain_text("hidden/activation:0")
    expect(panel.node.get_by_role("button", name="Remove from outputs")).to_be_visible()
    panel.notebook.screenshot(f"picking-{theme}", panel.node)
    panel.tab("Try")
    panel.choose("Signature", "picked")
    panel.fill("Zeros", rows=2)
    panel.run()
    expect(panel.output("activation")).to_contain_text("2 × 8")
    panel.notebook.screenshot(f"picked-{theme}", panel.node)
