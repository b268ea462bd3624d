"""A table as data, and its two looks: HTML and aligned text.

Cells are given as they are, strangers' names too: here they become one visible line each.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.tables import MAX_SENTENCE, visible

BAR_WIDTH: Final = 10
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True)
class Column:
    """A heading, where its cells line up, and whether they are names (`code`)."""

    name: str
    align: Literal["left", "right"] = "left"
    code: bool = False


@dataclass(frozen=True)
class Bar:
    """A share from 0 to 1, shown as a bar and as the number."""

    share: float

    @property
    def text(self) -> str:
        """As in "12.5 %"; what is more than nothing never reads as 0."""
        percent = 100 * min(max(self.share, 0.0), 1.0)
        return "< 0.1 %" if 0 < percent < 0.05 else f"{percent:.1f} %"


@dataclass(frozen=True)
class Remark:
    """A remark in place of this cell and of all that follow it in the row."""

    text: str


Cell = str | Bar | Remark | None
"""None stands for the cell above, which then spans both rows; only in the `lead` columns."""
Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
      caption: what it lists; empty for none.
      columns: at least one.
      rows: as many cells each as there are columns, or fewer and a `Remark` last.
      note: says what is not listed; empty for none.
      lead: so many first columns are the headings of their rows.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""
    lead: int = 1


def grid_html(grid: Grid) -> Markup:
    """Returns the `<table>`; rows that share their first cell are one `<tbody>`."""
    captions = (tag("caption", visible(grid.caption, MAX_SENTENCE)),) if grid.caption else ()
    heads = (tag("th", visible(each.name), scope="col", class_=_side(each)) for each in grid.columns)
    bodies = [_body(grid, rows) for rows in _groups(grid)]
    if grid.note:
        note = tag("td", visible(grid.note, MAX_SENTENCE), colspan=len(grid.columns), class_="note")
        bodies.append(tag("tbody", tag("tr", note)))
    return tag("table", *captions, tag("thead", tag("tr", *heads)), *bodies)


def grid_text(grid: Grid, indent: str = "") -> str:
    """Returns the caption, the headings, the rows and the note, one line each, without a line end."""
    return "\n".join(indent + line for line in grid_lines(grid))


def grid_lines(grid: Grid) -> list[str]:
    """Returns the lines of `grid_text`."""
    lines = [visible(grid.caption, MAX_SENTENCE)] if grid.caption else []
    lines += aligned(grid.columns, [tuple(each.name for each in grid.columns), *grid.rows])
    return lines + ([visible(grid.note, MAX_SENTENCE)] if grid.note else [])


def aligned(columns: Sequence[Column], rows: Sequence[Row]) -> list[str]:
    """Returns one line per row; a remark does not widen the column that it begins in."""
    table = [tuple(_cell_text(cell) for cell in row) for row in rows]
    widths = [0] * len(columns)
    for cells, row in zip(table, rows, strict=True):
        for index, cell in enumerate(cells):
            if not isinstance(row[index], Remark):
                widths[index] = max(widths[index], columns_of(cell))
    lines = []
    for cells in table:
        padded = (_padded(cell, width, column) for cell, width, column in zip(cells, widths, columns))  # noqa: B905 - a remark ends a row early
        lines.append("  ".join(padded).rstrip())
    return lines


def columns_of(text: str) -> int:
    """How many columns of a terminal a text takes: two for an East Asian character, none for an accent."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )


def bar_html(bar: Bar) -> Markup:
    """Returns the number and the bar; without styles only the number is seen."""
    filled = tag("i", style=f"width:{100 * min(max(bar.share, 0.0), 1.0):.1f}%")
    return join(tag("span", bar.text, class_="share"), tag("span", filled, class_="bar", aria_hidden="true"))


def bar_text(bar: Bar) -> str:
    """Returns bar and number in equally many columns whatever the share."""
    eighths = round(min(max(bar.share, 0.0), 1.0) * BAR_WIDTH * 8)
    full, rest = divmod(eighths, 8)
    drawn = "█" * full + (_EIGHTHS[rest] if rest else "")
    return f"{bar.text:>7} {drawn:<{BAR_WIDTH}}"


def _padded(cell: str, width: int, column: Column) -> str:
    space = " " * max(width - columns_of(cell), 0)
    return space + cell if column.align == "right" else cell + space


def _cell_text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case Bar():
            return bar_text(cell)
        case Remark(text):
            return visible(text, MAX_SENTENCE)
        case _:
            return visible(cell)


def _side(column: Column) -> str | None:
    return "number" if column.align == "right" else None


def _groups(grid: Grid) -> Iterator[Sequence[Row]]:
    """Yields the rows that one first cell spans."""
    begin = 0
    if not any(row[0] is None for row in grid.rows):
        begin = len(grid.rows)
        if grid.rows:
            yield grid.rows
    for index in range(1, len(grid.rows) + 1):
        if index > begin and (index == len(grid.rows) or grid.rows[index][0] is not None):
            yield grid.rows[begin:index]
            begin = index


def _body(grid: Grid, rows: Sequence[Row]) -> Markup:
    return tag("tbody", *(tag("tr", *_cells(grid, rows, index)) for index in range(len(rows))))


def _cells(grid: Grid, rows: Sequence[Row], index: int) -> Iterator[Markup]:
    for at, cell in enumerate(rows[index]):
        column = grid.columns[at]
        if cell is None:
            continue
        if isinstance(cell, Remark):
            rest = len(grid.columns) - at
            yield tag("td", visible(cell.text, MAX_SENTENCE), class_="note", colspan=rest)
        elif at < grid.lead:
            height = _height(rows, index, at)
            scope = "row" if height == 1 and at == grid.lead - 1 else "rowgroup"
            yield tag("th", _content(cell, column), scope=scope, rowspan=height if height > 1 else None)
        else:
            yield tag("td", _content(cell, column), class_=_side(column))


def _height(rows: Sequence[Row], index: int, at: int) -> int:
    height = 1
    while index + height < len(rows) and at < len(rows[index + height]) and rows[index + height][at] is None:
        height += 1
    return height


def _content(cell: str | Bar, column: Column) -> Markup | str:
    if isinstance(cell, Bar):
        return bar_html(cell)
    return tag("code", visible(cell)) if column.code else visible(cell)
