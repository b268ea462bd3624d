"""A user looks at weights: filters the list while typing, opens a variable, sets another module beside it."""

from __future__ import annotations

import re
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
ANIMALS = ["cat", "dog", "cow", "horse", "sheep", "goat", "pig", "hen", "duck", "goose"]
FRUIT = ["apple", "pear", "plum", "cherry", "grape", "lemon", "melon", "fig", "date", "peach"]


def gabor(seed: int) -> np.ndarray:
    """Kernels as first layers learn them: edges in all directions, some of them coloured."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[-3:4, -3:4] / 3
    kernels = []
    for number in range(24):
        turn, hue = number * np.pi / 12, random.normal(size=3) if number % 3 == 0 else np.ones(3)
        along = x * np.cos(turn) + y * np.sin(turn)
        wave = np.exp(-(x**2 + y**2) * 1.5) * np.cos(along * (3 + number % 4) + random.normal())
        kernels.append(wave[..., None] * hue)
    return np.stack(kernels, -1).astype(np.float32)


def weights(seed: int) -> None:
    images = tf1.placeholder(tf.float32, [None, 32, 32, 3], "images")
    first = tf.nn.conv2d(images, tf1.get_variable("conv1/kernel", initializer=gabor(seed)), 2, "SAME")
    bias = tf1.get_variable("conv1/bias", initializer=np.zeros(24, np.float32))
    random = np.random.default_rng(seed)
    for number in range(2, 9):
        kernel = random.normal(scale=0.1, size=[3, 3, 24, 24]).astype(np.float32)
        first = tf.nn.relu(
            tf.nn.conv2d(first, tf1.get_variable(f"conv{number}/kernel", initializer=kernel), 1, "SAME")
        )
        offset = random.normal(size=24).astype(np.float32)
        first += tf1.get_variable(f"conv{number}/bias", initializer=offset)
    hub.add_signature("image", {"images": images}, {"features": first + bias})
    ids = tf1.placeholder(tf.int32, [None], "ids")
    centres = np.repeat([[3.0, 0, 0, 0], [-3.0, 1, 0, 0]], 10, 0)
    table = (centres + random.normal(size=[20, 4])).astype(np.float32)
    rows = tf.gather(tf1.get_variable("words/embedding", initializer=table), ids)
    hub.add_signature(
        "embed", {"ids": ids}, {"rows": rows, "words": tf.gather(tf.constant(ANIMALS + FRUIT), ids)}
    )


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("modules")
    specs = [hub.create_module_spec(lambda seed=seed: weights(seed)) for seed in range(2)]
    return [Path(export(spec, folder / name)) for spec, name in zip(specs, ("first", "second"), strict=True)]


def test_weights(notebook: Notebook, paths: list[Path]) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(paths[0])!r}, 'image'")
    panel.tab("Variables")
    listed = panel.node.get_by_role("table", name="Variables")
    rows = listed.locator("tbody tr")
    expect(rows).to_have_count(17)
    filtering = panel.node.get_by_role("searchbox", name="Filter by name")
    filtering.press_sequentially("kernel")
    expect(rows).to_have_count(8)
    expect(panel.node.get_by_text("8 of 17 variables")).to_be_visible()
    expect(filtering).to_be_focused()
    # Enter opens the first one, before its rows have come as well.
    filtering.fill("conv1/k")
    filtering.press("Enter")
    values = panel.node.get_by_role("region", name="Values of a variable", exact=True)
    kernels = values.get_by_role("region", name="conv1/kernel", exact=True)
    expect(kernels).to_contain_text("Each kernel is a tile, its weights for red, green and blue as colours")
    expect(rows.get_by_role("button")).to_have_attribute("aria-current", "true")
    notebook.screenshot("variables-kernels", panel.node)

    # By keys alone: down from the filter, through the rows, back up.
    filtering.fill("")
    expect(rows).to_have_count(17)
    filtering.press("ArrowDown")
    keys = notebook.page.keyboard
    keys.press("End")
    expect(listed.get_by_role("button", name="words/embedding: show its values")).to_be_focused()
    keys.press("Enter")
    table = values.get_by_role("region", name="words/embedding", exact=True)
    expect(table.get_by_role("img")).to_have_attribute("alt", re.compile("^Map of 20 rows"))
    expect(listed.get_by_role("button", name="words/embedding: show its values")).to_be_focused()
    table.locator(".hub-hover:has(.hub-tip)").focus()
    keys.press("ArrowRight")
    expect(table.locator(".hub-tip")).to_have_text(re.compile("^cat: "))
    notebook.screenshot("variables-map", panel.node)
    listed.get_by_role("button", name="conv1/kernel: show its values").focus()
    keys.press("Home")
    keys.press("ArrowUp")
    expect(filtering).to_be_focused()
    listed.get_by_text("conv5/kernel").click()
    deep = values.get_by_role("region", name="conv5/kernel", exact=True)
    expect(deep.get_by_role("img")).to_have_attribute("alt", re.compile("^Histogram of 5,184 numbers"))
    notebook.screenshot("variables-histogram", panel.node)


def test_another_module_beside_it(notebook: Notebook, paths: list[Path]) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(paths[0])!r}, 'image'")
    panel.tab("Variables")
    panel.choose("Compare with", "another module")
    handle = panel.node.get_by_label("Module", exact=True)
    handle.fill(str(paths[1]))
    handle.press("Enter")
    listed = panel.node.get_by_role("table", name="Variables")
    expect(listed.get_by_role("columnheader", name="Compared")).to_be_visible()
    expect(listed.locator("tr", has_text="conv1/bias")).to_contain_text("equal")
    listed.get_by_text("conv1/kernel").click()
    values = panel.node.get_by_role("region", name="Values of a variable", exact=True)
    expect(values).to_contain_text("Largest difference: ")
    expect(values).to_contain_text("Histogram of the difference")
    notebook.screenshot("variables-beside", panel.node)
    notebook.theme("dark")
    notebook.screenshot("variables-beside-dark", panel.node)
    listed.get_by_text("words/embedding").click()
    expect(values).to_contain_text("Rows that differ most")
    notebook.screenshot("variables-rows-dark", panel.node)
    panel.choose("Compare with", "nothing")
    expect(listed.get_by_role("columnheader", name="Compared")).to_be_hidden()
    expect(values.get_by_alt_text(re.compile("^Map of 20 rows"))).to_be_visible()
    notebook.screenshot("variables-map-dark", panel.node)
    panel.wait_for_still("Map of 20 rows")


def test_what_training_changed(notebook: Notebook, paths: list[Path]) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(paths[0])!r}, 'image'")
    panel.tab("Variables")
    expect(panel.node.get_by_role("button", name="Compare weights")).to_be_hidden()
    panel.choose("Compare with", "another module")
    handle = panel.node.get_by_label("Module", exact=True)
    handle.fill(str(paths[1]))
    handle.press("Enter")
    panel.node.get_by_role("button", name="Compare weights").click()
    expect(panel.node.get_by_text("The list is sorted by relative change.")).to_be_visible()
    listed = panel.node.get_by_role("table", name="Variables")
    remarks = listed.locator("tbody tr td:last-child")
    # The only variable that did not change is the last one.
    expect(remarks).to_have_text([re.compile("of its norm$")] * 16 + ["equal"])
    expect(listed.locator("tbody tr").last).to_contain_text("conv1/bias")
    panel.node.get_by_text("By scope").first.click()
    expect(panel.node.locator(".tree summary").first).to_be_visible()
    notebook.screenshot("variables-changes", panel.node)
    notebook.theme("dark")
    notebook.screenshot("variables-changes-dark", panel.node)
    # A click shows both values, as before.
    listed.locator("tbody tr").first.get_by_role("button").click()
    values = panel.node.get_by_role("region", name="Values of a variable", exact=True)
    expect(values).to_contain_text("Largest difference: ")


def test_a_filter_costs_one_message_a_pause(notebook: Notebook) -> None:
    """79,000 variables: the browser has those on screen only, and keys that come quickly are one message."""
    notebook.new()
    notebook.run(
        "import ipywidgets\n"
        "from hubexplore.notebook.panel.browser_widgets import PanelMonitor\n"
        "from hubexplore.notebook.panel.weights.variable_list import VariableList\n"
        "from hubexplore.summary.model import VariableSummary\n"
        "many = [VariableSummary(f'block_{n // 9}/layer_{n % 9}/kernel', 'float32', (3,), True)\n"
        "        for n in range(79_000)]\n"
        "heard = []\n"
        "view = VariableList(many, lambda _: None, lambda: None, lambda _: '')\n"
        "view.listen(lambda message, _: heard.append(message))\n"
        "box = ipywidgets.VBox([PanelMonitor(), view])\n"
        "box.add_class('hubexplore-panel')"
    )
    node = notebook.cell(notebook.run("box")).locator(".hubexplore-panel")
    rows = node.locator("tbody tr")
    expect(rows).to_have_count(100)
    filtering = node.get_by_role("searchbox", name="Filter by name")
    filtering.press_sequentially("block_8777/layer_3", delay=10)
    expect(rows).to_have_count(1)
    expect(node.get_by_text("1 of 79,000 variables")).to_be_visible()
    (output,) = notebook.outputs(notebook.run("print([message['text'] for message in heard])"))
    assert "'block_8777/layer_3']" in "".join(output["text"])
    assert "".join(output["text"]).count("block") <= 4
    filtering.fill("")
    node.get_by_role("button", name="Show more variables").click()
    expect(rows).to_have_count(200)


def test_narrow_and_large(notebook: Notebook) -> None:
    """9,485 words on 600 pixels."""
    notebook.new()
    panel = Panel.open(notebook, "'sample:text-embedding'")
    panel.tab("Variables")
    panel.node.get_by_role("table", name="Variables").get_by_text("word_vectors").click()
    values = panel.node.get_by_role("region", name="Values of a variable", exact=True)
    expect(values).to_contain_text("500 of 9,485 rows, evenly spaced.")
    notebook.narrow(600)
    notebook.screenshot("variables-600", panel.node)
