"""Tooltips of a picture as data: which text belongs to which part of it.

Positions are shares of the width and height of the picture, so that they hold at any size on the screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

MAX_CELLS: Final = 4096
"""Maximum number of cells with tooltips in one picture: each makes the notebook larger."""

Rect = tuple[float, float, float, float]
"""Left, top, width and height of a rectangle."""


@dataclass(frozen=True)
class GridHover:
    """Tooltips of cells in rows and columns of even size.

    Attributes:
      box: the rectangle that the cells fill.
      rows: number of rows.
      columns: number of columns.
      values: the texts, row by row; an empty text has no tooltip.
      row_captions: captions of the rows; none, or one for each row.
      column_captions: captions of the columns; none, or one for each column.
    """

    box: Rect
    rows: int
    columns: int
    values: tuple[str, ...]
    row_captions: tuple[str, ...] = ()
    column_captions: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns the tooltips in the form that the front end reads.

        The texts are one, with a line for each: thousands of texts would take a message ten times as long to
        be written and read.
        """
        lines = "\n".join(text.replace("\n", " ") for text in self.values)
        return {
            "kind": "grid", "box": self.box, "rows": self.rows, "columns": self.columns,
            "values": lines, "row_captions": self.row_captions, "column_captions": self.column_captions,
        }  # fmt: skip


@dataclass(frozen=True)
class PointsHover:
    """Tooltips of points: x, y and the text."""

    points: tuple[tuple[float, float, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns the tooltips in the form that the front end reads."""
        return {"kind": "points", "points": self.points}


Hover = GridHover | PointsHover
