"""The gallery: one small module of each kind, and what has to be seen of it in the panel."""

from __future__ import annotations

from pathlib import Path

from hubexplore.inputs import sounds as built_in_sounds
from tests.browser.gallery import drawings, numbers, pictures, sounds, tables, texts

EXHIBITS = (
    *texts.EXHIBITS, *pictures.EXHIBITS, *sounds.EXHIBITS, *numbers.EXHIBITS, *tables.EXHIBITS
)  # fmt: skip


def write_all(root: Path) -> None:
    """Writes all modules, and the files that are uploaded to them, below the folder of a notebook."""
    drawings.draw_all(root)
    tables.write_rows(root)
    for name, content in built_in_sounds.samples().items():
        (root / f"{name}.wav").write_bytes(content)
    for exhibit in EXHIBITS:
        exhibit.build(root)
