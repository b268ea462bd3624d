"""The explorer of a module that can touch things outside of itself."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.browser.notebook import PATIENCE, THEMES, Notebook
from tests.browser.panel import Panel
from tests.trust.modules import write_hostile


def test_a_module_with_dangers_runs_after_consent(notebook: Notebook, lab: Lab, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    module = write_hostile(tmp_path / "stranger", canary)
    notebook.new()
    notebook.run(f"import os; os.environ['XDG_CONFIG_HOME'] = {str(tmp_path / 'settings')!r}")
    cell = notebook.run(f"import hubexplore\npanel = hubexplore.explore({str(module)!r})\npanel")
    panel = Panel(notebook, cell)
    consent = panel.node.get_by_role("button", name="Trust and run", exact=True)
    expect(consent).to_be_visible(timeout=PATIENCE)
    expect(panel.run_button).to_be_hidden()
    expect(panel.node.get_by_text("Outside access")).to_be_visible()
    for name in THEMES:
        notebook.theme(name)
        notebook.screenshot(f"trust-{name.replace(' ', '-')}", panel.node)
    notebook.theme("light")
    panel.field("default").fill("1, 2")
    # The key runs what the button Run runs, and gives no consent.
    panel.field("default").press("Shift+Enter")
    panel.wait_for_error("Trust and run")
    notebook.screenshot("trust-refused", panel.node)
    assert not canary.exists()
    panel.tab("Graph")
    expect(panel.node.get_by_text("DANGER: writes or deletes files").last).to_be_visible()
    panel.node.get_by_role("button", name="Danger: WriteFile").click()
    expect(panel.node.get_by_text("is shown")).to_be_visible()
    notebook.screenshot("trust-graph", panel.node)
    panel.tab("Try")
    consent.click()
    panel.wait_for_run(1)
    assert canary.read_text() == "boo"
    expect(panel.run_button).to_be_visible()
    expect(consent).to_be_hidden()
    notebook.screenshot("trust-given", panel.node)
    assert panel.value("list(panel.value)") == "[np.float32(2.0), np.float32(4.0)]\n"
