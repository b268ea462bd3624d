"""The parts of a card as data: sections of grids, lists, code and the tree of variables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from hubexplore.display.card.limits import RowBudget
from hubexplore.display.card.variable_tree import VariableTree
from hubexplore.display.tables.grid import Cell, Column, Grid, Row
from hubexplore.display.variant_rows import with_holders
from hubexplore.display.wording import omission, tags_list
from hubexplore.summary.model import VariantSummary

Content = TypeVar("Content")
MAX_GROUPS: Final = 12
"""Maximum number of graph variants that a section lists side by side."""
VARIANTS: Final = Column("Graph variants")


@dataclass(frozen=True)
class Lines:
    """A plain list of names (`code`) or of sentences."""

    caption: str
    items: tuple[str, ...]
    note: str = ""
    code: bool = True


@dataclass(frozen=True)
class Code:
    """Lines of code to copy, which are never cut."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """Something that a module can touch: whether that is a danger, the sentence, and how it is reached."""

    is_danger: bool
    sentence: str
    chain: str


@dataclass(frozen=True)
class Findings:
    """What a module can touch, dangers first; the note counts what is not listed."""

    items: tuple[Finding, ...]
    note: str = ""


Block = Grid | Lines | VariableTree | Code | Findings


@dataclass(frozen=True)
class Section:
    """A fold of a card: its heading, a summary of what it holds, and its content."""

    heading: str
    count: str
    blocks: tuple[Block, ...]
    open: bool = False


@dataclass(frozen=True)
class Card:
    """Everything that is shown of a module.

    Attributes:
      title: of the module.
      facts: each item is a line of short phrases.
      sections: from top to bottom.
      danger: the phrase among the facts that says that the module has dangers; empty if it has none.
    """

    title: str
    facts: tuple[tuple[str, ...], ...]
    sections: tuple[Section, ...]
    danger: str = ""


@dataclass(frozen=True)
class VariantGrid:
    """What graph variants hold, within a budget.

    Attributes:
      grids: one grid, or none if there is nothing to list.
      names: all first cells, those that are not listed included.
    """

    grids: tuple[Grid, ...]
    names: frozenset[Cell]


def variant_grid(
    budget: RowBudget,
    variants: Sequence[VariantSummary],
    columns: Sequence[Column],
    rows: Callable[[VariantSummary], Sequence[Row]],
    noun: str,
) -> VariantGrid:
    """Returns one grid; if variants hold different things, its last column names the variants of each."""
    groups = grouped_by_content(variants, rows)
    # Rows that continue a thing have None in the first cell.
    names = frozenset(row[0] for _, group_rows in groups for row in group_rows if row[0] is not None)
    caption, merged_rows = groups[0] if groups else ("", ())
    if len(groups) > 1:
        caption, merged_rows = "", rows_of_all(variants, rows)
        columns = (*columns, VARIANTS)
    budget.head(caption, *(column.name for column in columns))
    grid = bounded_grid(budget, columns, merged_rows, caption, noun)
    return VariantGrid((grid,) if grid.rows else (), names)


def rows_of_all(
    variants: Sequence[VariantSummary], rows: Callable[[VariantSummary], Sequence[Row]]
) -> tuple[Row, ...]:
    """Returns what variants hold, each thing once, with an additional cell: the variants that have it."""
    things = with_holders(variants, lambda variant: _things(rows(variant)), lambda thing: thing)
    return tuple(
        (*row, None if at else variants_text(holders, len(variants)))
        for thing, holders in things
        for at, row in enumerate(thing)
    )


def variants_text(holders: Sequence[VariantSummary], of: int) -> str:
    """Returns "no tags | train", or "all" if all `of` variants have it."""
    return "all" if len(holders) == of else tags_list(variant.tags for variant in holders)


def _things(rows: Iterable[Row]) -> Iterator[tuple[Row, ...]]:
    """Yields the rows of each thing: a row with a name in the first cell, and the rows below without one."""
    thing: list[Row] = []
    for row in rows:
        if row[0] is not None and thing:
            yield tuple(thing)
            thing = []
        thing.append(row)
    if thing:
        yield tuple(thing)


def grouped_by_content(
    variants: Iterable[VariantSummary], content: Callable[[VariantSummary], Sequence[Content]]
) -> list[tuple[str, tuple[Content, ...]]]:
    """Returns (caption, content) for each distinct content; variants without any are left out.

    The caption names the variants that have the content; it is empty if all have the same.
    """
    groups: dict[tuple[Content, ...], list[VariantSummary]] = {}
    for variant in variants:
        groups.setdefault(tuple(content(variant)), []).append(variant)
    several = len(groups) > 1
    return [
        (variants_caption(holders) if several else "", items) for items, holders in groups.items() if items
    ]


def variants_caption(variants: Sequence[VariantSummary]) -> str:
    """Returns "Graph variants: no tags | train"."""
    return (
        f"Graph variant{'s' if len(variants) > 1 else ''}: {tags_list(variant.tags for variant in variants)}"
    )


def bounded_grid(
    budget: RowBudget, columns: Sequence[Column], rows: Sequence[Row], caption: str, noun: str
) -> Grid:
    """Returns a grid of as many rows as the budget allows; its note counts the others as `noun`."""
    fit = budget.fit(rows)
    fit += budget.last(rows, len(fit))
    # A thing may have several rows, of which only the first has a name: things are counted, not rows.
    left_out = sum(row[0] is not None for row in rows[len(fit) :])
    cut = ""
    if fit and len(fit) < len(rows) and rows[len(fit)][0] is None:
        rest = next(
            (at for at, row in enumerate(rows[len(fit) :]) if row[0] is not None), len(rows) - len(fit)
        )
        cut = omission(rest, "row")
    return Grid(caption, tuple(columns), fit, "; ".join(filter(None, (cut, omission(left_out, noun)))))


def lines(budget: RowBudget, items: Sequence[str], noun: str, caption: str = "") -> Lines:
    """Returns a list of as many names as the budget allows."""
    budget.head(caption)
    rows = [(item,) for item in items]
    fit = budget.fit(rows)
    fit += budget.last(rows, len(fit))
    return Lines(caption, tuple(items[: len(fit)]), omission(len(items) - len(fit), noun))
