"""A user hears and sees: sounds in and out, spectrograms."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

import hubexplore as hub
from hubexplore.inputs import sounds
from tests.browser.notebook import Notebook
from tests.browser.panel import Panel
from tests.explorer import media_modules
from tests.hub.modules import export


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules")
    for module in (media_modules.sounds,):
        export(hub.create_module_spec(module), folder / module.__name__)
    for name, content in sounds.samples().items():
        (folder / f"{name}.wav").write_bytes(content)
    return folder


def test_sounds_in_and_out(notebook: Notebook, folder: Path) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(folder / 'sounds')!r}, 'analyse'")
    panel.upload(folder / "chirp.wav")
    expect(panel.node).to_contain_text("16,000 Hz, from 22,050 Hz, mono, 2.0 s")
    expect(panel.node.locator("audio")).to_have_count(1)
    panel.run()
    expect(panel.output("a").get_by_role("img")).to_be_visible()
    notebook.screenshot("spectrograms", panel.node)
    notebook.theme("dark")
    notebook.screenshot("spectrograms-dark", panel.node)
    notebook.theme("light")

    panel = Panel.open(notebook, f"{str(folder / 'sounds')!r}, 'clean'")
    panel.upload(folder / "vowels.wav", folder / "melody.wav")
    panel.run()
    heard = panel.output("y")
    expect(heard.locator("audio")).to_have_count(2)
    notebook.screenshot("sounds", panel.node)
    notebook.theme("dark")
    notebook.screenshot("sounds-dark", panel.node)
