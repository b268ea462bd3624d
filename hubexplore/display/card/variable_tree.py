"""Variables by name scope: a tree that is opened as far as the budget allows."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from hubexplore.display.card.limits import RowBudget
from hubexplore.display.tables.grid import Bar, Column, Remark, Row
from hubexplore.display.variant_rows import with_holders
from hubexplore.display.wording import (
    counted,
    natural_key,
    number_text,
    omission,
    shape_text,
    size_text,
    tags_list,
    visible,
)
from hubexplore.summary.model import GLOBAL, VariableSummary, VariantSummary

MAX_FLAT: Final = 12
"""Maximum number of variables that are listed without scopes."""
MAX_DISSOLVED: Final = 3
"""Maximum number of variables in a scope that has no fold of its own."""
MAX_DEPTH: Final = 8
"""Maximum depth of folds."""
MAX_IN_SCOPE: Final = 40
"""Maximum number of scopes, and of variables, that are listed directly in a scope."""
FOLD_BYTES: Final = 800
"""Bytes of HTML of the fold of a scope in addition to its cells: the headings of the grid in it."""
VALUE_SUFFIX: Final = "/.ATTRIBUTES/VARIABLE_VALUE"
"""Suffix of the checkpoint key of every variable of a TF2 SavedModel."""


@dataclass(frozen=True)
class VariableEntry:
    """A variable with the tags of the variants that have it."""

    variable: VariableSummary
    tags: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ScopeFold:
    """A name scope: totals of what it contains, and what of that is listed.

    Attributes:
      name: name relative to the enclosing scope, with a slash at the end; empty for the whole module.
      variables: number of variables in it, nested scopes included.
      parameters: number of parameters of these.
      bytes: size of these.
      share: their share of all bytes of the module, 0 to 1.
      scopes: nested scopes that are listed.
      leaves: rows of the variables directly in it, or in scopes too small to fold.
      note: what else is in it; empty if everything is listed.
    """

    name: str
    variables: int
    parameters: int
    bytes: int
    share: float
    scopes: tuple[ScopeFold, ...] = ()
    leaves: tuple[Row, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class VariableTree:
    """The variables of a module by scope; `columns` are those of the leaves."""

    columns: tuple[Column, ...]
    root: ScopeFold
    note: str = ""


def unique_variables(variants: Iterable[VariantSummary]) -> list[VariableEntry]:
    """Returns every variable of these variants, sorted by name; equal ones of several variants occur once."""
    variant_list = list(variants)
    # The usual case, in which nothing has to be merged.
    if len(variant_list) == 1:
        entries = [VariableEntry(variable, (variant_list[0].tags,)) for variable in variant_list[0].variables]
        return sorted(entries, key=lambda entry: entry.variable.name)
    merged = with_holders(variant_list, lambda variant: variant.variables, _identity)
    entries = [
        VariableEntry(variable, tuple(variant.tags for variant in holders)) for variable, holders in merged
    ]
    return sorted(entries, key=lambda entry: entry.variable.name)


def _identity(variable: VariableSummary) -> Hashable:
    """Returns the facts that a variable has in every variant that shares it; nodes and keys may differ."""
    facts = (variable.name, variable.dtype, variable.shape, variable.trainable, variable.kind)
    return (*facts, len(variable.partitions))


def variable_count(entries: Iterable[VariableEntry]) -> int:
    """Returns how many variables there are; one that differs between variants counts once."""
    entry_list = list(entries)
    if len({entry.tags for entry in entry_list}) == 1:
        return len(entry_list)
    by_name: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for entry in entry_list:
        # The largest number in any one variant: two variables of a name in one variant count twice, a
        # variable whose shape differs between variants counts once.
        by_name[entry.variable.name].update(entry.tags)
    return sum(max(counts.values(), default=0) for counts in by_name.values())


def totals(entries: Iterable[VariableEntry]) -> tuple[int, int]:
    """Returns parameters and bytes; a variable that differs between variants counts with its largest form."""
    entry_list = list(entries)
    if len({entry.tags for entry in entry_list}) == 1:
        variables = [entry.variable for entry in entry_list]
        parameters = sum(variable.parameters or 0 for variable in variables)
        return parameters, sum(variable.bytes or 0 for variable in variables)
    by_name: dict[str, Counter[tuple[tuple[str, ...], str]]] = defaultdict(Counter)
    for entry in entry_list:
        for tags in entry.tags:
            by_name[entry.variable.name][tags, "parameters"] += entry.variable.parameters or 0
            by_name[entry.variable.name][tags, "bytes"] += entry.variable.bytes or 0
    largest = [
        [
            max(total for (_, measured), total in counts.items() if measured == quantity)
            for quantity in ("parameters", "bytes")
        ]
        for counts in by_name.values()
    ]
    return sum(parameters for parameters, _ in largest), sum(size for _, size in largest)


def build_tree(entries: Sequence[VariableEntry], budget: RowBudget) -> VariableTree:
    """Returns the tree, opened breadth first while the budget lasts.

    Invariant: every variable is a leaf, counted in the note of one scope, or inside a scope that stays
    closed. Breadth first shows all top scopes before the depths of one. Each level sorts its items once: O(n
    log n) a level, and at most MAX_DEPTH levels.
    """
    layout = _Layout.of(entries)
    all_in_one = len(entries) <= MAX_FLAT
    root = _Node("", [(tuple(entry.variable.name.split("/")), entry) for entry in entries], 0, 0)
    queue = deque([root])
    while queue:
        queue.extend(_open(queue.popleft(), layout, budget, all_in_one))
    hidden = len(entries) - root.listed_count()
    return VariableTree(layout.columns, root.frozen(layout), omission(hidden, "variable"))


def flat_rows(tree: VariableTree) -> Iterator[Row]:
    """Yields a row for each scope, followed by indented rows for what is in it."""
    return _flat(tree.root, "", len(tree.columns))


def _flat(scope: ScopeFold, indent: str, width: int) -> Iterator[Row]:
    for inner in scope.scopes:
        counts = (f"{inner.parameters:,}", size_text(inner.bytes), Bar(inner.share))
        # A scope has only the three totals: the columns between are those of single variables.
        empty = ("",) * (width - 3 - len(counts))
        yield (indent + visible(inner.name), "", counted(inner.variables, "variable"), *empty, *counts)
        yield from _flat(inner, indent + "  ", width)
    for name, *facts in scope.leaves:
        yield (f"{indent}{name}", *facts)
    if scope.note:
        yield (Remark(indent + scope.note),)


@dataclass(frozen=True)
class _Layout:
    """Which facts differ between the variables, and so have columns; and the total that shares refer to."""

    repeated: frozenset[str]
    trainable: bool
    local: bool
    partitions: bool
    variants: int
    differ: bool
    bytes: int

    @classmethod
    def of(cls, entries: Sequence[VariableEntry]) -> _Layout:
        tag_sets = {entry.tags for entry in entries}
        names = Counter((entry.variable.name, tags) for entry in entries for tags in entry.tags)
        return cls(
            repeated=frozenset(name for (name, _), times in names.items() if times > 1),
            trainable=len({entry.variable.trainable for entry in entries}) > 1,
            local=any(entry.variable.kind != GLOBAL for entry in entries),
            partitions=any(entry.variable.partitions for entry in entries),
            variants=len({tags for tag_set in tag_sets for tags in tag_set}),
            differ=len(tag_sets) > 1,
            bytes=totals(entries)[1],
        )

    @property
    def columns(self) -> tuple[Column, ...]:
        return (
            Column("Name", code=True),
            Column("Type"),
            Column("Shape"),
            *((Column("Object", code=True),) if self.repeated else ()),
            *((Column("Trainable"),) if self.trainable else ()),
            *((Column("Kind"),) if self.local else ()),
            *((Column("Partitions", "right"),) if self.partitions else ()),
            *((Column("Graph variants"),) if self.differ else ()),
            Column("Parameters", "right"),
            Column("Size", "right"),
            Column("Share", "bar"),
        )

    def row(self, name: str, entry: VariableEntry) -> Row:
        variable = entry.variable
        return (
            name,
            variable.dtype,
            shape_text(variable.shape),
            *((self.object_of(variable),) if self.repeated else ()),
            *((("yes" if variable.trainable else "no"),) if self.trainable else ()),
            *((variable.kind,) if self.local else ()),
            *((str(len(variable.partitions) or ""),) if self.partitions else ()),
            *(("all" if len(entry.tags) == self.variants else tags_list(entry.tags),) if self.differ else ()),
            number_text(variable.parameters),
            size_text(variable.bytes),
            Bar(self.share(variable.bytes or 0)),
        )

    def object_of(self, variable: VariableSummary) -> str:
        """Returns the path in the checkpoint, which distinguishes variables of one name."""
        return variable.key.removesuffix(VALUE_SUFFIX) if variable.name in self.repeated else ""

    def share(self, size: int) -> float:
        return size / self.bytes if self.bytes else 0.0


_Path = tuple[str, ...]


@dataclass
class _Node:
    """A scope that may still be opened; its own name is the first `skip` parts of all names in it."""

    name: str
    items: list[tuple[_Path, VariableEntry]]
    skip: int
    depth: int
    nodes: list[_Node] = field(default_factory=list)
    leaves: list[Row] = field(default_factory=list)
    left_out: int = 0

    def frozen(self, layout: _Layout) -> ScopeFold:
        parameters, size = totals(entry for _, entry in self.items)
        scopes = tuple(node.frozen(layout) for node in self.nodes)
        note = omission(self.left_out, "variable")
        share = layout.share(size)
        return ScopeFold(
            self.name, len(self.items), parameters, size, share, scopes, tuple(self.leaves), note
        )

    def listed_count(self) -> int:
        """Returns how many variables are listed in it or counted by its note."""
        return len(self.leaves) + self.left_out + sum(node.listed_count() for node in self.nodes)


def _open(node: _Node, layout: _Layout, budget: RowBudget, all_in_one: bool) -> list[_Node]:
    """Lists the content of a scope if the budget allows; returns the scopes that are listed."""
    scopes, leaves = _contents(node, all_in_one)
    # Opened partly, a nested scope would hide what its closed line shows in full: its totals.
    if node.depth and budget.rows < min(len(scopes) + len(leaves), MAX_IN_SCOPE):
        return []
    most = MAX_IN_SCOPE if node.depth or scopes else budget.rows
    for inner in scopes[:MAX_IN_SCOPE]:
        cells = (inner.name, counted(len(inner.items), "variable"), "", "", Bar(0))
        if not budget.take(cells, FOLD_BYTES):
            break
        node.nodes.append(inner)
    for path, entry in leaves[:most]:
        row = layout.row("/".join(path[node.skip :]), entry)
        if not budget.take(row):
            break
        node.leaves.append(row)
    if node.depth and not node.nodes and not node.leaves:
        return []
    # Scopes that had no room are counted by their variables, like variables without room.
    node.left_out = len(leaves) - len(node.leaves)
    node.left_out += sum(len(inner.items) for inner in scopes[len(node.nodes) :])
    return node.nodes


def _contents(node: _Node, all_in_one: bool) -> tuple[list[_Node], list[tuple[_Path, VariableEntry]]]:
    """Returns the nested scopes and the variables of a scope; small scopes are dissolved into variables."""
    groups: dict[str, list[tuple[_Path, VariableEntry]]] = {}
    leaves: list[tuple[_Path, VariableEntry]] = []
    for path, entry in node.items:
        # Beyond the maximum depth the rest of the path becomes part of the name, and nothing is hidden.
        flat = all_in_one or node.depth >= MAX_DEPTH or len(path) == node.skip + 1
        (leaves if flat else groups.setdefault(path[node.skip], [])).append((path, entry))
    scopes: list[_Node] = []
    for items in groups.values():
        if len(items) <= MAX_DISSOLVED:
            leaves += items
        else:
            end = _shared_parts(items, node.skip)
            name = "/".join(items[0][0][node.skip : end]) + "/"
            scopes.append(_Node(name, items, end, node.depth + 1))
    leaves.sort(key=lambda item: natural_key("/".join(item[0][node.skip :])))
    return sorted(scopes, key=lambda scope: natural_key(scope.name)), leaves


def _shared_parts(items: Sequence[tuple[_Path, VariableEntry]], skip: int) -> int:
    """Returns how many first parts all names share, last parts not counted; `skip` + 1 at least."""
    paths = [path for path, _ in items]
    # The first and the last in order share exactly the prefix that all paths share.
    lowest, highest = min(paths), max(paths)
    # The last part of a path names a variable, so it never belongs to the scope.
    limit = min(map(len, paths)) - 1
    end = skip + 1
    while end < limit and lowest[end] == highest[end]:
        end += 1
    return end
