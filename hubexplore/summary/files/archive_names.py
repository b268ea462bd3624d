"""How the names of archives end; a file of its own, which costs nothing to import."""

from __future__ import annotations

from typing import Final

ARCHIVE_SUFFIXES: Final = (
    ".tar.gz",
    ".tgz",
    ".tar",
    ".zip",
    ".tar.bz2",
    ".tbz2",
    ".tbz",
    ".tar.xz",
    ".txz",
)
"""Endings of the names of archives that can be opened."""
