"""A user hears, records, draws, plays films, enlarges pictures and moves the vector of a generator."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import expect

import hubexplore as hub
from hubexplore.inputs import pictures, sounds
from tests.browser.notebook import Notebook
from tests.browser.panel import Panel
from tests.explorer import media_modules
from tests.hub.modules import export

MODULES = (
    media_modules.sounds, media_modules.drawings, media_modules.generators, media_modules.films,
    media_modules.odd_numbers,
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The modules, the built-in sounds as files, and a film."""
    folder = tmp_path_factory.mktemp("modules")
    for module in MODULES:
        export(hub.create_module_spec(module), folder / module.__name__)
    for name, content in sounds.samples().items():
        (folder / f"{name}.wav").write_bytes(content)
    frames = [
        PIL.Image.fromarray(np.round(frame * 255).astype(np.uint8))
        for frame in pictures.film(1, 40, 64, 96, 3)[0]
    ]
    frames[0].save(folder / "ball.gif", save_all=True, append_images=frames[1:], duration=50, loop=0)
    return folder


def test_sounds_in_and_out(notebook: Notebook, folder: Path) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(folder / 'sounds')!r}, 'analyse'")
    panel.upload(folder / "chirp.wav")
    expect(panel.node).to_contain_text("16,000 Hz, from 22,050 Hz, mono, 2.0 s")
    expect(panel.node.locator("audio")).to_have_count(1)
    panel.run()
    for name in ("a", "b", "c"):
        expect(panel.output(name).get_by_role("img")).to_be_visible()
    notebook.screenshot("spectrograms", panel.node)
    notebook.theme("dark")
    notebook.screenshot("spectrograms-dark", panel.node)
    notebook.theme("light")

    panel = Panel.open(notebook, f"{str(folder / 'sounds')!r}, 'clean'")
    panel.upload(folder / "vowels.wav", folder / "melody.wav")
    panel.run()
    heard = panel.output("y")
    expect(heard.locator("audio")).to_have_count(2)
    # The browser can play them.
    seconds = heard.locator("audio").first.evaluate(
        """player => new Promise(done => {
          player.onloadedmetadata = () => done(player.duration);
          player.load();
        })"""
    )
    assert 2 < seconds < 2.2
    slider = heard.get_by_role("slider", name="Rate in Hz")
    slider.fill("8000")
    expect(heard).to_contain_text("4.19 s at 8,000 Hz.")
    with notebook.page.expect_download() as download:
        heard.get_by_role("button", name="Download y as WAV").click()
    assert download.value.suggested_filename == "y.zip"
    notebook.screenshot("sounds", panel.node)
    notebook.theme("dark")
    notebook.screenshot("sounds-dark", panel.node)


def test_a_recording(notebook: Notebook, folder: Path) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(folder / 'sounds')!r}, 'analyse'")
    record = panel.node.get_by_role("button", name="Record x with the microphone")
    # Headless Chromium refuses what was not allowed before.
    record.click()
    expect(panel.node).to_contain_text("The browser does not let this page use the microphone.")
    notebook.page.context.grant_permissions(["microphone"])
    record.click()
    expect(panel.node).to_contain_text("Recording: 1 s")
    expect(record).to_have_text("■ Stop")
    record.click()
    expect(panel.node).to_contain_text("16,000 Hz, from 48,000 Hz, mono")
    panel.run()
    # It beeps.
    assert float(panel.value("panel.value['a'].max()")) > 1
    notebook.screenshot("recording", panel.node)


