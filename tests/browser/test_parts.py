"""Parts of the panel in the browser: numbers under the mouse, uploads and downloads, code to copy."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
from playwright.sync_api import Locator, expect

from tests.browser.notebook import Notebook

SETUP = """
import ipywidgets, numpy as np
from hubexplore.notebook.panel.browser_widgets import CodeBox, PanelMonitor, RunLog
from hubexplore.notebook.panel.tabs.results import Results, Value
from hubexplore.notebook.panel.fields.upload import Upload
def show(part):
    box = ipywidgets.VBox([PanelMonitor(), part])
    box.add_class("hubexplore-panel")
    return box
"""


def shown(notebook: Notebook, source: str) -> Locator:
    """Runs the setup and a cell in a new notebook; returns the panel that the cell displays."""
    notebook.new()
    notebook.run(SETUP)
    return notebook.cell(notebook.run(source)).locator(".hubexplore-panel")


def evaluated(notebook: Notebook, expression: str) -> str:
    """Prints an expression in the kernel; returns the text."""
    (output,) = notebook.outputs(notebook.run(f"print({expression})"))
    return "".join(output["text"]).rstrip("\n")


def test_numbers_under_the_mouse_and_the_arrow_keys(notebook: Notebook) -> None:
    node = shown(
        notebook,
        "results = Results()\n"
        "value = -np.eye(4, 20, dtype=np.float32)\n"
        "results.show('Run 7', 7, [Value('default', value, ('one', 'two', 'three', 'four'))])\n"
        "show(results)",
    )
    region = node.get_by_role("region", name="Results", exact=True)
    expect(region).to_have_attribute("data-painted", "7")
    output = region.get_by_role("region", name="default", exact=True)
    picture = output.locator(".hub-hover:has(.hub-tip)")
    box = picture.bounding_box()
    assert box is not None
    picture.hover(position={"x": box["width"] / 2, "y": box["height"] / 2})
    tip = picture.locator(".hub-tip")
    expect(tip).to_have_text(re.compile(r"(one|two|three|four) · .*: (0|1)$"))
    picture.focus()
    notebook.page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    notebook.page.keyboard.press("ArrowDown")
    expect(tip).to_have_text(re.compile("one · .*: 1$"))
    notebook.page.keyboard.press("ArrowDown")
    expect(tip).to_have_text(re.compile("two · .*: 0$"))
    notebook.screenshot("hover", node)
    output.get_by_label("View").select_option("Heat map")
    expect(output.get_by_label("View")).to_have_value("Heat map")
    expect(output.get_by_role("img").first).to_be_visible()
    # One style sheet for all drawings: the page is not styled anew for each.
    expect(output.locator("style")).to_have_count(0)
    summary = output.locator("summary")
    expect(summary).to_have_css("cursor", "pointer")
    summary.click()
    expect(output.locator("th[scope='row']")).to_have_count(4)


def test_the_number_at_the_top_is_not_cut_off(notebook: Notebook) -> None:
    node = shown(
        notebook,
        "results = Results()\n"
        "results.show('Run 8', 8, [Value('default', np.float32([[0, 1, 0, 1], [1, 0, 1, 0]]))])\n"
        "show(results)",
    )
    output = node.get_by_role("region", name="default", exact=True)
    output.locator(".hub-hover:has(.hub-tip)").focus()
    notebook.page.keyboard.press("ArrowRight")
    tip = output.locator(".hub-tip")
    expect(tip).to_have_text("0: 0; 1")
    notebook.screenshot("hover-top", node)
    tip_box, body = tip.bounding_box(), output.locator(".hub-output-body").bounding_box()
    assert tip_box is not None
    assert body is not None
    assert tip_box["y"] >= body["y"]


def test_values_as_files(notebook: Notebook, tmp_path: Path) -> None:
    node = shown(
        notebook,
        "results = Results()\n"
        "results.show('Run 1', 1, [Value('a/b <i>', np.arange(6, dtype=np.int64).reshape(2, 3))])\n"
        "show(results)",
    )
    for words, name in (("NumPy", "array.npy"), ("CSV", "array.csv")):
        with notebook.page.expect_download() as caught:
            node.get_by_role("button", name=f"Download a/b <i> as {words}").click()
        assert not set(caught.value.suggested_filename) & set("/<>")
        caught.value.save_as(tmp_path / name)
    assert np.load(tmp_path / "array.npy", allow_pickle=False).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert "3,4,5" in (tmp_path / "array.csv").read_text()


def test_files_arrive_complete_or_not_at_all(notebook: Notebook, tmp_path: Path) -> None:
    node = shown(notebook, "taken = []\nupload = Upload(taken.append, multiple=True)\nshow(upload)")
    group = node.get_by_role("group", name="Choose, drop or paste a file")
    chosen = group.locator("input[type=file]")
    large, small, empty = (tmp_path / name for name in ("large.npy", "small.bin", "empty.txt"))
    with large.open("wb") as file:
        file.truncate(100_000_000)
    small.write_bytes(bytes(range(256)) * 10_000)
    empty.touch()
    chosen.set_input_files(large)
    expect(group.get_by_role("status")).to_have_text("Refused: 100.0 MB. At most 25 MB can be uploaded.")
    notebook.screenshot("refused", node)
    assert evaluated(notebook, "taken") == "[]"
    chosen.set_input_files([small, empty])
    expect(group.get_by_role("status")).to_have_text("Received 2 files")
    sizes = json.loads(evaluated(notebook, "__import__('json').dumps([[n, len(c)] for n, c in taken[0]])"))
    assert sizes == [["small.bin", 2_560_000], ["empty.txt", 0]]
    assert evaluated(notebook, "taken[0][0][1] == bytes(range(256)) * 10_000") == "True"


def test_code_to_copy(notebook: Notebook) -> None:
    code = "x = '<b>'  # ä\ny = 2"
    node = shown(notebook, f"show(CodeBox(codes=[['notebook cell', '%x'], ['Python', {code!r}]]))")
    node.get_by_label("Copy as").select_option("Python")
    node.get_by_role("button", name="Copy the code").click()
    expect(node.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    assert notebook.page.evaluate("navigator.clipboard.readText()") == code


def test_the_log_keeps_the_keyboard_focus(notebook: Notebook) -> None:
    row = "dict(signature='s', inputs='i', outputs='o', time='t', kept=True)"
    node = shown(
        notebook,
        f"log = RunLog(rows=[dict({row}, number=n) for n in (3, 2, 1)])\n"
        "def hear(message, _):\n"
        "    log.pinned = [message['number']]\n"
        "    log.rows = [dict(log.rows[0], number=4), *log.rows]\n"
        "log.listen(hear)\nshow(log)",
    )
    pin = node.get_by_label("Pin run 2 to compare it")
    pin.focus()
    notebook.page.keyboard.press("Space")
    expect(node.locator("tbody tr")).to_have_count(4)
    expect(pin).to_be_checked()
    expect(pin).to_be_focused()
