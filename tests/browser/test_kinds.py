"""A user sees what a value is: a volume as slices, tokens with ids, a text with its lines, one embedding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from playwright.sync_api import expect

import hubexplore as hub
from tests.browser.notebook import Notebook
from tests.browser.panel import Panel
from tests.hub.modules import export

tf1 = tf.compat.v1
WORDS = ["[PAD]", "[UNK]", "the", "ship", "was", "lost", "at", "sea"]


def kinds() -> None:
    """Volumes of two balls, tokens with their ids, an answer of several lines, and an embedding."""
    size = tf1.placeholder(tf.float32, [None], "radius")
    grid = np.stack(np.meshgrid(*[np.arange(32)] * 3, indexing="ij"), -1)
    apart = [np.linalg.norm(grid - centre, axis=-1) for centre in ([16, 12, 12], [16, 20, 22])]
    radius = tf.reshape(size, [-1, 1, 1, 1, 1])
    hub.add_signature(
        "segment", {"radius": size}, tf.sigmoid(radius - tf.constant(np.stack(apart, -1), tf.float32))
    )
    ids = tf1.placeholder(tf.int32, [None, None], "ids")
    table = tf1.get_variable("table", [len(WORDS), 64], initializer=tf1.random_normal_initializer(seed=1))
    rows = tf.shape(ids)[0]
    hub.add_signature(
        "tokens", {"ids": ids}, {"tokens": tf.gather(tf.constant(WORDS), ids), "ids": tf.identity(ids)}
    )
    vector = tf.reduce_mean(tf.gather(table, ids), 1)
    answer = tf.fill([rows], "def sink(ship):\n    return ship.lost\n\nprint(sink(ship))")
    hub.add_signature("answer", {"ids": ids}, {"embedding": vector, "answer": answer})


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(export(hub.create_module_spec(kinds), tmp_path_factory.mktemp("modules") / "kinds"))


def test_volumes_tokens_texts_and_one_embedding(notebook: Notebook, path: Path) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(path)!r}, 'segment'")
    panel.field("radius").fill("9")
    panel.run()
    volume = panel.output("default")
    expect(volume).to_contain_text("Slice 16 of 32 (0 to 31). Brightness: 0 is black, 1 is white.")
    slider = volume.get_by_role("slider", name="Slice")
    slider.focus()
    for _ in range(4):
        notebook.page.keyboard.press("ArrowLeft")
    expect(volume).to_contain_text("Slice 12 of 32")
    expect(slider).to_be_focused()
    notebook.screenshot("volume", panel.node)
    panel.view("default", "Table")
    expect(slider).to_have_count(0)

    panel = Panel.open(notebook, f"{str(path)!r}, 'tokens'")
    panel.fill("Random (seed 0)", rows=2)
    panel.run()
    tokens = panel.output("tokens, ids")
    expect(tokens.locator(".chip")).to_have_count(16)
    notebook.screenshot("tokens", panel.node)

    panel = Panel.open(notebook, f"{str(path)!r}, 'answer'")
    panel.fill("Random (seed 0)", rows=1)
    panel.run()
    names = panel.results.get_by_role("region").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert names == ["answer", "embedding"]
    expect(panel.output("answer").locator("pre.lines")).to_contain_text("return ship.lost\n\nprint")
    expect(panel.output("embedding")).to_contain_text("Add a second row to the input")
    notebook.screenshot("answer", panel.node)
    notebook.theme("dark")
    notebook.screenshot("answer-dark", panel.node)


def test_earlier_results_are_marked_and_a_comparison_shows_what_differs(notebook: Notebook) -> None:
    notebook.new()
    panel = Panel.open(notebook, "'sample:text-embedding', 'neighbours'")
    panel.field("words").fill("king\nship")
    panel.run()
    panel.field("words").fill("king\nbread")
    panel.node.get_by_label("Rows", exact=True).focus()
    expect(panel.results).to_contain_text("· of earlier inputs")
    panel.run()
    expect(panel.results).not_to_contain_text("earlier")
    panel.pin(1)
    panel.pin(2)
    comparison = panel.node.get_by_role("region", name="Comparison of two runs", exact=True)
    expect(comparison).to_contain_text('Run 1: ["king", "ship"]')
    expect(comparison).to_contain_text("Run 2 − run 1")
    notebook.screenshot("comparison", panel.node)
