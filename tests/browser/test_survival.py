"""The panel without a kernel, in a notebook that was sent, with a closed session, and after two clicks."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.browser.notebook import Notebook
from tests.browser.panel import Panel
from tests.browser.test_looks import sent

SENTENCE = "The king sat on his throne."


def test_saved_and_opened_without_a_kernel(notebook: Notebook, lab: Lab) -> None:
    notebook.new()
    panel = Panel.open(notebook, "'sample:text-embedding'")
    panel.field("default").fill(f"{SENTENCE}\nA queen ruled.")
    panel.run()
    panel.wait_for_still(SENTENCE)
    notebook.save()
    notebook.close()
    for name, file in {"own": "Untitled.ipynb", "sent": sent(lab, "Untitled.ipynb")}.items():
        notebook.open_without_kernel(file)
        output = notebook.output(panel.cell)
        expect(output.get_by_text(SENTENCE).first).to_be_visible()
        expect(output.get_by_text("2 × 100 float32").first).to_be_visible()
        expect(output.get_by_role("img").first).to_be_visible()
        notebook.screenshot(f"reopened-{name}")


def test_a_restart(notebook: Notebook) -> None:
    notebook.new()
    panel = Panel.open(notebook, "'sample:half-plus-two'")
    panel.field("x").fill("1 2")
    panel.run()
    notebook.restart_kernel()
    expect(panel.node.get_by_role("alert").filter(has_text="This panel is disconnected")).to_be_visible()
    expect(panel.output("default")).to_be_visible()
    notebook.screenshot("restarted", panel.node)
    notebook.run_cell(panel.cell)
    expect(panel.run_button).to_be_enabled()
    panel.field("x").fill("1 2")
    panel.run()
    assert panel.value("panel.value") == "[2.5 3. ]\n"


def test_two_clicks_at_once(notebook: Notebook) -> None:
    notebook.new()
    panel = Panel.open(notebook, "'sample:half-plus-two'")
    panel.field("x").fill("1 2")
    panel.run_button.dblclick()
    panel.wait_for_run(1)
    expect(panel.error).to_have_count(0)
    assert panel.value("len(panel.runs), panel.value.tolist()") in {"1 [2.5, 3.0]\n", "2 [2.5, 3.0]\n"}


def test_a_session_that_is_closed_under_the_panel(notebook: Notebook) -> None:
    notebook.new()
    notebook.run("%load_ext hubexplore\n%hub_load sample:half-plus-two --as half")
    panel = Panel.open(notebook, "half")
    panel.field("x").fill("1 2")
    panel.run()
    notebook.run("%hub_session close")
    panel.run_button.click()
    panel.wait_for_error("session")
    notebook.screenshot("closed-session", panel.node)
    assert panel.value("panel.runs[0].outputs['default'].tolist()") == "[2.5, 3.0]\n"


def test_an_upload_of_100_megabytes(notebook: Notebook, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(100_000_000)
    notebook.new()
    panel = Panel.open(notebook, "'sample:digits'")
    panel.upload(large)
    expect(panel.node.get_by_text("At most 25 MB can be uploaded")).to_be_visible()
    assert panel.value("panel.value") == "None\n"
