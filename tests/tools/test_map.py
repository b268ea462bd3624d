"""The map in CONTRIBUTING leads to files that exist, and that have the names which it says they have."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ROOT / "hubexplore"
TITLE = "### Where to make a change\n"
NAME = re.compile(r"`([A-Za-z_]\w*(?:\.\w+)*)`")
PATH = re.compile(r"`([\w./-]+/[\w./-]*|[\w-]+\.[a-z]+)`")


def rows(text: str) -> list[list[str]]:
    """The cells of each row of the map, without the header."""
    section = text.partition(TITLE)[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def missing(text: str) -> list[str]:
    """The paths in the map that lead nowhere: neither from the package nor from the project."""
    paths = [path for row in rows(text) for cell in row for path in PATH.findall(cell)]
    return [path for path in paths if not any((base / path).exists() for base in (CODE, ROOT))]


def unknown(text: str) -> list[str]:
    """The names of Python in the map that no file of their row has."""
    lost = []
    for row in rows(text):
        paths = {path for cell in row for path in PATH.findall(cell)}
        files = [base / path for path in sorted(paths) for base in (CODE, ROOT) if (base / path).is_file()]
        content = "\n".join(file.read_text("utf-8") for file in files)
        names = {name for cell in row for name in NAME.findall(cell)} - paths
        lost += [
            name
            for name in sorted(names)
            if not all(re.search(rf"\b{part}\b", content) for part in name.split("."))
        ]
    return lost


CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_every_path_exists() -> None:
    assert missing(CONTRIBUTING) == []


def test_every_name_is_in_a_file_of_its_row() -> None:
    assert unknown(CONTRIBUTING) == []


def test_every_row_names_code_and_tests() -> None:
    assert len(rows(CONTRIBUTING)) >= 20
    for change, code, tests in rows(CONTRIBUTING):
        assert PATH.search(code) or "MSG_" in code, change
        assert "tests/" in tests, change


def test_a_path_that_leads_nowhere_is_found() -> None:
    text = (
        f"{TITLE}\n| change | edit | tests |\n| --- | --- | --- |\n| x | `summary/none.py` | `tests/hub/` |\n"
    )
    assert missing(text) == ["summary/none.py"]


def test_a_name_that_no_file_has_is_found() -> None:
    code = "`GraphVariant.check_ops` and `GraphVariant.check_oops` in `hub/variants/graph_variant.py`"
    text = f"{TITLE}\n| change | edit | tests |\n| --- | --- | --- |\n| x | {code} | `tests/hub/` |\n"
    assert unknown(text) == ["GraphVariant.check_oops"]
