"""Variables rolled up per name scope: a tree that opens as far as there is room."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from hubexplore.display.card.limits import Room
from hubexplore.display.tables.grid import Bar, Column, Remark, Row
from hubexplore.display.wording import (
    counted,
    folded,
    natural,
    number_text,
    shape_text,
    size_text,
    tags_list,
    visible,
)
from hubexplore.summary.model import LOCAL, VariableSummary, VariantSummary

# So few variables need no scopes, and a scope of so few is no fold of its own.
FLAT: Final = 12
SMALL_SCOPE: Final = 3
MAX_DEPTH: Final = 8
MAX_IN_SCOPE: Final = 40
# What the fold of a scope takes in HTML besides its cells: the headings of the table in it.
FOLD: Final = 800
# Behind the path of every variable of a TF2 SavedModel.
VALUE: Final = "/.ATTRIBUTES/VARIABLE_VALUE"


@dataclass(frozen=True)
class Entry:
    """A variable, and the tags of the variants that have it."""

    variable: VariableSummary
    tags: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Scope:
    """A name scope: what is in it altogether, and what of it is listed.

    Attributes:
      name: relative to the scope around, with a slash at the end; empty for the whole module.
      variables: how many it has, scopes in it included.
      parameters: numbers in them.
      bytes: their size.
      share: of all bytes of the module, 0 to 1.
      scopes: those in it that are listed.
      leaves: rows of the variables that are directly in it, or in scopes too small to fold.
      note: says what else is in it; empty if all is listed.
    """

    name: str
    variables: int
    parameters: int
    bytes: int
    share: float
    scopes: tuple[Scope, ...] = ()
    leaves: tuple[Row, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Tree:
    """A module's variables by scope; `columns` are those of the leaves."""

    columns: tuple[Column, ...]
    root: Scope
    note: str = ""


def each_once(variants: Iterable[VariantSummary]) -> list[Entry]:
    """Returns every variable of these variants, one that several have alike once; sorted by name."""
    every = list(variants)
    if len(every) == 1:
        entries = [Entry(variable, (every[0].tags,)) for variable in every[0].variables]
        return sorted(entries, key=lambda entry: entry.variable.name)
    by_identity: dict[tuple[object, ...], tuple[VariableSummary, list[tuple[str, ...]]]] = {}
    for variant in every:
        seen: dict[tuple[object, ...], int] = {}
        for variable in variant.variables:
            key = (
                variable.name,
                variable.dtype,
                variable.shape,
                variable.trainable,
                variable.kind,
                len(variable.partitions),
            )
            number = seen[key] = seen.get(key, 0) + 1  # two alike in one variant are two variables
            by_identity.setdefault((*key, number), (variable, []))[1].append(variant.tags)
    entries = [Entry(variable, tuple(tags)) for variable, tags in by_identity.values()]
    return sorted(entries, key=lambda entry: entry.variable.name)


def count(entries: Iterable[Entry]) -> int:
    """Returns how many variables there are; one that differs between variants counts once."""
    everything = list(entries)
    if len({entry.tags for entry in everything}) == 1:
        return len(everything)
    by_name: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for entry in everything:
        by_name[entry.variable.name].update(entry.tags)
    return sum(max(counts.values(), default=0) for counts in by_name.values())


def totals(entries: Iterable[Entry]) -> tuple[int, int]:
    """Returns parameters and bytes; a variable that differs between variants counts as its largest form."""
    everything = list(entries)
    if len({entry.tags for entry in everything}) == 1:
        variables = [entry.variable for entry in everything]
        return sum(variable.parameters or 0 for variable in variables), sum(
            variable.bytes or 0 for variable in variables
        )
    by_name: dict[str, Counter[tuple[tuple[str, ...], str]]] = defaultdict(Counter)
    for entry in everything:
        for tags in entry.tags:
            by_name[entry.variable.name][tags, "parameters"] += entry.variable.parameters or 0
            by_name[entry.variable.name][tags, "bytes"] += entry.variable.bytes or 0
    largest = [
        [max(count for (_, of), count in counts.items() if of == what) for what in ("parameters", "bytes")]
        for counts in by_name.values()
    ]
    return sum(variable_totals[0] for variable_totals in largest), sum(
        variable_totals[1] for variable_totals in largest
    )


def roll_up(entries: Sequence[Entry], room: Room) -> Tree:
    """Returns the tree, opened level by level while there is room."""
    layout = _Layout.of(entries)
    all_in_one = len(entries) <= FLAT
    root = _Node("", [(tuple(entry.variable.name.split("/")), entry) for entry in entries], 0, 0)
    waiting = deque([root])
    while waiting:
        waiting.extend(_open(waiting.popleft(), layout, room, all_in_one))
    hidden = len(entries) - root.shown()
    return Tree(layout.columns, root.frozen(layout), folded(hidden, "variable"))


def flat_rows(tree: Tree) -> Iterator[Row]:
    """Yields a row per scope, and under it, further to the right, one per thing in it."""
    return _flat(tree.root, "", len(tree.columns))


