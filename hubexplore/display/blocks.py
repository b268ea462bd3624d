"""The parts of a card as data: sections of tables, lists of lines, and the tree of variables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from hubexplore.display.grid import Cell, Column, Grid, Row
from hubexplore.display.room import Room
from hubexplore.display.scopes import Tree
from hubexplore.display.tables import folded, tags_text
from hubexplore.summary.model import VariantSummary

Content = TypeVar("Content")
MAX_GROUPS: Final = 12


@dataclass(frozen=True)
class Lines:
    """A plain list, of names (`code`) or of sentences."""

    caption: str
    items: tuple[str, ...]
    note: str = ""
    code: bool = True


Block = Grid | Lines | Tree


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
class Tables:
    """What graph variants hold, as far as there is room; `names` are the different first cells."""

    grids: tuple[Grid, ...]
    names: frozenset[Cell]


def tabled(
    room: Room,
    variants: Sequence[VariantSummary],
    columns: Sequence[Column],
    rows: Callable[[VariantSummary], Sequence[Row]],
    noun: str,
) -> Tables:
    """Returns a table per content that differs; variants that hold the same share one."""
    groups = shared(variants, rows)
    names = frozenset(row[0] for _, own in groups for row in own if row[0] is not None)
    grids: list[Grid] = []
    for caption, own in groups[:MAX_GROUPS]:
        room.head(caption)
        grid = listed(room, columns, own, caption, noun)
        if not grid.rows:
            break
        grids.append(grid)
    left_out = folded(len(groups) - len(grids), "graph variant")
    if left_out and grids:
        last = grids.pop()
        grids.append(replace(last, note="; ".join(filter(None, (last.note, left_out)))))
    return Tables(tuple(grids), names)


def shared(
    variants: Iterable[VariantSummary], content: Callable[[VariantSummary], Sequence[Content]]
) -> list[tuple[str, tuple[Content, ...]]]:
    """Returns (caption, content) for each content that differs; variants without any are left out.

    The caption names the variants that have it; it is empty where all have the same.
    """
    groups: dict[tuple[Content, ...], list[VariantSummary]] = {}
    for variant in variants:
        groups.setdefault(tuple(content(variant)), []).append(variant)
    several = len(groups) > 1
    return [(variants_caption(own) if several else "", found) for found, own in groups.items() if found]


def variants_caption(variants: Sequence[VariantSummary]) -> str:
    """Returns "Graph variants: no tags | train"."""
    names = " | ".join(tags_text(variant.tags) for variant in variants[:MAX_GROUPS])
    return f"Graph variant{'s' if len(variants) > 1 else ''}: {names}"


def listed(room: Room, columns: Sequence[Column], rows: Sequence[Row], caption: str, noun: str) -> Grid:
    """Returns a table of as many rows as there is room for; its note counts the others by their `noun`."""
    fit = room.fit(rows)
    left_out = [row for row in rows[len(fit) :] if row[0] is not None]
    note = folded(len(left_out), noun) or ("..." if len(fit) < len(rows) else "")
    return Grid(caption, tuple(columns), fit, note)


def lines(room: Room, items: Sequence[str], noun: str, caption: str = "") -> Lines:
    """Returns a list of as many names as there is room for."""
    room.head(caption)
    fit = room.fit([(item,) for item in items])
    return Lines(caption, tuple(items[: len(fit)]), folded(len(items) - len(fit), noun))
