"""The boxes of an outline as a list, as rows of a grid, and as records of a data frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from hubexplore.display.diagram.labels import (
    edge_text,
    group_lines,
    kind_text,
    lines,
    name_text,
    ops_text,
    type_text,
    weight_text,
)
from hubexplore.display.markup import Markup, tag
from hubexplore.display.tables.grid import Column
from hubexplore.display.wording import MAX_SENTENCE, visible
from hubexplore.summary.outline import Box, Edge, Outline

if TYPE_CHECKING:
    from hubexplore.display.diagram.colouring import Colouring

COLUMNS: Final = (
    Column("name", code=True),
    Column("kind"),
    Column("ops"),
    Column("nodes", "right"),
    Column("variables"),
    Column("parameters", "right"),
    Column("gives"),
    Column("from"),
)


def list_items(shown: Outline, colouring: Colouring | None = None) -> list[tuple[int, str]]:
    """Returns the outline as (depth, line): boxes in their groups, in the order in which values flow."""
    feeds: dict[int, list[Edge]] = {}
    for edge in shown.edges:
        feeds.setdefault(edge.target, []).append(edge)
    items: list[tuple[int, str]] = []
    # Invariant: open_ is the path of groups of the box before, and a group is listed when a path first enters
    # it. Boxes of a group need not be neighbours, so a group may be listed again.
    open_: list[int] = []
    for index, box in enumerate(shown.boxes):
        path = _path(shown, box.group)
        for depth, group in enumerate(path):
            if depth >= len(open_) or open_[depth] != group:
                open_ = path[: depth + 1]
                amount = "" if colouring is None else colouring.group_text(group)
                words = group_lines(shown.groups[group], amount)
                items.append((depth + 1, "; ".join([f"{words[0]}/", *words[1:]])))
        open_ = path
        words = [f"{name_text(box)} ({kind_text(box)})", *lines(box)]
        if colouring is not None and colouring.text(index):
            words.append(colouring.text(index))
        sources = ", ".join(name_text(shown.boxes[edge.source]) for edge in feeds.get(index, ())[:8])
        items.append((len(path) + 1, "; ".join(words) + (f"  <- {sources}" if sources else "")))
    return items + [(1, visible(text, MAX_SENTENCE)) for text in shown.warnings]


def _path(shown: Outline, group: int | None) -> list[int]:
    path: list[int] = []
    while group is not None:
        path.append(group)
        group = shown.groups[group].parent
    return path[::-1]


def nested_list(items: Sequence[tuple[int, str]]) -> Markup:
    """Returns nested lists.

    Invariant: levels[d] holds the items of the open list at depth d. Without recursion, because scopes of
    strangers may be nested deeper than Python's stack.
    """
    levels: list[list[Markup]] = [[]]
    for depth, text in items:
        while len(levels) > depth:
            inner = levels.pop()
            levels[-1].append(tag("li", tag("ul", *inner)))
        while len(levels) < depth:
            levels.append([])
        levels[-1].append(tag("li", text))
    while len(levels) > 1:
        inner = levels.pop()
        levels[-1].append(tag("li", tag("ul", *inner)))
    return tag("ul", *levels[0])


def row_of(shown: Outline, index: int) -> tuple[str, ...]:
    """Returns a box as a row of the grid: a cell for each column."""
    box = shown.boxes[index]
    sources = [edge for edge in shown.edges if edge.target == index]
    names = [
        f"{name_text(shown.boxes[edge.source])}: {edge_text(edge)}".removesuffix(": ") for edge in sources[:6]
    ]
    names += [f"and {len(sources) - 6} more"] if len(sources) > 6 else []
    return (
        box.name,
        kind_text(box),
        ops_text(box.ops),
        f"{box.nodes:,}",
        ", ".join(weight_text(weight, box.name) for weight in box.weights[:3])
        + (" ..." if len(box.weights) > 3 else ""),
        f"{box.parameters:,}" if box.weights else "",
        type_text(box.dtype, box.shape),
        "; ".join(names),
    )


def record_of(shown: Outline, index: int) -> dict[str, object]:
    """Returns a box as a row of the data frame: facts rather than text."""
    box: Box = shown.boxes[index]
    group = shown.groups[box.group].name if box.group is not None else ""
    return {
        "name": box.name,
        "kind": box.kind,
        "scope": group,
        "ops": dict(box.ops),
        "nodes": box.nodes,
        "repeats": box.repeats,
        "variables": [weight.name for weight in box.weights],
        "parameters": box.parameters,
        "dtype": box.dtype,
        "shape": box.shape,
        "function": box.function,
        "note": box.note,
        "from": {
            shown.boxes[edge.source].name: edge_text(edge) for edge in shown.edges if edge.target == index
        },
    }
