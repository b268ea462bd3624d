"""The blocks of a card as Markdown, as GitHub and Hugging Face show it.

Names are code, in which nothing has a meaning; sentences are escaped: whatever strangers chose stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from hubexplore.display.card.blocks import Block, Code, Findings, Lines, Section
from hubexplore.display.card.variable_tree import VariableTree, flat_rows
from hubexplore.display.tables.grid import Bar, Cell, Column, Grid, Remark, shown
from hubexplore.display.wording import MAX_SENTENCE, printable, visible

# All that begins markup within a line, in GitHub's dialect or with mathematics. Line breaks are gone before.
_SPECIAL: Final = re.compile(r"[\\`*_\[\]<&~$]")
# What GitHub turns into links by itself. The escape is no part of the text that is shown.
_ADDRESS: Final = re.compile(r"(?i)(?<=:)(?=//)|(?<=www)(?=\.)|(?<=\w)(?=@)")
# What begins a heading, a quotation, an item of a list, or the line below a heading.
_BEGINNING: Final = re.compile(r"^(?=[-+=#>])|^\d+(?=[.)](\s|$))")
_BACKTICKS: Final = re.compile("`+")
_FENCE: Final = 3
_INDENT: Final = "\u2003"  # an em space: Markdown drops ordinary ones


def text(value: str, limit: int = MAX_SENTENCE) -> str:
    """Returns a sentence in one line in which nothing is markup."""
    escaped = _ADDRESS.sub(r"\\", _SPECIAL.sub(r"\\\g<0>", visible(value, limit).strip()))
    return _BEGINNING.sub(r"\g<0>\\", escaped)


def code(value: str) -> str:
    """Returns a name as code in one line."""
    return _code(visible(value))


def fence(lines: Iterable[str], language: str = "") -> str:
    """Returns lines as a block of code; `language` is a word such as "python"."""
    body = "\n".join(printable(line) for line in lines)
    longest = max((len(run) for run in _BACKTICKS.findall(body)), default=0)
    marks = "`" * max(_FENCE, longest + 1)
    return f"{marks}{language}\n{body}\n{marks}"


def blocks(section: Section) -> Iterator[str]:
    """Yields what is in a section as paragraphs, tables and blocks of code, each without an empty line."""
    for block in section.blocks:
        yield from _block(block)


def table(grid: Grid) -> Iterator[str]:
    """Yields the caption of a grid, its rows as a table, and its note, if there are any."""
    grid = shown(grid)
    if grid.caption:
        yield text(grid.caption)
    if grid.rows:
        heads = [_in_cell(text(column.name)) or " " for column in grid.columns]
        marks = ["---:" if column.align == "right" else "---" for column in grid.columns]
        rows = [_cells(row, grid.columns) for row in grid.rows]
        yield "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, marks, *rows))
    if grid.note:
        yield text(grid.note)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Grid():
            yield from table(block)
        case VariableTree():
            yield from table(Grid("", block.columns, tuple(flat_rows(block)), block.note))
        case Code():
            yield fence(block.lines, "python")
        case Lines():
            if block.caption:
                yield text(block.caption)
            if block.items:
                yield "\n".join(f"- {(code if block.code else text)(item)}" for item in block.items)
            if block.note:
                yield text(block.note)
        case Findings():
            items = (
                f"- {'**Danger:** ' if item.is_danger else ''}{text(item.sentence)}  \n  {text(item.chain)}"
                for item in block.items
            )
            yield "\n".join(items)
            if block.note:
                yield text(block.note)


def _cells(row: Sequence[Cell], columns: Sequence[Column]) -> list[str]:
    cells = [_cell(cell, column) for cell, column in zip(row, columns, strict=False)]
    return cells + [""] * (len(columns) - len(cells))


def _cell(cell: Cell, column: Column) -> str:
    match cell:
        case None | "":
            return ""
        case Bar():
            return _in_cell(text(cell.text))
        case Remark():
            return _in_cell(text(cell.text))
        case str() if column.code:
            name = cell.lstrip(" ")
            return _INDENT * ((len(cell) - len(name)) // 2) + _in_cell(code(name))
        case str():
            return _in_cell(text(cell))


def _in_cell(content: str) -> str:
    # Also within code: a table is divided before anything else is read.
    return content.replace("|", "\\|")


def _code(line: str) -> str:
    longest = max((len(list(run)) for mark, run in groupby(line) if mark == "`"), default=0)
    marks = "`" * (longest + 1)
    # One blank on each side is dropped by whatever reads it.
    pad = " " if not line.strip() or line[0] in "` " or line[-1] in "` " else ""
    return f"{marks}{pad}{line}{pad}{marks}"
