"""A table as data, and its two looks: HTML and aligned text.

Cells are given as they are, strangers' names too: here they become one visible line each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.tables.histogram import Sparkline
from hubexplore.display.wording import MAX_SENTENCE, apart, visible

BAR_WIDTH: Final = 8
# Columns of a terminal that a table fits into, and what the first column and other texts keep at least.
LINE_WIDTH: Final = 97
MIN_NAME_WIDTH: Final = 34
MIN_TEXT_WIDTH: Final = 16
_BREAK: Final = Markup("<wbr>")
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True)
class Column:
    """A heading, where its cells line up or that they are bars, and whether they are names (`code`).

    Of a cell that is too long the middle is left out, or the `cut` "end" where the beginning says enough;
    such cells give way first. A column in which no row says anything is left out unless it is `kept`.
    """

    name: str
    align: Literal["left", "right", "bar"] = "left"
    code: bool = False
    cut: Literal["middle", "end"] = "middle"
    keep_empty: bool = False


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
"""None stands for the cell above, which then spans both rows."""
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


def grid_html(grid: Grid, fallback_caption: str = "") -> Markup:
    """Returns the `<table>`; rows that share their first cell are one `<tbody>`.

    Args:
      grid: the table.
      unseen: the caption where the grid has none: read out, but seen only where styles are stripped.
    """
    grid = _with_distinct_names(_without_empty_columns(grid))
    caption = visible(grid.caption or fallback_caption, MAX_SENTENCE)
    captions = (tag("caption", caption, class_=None if grid.caption else "aside"),) if caption else ()
    heads = (
        tag("th", visible(column.name), scope="col", class_=_css_class(column)) for column in grid.columns
    )
    bodies = [_body(grid, rows) for rows in _groups(grid)]
    if grid.note:
        note = tag("td", visible(grid.note, MAX_SENTENCE), colspan=len(grid.columns), class_="note")
        bodies.append(tag("tbody", tag("tr", note)))
    return tag("table", *captions, tag("thead", tag("tr", *heads)), *bodies)


def grid_text(grid: Grid, indent: str = "") -> str:
    """Returns the caption, the headings, the rows and the note, one line each, without a line end."""
    return "\n".join(indent + line for _, line in grid_lines(grid))


def grid_lines(grid: Grid, width: int = LINE_WIDTH) -> list[tuple[bool, str]]:
    """Returns the lines of `grid_text`, and of each whether it is a row, not a heading or a note."""
    grid = _with_distinct_names(_without_empty_columns(grid))
    lines = [(False, visible(grid.caption, MAX_SENTENCE))] if grid.caption else []
    head, *rows = aligned(grid.columns, [tuple(column.name for column in grid.columns), *grid.rows], width)
    lines += [(False, head), *((True, row) for row in rows)]
    return lines + ([(False, visible(grid.note, MAX_SENTENCE))] if grid.note else [])


def aligned(columns: Sequence[Column], rows: Sequence[Row], width: int = LINE_WIDTH) -> list[str]:
    """Returns one line per row; a remark does not widen the column that it begins in.

    Where lines would be longer than `width` columns, bars give way, then beginnings, then names, the longest
    first. Shares go where there is even less room than usual: sizes say the same.
    """
    widths = [0] * len(columns)
    for row in rows:
        for index, cell in enumerate(row):
            if not isinstance(cell, Remark):
                widths[index] = max(widths[index], terminal_columns(_cell_text(cell, BAR_WIDTH)))
    room = width - 2 * (len(columns) - 1)
    whole = list(widths)
    bar = _fit_widths(widths, columns, room)
    for at, column in enumerate(columns):
        if column.code and widths[at] < whole[at]:
            cells = {row[at] for row in rows if at < len(row)}
            widths[at] = _distinct_width([_cell_text(cell, 0) for cell in cells], column, widths[at])
    kept_columns = [at for at, column in enumerate(columns) if column.align != "bar"]
    if sum(widths) > room and width < LINE_WIDTH and len(kept_columns) < len(columns):
        without = [tuple(row[at] for at in kept_columns if at < len(row)) for row in rows]
        return aligned([columns[at] for at in kept_columns], without, width)
    return [_line(row, widths, columns, bar) for row in rows]


def _line(row: Row, widths: Sequence[int], columns: Sequence[Column], bar: int) -> str:
    padded = (
        _cell_text(cell, bar) if isinstance(cell, Remark) else _padded(_cell_text(cell, bar), width, column)
        for cell, width, column in zip(row, widths, columns, strict=False)
    )
    return "  ".join(padded).rstrip()


def _fit_widths(widths: list[int], columns: Sequence[Column], room: int) -> int:
    """Makes lines shorter: bars first, then the widest texts. Returns what is left of the bars."""
    bar = BAR_WIDTH
    for at, column in enumerate(columns):
        if column.align == "bar" and sum(widths) > room:
            bar = max(0, BAR_WIDTH - (sum(widths) - room))
            widths[at] -= BAR_WIDTH - bar
    minimums = [
        MIN_TEXT_WIDTH if at else min(MIN_NAME_WIDTH, max(MIN_TEXT_WIDTH, room // 4))
        for at in range(len(columns))
    ]
    left = [at for at, column in enumerate(columns) if column.align == "left"]
    _shrink([at for at in left if columns[at].cut == "end"], widths, minimums, room)
    _shrink(left, widths, minimums, room)
    return bar


def _shrink(columns: Sequence[int], widths: list[int], minimums: Sequence[int], room: int) -> None:
    """Takes from the widest of these columns until there is room, or all are as narrow as may be."""
    while (excess := sum(widths) - room) > 0:
        giving = [at for at in columns if widths[at] > minimums[at]]
        if not giving:
            break
        widest = max(giving, key=lambda at: widths[at])
        second = max([widths[at] for at in giving if at != widest], default=0)
        widths[widest] = max(minimums[widest], min(second, widths[widest] - 1), widths[widest] - excess)


def terminal_columns(text: str) -> int:
    """How many columns of a terminal a text takes: two for an East Asian character, none for an accent."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth  # its tables load for those who need them

    columns = wcswidth(text)
    return columns if columns >= 0 else len(text)  # what no terminal shows


def bar_html(bar: Bar) -> Markup:
    """Returns the number and the bar; without styles only the number is seen."""
    filled = tag("i", style=f"width:{100 * min(max(bar.share, 0.0), 1.0):.1f}%")
    number = tag("span", bar.text, class_="percent")
    return join(number, tag("span", filled, class_="bar", aria_hidden="true"))


def bar_text(bar: Bar, width: int = BAR_WIDTH) -> str:
    """Returns the number and a bar of at most `width` columns; equally wide whatever the share."""
    eighths = round(min(max(bar.share, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    drawn = "█" * full + (_EIGHTHS[rest] if rest else "")
    return f"{bar.text:>7} {drawn:<{width}}"


def _distinct_width(texts: Sequence[str], column: Column, width: int) -> int:
    """The least width from this on to which names can be cut without two reading the same."""
    wide = [text for text in texts if terminal_columns(text) > width]
    while wide and len({_padded(text, width, column) for text in texts}) < len(texts):
        width += 4
        wide = [text for text in wide if terminal_columns(text) > width]
    return width


def _without_empty_columns(grid: Grid) -> Grid:
    """Leaves out columns in which no row says anything, except for the headings of rows."""
    filled = [
        at
        for at in range(len(grid.columns))
        if at < grid.lead
        or grid.columns[at].keep_empty
        or not grid.rows
        or any(row[at] != "" for row in grid.rows if at < len(row))
    ]
    if len(filled) == len(grid.columns):
        return grid
    columns = tuple(grid.columns[at] for at in filled)
    return replace(
        grid,
        columns=columns,
        rows=tuple(tuple(row[at] for at in filled if at < len(row)) for row in grid.rows),
    )


def _with_distinct_names(grid: Grid) -> Grid:
    """The table with names that would read the same where they are too long written so that they do not."""
    rows = grid.rows
    for at, column in enumerate(grid.columns):
        if column.code:
            names = {row[at]: None for row in rows if at < len(row) and isinstance(row[at], str)}
            distinct = dict(zip(names, apart([str(name) for name in names]), strict=True))
            rows = tuple(
                (*row[:at], distinct[row[at]], *row[at + 1 :])
                if at < len(row) and row[at] in distinct
                else row
                for row in rows
            )
    return replace(grid, rows=rows) if rows != grid.rows else grid


def _padded(cell: str, width: int, column: Column) -> str:
    if terminal_columns(cell) > width:
        half = (width - 1) // 2
        cell = f"{cell[: width - 1]}…" if column.cut == "end" else f"{cell[:half]}…{cell[-half:]}"
    space = " " * max(width - terminal_columns(cell), 0)
    return space + cell if column.align == "right" else cell + space


def _cell_text(cell: Cell, bar: int) -> str:
    match cell:
        case None:
            return ""
        case Bar():
            return bar_text(cell, bar)
        case Remark(text):
            return visible(text, MAX_SENTENCE)
        case _:
            return visible(cell)


def _css_class(column: Column) -> str | None:
    return {"right": "number", "bar": "share", "left": None}[column.align]


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
        height = _row_span(rows, index, at)
        span = height if height > 1 else None
        if cell is None:
            continue
        if isinstance(cell, Remark):
            rest = len(grid.columns) - at
            yield tag("td", visible(cell.text, MAX_SENTENCE), class_="note", colspan=rest)
        elif at < grid.lead:
            scope = "row" if height == 1 and at == grid.lead - 1 else "rowgroup"
            yield tag("th", _cell_html(cell, column), scope=scope, rowspan=span, class_=_css_class(column))
        elif isinstance(cell, Bar):
            yield tag("td", bar_html(cell), rowspan=span, class_="share")
        else:
            yield tag("td", _cell_html(cell, column), rowspan=span, class_=_css_class(column))


def _row_span(rows: Sequence[Row], index: int, at: int) -> int:
    height = 1
    while index + height < len(rows) and at < len(rows[index + height]) and rows[index + height][at] is None:
        height += 1
    return height


def _cell_html(cell: str | Bar, column: Column) -> Markup | str:
    if isinstance(cell, Bar):
        return bar_html(cell)
    if isinstance(cell, Sparkline):
        return cell.html()
    return name_html(cell) if column.code and cell else visible(cell)


def name_html(name: str) -> Markup:
    """A name as code, which a browser may break after slashes."""
    first, *others = visible(name).split("/")
    return tag("code", first, *(piece for part in others for piece in ("/", _BREAK if part else "", part)))
