"""Budgets that keep the page of any module small.

Sizes are computed before anything is rendered, so that the cost is linear in what is shown, not in the
module.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Final

from hubexplore.display.tables.grid import Bar, Cell, Remark, Row
from hubexplore.display.wording import MAX_SENTENCE, visible

# Bytes of HTML of rows, cells, bars and the headings of a grid, in addition to their text. Slightly more than
# the markup takes, so that the bound of the card holds.
_ROW_BYTES: Final = 30
_CELL_BYTES: Final = 32
_BAR_BYTES: Final = 130
_HEAD_BYTES: Final = 400


class RowBudget:
    """What a section may still take: a number of rows, and of bytes of HTML."""

    def __init__(self, rows: int, html_bytes: int) -> None:
        self.rows = rows
        self.html_bytes = html_bytes

    def head(self, *words: str) -> None:
        """Subtracts a caption and headings of a grid with this text."""
        self.html_bytes -= _HEAD_BYTES + sum(map(_cell_bytes, words))

    def take(self, cells: Iterable[Cell], extra_bytes: int = 0) -> bool:
        """Subtracts a row and `extra_bytes`; returns False, and subtracts nothing, if too little is left."""
        needed = _ROW_BYTES + extra_bytes + sum(map(_cell_bytes, cells))
        if self.rows < 1 or self.html_bytes < needed:
            return False
        self.rows -= 1
        self.html_bytes -= needed
        return True

    def fit(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Subtracts and returns as many of the first rows as fit."""
        for index, row in enumerate(rows):
            if not self.take(row):
                return tuple(rows[:index])
        return tuple(rows)

    def last(self, rows: Sequence[Row], taken: int) -> tuple[Row, ...]:
        """Returns the last row if it is the only one left and not too large.

        The note "... and 1 more" would take as much space.
        """
        if taken != len(rows) - 1:
            return ()
        # The row takes the place of the note, which needs no row of the budget.
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
    # The limit is for bytes: 100 Chinese characters are 300 bytes of UTF-8. ASCII needs no encoding.
    return len(escaped) if escaped.isascii() else len(escaped.encode())
