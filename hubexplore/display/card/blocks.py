"""The parts of a card as data: sections of tables, lists of lines, and the tree of variables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from hubexplore.display.card.limits import RowBudget
from hubexplore.display.card.variable_tree import VariableTree
from hubexplore.display.tables.grid import Cell, Column, Grid, Row
from hubexplore.display.wording import omission, tags_list
from hubexplore.summary.model import VariantSummary

Content = TypeVar("Content")
MAX_GROUPS: Final = 12
VARIANTS: Final = Column("Graph variants")


@dataclass(frozen=True)
class Lines:
    """A plain list, of names (`code`) or of sentences."""

    caption: str
    items: tuple[str, ...]
    note: str = ""
    code: bool = True


@dataclass(frozen=True)
class Code:
    """Lines of code to be copied, each shown whole."""

    lines: tuple[str, ...]


Block = Grid | Lines | VariableTree | Code


@dataclass(frozen=True)
class Section:
    """A fold of a card: its heading, what it holds in a few words, and the content."""

    heading: str
    count: str
    blocks: tuple[Block, ...]
    open: bool = False


@dataclass(frozen=True)
class Card:
    """All that is shown of one module; each row of `facts` is a line of short phrases."""

    title: str
    facts: tuple[tuple[str, ...], ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class VariantGrid:
    """What graph variants hold, as far as there is room: one table or none; `names` are all first cells."""

    grids: tuple[Grid, ...]
    names: frozenset[Cell]


def variant_grid(
    budget: RowBudget,
    variants: Sequence[VariantSummary],
    columns: Sequence[Column],
    rows: Callable[[VariantSummary], Sequence[Row]],
    noun: str,
) -> VariantGrid:
    """Returns one table; where variants hold different things, its last column says which has what."""
    groups = grouped_by_content(variants, rows)
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
    """Returns what variants hold, each thing once, with one more cell: the variants that have it."""
    holders: dict[tuple[int, tuple[Row, ...]], list[VariantSummary]] = {}
    for variant in variants:
        seen: Counter[tuple[Row, ...]] = Counter()
        for thing in _things(rows(variant)):
            # Two alike in one variant are two things.
            holders.setdefault((seen[thing], thing), []).append(variant)
            seen[thing] += 1
    return tuple(
        (*row, None if at else variants_text(having_it, len(variants)))
        for (_, thing), having_it in holders.items()
        for at, row in enumerate(thing)
    )


def variants_text(holders: Sequence[VariantSummary], of: int) -> str:
    """Returns "no tags | train", or "all" where all of so many variants have it."""
    return "all" if len(holders) == of else tags_list(variant.tags for variant in holders)


def _things(rows: Iterable[Row]) -> Iterator[tuple[Row, ...]]:
    """Yields the rows of each thing: one with a name in the first cell, and those below without."""
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
    """Returns (caption, content) for each content that differs; variants without any are left out.

    The caption names the variants that have it; it is empty where all have the same.
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
    """Returns a table of as many rows as there is room for; its note counts the others by their `noun`."""
    fit = budget.fit(rows)
    fit += budget.last(rows, len(fit))
    left_out = sum(row[0] is not None for row in rows[len(fit) :])
    cut = ""
    if fit and len(fit) < len(rows) and rows[len(fit)][0] is None:
        rest = next(
            (at for at, row in enumerate(rows[len(fit) :]) if row[0] is not None), len(rows) - len(fit)
        )
        cut = omission(rest, "row")
    return Grid(caption, tuple(columns), fit, "; ".join(filter(None, (cut, omission(left_out, noun)))))


def lines(budget: RowBudget, items: Sequence[str], noun: str, caption: str = "") -> Lines:
    """Returns a list of as many names as there is room for."""
    budget.head(caption)
    rows = [(item,) for item in items]
    fit = budget.fit(rows)
    fit += budget.last(rows, len(fit))
    return Lines(caption, tuple(items[: len(fit)]), omission(len(items) - len(fit), noun))
