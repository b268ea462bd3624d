"""The quickstart shows a new user what it promises."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.notebook import Notebook


def test_the_quickstart_from_the_list_of_files(notebook: Notebook) -> None:
    notebook.open_by_hand("01_quickstart.ipynb")
    for index in notebook.run_all():
        outputs = notebook.outputs(index)
        assert not [
            output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"
        ]
    expect(notebook.panel.get_by_text(re.compile(r"9\d\.\d% of \d+ are read right"))).to_be_visible()
    table = notebook.panel.get_by_role("row", name=re.compile("The king sat on his throne"))
    table.evaluate("row => row.scrollIntoView({block: 'center'})")
    expect(table).to_contain_text("1.00")
    notebook.screenshot("quickstart")


def test_a_new_notebook_from_the_launcher(notebook: Notebook) -> None:
    notebook.start_over()
    notebook.new()
    notebook.run("%load_ext hubexplore")
    loaded = notebook.run("%hub_load sample:half-plus-two")
    expect(notebook.output(loaded).get_by_text("half-plus-two").first).to_be_visible()
    called = notebook.run("%hub_call half_plus_two [1.0, 2.0]")
    expect(notebook.output(called)).to_contain_text("array([2.5, 3. ], dtype=float32)")
    notebook.screenshot("launcher")
