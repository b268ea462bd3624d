"""A user tries modules on their own values in the panel."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import expect

import hubexplore as hub
from tests.browser.notebook import Notebook
from tests.browser.panel import Panel

SENTENCES = ("The king sat on his throne.", "A queen ruled over the kingdom.")


def test_two_sentences_and_how_similar_they_are(notebook: Notebook) -> None:
    notebook.new()
    panel = Panel.open(notebook, "'sample:text-embedding'")
    panel.field("default").fill("\n".join(SENTENCES))
    panel.run()
    output = panel.output("default")
    expect(output).to_contain_text("2 × 100 float32")
    expect(output.get_by_role("img").first).to_be_visible()
    notebook.screenshot("text-embedding", panel.node)
    output.locator("summary", has_text="Numbers").click()
    expect(output.get_by_role("table").first).to_be_visible()
    assert panel.value("panel.value.shape") == "(2, 100)\n"


def picture_of_a_digit(folder: Path) -> tuple[Path, int]:
    """A large picture of a digit, dark on white as a user may have it; and the digit."""
    images, labels = hub.samples.digit_images()
    path = folder / "digit.png"
    grey = np.round(255 * (1 - images[0, :, :, 0] / images[0].max())).astype(np.uint8)
    Image.fromarray(grey).resize((96, 96), Image.Resampling.BICUBIC).save(path)
    return path, int(labels[0])


def test_a_picture_and_its_class(notebook: Notebook, tmp_path: Path) -> None:
    path, digit = picture_of_a_digit(tmp_path)
    notebook.new()
    panel = Panel.open(notebook, "'sample:digits'")
    panel.upload(path)
    panel.run()
    expect(panel.output("probabilities")).to_contain_text("1 × 10 float32")
    notebook.screenshot("digits", panel.node)
    assert panel.value("panel.value['probabilities'].argmax()") == f"{digit}\n"


def test_moving_a_latent_number_live(notebook: Notebook, real_modules: Path) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(real_modules / 'vae3dshapes')!r}, 'decoder'")
    panel.fill("Zeros", rows=1)
    panel.run()
    picture = panel.output("images").get_by_role("img").first
    before = picture.get_attribute("src")
    panel.node.get_by_label("Sliders for the numbers of the first row").check()
    panel.node.get_by_label("Live: run on every change").check()
    panel.wait_for_run(2)
    panel.node.locator(".hub-sliders").get_by_role("slider").first.focus()
    notebook.page.keyboard.press("ArrowRight")
    expect(picture).not_to_have_attribute("src", str(before))
    expect(panel.log.locator("tbody tr")).to_have_count(2)
    notebook.screenshot("vae3dshapes", panel.node)


def test_a_wrong_shape_and_a_right_one(notebook: Notebook, real_modules: Path) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(real_modules / 'vae3dshapes')!r}, 'decoder'")
    panel.field("latent_vectors").fill("1 2 3")
    panel.run_button.click()
    panel.wait_for_error("latent_vectors")
    expect(panel.error).to_contain_text(re.compile("10"))
    notebook.screenshot("wrong-shape", panel.node)
    panel.field("latent_vectors").fill(" ".join("0" * 10))
    panel.run()
    expect(panel.error).to_have_count(0)
    expect(panel.output("images").get_by_role("img").first).to_be_visible()


def test_code_that_does_the_same(notebook: Notebook) -> None:
    notebook.new()
    panel = Panel.open(notebook, "'sample:text-embedding'")
    panel.field("default").fill("\n".join([*SENTENCES, "a 'quoted' \"word\" \\ {x}", "%run !ls"]))
    panel.run()
    for kind in ("Notebook cell", "Python"):
        code = panel.copy_code(kind)
        if kind == "Notebook cell":
            notebook.run("%load_ext hubexplore")
        cell = notebook.run(code)
        assert [output["output_type"] for output in notebook.outputs(cell)] != ["error"]
        assert panel.value("__import__('numpy').array_equal(panel.value, _)") == "True\n"
