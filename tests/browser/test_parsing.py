"""Modules that parse strings in their graph: rows of features, picture files."""

from __future__ import annotations

import json
from pathlib import Path

import tensorflow as tf
from PIL import Image
from playwright.sync_api import expect

import hubexplore as hub
from tests.browser.notebook import Notebook
from tests.browser.panel import Panel

tf1 = tf.compat.v1


def test_rows_of_features(notebook: Notebook, real_modules: Path) -> None:
    """An example fills in the features; changing one number changes the output of its row."""
    notebook.new()
    panel = Panel.open(notebook, f"{str(real_modules / 'taxi-estimator-savedmodel')!r}, 'predict'")
    panel.fill("Random (seed 0)", rows=2)
    hour = panel.table_cell("trip_start_hour", 1)
    expect(hour).not_to_have_text("")
    panel.run()
    before = panel.value("panel.value['logits'].tolist()")
    hour.focus()
    notebook.page.keyboard.type("23")
    notebook.page.keyboard.press("Enter")
    panel.run()
    after = panel.value("panel.value['logits'].tolist()")
    notebook.screenshot("rows-of-features", panel.node)
    assert json.loads(before)[0] != json.loads(after)[0]
    assert json.loads(before)[1] == json.loads(after)[1]
    hour.focus()
    notebook.page.keyboard.type("late")
    notebook.page.keyboard.press("Enter")
    panel.run_button.click()
    panel.wait_for_error("late")
    hour.focus()
    notebook.page.keyboard.type("22")
    notebook.page.keyboard.press("Enter")
    again = notebook.write(panel.copy_code("Python"))
    notebook.run_cell(again)


def test_a_file_that_the_graph_decodes(notebook: Notebook, tmp_path: Path) -> None:
    with tf.Graph().as_default(), tf1.Session() as running:
        hub.Module(hub.create_module_spec(decoding)).export(str(tmp_path / "decoding"), running)
    Image.new("RGB", (60, 40), "tomato").save(tmp_path / "red.jpg")
    notebook.new()
    panel = Panel.open(notebook, repr(str(tmp_path / "decoding")))
    panel.upload(tmp_path / "red.jpg")
    expect(panel.node.get_by_alt_text("image 0 as the module receives it")).to_be_visible()
    panel.run()
    assert panel.value("panel.value['size'].tolist()") == "[[40, 60, 3]]\n"
    panel.choose("Built-in sample", "landscape")
    panel.run()
    notebook.screenshot("a-file-that-the-graph-decodes", panel.node)
    assert panel.value("panel.value['size'].tolist()") == "[[64, 64, 3]]\n"


def decoding() -> None:
    """Files of pictures [n] -> `size` [n, 3], `mean` [n, 3]."""
    files = tf1.placeholder(tf.string, [None])

    def mean(file: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pixels = tf.io.decode_jpeg(file, channels=3)
        return tf.shape(pixels), tf.reduce_mean(tf.cast(pixels, tf.float32), [0, 1])

    size, mean_color = tf.map_fn(mean, files, fn_output_signature=(tf.int32, tf.float32))
    hub.add_signature(inputs={"files": files}, outputs={"size": size, "mean": mean_color})
