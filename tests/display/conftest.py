"""Summaries to show, golden files, and what every piece of our HTML must keep to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with the golden file of that name; `pytest --update-golden` writes the file."""

    def compare(name: str, text: str) -> None:
        file = GOLDEN / name
        if request.config.getoption("--update-golden"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text + "\n", encoding="utf-8")
        assert file.exists(), f"no golden file {name}: look at the output, then run pytest --update-golden"
        assert text + "\n" == file.read_text(encoding="utf-8")

    return compare
