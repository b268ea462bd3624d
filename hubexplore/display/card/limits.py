"""How much fits: whatever a module holds, its page stays small."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Final

from hubexplore.display.tables.grid import Bar, Cell, Remark, Row
from hubexplore.display.wording import MAX_SENTENCE, visible

# What rows, cells, bars and the headings of a table take in HTML besides their words.
_ROW_BYTES: Final = 30
_CELL_BYTES: Final = 32
_BAR_BYTES: Final = 130
_HEAD_BYTES: Final = 400


class RowBudget:
    """What is left of a section: so many rows, and so many html_bytes of HTML."""

    def __init__(self, rows: int, html_bytes: int) -> None:
        self.rows = rows
        self.html_bytes = html_bytes

    def head(self, *words: str) -> None:
        """Takes the room of the headings of a table, whose words these are."""
        self.html_bytes -= _HEAD_BYTES + sum(map(_cell_bytes, words))

    def take(self, cells: Iterable[Cell], extra_bytes: int = 0) -> bool:
        """Takes the room of a row, and of so many html_bytes besides; False if there is not so much left."""
        needed = _ROW_BYTES + extra_bytes + sum(map(_cell_bytes, cells))
        if self.rows < 1 or self.html_bytes < needed:
            return False
        self.rows -= 1
        self.html_bytes -= needed
        return True

    def fit(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Takes the room of as many first rows as fit, and returns these."""
        for index, row in enumerate(rows):
            if not self.take(row):
                return tuple(rows[:index])
        return tuple(rows)

    def last(self, rows: Sequence[Row], taken: int) -> tuple[Row, ...]:
        """Returns the last row, if it is the only one not taken and not too large.

        To say that there is one more takes as much room.
        """
        if taken != len(rows) - 1:
            return ()
        self.rows += 1
        return self.fit(rows[taken:])


def _cell_bytes(cell: Cell) -> int:
    match cell:
        case None:
            return 0
        case Bar():
            return _CELL_BYTES + _BAR_BYTES
        case Remark(text):
            return _CELL_BYTES + _escaped_bytes(visible(text, MAX_SENTENCE))
        case _:
            return _CELL_BYTES + _escaped_bytes(visible(cell))


def _escaped_bytes(text: str) -> int:
    escaped = html.escape(text)
    return len(escaped) if escaped.isascii() else len(escaped.encode())
