"""Collects the pages of the site in a folder: docs/, README, CHANGELOG and so on, the notebooks, the magics.

The files have the same relative paths as in the project, so that links between them work in both places:

    python -m tools.stage_docs build/docs-source
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE")


def stage(target: Path) -> None:
    """Replaces the folder by one with the current pages."""
    # Imports the magics, which only this function needs.
    from tools.magics_page import page

    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for source in [*pages(), *(ROOT / "docs" / "gallery").glob("*.png")]:
        copy(source, target / source.relative_to(ROOT / "docs"))
    for source in [*(ROOT / "docs" / "pictures").iterdir(), *notebooks(), *(ROOT / name for name in TEXTS)]:
        copy(source, target / source.relative_to(ROOT))
    (target / "api" / "magics.md").write_text(page(), encoding="utf-8")


def pages() -> list[Path]:
    """Returns the pages in docs/."""
    return sorted((ROOT / "docs").rglob("*.md"))


def notebooks() -> list[Path]:
    """Returns the notebooks, which include their stored outputs."""
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


if __name__ == "__main__":
    stage(Path(sys.argv[1]))