def test_a_drawing_is_read_while_it_is_drawn(notebook: Notebook, folder: Path) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(folder / 'drawings')!r}, 'grey'")
    paper = panel.node.locator("canvas")
    mouse = notebook.page.mouse

    def stroke(*points: tuple[float, float]) -> None:
        paper.scroll_into_view_if_needed()
        box = paper.bounding_box()
        assert box is not None
        for number, (x, y) in enumerate(points):
            mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
            if number == 0:
                mouse.down()
        mouse.up()

    stroke((0.1, 0.1), (0.3, 0.4), (0.4, 0.1))
    expect(panel.node).to_contain_text("What the module receives: 1 × 28 × 28 × 1 float32")
    panel.run()
    # Ink is bright, as most modules of digits take it: what was drawn is in the first quarter.
    assert "[[1.0, 0.0, 0.0, 0.0]]" in panel.value("panel.value['scores'].round().tolist()")
    panel.node.get_by_label("Live: run on every change").check()
    panel.node.get_by_role("button", name="Remove all strokes").click()
    stroke((0.7, 0.7), (0.9, 0.9))
    expect(panel.output("scores").get_by_role("img")).to_have_attribute("alt", re.compile("class 3"))
    notebook.screenshot("drawing", panel.node)
    notebook.theme("dark")
    notebook.screenshot("drawing-dark", panel.node)


def test_films_play(notebook: Notebook, folder: Path) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(folder / 'films')!r}, 'invert'")
    panel.upload(folder / "ball.gif")
    expect(panel.node).to_contain_text(re.compile(r"1 × \d\d × 64 × 64 × 3 float32"))
    panel.run()
    film = panel.output("video")
    expect(film).to_contain_text(re.compile(r"Frame 0 of \d\d"))
    film.get_by_role("button", name="Play: Frame").click()
    expect(film).to_contain_text(re.compile(r"Frame ([3-9]|\d\d) of"))
    film.get_by_role("button", name="Pause: Frame").click()
    expect(film.get_by_role("button", name="Play: Frame")).to_be_visible()
    expect(panel.output("frames")).to_contain_text(re.compile(r"Frame 0 of \d\d"))
    notebook.screenshot("film", panel.node)
    notebook.theme("dark")
    notebook.screenshot("film-dark", panel.node)


def test_the_vector_of_a_generator_and_enlarging(notebook: Notebook, folder: Path) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(folder / 'generators')!r}, 'picture'")
    expect(panel.node.get_by_role("slider", name="[15]")).to_be_visible()
    panel.node.get_by_role("button", name="Random").click()
    panel.run()
    panel.node.get_by_label("Live: run on every change").check()
    panel.node.get_by_label("Numbers", exact=True).select_option(label="112 to 127 of 128")
    expect(panel.node.get_by_role("slider", name="[127]")).to_be_visible()
    panel.node.get_by_role("button", name="Random").click()
    notebook.screenshot("generator", panel.node)
    notebook.theme("dark")
    notebook.screenshot("generator-dark", panel.node)

    opener = panel.output("image").locator(".hub-enlarges")
    opener.focus()
    notebook.page.keyboard.press("Enter")
    dialog = notebook.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    with notebook.page.expect_download() as download:
        dialog.get_by_role("button", name="Download this picture as PNG").click()
    picture = PIL.Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert (picture.format, picture.size) == ("PNG", (96, 96))
    notebook.page.screenshot(path="build/screenshots/enlarged-dark.png")
    notebook.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
    notebook.theme("light")
    opener.click()
    expect(dialog).to_be_visible()
    notebook.page.screenshot(path="build/screenshots/enlarged.png")


def test_complex_and_quantised_numbers(notebook: Notebook, folder: Path) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(folder / 'odd_numbers')!r}, 'spectrum'")
    panel.fill("Random (seed 0)", rows=1)
    panel.run()
    spectrum = panel.output("y")
    expect(spectrum).to_contain_text("Magnitude")
    expect(spectrum).to_contain_text("Phases are angles in radians")
    panel.view("y", "Real and imaginary")
    expect(spectrum).to_contain_text("Imaginary part")
    notebook.screenshot("complex", panel.node)
    panel = Panel.open(notebook, f"{str(folder / 'odd_numbers')!r}, 'levels'")
    panel.fill("Random (seed 0)", rows=2)
    panel.run()
    notebook.screenshot("quantised", panel.node)
