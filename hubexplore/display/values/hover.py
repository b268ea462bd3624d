"""What a front end tells of a place in a picture: the number there. Positions are shares of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

MAX_CELLS: Final = 4096

Rect = tuple[float, float, float, float]
"""Left, top, width, height."""


@dataclass(frozen=True)
class GridHover:
    """Cells in rows and columns; `values` row by row."""

    box: Rect
    rows: int
    columns: int
    values: tuple[str, ...]
    row_captions: tuple[str, ...] = ()
    column_captions: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For a front end."""
        return {
            "kind": "grid", "box": self.box, "rows": self.rows, "columns": self.columns,
            "values": self.values, "row_captions": self.row_captions, "column_captions": self.column_captions,
        }  # fmt: skip


@dataclass(frozen=True)
class PointsHover:
    """Points: x, y and what to tell."""

    points: tuple[tuple[float, float, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """For a front end."""
        return {"kind": "points", "points": self.points}


Hover = GridHover | PointsHover
