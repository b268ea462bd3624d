"""What a newcomer relies on: a cheap import, an accurate README, a complete package."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import hubexplore
from hubexplore.notebook.magics import HubMagics

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAGICS = {"%load_ext", *(f"%{name}" for names in HubMagics.magics.values() for name in names)}


def run(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "heavy", ["IPython", "google.protobuf", "ipywidgets", "numpy", "pandas", "tensorflow"]
)
def test_import_loads_nothing_heavy(heavy: str) -> None:
    assert run("-c", f"import sys, hubexplore; print({heavy!r} in sys.modules)").strip() == "False"


def test_looking_at_a_summary_needs_no_tensorflow() -> None:
    displays = "hubexplore.display.card.html, hubexplore.display.card.text"
    program = f"import sys, {displays}; print('tensorflow' in sys.modules)"
    assert run("-c", program).strip() == "False"


def test_a_session_is_made_without_what_shows_it_and_without_other_formats() -> None:
    others = [
        "display.card.html", "summary.diagnosis.diagnoses", "summary.reading.directory",
        "summary.formats.graph_files.training_checkpoint", "hub.resolve.cache",
    ]  # fmt: skip
    program = (
        "import sys, hubexplore; hubexplore.NotebookSession; "
        f"print([name for name in {others} if f'hubexplore.{{name}}' in sys.modules])"
    )
    assert run("-c", program).strip() == "[]"


def test_every_public_name_can_be_imported_and_is_documented() -> None:
    for name in set(hubexplore.__all__) - {"__version__"}:
        assert getattr(hubexplore, name).__doc__, name
    assert set(hubexplore.__all__) <= set(dir(hubexplore))


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Modul'"):
        _ = hubexplore.Modul


def test_the_example_of_the_readme_prints_what_the_readme_shows() -> None:
    match = re.search(r"```python\n(?P<program>.*?)```.*?```text\n(?P<output>.*?)```", README, re.DOTALL)
    assert match
    assert run("-c", match["program"]) == match["output"]


def test_the_table_of_the_readme_names_the_whole_api() -> None:
    table = README.split("## API and magics")[1].split("\n## ")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    names = {name for cell in cells for name in re.findall(r"`(?:%(?=%))?(%?\w+)", cell)}
    assert names == {*hubexplore.__all__, *MAGICS} - {"__version__"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names of the files in a wheel built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    run("-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder))
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built).namelist()


@pytest.mark.parametrize("pattern", ["*.py", "py.typed", "*.npz", "*.json", "*.txt"])
def test_the_wheel_holds_every_file_of_the_package(wheel: list[str], pattern: str) -> None:
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "hubexplore").rglob(pattern)}
    assert files <= set(wheel)


def test_the_wheel_holds_the_licence_and_nothing_else_of_the_project(wheel: list[str]) -> None:
    outside = [name for name in wheel if not name.startswith("hubexplore/")]
    assert all(".dist-info/" in name for name in outside)
    assert any(name.endswith("licenses/LICENSE") for name in outside)


def test_the_weights_of_the_samples_are_small(wheel: list[str]) -> None:
    weights = [ROOT / name for name in wheel if "/samples/" in name and not name.endswith(".py")]
    assert weights
    assert sum(file.stat().st_size for file in weights) < 2_000_000
