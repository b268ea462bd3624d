"""How much fits: whatever a module holds, its page stays small."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Final

from hubexplore.display.grid import Bar, Cell, Remark, Row
from hubexplore.display.tables import visible

# What a row and a cell take in HTML besides their words; a bar has two elements more.
_ROW: Final = 30
_CELL: Final = 32
_BAR: Final = 130


class Room:
    """What is left of a section: so many rows, and so many characters of HTML."""

    def __init__(self, rows: int, characters: int) -> None:
        self.rows = rows
        self.characters = characters

    def take(self, cells: Iterable[Cell], besides: int = 0) -> bool:
        """Takes the room of a row, and of so many characters besides; False if there is not so much left."""
        needed = _ROW + besides + sum(map(_taken, cells))
        if self.rows < 1 or self.characters < needed:
            return False
        self.rows -= 1
        self.characters -= needed
        return True

    def fit(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Takes the room of as many first rows as fit, and returns these."""
        for index, row in enumerate(rows):
            if not self.take(row):
                return tuple(rows[:index])
        return tuple(rows)


def _taken(cell: Cell) -> int:
    match cell:
        case None:
            return 0
        case Bar():
            return _CELL + _BAR
        case Remark(text):
            return _CELL + len(html.escape(visible(text, 400)))
        case _:
            return _CELL + len(html.escape(visible(cell)))
