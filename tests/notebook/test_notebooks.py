"""Every notebook in notebooks/ runs from top to bottom in a kernel of this Python, and is stored clean."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
QUICKSTART = ROOT / "notebooks" / "01_quickstart.ipynb"
REAL_MODULES = ["half_plus_two_v1.tar.gz", "vae3dshapes", "dm21"]

every_notebook = pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
pytestmark = [
    pytest.mark.timeout(600),
    # The kernel's side of the wire, which is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(autouse=True)
def a_newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in the cache, no setting of TensorFlow, the kernel of this very environment."""
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")


def execute(notebook: Any, folder: Path) -> Any:
    """Runs it there, in a new kernel; raises what a cell raises."""
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}}
    )
    return client.execute()


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def stderr(notebook: Any) -> list[str]:
    return [output.text for output in outputs(notebook) if output.get("name") == "stderr"]


def test_there_are_notebooks() -> None:
    assert QUICKSTART in NOTEBOOKS


def test_the_kernel_is_this_python(tmp_path: Path) -> None:
    cell = nbformat.v4.new_code_cell("import sys; sys.executable")
    ran = execute(nbformat.v4.new_notebook(cells=[cell]), tmp_path)
    assert outputs(ran)[0].data["text/plain"] == repr(sys.executable)


@every_notebook
def test_it_runs_and_says_nothing_on_stderr(file: Path, tmp_path: Path) -> None:
    stored = nbformat.read(file, as_version=4)
    ran = execute(nbformat.read(file, as_version=4), tmp_path)
    assert stderr(ran) == []
    kinds = [[output.output_type for output in cell.outputs] for cell in code_cells(ran)]
    assert kinds == [[output.output_type for output in cell.outputs] for cell in code_cells(stored)]
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]  # it leaves nothing beside itself


@every_notebook
def test_it_is_stored_executed_and_clean(file: Path) -> None:
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    assert [cell.execution_count for cell in code_cells(notebook)] == [
        *range(1, len(code_cells(notebook)) + 1)
    ]
    assert all(cell.metadata == {} for cell in notebook.cells)  # a run would leave its time there
    assert not any(output.output_type == "error" for output in outputs(notebook))
    assert stderr(notebook) == []
    assert file.stat().st_size < 400_000


@every_notebook
def test_nothing_in_it_belongs_to_one_machine(file: Path) -> None:
    shown = json.dumps(outputs(nbformat.read(file, as_version=4)))
    for place in (str(ROOT), str(Path.home()) + "/", tempfile.gettempdir(), "ipykernel_"):
        assert place not in shown
    assert not re.search(r" at 0x[0-9a-f]{6,}", shown)


@pytest.mark.parametrize("name", REAL_MODULES)
def test_the_quickstart_opens_published_modules(name: str, real_modules: Path, tmp_path: Path) -> None:
    """As somebody does who changes the handle in its last section."""
    quickstart = nbformat.read(QUICKSTART, as_version=4)
    imports = nbformat.v4.new_code_cell("import numpy as np, tensorflow as tf")
    load_ext, own, call = (
        cell for cell in quickstart.cells if cell.id in {"load-ext", "own", "own-call"}
    )  # fmt: skip
    changed = own.source.replace("sample:half-plus-two", str(real_modules / name))
    assert changed != own.source
    own.source = changed
    ran = execute(nbformat.v4.new_notebook(cells=[load_ext, imports, own, call]), tmp_path)
    assert stderr(ran) == []
    status, table, values = outputs(ran)
    assert "mine: ready" in status.data["text/plain"]
    assert str(real_modules / name) in table.data["text/plain"]
    assert "array(" in values.data["text/plain"]
