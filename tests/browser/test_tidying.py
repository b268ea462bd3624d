"""What a test leaves behind does not reach the next one, which has the same page and kernel."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.browser.notebook import Notebook

# Names, the number of widgets, and whether there are magics.
LEFT = """from ipywidgets.widgets.widget import _instances
magics = get_ipython().magics_manager.magics["line"]
sorted({*globals()} & {"left", "button", "hubexplore"}), len(_instances), "hub_show" in magics"""


def left(notebook: Notebook) -> str:
    """What the kernel has of the cells that this test runs."""
    cell = notebook.run(LEFT)
    return notebook.output(cell).inner_text().strip()


def test_a_new_notebook_in_a_kernel_that_was_used(notebook: Notebook, lab: Lab) -> None:
    notebook.new()
    notebook.run("left = 1\nimport hubexplore\n%load_ext hubexplore")
    cell = notebook.run("import ipywidgets\nbutton = ipywidgets.Button(description='left')\nbutton")
    expect(notebook.output(cell).get_by_role("button")).to_be_visible()
    assert left(notebook) == "(['button', 'hubexplore', 'left'], 3, True)"
    notebook.theme("dark")
    notebook.hide_files()
    kernels = [kernel["id"] for kernel in lab.call("GET", "kernels")]

    notebook.tidy_up()
    expect(notebook.panel).to_have_count(0)
    lab.lay_out()
    notebook.new()
    assert len(notebook.code_cells()) == 1
    assert left(notebook) == "([], 0, False)"
    assert notebook.page.evaluate("() => document.body.dataset.jpThemeName") == "JupyterLab Light"
    expect(notebook.page.locator("#jp-left-stack")).to_be_visible()
    assert [kernel["id"] for kernel in lab.call("GET", "kernels")] == kernels

    notebook.start_over()
    assert lab.call("GET", "kernels") == []
    lab.lay_out()
    notebook.new()
    assert left(notebook) == "([], 0, False)"


def test_kernels_of_several_notebooks_end(notebook: Notebook, lab: Lab) -> None:
    notebook.new()
    notebook.open("01_quickstart.ipynb")
    assert len(lab.call("GET", "kernels")) == 2
    notebook.tidy_up()
    assert lab.call("GET", "kernels") == []
