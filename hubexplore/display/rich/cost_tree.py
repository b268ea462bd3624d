"""What ops cost as a tree of name scopes: each scope has the sums of what is in it, and folds.

The tree is opened breadth first as far as the budget allows, so that all outer scopes are shown before the
depths of one. Of many parts those that cost most are listed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hubexplore.display.markup import Markup, tag
from hubexplore.display.tables.grid import Bar, Column, Remark, Row, bar_html, name_html
from hubexplore.display.wording import counted, visible

MAX_ROWS: Final = 250
"""Maximum number of scopes and ops that are listed."""
MAX_IN_SCOPE: Final = 30
"""Maximum number of parts that are listed directly in a scope."""
MAX_DEPTH: Final = 8
"""Maximum depth of folds."""
MAX_DISSOLVED: Final = 1
"""Maximum number of ops in a scope that has no fold of its own."""


MIN_SHARE: Final = 0.001
"""Minimum share of the whole that the text lists a part for."""


@dataclass(frozen=True)
class Entry:
    """One op: its path, its type, and its numbers, which can be added; None is an unknown one."""

    path: str
    op: str
    numbers: tuple[Any, ...]


@dataclass(frozen=True)
class Measure:
    """One of the numbers: the heading of its column, and how a number is written."""

    heading: str
    text: Callable[[Any], str]


@dataclass
class Part:
    """A scope or an op of the tree.

    Attributes:
      name: relative to the part around it; that of a scope ends with a slash.
      op: type of an op; empty for a scope.
      ops: number of ops in it.
      numbers: sums of what is in it.
      parts: what of it is listed.
      note: what else is in it.
    """

    name: str
    op: str
    ops: int
    numbers: tuple[Any, ...]
    parts: list[Part] = field(default_factory=list)
    note: str = ""
    _inside: list[tuple[str, Entry]] = field(default_factory=list, repr=False)
    _depth: int = 0


@dataclass(frozen=True)
class CostTree:
    """A tree with what its numbers are; `lead` is the position of the number that bars show."""

    root: Part
    measures: tuple[Measure, ...]
    lead: int = 0

    def share(self, part: Part) -> float:
        """Returns the share of a part in the whole, by the leading number; 0 where that is a formula."""
        whole, number = self.root.numbers[self.lead], part.numbers[self.lead]
        known = isinstance(whole, (int, float)) and isinstance(number, (int, float))
        return number / whole if known and whole else 0.0


def cost_tree(entries: Sequence[Entry], measures: Sequence[Measure], lead: int = 0) -> CostTree:
    """Returns the tree of some ops, in their order.

    Args:
      entries: the ops; a path may occur several times.
      measures: of their numbers.
      lead: position of the number by which parts are chosen if there are too many.
    """
    root = _part("", "", [(entry.path, entry) for entry in entries], 0)
    tree = CostTree(root, tuple(measures), lead)
    budget = MAX_ROWS
    queue = deque([root])
    while queue and budget > 0:
        part = queue.popleft()
        inner = _split(part)
        # Opened partly, a scope would hide what its closed line shows in full: its sums.
        if part is not root and len(inner) > budget:
            continue
        part.parts = _largest(tree, inner, min(MAX_IN_SCOPE, budget))
        left_out = len(inner) - len(part.parts)
        if left_out:
            rest = sum(tree.share(other) for other in inner) - sum(tree.share(other) for other in part.parts)
            part.note = f"... and {left_out:,} more, {Bar(rest).text} of all together"
        budget -= len(part.parts)
        queue.extend(scope for scope in part.parts if not scope.op)
    return tree


def _part(name: str, op: str, inside: list[tuple[str, Entry]], depth: int) -> Part:
    sums = tuple(map(_sum, zip(*(entry.numbers for _, entry in inside), strict=True)))
    return Part(name, op, len(inside), sums, _inside=inside, _depth=depth)


def _sum(numbers: Sequence[Any]) -> Any:
    """Adds what is known; None if nothing is."""
    known = [number for number in numbers if number is not None]
    if not known:
        return None
    total: Any = sum(number for number in known if isinstance(number, (int, float)))
    for number in known:
        if not isinstance(number, (int, float)):
            total = number + total
    return total


def _split(scope: Part) -> list[Part]:
    """Returns the scopes and ops directly in a scope, in order."""
    groups: dict[str, list[tuple[str, Entry]]] = {}
    for rest, entry in scope._inside:
        # Beyond the maximum depth the rest of the path is part of the name, and nothing is hidden.
        key = rest.partition("/")[0] if scope._depth < MAX_DEPTH else rest
        groups.setdefault(key, []).append((rest, entry))
    parts = []
    for key, inside in groups.items():
        paths = {rest for rest, _ in inside}
        if len(paths) == 1:
            ops = {entry.op: None for _, entry in inside}
            parts.append(_part(next(iter(paths)) or key, ", ".join(ops), inside, scope._depth + 1))
            continue
        prefix = _shared(paths, key)
        inner = [(rest[len(prefix) :] if rest.startswith(prefix) else rest, entry) for rest, entry in inside]
        parts.append(_part(prefix, "", inner, scope._depth + 1))
    return parts


def _shared(paths: set[str], key: str) -> str:
    """Returns the scopes that paths share, with a slash at the end; at least the first, which they do."""
    low, high = min(paths), max(paths)
    shared = next(
        (at for at, pair in enumerate(zip(low, high, strict=False)) if pair[0] != pair[1]), len(low)
    )
    end = low.rfind("/", 0, shared) + 1
    return low[:end] if end > len(key) else f"{key}/"


def _largest(tree: CostTree, parts: list[Part], most: int) -> list[Part]:
    """Returns the parts that cost most, in their order."""
    if len(parts) <= most:
        return parts
    ranked = sorted(range(len(parts)), key=lambda index: (-tree.share(parts[index]), index))
    return [parts[index] for index in sorted(ranked[:most])]


# ---- text


def columns(tree: CostTree) -> tuple[Column, ...]:
    """Returns the columns of `rows`."""
    return (
        Column("Scope"),
        Column("Op", cut="end"),
        *(Column(measure.heading, "right") for measure in tree.measures),
        Column("Share", "bar"),
    )


def rows(tree: CostTree, most: int) -> Iterator[Row]:
    """Yields a row for each part, what is in it indented below it; at most so many rows.

    Parts that cost next to nothing are only counted, so that those which count are seen. What is in a scope
    is left out where there is no room for it.
    """
    opened = _opened(tree, most)
    count = 0
    # A text stands for a note, which comes after the parts that it is about.
    stack: list[tuple[Part | str, str]] = _listed(tree, tree.root, "")
    while stack:
        part, indent = stack.pop()
        if count >= most:
            yield (Remark("..."),)
            return
        count += 1
        if isinstance(part, str):
            yield (Remark(indent + part),)
            continue
        yield (indent + visible(part.name), part.op or counted(part.ops, "op"), *_cells(tree, part))
        if id(part) in opened:
            stack += _listed(tree, part, f"{indent}  ")


def _opened(tree: CostTree, most: int) -> set[int]:
    """Returns the scopes whose parts fit into so many rows: outer ones first, then those that cost most."""
    listed = _listed(tree, tree.root, "")
    room = most - len(listed)
    opened: set[int] = set()
    while listed:
        level = [part for part, _ in listed if isinstance(part, Part)]
        listed = []
        for scope in sorted(level, key=tree.share, reverse=True):
            inner = _listed(tree, scope, "")
            if 0 < len(inner) <= room:
                room -= len(inner)
                opened.add(id(scope))
                listed += inner
    return opened


def _listed(tree: CostTree, scope: Part, indent: str) -> list[tuple[Part | str, str]]:
    """Returns what is listed of a scope, in reverse order."""
    least = MIN_SHARE if tree.share(tree.root) else 0.0
    shown = [part for part in scope.parts if tree.share(part) >= least]
    ops = scope.ops - sum(part.ops for part in shown)
    lines: list[tuple[Part | str, str]] = [(part, indent) for part in shown]
    if ops and (scope.parts or scope.note):
        rest = tree.share(scope) - sum(tree.share(part) for part in shown)
        lines.append((f"... and {counted(ops, 'more op')}, {Bar(rest).text} of all", indent))
    return lines[::-1]


def _cells(tree: CostTree, part: Part) -> Row:
    texts = [measure.text(number) for measure, number in zip(tree.measures, part.numbers, strict=True)]
    return (*texts, Bar(tree.share(part)))


# ---- HTML


def tree_html(tree: CostTree) -> Markup:
    """Returns the tree as folds, each with its numbers in columns and a bar."""
    heads = [tag("span", measure.heading, class_="number") for measure in tree.measures]
    head = tag(
        "p",
        tag("b", tag("small", f"{counted(tree.root.ops, 'op')} by name scope")),
        *heads,
        tag("span", "Share", class_="share", title=tree.measures[tree.lead].heading),
        class_="scope note",
    )
    return tag("div", head, *_contents(tree, tree.root), class_="tree")


def _contents(tree: CostTree, scope: Part) -> list[Markup]:
    # Depth is bounded by MAX_DEPTH, so this may recurse.
    only = len(scope.parts) == 1
    lines = [_part_html(tree, part, only) for part in scope.parts]
    return [*lines, *([tag("p", scope.note, class_="note")] if scope.note else [])]


def _part_html(tree: CostTree, part: Part, unfolded: bool) -> Markup:
    cells = [
        # Where styles are stripped, each number is followed by what it is.
        tag(
            "span", measure.text(number), tag("span", f" {measure.heading.lower()}, ", class_="aside"),
            class_="number",
        )
        for measure, number in zip(tree.measures, part.numbers, strict=True)
    ]  # fmt: skip
    heading = (
        tag("b", name_html(part.name), " ", tag("small", visible(part.op or counted(part.ops, "op"), 60))),
        *(piece for cell in cells for piece in (" ", cell)),
        tag("span", bar_html(Bar(tree.share(part))), class_="share"),
    )
    if not part.parts:
        return tag("p", *heading, class_="scope")
    return tag(
        "details",
        tag("summary", *heading, class_="scope"),
        tag("div", *_contents(tree, part)),
        open="" if unfolded else None,
    )
