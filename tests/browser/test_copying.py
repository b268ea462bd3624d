"""A user copies the code of a run, restarts the kernel, and gets the same values, also of uploads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf
from playwright.sync_api import expect

import hubexplore as hub
from tests.browser.lab import Lab
from tests.browser.notebook import Notebook
from tests.browser.panel import Panel
from tests.hub.modules import export

tf1 = tf.compat.v1


def colours() -> None:
    images = tf1.placeholder(tf.float32, [None, 48, 64, 3], "images")
    hub.add_signature("mean", {"images": images}, tf.reduce_mean(images, [1, 2]))
    rows = tf1.placeholder(tf.float32, [None, 5], "rows")
    hub.add_signature("sum", {"rows": rows}, {"sum": tf.reduce_sum(rows), "layer": tf.nn.relu(rows, "layer")})


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(export(hub.create_module_spec(colours), tmp_path_factory.mktemp("modules") / "colours"))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    PIL.Image.fromarray(pixels).save(tmp_path / "my photo.png")
    return tmp_path / "my photo.png"


def test_an_upload_is_saved_beside_the_notebook(
    notebook: Notebook, lab: Lab, path: Path, photo: Path
) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(path)!r}, 'mean'")
    panel.upload(photo)
    panel.run()
    saved = lab.root / photo.name
    saved.write_bytes(b"a different file")
    panel.run()
    assert sorted(file.name for file in lab.root.glob("*photo*")) == [photo.name]
    code = panel.copy_code("Python")
    expect(panel.node.locator(".hub-code")).to_contain_text("Saved my photo-2.png beside the notebook")
    assert code.startswith("# Reads my photo-2.png, saved beside the notebook by the Copy button.\n")
    assert (lab.root / "my photo-2.png").read_bytes() == photo.read_bytes()
    assert saved.read_bytes() == b"a different file"
    notebook.screenshot("copy-upload", panel.node)
    notebook.theme("dark")
    notebook.screenshot("copy-upload-dark", panel.node)
    expected = panel.value("panel.value.tolist()")
    notebook.restart_kernel()
    cell = notebook.run(code)
    # TensorFlow writes to the output of the first cell that imports it.
    assert notebook.outputs(cell)[-1]["output_type"] == "execute_result"
    assert panel.value("_.tolist()") == expected


def test_long_rows_and_the_value_of_an_op(notebook: Notebook, path: Path, tmp_path: Path) -> None:
    """Rows of a file that are written out are broken into lines; the graph tab has code of its own."""
    numbers = np.random.default_rng(0).normal(size=(30, 5)).round(3)
    np.savetxt(tmp_path / "rows.csv", numbers, delimiter=",", fmt="%g")
    notebook.new()
    panel = Panel.open(notebook, f"{str(path)!r}, 'sum'")
    panel.choose("Source", "file")
    panel.upload(tmp_path / "rows.csv")
    panel.run()
    code = panel.copy_code("Notebook cell")
    assert code.count("\n") > 30
    notebook.screenshot("copy-rows", panel.node)
    panel.tab("Graph")
    panel.node.get_by_role("button", name="layer").first.click()
    panel.node.get_by_role("button", name="Value on the current inputs").click()
    copied = panel.node.locator(".hub-graph-tab .hub-code:visible")
    copied.get_by_label("Copy as").select_option(label="Python")
    expect(copied.get_by_label("Code of the last run")).to_contain_text("fetch=['layer:0']")
    notebook.screenshot("copy-op", panel.node)
    copied.get_by_role("button", name="Copy the code").click()
    expect(copied.get_by_role("status")).to_have_text("Copied")
    fetching = str(notebook.page.evaluate("navigator.clipboard.readText()"))
    notebook.restart_kernel()
    notebook.run(code)
    notebook.run("first = _")
    notebook.run(fetching)
    same = "first['sum'] == _[0]['sum'], bool((_[1]['layer:0'] == first['layer']).all())"
    assert panel.value(same) == "True True\n"
