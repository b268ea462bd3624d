"""A shell that raises what a cell raises, and modules on disk."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import hubexplore as hub
from hubexplore.session.session import NotebookSession
from tests.notebook.shells import Run
from tests.session import modules


@pytest.fixture
def session() -> Iterator[NotebookSession]:
    """A new session."""
    with NotebookSession() as fresh:
        yield fresh


@pytest.fixture
def layers(session: NotebookSession) -> hub.Module:
    """The module `layered`, loaded."""
    return session.load(hub.create_module_spec(modules.layered), "layers")


@pytest.fixture
def parts(session: NotebookSession) -> hub.Module:
    """The module `composites`, loaded."""
    return session.load(hub.create_module_spec(modules.composites), "parts")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """A real shell, without history, that has loaded nothing."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    fresh = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    atexit.unregister(fresh.atexit_operations)  # collects garbage for a second, to no use here
    yield fresh
    hub.unload_ipython_extension(fresh)


@pytest.fixture
def run(shell: InteractiveShell) -> Run:
    """Runs a cell in a shell with the magics: returns the value of its last line, raises what it raises."""
    shell.run_line_magic("load_ext", "hubexplore")

    def run_cell(source: str) -> Any:
        result = shell.run_cell(source)
        result.raise_error()
        return result.result

    return run_cell


@pytest.fixture(scope="module")
def scale_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module `scale` on disk, where the path has a space."""
    path = tmp_path_factory.mktemp("my modules") / "scale"
    with tf.Graph().as_default():
        module = hub.Module(hub.create_module_spec(modules.scale))
        with tf.compat.v1.Session() as running:
            running.run(tf.compat.v1.global_variables_initializer())
            module.export(path, running)
    return path


@pytest.fixture
def scale(run: Run, scale_path: Path) -> Run:
    """A shell in which the module `scale` is loaded by this name."""
    run(f"%hub_load '{scale_path}'")
    return run