def _flat(scope: Scope, indent: str, width: int) -> Iterator[Row]:
    for inner in scope.scopes:
        counts = (f"{inner.parameters:,}", size_text(inner.bytes), Bar(inner.share))
        empty = ("",) * (width - 3 - len(counts))
        yield (indent + visible(inner.name), "", counted(inner.variables, "variable"), *empty, *counts)
        yield from _flat(inner, indent + "  ", width)
    for name, *facts in scope.leaves:
        yield (f"{indent}{name}", *facts)
    if scope.note:
        yield (Remark(indent + scope.note),)


@dataclass(frozen=True)
class _Layout:
    """Which facts differ between the variables and so have columns, and what a share is a share of."""

    repeated: frozenset[str]
    trainable: bool
    local: bool
    partitions: bool
    variants: int
    differ: bool
    bytes: int

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> _Layout:
        tag_sets = {entry.tags for entry in entries}
        names = Counter((entry.variable.name, tags) for entry in entries for tags in entry.tags)
        return cls(
            repeated=frozenset(name for (name, _), often in names.items() if often > 1),
            trainable=len({entry.variable.trainable for entry in entries}) > 1,
            local=any(entry.variable.kind == LOCAL for entry in entries),
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

    def row(self, name: str, entry: Entry) -> Row:
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
        """Returns its path in the checkpoint, which tells it from others of its name."""
        return variable.key.removesuffix(VALUE) if variable.name in self.repeated else ""

    def share(self, size: int) -> float:
        return size / self.bytes if self.bytes else 0.0


_Path = tuple[str, ...]


@dataclass
class _Node:
    """A scope that may still be opened; the first `skip` parts of the names in it are its own name."""

    name: str
    items: list[tuple[_Path, Entry]]
    skip: int
    depth: int
    nodes: list[_Node] = field(default_factory=list)
    leaves: list[Row] = field(default_factory=list)
    left_out: int = 0

    def frozen(self, layout: _Layout) -> Scope:
        parameters, size = totals(entry for _, entry in self.items)
        scopes = tuple(node.frozen(layout) for node in self.nodes)
        note = folded(self.left_out, "variable")
        share = layout.share(size)
        return Scope(self.name, len(self.items), parameters, size, share, scopes, tuple(self.leaves), note)

    def shown(self) -> int:
        """How many variables are listed in it or counted by its note."""
        return len(self.leaves) + self.left_out + sum(node.shown() for node in self.nodes)


def _open(node: _Node, layout: _Layout, room: Room, all_in_one: bool) -> list[_Node]:
    """Lists what is in a scope, if there is room; returns the scopes found in it."""
    scopes, leaves = _inside(node, all_in_one)
    if node.depth and room.rows < min(len(scopes) + len(leaves), MAX_IN_SCOPE):
        return []
    most = MAX_IN_SCOPE if node.depth or scopes else room.rows
    for inner in scopes[:MAX_IN_SCOPE]:
        cells = (inner.name, counted(len(inner.items), "variable"), "", "", Bar(0))
        if not room.take(cells, FOLD):
            break
        node.nodes.append(inner)
    for path, entry in leaves[:most]:
        row = layout.row("/".join(path[node.skip :]), entry)
        if not room.take(row):
            break
        node.leaves.append(row)
    if node.depth and not node.nodes and not node.leaves:
        return []
    node.left_out = len(leaves) - len(node.leaves)
    node.left_out += sum(len(inner.items) for inner in scopes[len(node.nodes) :])
    return node.nodes


def _inside(node: _Node, all_in_one: bool) -> tuple[list[_Node], list[tuple[_Path, Entry]]]:
    """Returns the scopes in a scope and its own variables; scopes of few are dissolved into these."""
    groups: dict[str, list[tuple[_Path, Entry]]] = {}
    leaves: list[tuple[_Path, Entry]] = []
    for path, entry in node.items:
        flat = all_in_one or node.depth >= MAX_DEPTH or len(path) == node.skip + 1
        (leaves if flat else groups.setdefault(path[node.skip], [])).append((path, entry))
    scopes: list[_Node] = []
    for items in groups.values():
        if len(items) <= SMALL_SCOPE:
            leaves += items
        else:
            end = _common(items, node.skip)
            name = "/".join(items[0][0][node.skip : end]) + "/"
            scopes.append(_Node(name, items, end, node.depth + 1))
    leaves.sort(key=lambda item: natural("/".join(item[0][node.skip :])))
    return sorted(scopes, key=lambda scope: natural(scope.name)), leaves


def _common(items: Sequence[tuple[_Path, Entry]], skip: int) -> int:
    """Returns how many first parts all names share, their last part not counted; `skip` + 1 at least."""
    paths = [path for path, _ in items]
    lowest, highest = min(paths), max(paths)
    limit = min(map(len, paths)) - 1
    end = skip + 1
    while end < limit and lowest[end] == highest[end]:
        end += 1
    return end
