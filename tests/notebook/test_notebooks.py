"""Every notebook in notebooks/ runs from top to bottom in a kernel of this Python, and is stored clean."""

from __future__ import annotations

import ast
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tools.notebooks import LARGEST, RefusedError, code_cells, complaints, execute, run, structure

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
QUICKSTART = ROOT / "notebooks" / "01_quickstart.ipynb"
OLD_MODULES = ROOT / "notebooks" / "06_old_modules.ipynb"
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


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def test_there_are_notebooks() -> None:
    assert QUICKSTART in NOTEBOOKS


def test_the_kernel_is_this_python(tmp_path: Path) -> None:
    cell = nbformat.v4.new_code_cell("import sys; sys.executable")
    ran = execute(nbformat.v4.new_notebook(cells=[cell]), tmp_path)
    assert outputs(ran)[0].data["text/plain"] == repr(sys.executable)


@every_notebook
def test_it_runs_and_says_nothing_on_stderr(file: Path, tmp_path: Path) -> None:
    stored = nbformat.read(file, as_version=4)
    folder = tmp_path / "notebooks"
    folder.mkdir()
    ran = execute(nbformat.read(file, as_version=4), folder)
    assert complaints(ran) == []
    assert structure(ran) == structure(stored)
    assert not [*folder.iterdir()]


@every_notebook
def test_it_is_stored_executed_and_clean(file: Path) -> None:
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    assert [cell.execution_count for cell in code_cells(notebook)] == [
        *range(1, len(code_cells(notebook)) + 1)
    ]
    assert all(cell.metadata == {} for cell in notebook.cells)  # a run would leave its time there
    assert not any(output.output_type == "error" for output in outputs(notebook))
    assert complaints(notebook) == []
    assert file.stat().st_size <= LARGEST


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
    assert complaints(ran) == []
    status, table, values = outputs(ran)
    assert "mine: ready" in status.data["text/plain"]
    assert str(real_modules / name) in table.data["text/plain"]
    assert "array(" in values.data["text/plain"]


def test_a_folder_of_published_modules(real_modules: Path, tmp_path: Path) -> None:
    """As somebody does who puts the path of their own folder into the survey of notebook 06."""
    cells = {cell.id: cell for cell in nbformat.read(OLD_MODULES, as_version=4).cells}
    imports = nbformat.v4.new_code_cell("import pathlib\nimport hubexplore as hub")
    survey = cells["survey"]
    changed = survey.source.replace('folder = "."', f"folder = {str(real_modules)!r}")
    assert changed != survey.source
    survey.source = changed
    records = nbformat.v4.new_code_cell("{name: what for name, what, _ in survey(folder)}")
    ran = execute(nbformat.v4.new_notebook(cells=[imports, survey, records]), tmp_path)
    assert complaints(ran) == []
    content = ast.literal_eval(outputs(ran)[-1].data["text/plain"])
    assert content["dm21"] == content["half_plus_two_v1.tar.gz"] == content["vae3dshapes"] == "TF1 Hub module"
    assert content["taxi-estimator-savedmodel"] == "TF1 SavedModel"
    assert content["penguin-tf2-savedmodel"] == "TF2 SavedModel"
    assert content["README.md"] == "no module"


# What `make notebooks` stores, and what it refuses.


def stored(path: Path, *sources: str, ran: bool = False) -> Path:
    """A notebook with these cells, run before or not."""
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{index}") for index, source in enumerate(sources)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    for number, cell in enumerate(cells if ran else [], start=1):
        cell.execution_count = number
    nbformat.write(notebook, path)
    return path


def test_a_new_notebook_is_stored_with_its_outputs(tmp_path: Path) -> None:
    text = run(stored(tmp_path / "new.ipynb", "1 + 1", "print(3)"))
    (two, three) = (cell.outputs[0] for cell in nbformat.reads(text, as_version=4).cells)
    assert two.data["text/plain"] == "2"
    assert three.text == "3\n"


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        (["1 / 0"], "a cell fails"),
        (["import warnings", "warnings.warn('old')"], "stderr.*\n?.*old"),
        (["open('left.txt', 'w').close()"], "it leaves files in its folder: left.txt"),
        (["print('x' * 500_000)"], "at most 400,000"),
    ],
    ids=["error", "warning", "file", "large"],
)
def test_what_is_refused(sources: list[str], words: str, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=words):
        run(stored(tmp_path / "bad.ipynb", *sources))


def test_outputs_of_another_structure_are_refused_or_accepted(tmp_path: Path) -> None:
    file = stored(tmp_path / "old.ipynb", "1 + 1", ran=True)
    with pytest.raises(RefusedError, match="-cell-0: no output\n\\+cell-0: execute_result"):
        run(file)
    assert "execute_result" in run(file, accept=True)
