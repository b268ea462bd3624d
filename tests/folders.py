"""What is in a folder, for tests that compare it before and after."""

from __future__ import annotations

from pathlib import Path


def names(folder: Path) -> list[str]:
    """The names of the entries of a folder."""
    return sorted(entry.name for entry in folder.iterdir())


def tree(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder: relative path -> content, None for folders."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }
