"""A grid, that is rows and columns as data, rendered as HTML and as aligned text.

Cells hold text as it is in the module, chosen by strangers. Rendering turns each into one visible line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.tables.histogram import Sparkline
from hubexplore.display.wording import MAX_SENTENCE, apart, visible

BAR_WIDTH: Final = 8
"""Terminal columns of a full bar."""
LINE_WIDTH: Final = 97
"""Terminal columns that the lines of a grid fit into."""
MIN_NAME_WIDTH: Final = 34
"""Terminal columns that the first column of a grid keeps, if it needs as many."""
MIN_TEXT_WIDTH: Final = 16
"""Terminal columns that every other column of text keeps, if it needs as many."""
MAX_HEADING: Final = 24
"""Maximum width in terminal columns of a heading that a browser keeps on one line."""
_BREAK: Final = Markup("<wbr>")
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True)
class Column:
    """A column of a grid.

    Attributes:
      name: the heading.
      align: how the cells are aligned; "bar" for a column of bars.
      code: whether the cells are names, which are set as code and never read the same.
      cut: which part of a long cell is left out. Columns that are cut at the end are shortened first.
      keep_empty: whether the column stays even if all of its cells are empty.
    """

    name: str
    align: Literal["left", "right", "bar"] = "left"
    code: bool = False
    cut: Literal["middle", "end"] = "middle"
    keep_empty: bool = False


@dataclass(frozen=True)
class Bar:
    """A share from 0 to 1, shown as a bar and as the number; the label replaces the number."""

    share: float
    label: str = ""

    @property
    def text(self) -> str:
        """The label, or the share as in "12.5 %"; a share above 0 never reads as 0."""
        if self.label:
            return self.label
        percent = 100 * min(max(self.share, 0.0), 1.0)
        return "< 0.1 %" if 0 < percent < 0.05 else f"{percent:.1f} %"


@dataclass(frozen=True)
class Remark:
    """A remark in place of this cell and all later cells of the row."""

    text: str


Cell = str | Bar | Remark | None
"""A cell; None continues the cell above, which then spans both rows."""
Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Grid:
    """Rows under headings.

    Attributes:
      caption: what the grid lists; empty for no caption.
      columns: the columns, at least one.
      rows: tuples of a cell for each column; a row that ends with a `Remark` may be shorter.
      note: what is not listed; empty for no note.
      lead: number of first columns that are headings of their rows.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""
    lead: int = 1


def grid_html(grid: Grid, fallback_caption: str = "") -> Markup:
    """Returns the `<table>`; rows that share their first cell are one `<tbody>`.

    Args:
      grid: the grid.
      fallback_caption: the caption of a grid without one: for screen readers, and visible where styles are
        stripped.
    """
    grid = shown(grid)
    caption = visible(grid.caption or fallback_caption, MAX_SENTENCE)
    captions = (tag("caption", caption, class_=None if grid.caption else "aside"),) if caption else ()
    heads = (
        tag("th", visible(column.name), scope="col", class_=_heading_class(column)) for column in grid.columns
    )
    # A <tbody> for each group of rows, because a cell cannot span rows of two of them.
    bodies = [_body(grid, rows) for rows in _groups(grid)]
    if grid.note:
        note = tag("td", visible(grid.note, MAX_SENTENCE), colspan=len(grid.columns), class_="note")
        bodies.append(tag("tbody", tag("tr", note)))
    return tag("table", *captions, tag("thead", tag("tr", *heads)), *bodies)


def shown(grid: Grid) -> Grid:
    """Returns a grid without empty columns, in which names that would read the same are told apart."""
    return _with_distinct_names(_without_empty_columns(grid))


def grid_text(grid: Grid, indent: str = "") -> str:
    """Returns the caption, the headings, the rows and the note, one line each, without a line end."""
    return "\n".join(indent + line for _, line in grid_lines(grid))


def grid_lines(grid: Grid, width: int = LINE_WIDTH) -> list[tuple[bool, str]]:
    """Returns (is a row, line) for each line of `grid_text`; captions, headings and notes are not rows."""
    grid = shown(grid)
    lines = [(False, visible(grid.caption, MAX_SENTENCE))] if grid.caption else []
    head, *rows = aligned(grid.columns, [tuple(column.name for column in grid.columns), *grid.rows], width)
    # Headings are aligned with the rows, as a first row, so that both share their widths.
    lines += [(False, head), *((True, row) for row in rows)]
    return lines + ([(False, visible(grid.note, MAX_SENTENCE))] if grid.note else [])


def aligned(columns: Sequence[Column], rows: Sequence[Row], width: int = LINE_WIDTH) -> list[str]:
    """Returns one line per row; a remark does not widen the column in which it begins.

    Lines that would be longer than `width` are shortened in this order: bars, columns that are cut at the
    end, all other text. Of each, the widest column is shortened first. Below the usual width, columns of bars
    are left out as a last resort, because sizes state the same. Takes O(rows · columns) time, plus the search
    for names that would read the same.
    """
    # Widths are in terminal columns rather than characters: East Asian characters take two.
    widths = [0] * len(columns)
    for row in rows:
        for index, cell in enumerate(row):
            if not isinstance(cell, Remark):
                widths[index] = max(widths[index], terminal_columns(_cell_text(cell, BAR_WIDTH)))
    # Two spaces separate columns.
    room = width - 2 * (len(columns) - 1)
    # _fit_widths changes widths in place; these tell which columns it has shortened.
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
    """Shrinks columns until the lines fit into `room`, if possible; returns the width left for bars."""
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
    """Shrinks the widest of these columns until the lines fit, or all columns have their minimum width.

    Each step brings the widest column down to the second widest, so the loop runs at most about twice for
    each column and never a terminal column at a time.
    """
    while (excess := sum(widths) - room) > 0:
        giving = [at for at in columns if widths[at] > minimums[at]]
        if not giving:
            break
        widest = max(giving, key=lambda at: widths[at])
        second = max([widths[at] for at in giving if at != widest], default=0)
        widths[widest] = max(minimums[widest], min(second, widths[widest] - 1), widths[widest] - excess)


def terminal_columns(text: str) -> int:
    """Returns the terminal columns of a text: two for an East Asian character, none for an accent."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth  # imported here because its tables take time to load

    columns = wcswidth(text)
    return columns if columns >= 0 else len(text)  # -1 for unprintable characters


def bar_html(bar: Bar) -> Markup:
    """Returns the number and the bar; only the number is visible where styles are stripped."""
    # <i> rather than <div>, which is not allowed inside of <span>.
    filled = tag("i", style=f"width:{100 * min(max(bar.share, 0.0), 1.0):.1f}%")
    number = tag("span", bar.text, class_="percent")
    return join(number, tag("span", filled, class_="bar", aria_hidden="true"))


def bar_text(bar: Bar, width: int = BAR_WIDTH) -> str:
    """Returns the number and a bar of at most `width` columns; equally wide whatever the share."""
    # Unicode has blocks of one eighth, so that a bar of 8 columns has 64 lengths.
    eighths = round(min(max(bar.share, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    drawn = "█" * full + (_EIGHTHS[rest] if rest else "")
    return f"{bar.text:>7} {drawn:<{width}}"


def _distinct_width(texts: Sequence[str], column: Column, width: int) -> int:
    """Returns the smallest width, in steps of 4 from `width`, at which no two cut names read the same."""
    wide = [text for text in texts if terminal_columns(text) > width]
    while wide and len({_padded(text, width, column) for text in texts}) < len(texts):
        width += 4
        wide = [text for text in wide if terminal_columns(text) > width]
    return width


def _without_empty_columns(grid: Grid) -> Grid:
    """Removes columns whose cells are all empty, except for row headings."""
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
    """Rewrites names that would read the same because they are too long to be shown whole."""
    rows = grid.rows
    for at, column in enumerate(grid.columns):
        if column.code:
            # A dict rather than a set: the order of the rows decides which of two names gets the number.
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
        # Both ends distinguish scoped names, so the middle is cut by default.
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


def _heading_class(column: Column) -> str | None:
    # Headings stay on one line, but for those that are names of modules, which have any length.
    classes = (_css_class(column), "long" if terminal_columns(column.name) > MAX_HEADING else None)
    return " ".join(filter(None, classes)) or None


def _groups(grid: Grid) -> Iterator[Sequence[Row]]:
    """Yields groups of rows: each group is spanned by one first cell."""
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
            # HTML: a heading cell that spans rows belongs to the row group (`<tbody>`), not to a row.
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
    """Returns a name as code in which a browser may break lines after slashes."""
    first, *others = visible(name).split("/")
    return tag("code", first, *(piece for part in others for piece in ("/", _BREAK if part else "", part)))
