"""Which panels a real kernel closes: those that have left the screen, and no others."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.notebook import Notebook
from tests.browser.panel import Panel

OPEN = "hubexplore.explore('sample:half-plus-two')"
OPEN_PANELS = """from hubexplore.notebook.panel.browser_widgets import RunLog
from ipywidgets.widgets.widget import _instances
print(sum(isinstance(widget, RunLog) for widget in list(_instances.values())))"""


def open_panels(notebook: Notebook) -> int:
    cell = notebook.run(OPEN_PANELS)
    return int("".join(str(output.get("text", "")) for output in notebook.outputs(cell)))


def test_running_a_cell_again_closes_its_panel(notebook: Notebook) -> None:
    notebook.new()
    cell = notebook.run(f"import hubexplore\n{OPEN}")
    panel = Panel(notebook, cell)
    panel.field("x").fill("1 2")
    panel.run()
    assert open_panels(notebook) == 1
    notebook.run_cell(cell)
    panel.field("x").fill("5")
    panel.run()
    assert open_panels(notebook) == 1


def test_a_panel_in_two_cells_survives(notebook: Notebook) -> None:
    notebook.new()
    first = Panel.open(notebook, "'sample:half-plus-two'")
    second = Panel(notebook, notebook.run("panel"))
    notebook.run("del panel")
    notebook.cell(first.cell).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+a")
    notebook.page.keyboard.insert_text("1 + 1")
    notebook.run_cell(first.cell)
    expect(first.node).to_have_count(0)
    second.field("x").fill("1 2")
    second.run()
    assert open_panels(notebook) == 1
