"""Tooltips of a picture as data: which text belongs to which part of it.

Positions are shares of the width and height of the picture, so that they hold at any size on the screen.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, overload

MAX_CELLS: Final = 4096
"""Maximum number of cells with tooltips in one picture: each makes the notebook larger."""

Rect = tuple[float, float, float, float]
"""Left, top, width and height of a rectangle."""


class LazyTexts(Sequence[str]):
    """Texts that are written when they are first read, which is after their picture is on screen.

    Args:
      write: returns the texts.
      count: number of texts.
    """

    def __init__(self, write: Callable[[], tuple[str, ...]], count: int) -> None:
        self._write = write
        self._count = count

    @functools.cached_property
    def _texts(self) -> tuple[str, ...]:
        return self._write()

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[str, ...]: ...
    def __getitem__(self, at: int | slice) -> str | tuple[str, ...]:
        return self._texts[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._texts == tuple(other)

    def __hash__(self) -> int:
        return hash(self._texts)

    def __repr__(self) -> str:
        return repr(self._texts)


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
    values: Sequence[str]
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
