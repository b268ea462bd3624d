"""A small table that shows itself: a tuple of rows for code, a grid for readers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hubexplore.display.safe_display import automatic
from hubexplore.display.tables.grid import Column, Grid, grid_html, grid_text
from hubexplore.display.wording import omission, printable

ROWS = 100
"""Maximum number of rows that are shown."""


class Table(tuple[tuple[str, ...], ...]):
    """Rows of text under headings; `.df` is a data frame.

    Args:
      caption: what the table lists.
      columns: the columns.
      rows: sequences of a cell for each column.
      empty: the text that is shown if there are no rows.
    """

    caption: str
    columns: tuple[Column, ...]
    _empty: str

    def __new__(  # noqa: D102 - as the class says
        cls, caption: str, columns: Sequence[Column], rows: Iterable[Sequence[str]], empty: str = "nothing"
    ) -> Table:
        table = super().__new__(cls, tuple(tuple(row) for row in rows))
        table.caption, table.columns, table._empty = caption, tuple(columns), empty
        return table

    @property
    def df(self) -> Any:
        """A `pandas.DataFrame` of all rows."""
        import pandas as pd

        rows = [[printable(cell) for cell in row] for row in self]
        return pd.DataFrame(rows, columns=[column.name for column in self.columns])

    def _grid(self) -> Grid:
        return Grid(self.caption, self.columns, tuple(self[:ROWS]), omission(len(self) - ROWS, "row"))

    def __repr__(self) -> str:
        return grid_text(self._grid()) if self else self._empty

    @automatic
    def _repr_html_(self) -> str:
        # Imported on display: magics import this file, and starting the extension must not load the cards.
        from hubexplore.display.card import html
        from hubexplore.display.markup import tag

        return html.framed(grid_html(self._grid()) if self else tag("p", self._empty))
