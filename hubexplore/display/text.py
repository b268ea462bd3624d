"""A summary as plain text, for terminals and as the `text/plain` of a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hubexplore.display.tables import Page, Section, Side, Table, module_page, tensor_side
from hubexplore.summary.model import ModuleSummary, TensorSummary

HEADINGS = ("signature", "", "name", "type", "shape")


def module(summary: ModuleSummary) -> str:
    """Returns a module as text: a title, its facts, then one table per group of equal graph variants."""
    return "\n".join(_page_lines(module_page(summary)))


def tensor_table(tensors: Sequence[TensorSummary]) -> str:
    """Returns a table of some inputs or outputs, in the order given."""
    cells = (cells[1:] for cells in _side_cells(tensor_side("tensor", tensors)))
    return "\n".join(_aligned([("name", "type", "shape"), *cells]))


def _page_lines(page: Page) -> Iterator[str]:
    yield page.title
    yield from (f"  {label}: {text}" for label, text in page.facts)
    for table in page.tables:
        yield ""
        yield table.caption
        yield from (f"  {line}" for line in _aligned(_table_cells(table)))
    if page.note:
        yield f"\n{page.note}"


def _table_cells(table: Table) -> Iterator[tuple[str, ...]]:
    yield HEADINGS
    for section in table.sections:
        yield from _section_cells(section)
    if table.note:
        yield (table.note,)


def _section_cells(section: Section) -> Iterator[tuple[str, ...]]:
    first = section.name
    for side in section.sides:
        for cells in _side_cells(side):
            yield (first, *cells)
            first = ""


def _side_cells(side: Side) -> Iterator[tuple[str, ...]]:
    label = side.label
    for row in side.rows:
        yield (label, row.name, row.dtype, row.shape)
        label = ""
    if side.note:
        yield (label, side.note)


def _aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Returns one line per row; a last cell does not widen its column, so that a note may be long."""
    table = list(rows)
    widths: dict[int, int] = {}
    for cells in table:
        for column, cell in enumerate(cells[:-1]):
            widths[column] = max(widths.get(column, 0), len(cell))
    return [
        "  ".join([*(cell.ljust(widths[column]) for column, cell in enumerate(cells[:-1])), cells[-1]])
        for cells in table
    ]
