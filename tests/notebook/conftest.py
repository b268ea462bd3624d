"""A shell that raises what a cell raises."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import hubexplore as hub
from tests.notebook.shells import Run


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


@pytest.fixture
def scale(run: Run, scale_path: Path) -> Run:
    """A shell in which the module `scale` is loaded by this name."""
    run(f"%hub_load '{scale_path}'")
    return run
