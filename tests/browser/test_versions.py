"""The choice of a version, if the panel was opened on a folder of several."""

from __future__ import annotations

import subprocess
import sys

from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.browser.notebook import Notebook
from tests.browser.panel import Panel

# In another process: writing needs a graph, and the driver of the browser runs an event loop here.
WRITE = """
import sys
from pathlib import Path
from tests.notebook.panel.test_versions import save
for version in (1, 9, 10):
    save(Path(sys.argv[1], "model", str(version)), version)
Path(sys.argv[1], "model", "9", "saved_model.pb").write_bytes(b"no model")
save(Path(sys.argv[1], "single", "1623456789"), 3.0)
"""


def test_versions_can_be_chosen(notebook: Notebook, lab: Lab) -> None:
    subprocess.run([sys.executable, "-c", WRITE, str(lab.root)], check=True)
    notebook.new()
    panel = Panel.open(notebook, "'model'")
    version = panel.node.get_by_label("Version", exact=True)
    expect(version.locator("option")).to_have_text(["10", "1"])
    panel.field("x").fill("1, 2")
    panel.run()
    expect(panel.output("y")).to_contain_text("20")
    notebook.screenshot("versions", panel.node)
    panel.choose("Version", "1")
    expect(panel.node.get_by_role("heading", name="model/1", exact=True)).to_be_visible()
    # The form of the version before may still be on screen.
    expect(panel.field("x")).to_have_value("")
    panel.field("x").fill("1, 2")
    panel.run()
    expect(panel.output("y")).to_contain_text("2")
    notebook.screenshot("versions-other", panel.node)
    single = Panel.open(notebook, "'single'")
    expect(single.node.get_by_text("the only model in")).to_be_visible()
    expect(single.node.get_by_label("Version", exact=True)).to_be_hidden()
    notebook.screenshot("versions-single", single.node)
    notebook.run("%load_ext hubexplore")
    loaded = notebook.run("%hub_load single")
    expect(notebook.output(loaded).get_by_text("the only one").first).to_be_visible()
    notebook.screenshot("load-the-only-variant")
