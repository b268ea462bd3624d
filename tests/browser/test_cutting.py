"""A user cuts a part out of a module in the Graph tab, opens it, and writes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

import hubexplore as hub
from tests.browser.notebook import PATIENCE, Notebook
from tests.browser.panel import FAINT, HANGS_OVER, Panel


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_part_is_cut_compared_opened_and_written(notebook: Notebook, theme: str, tmp_path: Path) -> None:
    notebook.new()
    notebook.theme(theme)
    panel = Panel.open(notebook, "'sample:digits'")
    panel.tab("Graph")
    expect(panel.node.locator(".hub-graph svg")).to_be_visible()
    panel.node.get_by_role("searchbox", name="Search").fill("conv2/Relu")
    expect(panel.node.get_by_role("listbox").get_by_role("option").first).to_contain_text("conv2/Relu")
    panel.page.keyboard.press("Enter")
    button = panel.node.get_by_role("button", name="Use as output")
    # By keys alone, as without a mouse.
    button.focus()
    panel.page.keyboard.press("Enter")
    expect(panel.node.get_by_role("status").filter(has_text="Picked: from")).to_be_visible()
    expect(panel.node.locator("pre").filter(has_text=".cut(outputs='conv2/Relu:0'")).to_be_visible()
    notebook.screenshot(f"cut-offered-{theme}", panel.node)
    panel.node.get_by_role("button", name="Cut and compare").click()
    said = panel.node.get_by_role("status").filter(has_text="bit for bit")
    expect(said).to_be_visible(timeout=PATIENCE)
    expect(said).to_contain_text("Cut out of 'sample:digits'")
    assert panel.node.evaluate(HANGS_OVER) == []
    assert panel.node.evaluate(FAINT) == []
    notebook.screenshot(f"cut-made-{theme}", panel.node)
    panel.node.get_by_label("Folder", exact=True).fill(str(tmp_path / "part"))
    panel.node.get_by_role("button", name="Export", exact=True).click()
    expect(panel.node.get_by_role("status").filter(has_text="Written to")).to_be_visible(timeout=PATIENCE)
    (signature,) = hub.summarize(tmp_path / "part").variants[0].signatures
    assert [value.name for value in signature.outputs] == ["default"]
    panel.node.get_by_role("button", name="Open the cut").click()
    outer = panel.node.first
    inner = outer.locator(".hubexplore-panel")
    button = inner.get_by_role("button", name="Run", exact=True)
    expect(button).to_be_visible(timeout=PATIENCE)
    inner.get_by_role("button", name="Fill in").click()
    # The panel inside runs, and the one around it does not.
    button.click()
    expect(inner.get_by_role("region", name="Results", exact=True)).to_contain_text(
        "default", timeout=PATIENCE
    )
    notebook.run("assert not panel.runs")
    notebook.screenshot(f"cut-opened-{theme}", outer)
