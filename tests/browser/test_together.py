"""A user sees what a model found on the picture that went in, and a forecast after its history."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageDraw
from playwright.sync_api import expect

import hubexplore as hub
from tests.browser.notebook import Notebook
from tests.browser.panel import Panel

tf1 = tf.compat.v1
CORNERS = [[0.31, 0.12, 0.8, 0.41], [0.41, 0.54, 0.88, 0.88], [0.08, 0.78, 0.26, 0.91]]
NAMES = ["ball", "box", "sun"]


def detector() -> None:
    """Finds three things on every picture, and which pixels are ground."""
    images = tf1.placeholder(tf.float32, [None, 120, 160, 3], "images")
    rows = tf.shape(images)[0]

    def repeated(value: object) -> tf.Tensor:
        constant = tf.constant(value)[None]
        return tf.tile(constant, [rows, *[1] * (len(constant.shape) - 1)])

    ground = np.zeros((120, 160), np.int32)
    ground[80:] = 1
    hub.add_signature("detect", {"images": images}, {
        "detection_boxes": repeated(CORNERS),
        "detection_class_entities": repeated(NAMES),
        "detection_scores": repeated([0.93, 0.81, 0.24]),
    })  # fmt: skip
    hub.add_signature("segment", {"images": images}, {"classes": repeated(ground)})


def forecaster() -> None:
    """Continues a series by its last number, less certainly with every step."""
    past = tf1.placeholder(tf.float32, [None, 48], "past")
    mean = tf.tile(past[:, -1:], [1, 12])
    spread = tf.range(1.0, 13.0)[None] / 6
    hub.add_signature(
        "default", {"past": past}, {"mean": mean, "lower": mean - spread, "upper": mean + spread}
    )


def ranker() -> None:
    """Ranks five things with chances of very different lengths."""
    query = tf1.placeholder(tf.float32, [None], "query")
    rows = tf.shape(query)[0]
    chances = tf.tile(tf.constant([[0.93, 0.062512, 0.007, 1.25e-5, 3e-9]]), [rows, 1])
    names = tf.tile(tf.constant([["a", "bee", "a thing of a long name", "d", "e"]]), [rows, 1])
    hub.add_signature(
        "default", {"query": query}, {"things_that_were_found": names, "chances_of_these": chances}
    )


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules")
    for module_fn in (detector, forecaster, ranker):
        spec = hub.create_module_spec(module_fn)
        with tf.Graph().as_default():
            module = hub.Module(spec)
            with tf1.Session() as session:
                session.run(tf1.global_variables_initializer())
                module.export(str(folder / module_fn.__name__), session)
    image = Image.new("RGB", (640, 480), (120, 170, 220))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 320, 640, 480), fill=(90, 140, 80))
    pen.ellipse((80, 150, 260, 380), fill=(200, 120, 60))
    pen.rectangle((350, 200, 560, 420), fill=(150, 60, 90))
    pen.ellipse((500, 40, 580, 120), fill=(250, 230, 80))
    image.save(folder / "scene.png")
    return folder


def test_boxes_masks_and_a_forecast(notebook: Notebook, modules: Path) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(modules / 'detector')!r}, 'detect'")
    panel.upload(modules / "scene.png")
    panel.run()
    boxes = panel.output("detection_boxes, detection_scores, detection_class_entities")
    expect(boxes).to_contain_text("2 of 3 boxes with a score of at least 0.3.")
    slider = boxes.get_by_role("slider", name="Lowest score")
    slider.focus()
    for _ in range(8):
        notebook.page.keyboard.press("ArrowLeft")
    expect(boxes).to_contain_text("3 of 3 boxes with a score of at least 0.22.")
    notebook.screenshot("boxes", panel.node)

    panel = Panel.open(notebook, f"{str(modules / 'detector')!r}, 'segment'")
    panel.upload(modules / "scene.png")
    panel.run()
    mask = panel.output("classes")
    expect(mask.get_by_role("slider", name="Opacity")).to_be_visible()
    expect(mask).to_contain_text("class 1")
    notebook.screenshot("mask", panel.node)

    panel = Panel.open(notebook, repr(str(modules / "forecaster")))
    panel.fill("Random (seed 0)", rows=1)
    panel.run()
    expect(panel.output("mean, lower, upper").get_by_role("img").first).to_be_visible()
    notebook.screenshot("forecast", panel.node)
    notebook.theme("dark")
    notebook.screenshot("forecast-dark", panel.node)


def test_bars_begin_at_one_place_and_names_break_between_their_words(
    notebook: Notebook, modules: Path
) -> None:
    notebook.new()
    panel = Panel.open(notebook, repr(str(modules / "ranker")))
    panel.fill("Random (seed 0)", rows=1)
    panel.run()
    ranking = panel.output("things_that_were_found, chances_of_these")
    expect(ranking.locator(".bar")).to_have_count(5)
    lefts = ranking.locator(".bar").evaluate_all("bars => bars.map(bar => bar.getBoundingClientRect().left)")
    assert max(lefts) - min(lefts) < 1, lefts
    assert ranking.locator(".hub-output-head strong wbr").count() == 5
    notebook.screenshot("ranking-bars", panel.node)
