"""The site is complete: it has every public name, magic, notebook and page once."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

import hubexplore
from hubexplore.notebook.magics import HubMagics
from tools import magics_page, stage_docs

ROOT = Path(__file__).resolve().parents[2]
DIRECTIVE = re.compile(r"^\.\. auto(?:class|function|module):: hubexplore\.(\w+)$", re.MULTILINE)
TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that Sphinx reads."""
    folder = tmp_path_factory.mktemp("site") / "source"
    stage_docs.stage(folder)
    return folder


def documents(folder: Path) -> list[str]:
    files = [file for ending in ("*.md", "*.ipynb") for file in folder.rglob(ending)]
    return sorted(file.relative_to(folder).with_suffix("").as_posix() for file in files)


def entries(folder: Path) -> list[str]:
    """The pages that the contents of the first page list, in order."""
    known = documents(folder)
    listed: list[str] = []
    for body in TOCTREE.findall((folder / "index.md").read_text("utf-8")):
        for line in body.splitlines():
            if line and not line.startswith(":"):
                pattern = line.rpartition("<")[2].rstrip(">")
                listed.extend(name for name in known if fnmatchcase(name, pattern))
    return listed


def test_every_public_name_is_on_one_page_of_the_reference() -> None:
    pages = (ROOT / "docs" / "api").glob("*.md")
    documented = Counter(name for page in pages for name in DIRECTIVE.findall(page.read_text("utf-8")))
    documented["HubError"] += documented.pop("errors")  # the page of all errors
    assert documented == Counter(set(hubexplore.__all__) - {"__version__"})


def test_every_notebook_is_in_the_contents_in_the_order_of_names(staged: Path) -> None:
    names = sorted(f"notebooks/{file.stem}" for file in (ROOT / "notebooks").glob("*.ipynb"))
    assert names
    assert [name for name in entries(staged) if name.startswith("notebooks/")] == names


def test_every_page_is_in_the_contents_once(staged: Path) -> None:
    assert sorted(entries(staged)) == [name for name in documents(staged) if name != "index"]


def test_the_notebooks_are_what_is_stored(staged: Path) -> None:
    for file in (ROOT / "notebooks").glob("*.ipynb"):
        assert (staged / "notebooks" / file.name).read_bytes() == file.read_bytes()


def test_pictures_lie_where_the_readme_says(staged: Path) -> None:
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", (staged / "README.md").read_text("utf-8"))
    assert pictures
    assert all((staged / name).is_file() for name in pictures)


def test_nothing_of_an_earlier_stage_stays(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old.md").touch()
    stage_docs.stage(tmp_path / "site")
    assert not (tmp_path / "site" / "old.md").exists()


def test_the_page_of_the_magics_has_them_all() -> None:
    page = magics_page.page()
    titles = re.findall(r"^## %+(\w+)$", page, re.MULTILINE)
    assert titles == sorted({**HubMagics.magics["line"], **HubMagics.magics["cell"]})
    assert all(f"| `{name}` |" in page for name in HubMagics.class_trait_names(config=True))


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("hub_load", ["%hub_load"]),
        ("hub_call", ["%hub_call", "%%hub_call"]),
        ("hub_graph", ["%%hub_graph"]),
        ("hub_module", ["%%hub_module"]),
    ],
)
def test_a_magic_is_written_as_it_works(name: str, forms: list[str]) -> None:
    usage = magics_page.section(name, getattr(HubMagics, name)).split("```")[1]
    assert [line.split()[0] for line in usage.splitlines()[1:] if line[0] == "%"] == forms


def test_options_are_code_once() -> None:
    text = "Takes --lines, or `--csv x`, for {name} of %%hub_call - not well-known."
    assert magics_page.coded(text) == (
        "Takes `--lines`, or `--csv x`, for `{name}` of `%%hub_call` - not well-known."
    )


def test_the_pages_are_laid_out_without_tensorflow(tmp_path: Path) -> None:
    program = "import pathlib, sys; from tools.stage_docs import stage; stage(pathlib.Path(sys.argv[1])); "
    done = subprocess.run(
        [sys.executable, "-c", program + "print('tensorflow' in sys.modules)", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "False"
