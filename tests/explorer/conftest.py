"""The shell of the magics, in which the code that a run writes is tried; modules and a folder for that."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import tensorflow as tf

import hubexplore as hub
from tests.explorer.copied_code import many, tf1
from tests.notebook.conftest import run, shell
from tests.session import modules


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Modules on disk, one in a folder of a hostile name."""
    folder = tmp_path_factory.mktemp("modules")
    found = {}
    for name, make, place in (
        ("many", many, "many"), ("hostile", modules.scale, "it's \"{a}\" $b"),
        ("composites", modules.composites, "c"),
    ):  # fmt: skip
        with tf.Graph().as_default():
            module = hub.Module(hub.create_module_spec(make))
            with tf1.Session() as running:
                running.run(tf1.global_variables_initializer())
                module.export(folder / place, running)
        found[name] = folder / place
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the notebook, in which files are saved."""
    (tmp_path / "notebook").mkdir()
    monkeypatch.chdir(tmp_path / "notebook")
    return tmp_path / "notebook"
