"""The graphs of two graph variants: signatures, and what is run for the state."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from google.protobuf.message import DecodeError

from hubexplore.summary.compare.structure.graph_body import (
    Body,
    Leaves,
    Roots,
    Source,
    argument_leaves,
    function_body,
    without_index,
)
from hubexplore.summary.compare.structure.node_identity import Numbers, Side, number
from hubexplore.summary.compare.structure.parallel_walk import Budget, Finding, Slice, Walk
from hubexplore.summary.graph.messages import AttrValue, VariableDef
from hubexplore.summary.graph.traversal import index_nodes
from hubexplore.summary.model import SignatureSummary, TensorSummary, VariantSummary
from hubexplore.summary.module_format import MAIN_OPS

Basis = Literal["files", "nodes", "structure", "counted", ""]
"""What a comparison rests on: equal files, nodes of one name, nodes at one place, only counts, or facts."""

Entries = tuple[tuple[str, str], ...]
"""(what it is, tensor name)."""

STEPS: Final = 2_000_000
"""So many nodes are looked at for two graph variants, those of several signatures several times."""
MAX_FINDINGS: Final = 1000
_LEAST_STEPS: Final = 50_000
"""Of a walk; a larger slice has twice its nodes and edges."""
_TELLS_ZEROS_APART: Final = AttrValue(f=0.0) != AttrValue(f=-0.0)
"""Messages of protobuf 4 with 0.0 and -0.0 are equal; those of later releases are compared by their bits."""
_TABLES: Final = ("table_initializer", *MAIN_OPS)
_VARIABLES: Final = ("variables", "local_variables")


@dataclass(frozen=True)
class Graph:
    """One side.

    Attributes:
      variant: its facts.
      meta_graph: MetaGraphDef-shaped; not changed.
      names: node -> what it stands for by itself, as text: variables and the paths of assets.
      has_weights: whether the values of its variables come from a checkpoint, not from initializers.
    """

    variant: VariantSummary
    meta_graph: Any
    names: Mapping[str, str]
    has_weights: bool = True


@dataclass(frozen=True)
class Structure:
    """What came of it.

    Attributes:
      basis: what it rests on.
      findings: what is not the same, at most `MAX_FINDINGS`, each once.
      matched: node of the first -> the node of the second that it corresponds to.
      unused: how many nodes of either side no signature of both and no part of the state needs.
    """

    basis: Basis = ""
    findings: tuple[Finding, ...] = ()
    matched: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class _Part:
    """One slice to compare: what it is called, where it starts, and where it ends on either side."""

    name: str
    roots: tuple[Roots, Roots]
    leaves: tuple[Leaves, Leaves]


def compare_structure(first: Graph, second: Graph, steps: int = STEPS) -> Structure:
    """Compares what two graph variants run, signature by signature.

    The work grows with the nodes of the slices, and ends after so many steps.
    """
    numbers = Numbers()
    sides = [
        Side(each.meta_graph, Body(index_nodes(each.meta_graph.graph_def.node), names=each.names), numbers)
        for each in (first, second)
    ]
    return _Comparison(first, second, (sides[0], sides[1]), Budget(steps)).run()


class _Comparison:
    """The work of one comparison."""

    def __init__(self, first: Graph, second: Graph, sides: tuple[Side, Side], budget: Budget) -> None:
        self._graphs = first, second
        self._sides = sides
        self._budget = budget
        self._matched: dict[str, str] = {}
        self._found: dict[Finding, list[str]] = {}
        self._used: tuple[set[str], set[str]] = (set(), set())
        self._functions: set[tuple[str, str]] = set()

    def run(self) -> Structure:
        parts = list(_parts(*self._graphs, *self._sides))
        is_complete = all([self._part(part) for part in parts])  # noqa: C419  # each is to be compared
        for finding in self._resources():
            self._found.setdefault(finding, [""])
        for finding in self._library():
            self._found.setdefault(finding, [""])
        signatures = sum(1 for part in parts if part.name)
        findings = tuple(_named(finding, places, signatures) for finding, places in self._found.items())
        unused = tuple(
            len(side.body.nodes) - len(used) for side, used in zip(self._sides, self._used, strict=True)
        )
        is_same = all(one == other for one, other in self._matched.items())
        basis: Basis = "nodes" if is_same else "structure"
        if not parts:
            basis = ""
        elif not (is_complete or findings):
            basis = "counted"
        return Structure(basis, findings[:MAX_FINDINGS], self._matched, (unused[0], unused[1]))

    def _part(self, part: _Part) -> bool:
        """Compares a slice; False if that took too many steps to be sure."""
        names = [
            _reached(side.body, roots, leaves)
            for side, roots, leaves in zip(self._sides, part.roots, part.leaves, strict=True)
        ]
        self._used[0].update(names[0])
        self._used[1].update(names[1])
        if not self._budget.spend(len(names[0]) + len(names[1])):
            return False
        if names[0] == names[1] and self._same_by_name(part, names[0]):
            for name in names[0]:
                self._matched.setdefault(name, name)
            return True
        if not self._budget.spend(4 * (len(names[0]) + len(names[1]))):
            return False
        first, second = (
            Slice(side, side.body, roots, leaves, number(side, side.body, roots, leaves))
            for side, roots, leaves in zip(self._sides, part.roots, part.leaves, strict=True)
        )
        edges = sum(len(data) + len(controls) for data, controls in map(first.body.edges, names[0]))
        budget = Budget(2 * (edges + len(names[0])) + _LEAST_STEPS)
        walk = Walk(first, second, budget)
        self._collect(walk, part.name)
        for one, other in walk.matched.items():
            self._matched.setdefault(one, other)
        return budget.left >= 0 or _roots_equal(first, second)

    def _same_by_name(self, part: _Part, names: Iterable[str]) -> bool:
        first, second = self._sides
        if dict(part.roots[0].ordered) != dict(part.roots[1].ordered):
            return False
        if set(part.roots[0].loose) != set(part.roots[1].loose) or part.leaves[0] != part.leaves[1]:
            return False
        # Messages compare fast. What they say by name must be the same: functions, variables, assets.
        can_compare = (
            _TELLS_ZEROS_APART
            and not first.functions
            and not second.functions
            and first.body.names == second.body.names
        )
        here, there = first.body.nodes, second.body.nodes
        return all(
            (can_compare and here[name] == there[name]) or self._same_node(first, second, name)
            for name in names
        )

    def _same_node(self, first: Side, second: Side, name: str) -> bool:
        one, other = first.body.edges(name), second.body.edges(name)
        return (
            one.data == other.data
            and (one.controls == other.controls or set(one.controls) == set(other.controls))
            and first.label(first.body, name) == second.label(second.body, name)
        )

    def _collect(self, walk: Walk, place: str) -> None:
        """Keeps what a walk finds, and what the functions find that are called on both sides."""
        left = MAX_FINDINGS + 1 - len(self._found)
        for finding in itertools.islice(walk.findings(), max(left, 0)):
            self._found.setdefault(finding, []).append(place)
        for one, other in walk.calls:
            if (one, other) not in self._functions:
                self._functions.add((one, other))
                self._function(one, other, place)

    def _function(self, one: str, other: str, place: str) -> None:
        sides = self._sides
        if sides[0].function(one) == sides[1].function(other):
            return
        before = len(self._found)
        if one in sides[0].functions and other in sides[1].functions:
            slices: list[Slice] = []
            for side, name in zip(sides, (one, other), strict=True):
                body, roots = function_body(side.functions[name])
                leaves = argument_leaves(body)
                if not self._budget.spend(len(body.nodes)):
                    return
                slices.append(Slice(side, body, roots, leaves, number(side, body, roots, leaves)))
            self._collect(Walk(slices[0], slices[1], Budget(_LEAST_STEPS), one), place)
        if len(self._found) == before:
            name = one if one == other else f"{one} (in the second {other})"
            finding = Finding("functions", name, "does something else", "does something else")
            self._found.setdefault(finding, []).append(place)

    def _library(self) -> Iterator[Finding]:
        """Yields the functions that only one of two TF2 models has, which not only signatures call."""
        if not all(each.meta_graph.HasField("object_graph_def") for each in self._graphs):
            return
        known = [{side.function(name): name for name in side.functions} for side in self._sides]
        for identity in known[0].keys() - known[1].keys():
            yield Finding("functions", f"{known[0][identity]}: what it does", "present", None)
        for identity in known[1].keys() - known[0].keys():
            yield Finding("functions", f"{known[1][identity]}: what it does", None, "present")

    def _resources(self) -> Iterator[Finding]:
        """Yields variables, tables and the like that are one on one side and two on the other."""
        groups = [_sharing(side.body, used) for side, used in zip(self._sides, self._used, strict=True)]
        back = {other: one for one, other in self._matched.items()}
        for here, there, partner, is_first in (
            (groups[0], groups[1], self._matched, True), (groups[1], groups[0], back, False),
        ):  # fmt: skip
            members: dict[Hashable, list[str]] = {}
            for name, resource in here.items():
                if partner.get(name) in there:
                    members.setdefault(resource, []).append(name)
            for names in members.values():
                if len({there[partner[name]] for name in names}) > 1:
                    texts = ("one resource", "several resources")
                    yield Finding(
                        "wiring",
                        f"{', '.join(sorted(names)[:4])}: share",
                        *(texts if is_first else texts[::-1]),
                    )


def _named(finding: Finding, places: list[str], signatures: int) -> Finding:
    """Returns the finding, with the signatures that it is about where these are not all."""
    about = tuple(dict.fromkeys(each for each in places if each))
    if not about or len(about) == signatures:
        return finding
    return finding._replace(name=f"{finding.name} ({', '.join(about)})")


def _roots_equal(first: Slice, second: Slice) -> bool:
    """Whether all that is wanted has equal numbers: then it computes the same."""
    here, there = (
        {role: each.side.taken(each.body, each.numbers, each.body.source(tensor), each.leaves)
         for role, tensor in each.roots.ordered}
        for each in (first, second)
    )  # fmt: skip
    loose = [sorted(each.numbers.of.get(name, -1) for name in each.roots.loose) for each in (first, second)]
    return all(here[role] == there[role] for role in here.keys() & there.keys()) and loose[0] == loose[1]


def _reached(body: Body, roots: Roots, leaves: Leaves) -> set[str]:
    """Returns the nodes that the roots need."""
    wanted = [body.source(tensor) for _, tensor in roots.ordered]
    stack = [source[0] for source in wanted if source not in leaves]
    stack += roots.loose
    seen: set[str] = set()
    nodes, edges_of = body.nodes, body.edges
    while stack:
        name = stack.pop()
        if name in seen or name not in nodes:
            continue
        seen.add(name)
        data, controls = edges_of(name)
        for source in data:
            if source[0] not in seen and source not in leaves:
                stack.append(source[0])
        if controls:
            stack.extend(controls)
    return seen


def _sharing(body: Body, names: Iterable[str]) -> dict[str, Hashable]:
    """Returns the resource of each node that names one; nodes of one name in one container share it."""
    found: dict[str, Hashable] = {}
    for name in names:
        node = body.nodes[name]
        if "shared_name" in node.attr and not node.input:
            shared = node.attr["shared_name"].s.decode(errors="replace") or name
            container = node.attr["container"].s if "container" in node.attr else b""
            found[name] = (container, shared)
    return found


# ---- what is compared


def _parts(first: Graph, second: Graph, side: Side, other: Side) -> Iterator[_Part]:
    there = {each.name: each for each in second.variant.signatures}
    shared = [(each, there[each.name]) for each in first.variant.signatures if each.name in there]
    for one, two in shared:
        yield _Part(
            one.name,
            (Roots(_outputs(one)), Roots(_outputs(two))),
            (_inputs(side.body, [one], False), _inputs(other.body, [two], False)),
        )
    leaves = (
        _inputs(side.body, [one for one, _ in shared], True),
        _inputs(other.body, [two for _, two in shared], True),
    )
    own_values = not (first.has_weights or second.has_weights)
    listed = _listed(first, second)
    roots = _state(first, own_values, listed[0]), _state(second, own_values, listed[1])
    if any(each.ordered or each.loose for each in roots):
        yield _Part("", roots, leaves)


def _outputs(signature: SignatureSummary) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"{signature.name}: output {name}", tensor)
        for each in signature.outputs
        for name, tensor in _tensors(each)
    )


def _inputs(body: Body, signatures: Iterable[SignatureSummary], is_named: bool) -> Leaves:
    """Returns the tensors that are fed, each with the names of the inputs that feed it."""
    names: dict[Source, list[str]] = {}
    for signature in signatures:
        of = f" of {signature.name!r}" if is_named else ""
        for each in signature.inputs:
            for name, tensor in _tensors(each):
                names.setdefault(body.source(tensor), []).append(f"input {name!r}{of}")
    return {source: " and ".join(sorted(each)) for source, each in names.items()}


def _tensors(tensor: TensorSummary) -> Iterator[tuple[str, str]]:
    if tensor.tensor:
        yield tensor.name, tensor.tensor
    yield from ((f"{tensor.name} ({part.role})", part.tensor) for part in tensor.components)


def _state(graph: Graph, own_values: bool, listed: Entries) -> Roots:
    """Returns what is run for the state: losses, updates, what fills tables and variables."""
    variant, nodes = graph.variant, {each.name for each in graph.meta_graph.graph_def.node}
    loose = [*variant.losses, *variant.update_ops, variant.initializer]
    for collection in _TABLES:
        if collection in graph.meta_graph.collection_def:
            loose += graph.meta_graph.collection_def[collection].node_list.value
    kinds = _VARIABLES if own_values else _VARIABLES[1:]
    initial = tuple(
        (f"initial value of {name}", node)
        for kind in kinds
        for name, node in _initializers(graph.meta_graph, kind)
    )
    return Roots(initial + listed, tuple(each for each in without_index(loose) if each in nodes))


def _listed(first: Graph, second: Graph) -> tuple[Entries, Entries]:
    """Returns the entries of collections that both sides have, in as many entries."""
    there = {each.name: each for each in second.variant.collections if each.kind == "nodes"}
    pairs = [
        (each, there[each.name])
        for each in first.variant.collections
        if each.kind == "nodes" and each.name in there and each.count == there[each.name].count
    ]
    found: tuple[list[tuple[str, str]], list[tuple[str, str]]] = ([], [])
    for pair in pairs:
        for side in (0, 1):
            found[side].extend(
                (f"collection {pair[side].name}, entry {number}", entry)
                for number, entry in enumerate(pair[side].entries)
            )
    return tuple(found[0]), tuple(found[1])


def _initializers(meta_graph: Any, collection: str) -> Iterator[tuple[str, str]]:
    if collection not in meta_graph.collection_def:
        return
    for content in meta_graph.collection_def[collection].bytes_list.value:
        try:
            definition = VariableDef.FromString(content)
        except DecodeError:
            continue
        yield definition.variable_name, definition.initializer_name
