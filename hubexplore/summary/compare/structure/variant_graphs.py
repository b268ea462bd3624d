"""Compares the graphs of two graph variants: signature by signature, and what is run for the state."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from google.protobuf.message import DecodeError

from hubexplore.summary.compare.structure.graph_body import (
    GraphBody,
    Leaves,
    Roots,
    TensorRef,
    argument_leaves,
    function_body,
    without_index,
)
from hubexplore.summary.compare.structure.node_identity import GraphSide, IdentityTable, number_nodes
from hubexplore.summary.compare.structure.parallel_walk import (
    Finding,
    NumberedSlice,
    ParallelWalk,
    StepBudget,
)
from hubexplore.summary.graph.messages import AttrValue, VariableDef
from hubexplore.summary.graph.traversal import index_nodes
from hubexplore.summary.model import SignatureSummary, TensorSummary, VariantSummary
from hubexplore.summary.module_format import MAIN_OPS

Basis = Literal["files", "nodes", "structure", "counted", ""]
"""What a comparison rests on: equal files, nodes by name, nodes by structure, counts of nodes, only facts."""

NamedTensors = tuple[tuple[str, str], ...]
"""(role, tensor name) pairs."""

MAX_STEPS: Final = 2_000_000
"""Maximum number of nodes that are visited for two graph variants; a node counts once per signature."""
MAX_FINDINGS: Final = 1000
"""Maximum number of findings of a comparison."""
_MIN_WALK_STEPS: Final = 50_000
"""Minimum budget of a walk; for a larger slice it is twice its nodes and edges."""
_EQUALITY_IS_BITWISE: Final = AttrValue(f=0.0) != AttrValue(f=-0.0)
"""Whether messages are compared by bits: those of protobuf 4 with 0.0 and -0.0 are equal, later ones not."""
_TABLE_COLLECTIONS: Final = ("table_initializer", *MAIN_OPS)
"""Collections of the ops that fill tables and run on loading."""
_VARIABLE_COLLECTIONS: Final = ("variables", "local_variables")
"""Collections of VariableDef messages; checkpoints have values for the first one only."""


@dataclass(frozen=True)
class ComparedGraph:
    """One side of a comparison.

    Attributes:
      variant: facts about the variant.
      meta_graph: MetaGraphDef-shaped message; it is not changed.
      identities: node -> what it stands for by itself, as text: variables and the paths of assets.
      has_weights: whether its variables get their values from a checkpoint, not from initializers.
    """

    variant: VariantSummary
    meta_graph: Any
    identities: Mapping[str, str]
    has_weights: bool = True


@dataclass(frozen=True)
class GraphComparison:
    """The result of a comparison.

    Attributes:
      basis: what the result rests on.
      findings: the differences, each once, at most `MAX_FINDINGS`.
      matched: node of the first graph -> node of the second that it corresponds to.
      unused: for either side, the number of nodes that no common signature and no part of the state needs.
    """

    basis: Basis = ""
    findings: tuple[Finding, ...] = ()
    matched: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class _SlicePair:
    """Two slices to compare: name of the signature ("" for the state), roots and leaves of either side."""

    name: str
    roots: tuple[Roots, Roots]
    leaves: tuple[Leaves, Leaves]


def compare_graphs(first: ComparedGraph, second: ComparedGraph, steps: int = MAX_STEPS) -> GraphComparison:
    """Compares what two graph variants run, signature by signature."""
    # Linear in the nodes of the slices, and bounded by a number of steps.
    numbers = IdentityTable()
    sides = [
        GraphSide(
            graph.meta_graph,
            GraphBody(index_nodes(graph.meta_graph.graph_def.node), identities=graph.identities),
            numbers,
        )
        for graph in (first, second)
    ]
    return _GraphComparer(first, second, (sides[0], sides[1]), StepBudget(steps)).run()


class _GraphComparer:
    """One comparison in progress."""

    # Each pair of slices takes the cheapest way that is sure: equal nodes by name, which most re-exports are;
    # then numbers for all nodes and a walk. If the budget ends before, the basis of the result is "counted".

    def __init__(
        self,
        first: ComparedGraph,
        second: ComparedGraph,
        sides: tuple[GraphSide, GraphSide],
        budget: StepBudget,
    ) -> None:
        self._graphs = first, second
        self._sides = sides
        self._budget = budget
        self._matched: dict[str, str] = {}
        self._findings: dict[Finding, list[str]] = {}
        self._used_nodes: tuple[set[str], set[str]] = (set(), set())
        self._compared_functions: set[tuple[str, str]] = set()
        self._skipped: list[_SlicePair] = []

    def run(self) -> GraphComparison:
        pairs = list(_slice_pairs(*self._graphs, *self._sides))
        is_complete = all([self._compare_slices(pair) for pair in pairs])  # noqa: C419  # all are to be compared
        for finding in self._resource_findings():
            self._findings.setdefault(finding, [""])
        for finding in self._library_findings():
            self._findings.setdefault(finding, [""])
        self._add_nodes_of_skipped()
        signature_count = sum(1 for pair in pairs if pair.name)
        findings = tuple(
            _with_signatures(finding, signatures, signature_count)
            for finding, signatures in self._findings.items()
        )
        unused = tuple(
            len(side.body.nodes) - len(used_nodes)
            for side, used_nodes in zip(self._sides, self._used_nodes, strict=True)
        )
        is_same = all(name == other_name for name, other_name in self._matched.items())
        basis: Basis = "nodes" if is_same else "structure"
        if not pairs:
            basis = ""
        elif not (is_complete or findings):
            basis = "counted"
        return GraphComparison(basis, findings[:MAX_FINDINGS], self._matched, (unused[0], unused[1]))

    def _compare_slices(self, pair: _SlicePair) -> bool:
        """Compares two slices; returns False if the steps did not suffice for a sure result."""
        # Signatures that build on one another have slices that add up to the square of the graph: once the
        # steps are used up, no further slice is even collected.
        if self._budget.left < 0:
            self._skipped.append(pair)
            return False
        names = [
            _needed_nodes(side.body, roots, leaves)
            for side, roots, leaves in zip(self._sides, pair.roots, pair.leaves, strict=True)
        ]
        self._used_nodes[0].update(names[0])
        self._used_nodes[1].update(names[1])
        if not self._budget.spend(len(names[0]) + len(names[1])):
            return False
        if names[0] == names[1] and self._are_equal_by_name(pair, names[0]):
            for name in names[0]:
                self._matched.setdefault(name, name)
            return True
        # Numbering and walking visit nodes and edges of both slices: about four times what was charged so
        # far.
        if not self._budget.spend(4 * (len(names[0]) + len(names[1]))):
            return False
        first, second = (
            NumberedSlice(side, side.body, roots, leaves, number_nodes(side, side.body, roots, leaves))
            for side, roots, leaves in zip(self._sides, pair.roots, pair.leaves, strict=True)
        )
        edges = sum(len(data) + len(controls) for data, controls in map(first.body.edges, names[0]))
        # A pair of equal slices takes one step per node and edge; the double leaves room for pairs that do
        # not match.
        budget = StepBudget(2 * (edges + len(names[0])) + _MIN_WALK_STEPS)
        walk = ParallelWalk(first, second, budget)
        self._collect(walk, pair.name)
        for name, other_name in walk.matched.items():
            self._matched.setdefault(name, other_name)
        # Equal numbers of all roots prove equality even if the walk, which looks for sharing, was cut short.
        return budget.left >= 0 or _have_equal_roots(first, second)

    def _add_nodes_of_skipped(self) -> None:
        """Counts the nodes of skipped slices as used, all slices of a side in one walk."""
        if not self._skipped:
            return
        for position, (side, used_nodes) in enumerate(zip(self._sides, self._used_nodes, strict=True)):
            roots = Roots(
                tuple(itertools.chain.from_iterable(pair.roots[position].ordered for pair in self._skipped)),
                tuple(
                    itertools.chain.from_iterable(pair.roots[position].unordered for pair in self._skipped)
                ),
            )
            # What only some of the signatures feed, others may compute.
            leaves = dict(self._skipped[0].leaves[position])
            for pair in self._skipped[1:]:
                leaves = {tensor: name for tensor, name in leaves.items() if tensor in pair.leaves[position]}
            used_nodes.update(_needed_nodes(side.body, roots, leaves))

    def _are_equal_by_name(self, pair: _SlicePair, names: Iterable[str]) -> bool:
        first, second = self._sides
        if dict(pair.roots[0].ordered) != dict(pair.roots[1].ordered):
            return False
        if set(pair.roots[0].unordered) != set(pair.roots[1].unordered) or pair.leaves[0] != pair.leaves[1]:
            return False
        # Comparing messages is fast, but right only if equal names mean the same: functions, variables,
        # assets.
        can_compare = (
            _EQUALITY_IS_BITWISE
            and not first.functions
            and not second.functions
            and first.body.identities == second.body.identities
        )
        nodes, other_nodes = first.body.nodes, second.body.nodes
        return all(
            (can_compare and nodes[name] == other_nodes[name]) or self._are_equal_nodes(first, second, name)
            for name in names
        )

    def _are_equal_nodes(self, first: GraphSide, second: GraphSide, name: str) -> bool:
        edges, other_edges = first.body.edges(name), second.body.edges(name)
        return (
            edges.data == other_edges.data
            and (edges.controls == other_edges.controls or set(edges.controls) == set(other_edges.controls))
            and first.label(first.body, name) == second.label(second.body, name)
        )

    def _collect(self, walk: ParallelWalk, signature: str) -> None:
        """Keeps the findings of a walk, and those of functions that are called at corresponding places."""
        free = MAX_FINDINGS + 1 - len(self._findings)
        for finding in itertools.islice(walk.findings(), max(free, 0)):
            self._findings.setdefault(finding, []).append(signature)
        for function, other_function in walk.calls:
            if (function, other_function) not in self._compared_functions:
                self._compared_functions.add((function, other_function))
                self._compare_functions(function, other_function, signature)

    def _compare_functions(self, name: str, other_name: str, signature: str) -> None:
        sides = self._sides
        if sides[0].function(name) == sides[1].function(other_name):
            return
        count = len(self._findings)
        if name in sides[0].functions and other_name in sides[1].functions:
            slices: list[NumberedSlice] = []
            for side, function_name in zip(sides, (name, other_name), strict=True):
                body, roots = function_body(side.functions[function_name])
                leaves = argument_leaves(body)
                if not self._budget.spend(len(body.nodes)):
                    return
                slices.append(
                    NumberedSlice(side, body, roots, leaves, number_nodes(side, body, roots, leaves))
                )
            self._collect(ParallelWalk(slices[0], slices[1], StepBudget(_MIN_WALK_STEPS), name), signature)
        # Bodies differ by their numbers, but the walk named no place, as its budget ended or one side is
        # missing.
        if len(self._findings) == count:
            function_name = name if name == other_name else f"{name} (in the second {other_name})"
            finding = Finding("functions", function_name, "does something else", "does something else")
            self._findings.setdefault(finding, []).append(signature)

    def _library_findings(self) -> Iterator[Finding]:
        """Yields the functions that only one of two TF2 models has."""
        # A restored TF2 model can call functions that no signature calls, so all of the library counts.
        if not all(graph.meta_graph.HasField("object_graph_def") for graph in self._graphs):
            return
        functions = [{side.function(name): name for name in side.functions} for side in self._sides]
        for identity in functions[0].keys() - functions[1].keys():
            yield Finding("functions", f"{functions[0][identity]}: what it does", "present", None)
        for identity in functions[1].keys() - functions[0].keys():
            yield Finding("functions", f"{functions[1][identity]}: what it does", None, "present")

    def _resource_findings(self) -> Iterator[Finding]:
        """Yields variables, tables and other resources that are one on one side and several on the other."""
        resources = [
            _resources_of(side.body, used_nodes)
            for side, used_nodes in zip(self._sides, self._used_nodes, strict=True)
        ]
        partners_back = {other_name: name for name, other_name in self._matched.items()}
        for own_resources, other_resources, partners, is_first in (
            (resources[0], resources[1], self._matched, True),
            (resources[1], resources[0], partners_back, False),
        ):  # fmt: skip
            members: dict[Hashable, list[str]] = {}
            for name, resource in own_resources.items():
                if partners.get(name) in other_resources:
                    members.setdefault(resource, []).append(name)
            for names in members.values():
                if len({other_resources[partners[name]] for name in names}) > 1:
                    texts = ("one resource", "several resources")
                    yield Finding(
                        "wiring",
                        f"{', '.join(sorted(names)[:4])}: share",
                        *(texts if is_first else texts[::-1]),
                    )


def _with_signatures(finding: Finding, signature_names: list[str], signature_count: int) -> Finding:
    """Returns the finding, with the names of its signatures if it does not concern all of them."""
    signatures = tuple(dict.fromkeys(signature for signature in signature_names if signature))
    if not signatures or len(signatures) == signature_count:
        return finding
    return finding._replace(name=f"{finding.name} ({', '.join(signatures)})")


def _have_equal_roots(first: NumberedSlice, second: NumberedSlice) -> bool:
    """Returns whether all roots have equal numbers, so that both slices compute the same."""
    roots, other_roots = _root_identities(first), _root_identities(second)
    unordered = [
        sorted(side.numbering.numbers.get(name, -1) for name in side.roots.unordered)
        for side in (first, second)
    ]
    return all(roots[role] == other_roots[role] for role in roots.keys() & other_roots.keys()) and (
        unordered[0] == unordered[1]
    )


def _root_identities(graph_slice: NumberedSlice) -> dict[str, Hashable]:
    """Returns role -> identity of the tensor of a root."""
    body, numbering, leaves = graph_slice.body, graph_slice.numbering, graph_slice.leaves
    return {
        role: graph_slice.side.tensor_identity(body, numbering, body.tensor_ref(tensor), leaves)
        for role, tensor in graph_slice.roots.ordered
    }


def _needed_nodes(body: GraphBody, roots: Roots, leaves: Leaves) -> set[str]:
    """Returns the nodes that the roots need, down to the leaves."""
    root_tensors = [body.tensor_ref(tensor) for _, tensor in roots.ordered]
    stack = [source[0] for source in root_tensors if source not in leaves]
    stack += roots.unordered
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


def _resources_of(body: GraphBody, names: Iterable[str]) -> dict[str, Hashable]:
    """Returns node -> its resource, by container and shared name; equal resources are one at run time."""
    resources: dict[str, Hashable] = {}
    for name in names:
        node = body.nodes[name]
        if "shared_name" in node.attr and not node.input:
            # TensorFlow shares resources by this name and container; without one, the node's name counts.
            shared = node.attr["shared_name"].s.decode(errors="replace") or name
            container = node.attr["container"].s if "container" in node.attr else b""
            resources[name] = (container, shared)
    return resources


# ---- what is compared


def _slice_pairs(
    first: ComparedGraph, second: ComparedGraph, side: GraphSide, other: GraphSide
) -> Iterator[_SlicePair]:
    other_signatures = {signature.name: signature for signature in second.variant.signatures}
    shared = [
        (signature, other_signatures[signature.name])
        for signature in first.variant.signatures
        if signature.name in other_signatures
    ]
    for signature, other_signature in shared:
        yield _SlicePair(
            signature.name,
            (Roots(_output_roots(signature)), Roots(_output_roots(other_signature))),
            (
                _input_leaves(side.body, [signature], False),
                _input_leaves(other.body, [other_signature], False),
            ),
        )
    leaves = (
        _input_leaves(side.body, [signature for signature, _ in shared], True),
        _input_leaves(other.body, [other_signature for _, other_signature in shared], True),
    )
    compares_initial_values = not (first.has_weights or second.has_weights)
    collection_tensors = _collection_tensors(first, second)
    roots = (
        _state_roots(first, compares_initial_values, collection_tensors[0]),
        _state_roots(second, compares_initial_values, collection_tensors[1]),
    )
    # Most exports of TF2 have no state to run, and then no comparison of it counts towards the basis.
    if any(state.ordered or state.unordered for state in roots):
        yield _SlicePair("", roots, leaves)


def _output_roots(signature: SignatureSummary) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"{signature.name}: output {name}", tensor)
        for output in signature.outputs
        for name, tensor in _named_tensors(output)
    )


def _input_leaves(body: GraphBody, signatures: Iterable[SignatureSummary], names_signature: bool) -> Leaves:
    """Returns the tensors that are fed; the identity of each is the names of the inputs that feed it."""
    names: dict[TensorRef, list[str]] = {}
    for signature in signatures:
        suffix = f" of {signature.name!r}" if names_signature else ""
        for input_ in signature.inputs:
            for name, tensor in _named_tensors(input_):
                names.setdefault(body.tensor_ref(tensor), []).append(f"input {name!r}{suffix}")
    return {source: " and ".join(sorted(inputs)) for source, inputs in names.items()}


def _named_tensors(tensor: TensorSummary) -> Iterator[tuple[str, str]]:
    if tensor.tensor:
        yield tensor.name, tensor.tensor
    yield from ((f"{tensor.name} ({part.role})", part.tensor) for part in tensor.components)


def _state_roots(
    graph: ComparedGraph, compares_initial_values: bool, collection_tensors: NamedTensors
) -> Roots:
    """Returns the roots of what is run for the state: losses, updates, what fills tables and variables."""
    variant, nodes = graph.variant, {node.name for node in graph.meta_graph.graph_def.node}
    unordered = [*variant.losses, *variant.update_ops, variant.initializer]
    for collection in _TABLE_COLLECTIONS:
        if collection in graph.meta_graph.collection_def:
            unordered += graph.meta_graph.collection_def[collection].node_list.value
    # With a checkpoint, initial values are never computed. Local variables are in no checkpoint.
    kinds = _VARIABLE_COLLECTIONS if compares_initial_values else _VARIABLE_COLLECTIONS[1:]
    initial = tuple(
        (f"initial value of {name}", node)
        for kind in kinds
        for name, node in _initial_values(graph.meta_graph, kind)
    )
    return Roots(
        initial + collection_tensors, tuple(name for name in without_index(unordered) if name in nodes)
    )


def _collection_tensors(first: ComparedGraph, second: ComparedGraph) -> tuple[NamedTensors, NamedTensors]:
    """Returns the entries of the collections that both sides have with the same number of entries."""
    # Entries correspond by position; with other numbers of entries there is nothing to tell which correspond.
    other_collections = {
        collection.name: collection for collection in second.variant.collections if collection.kind == "nodes"
    }
    pairs = [
        (collection, other_collections[collection.name])
        for collection in first.variant.collections
        if collection.kind == "nodes"
        and collection.name in other_collections
        and collection.count == other_collections[collection.name].count
    ]
    tensors: tuple[list[tuple[str, str]], list[tuple[str, str]]] = ([], [])
    for pair in pairs:
        for side in (0, 1):
            tensors[side].extend(
                (f"collection {pair[side].name}, entry {position}", entry)
                for position, entry in enumerate(pair[side].entries)
            )
    return tuple(tensors[0]), tuple(tensors[1])


def _initial_values(meta_graph: Any, collection: str) -> Iterator[tuple[str, str]]:
    if collection not in meta_graph.collection_def:
        return
    for content in meta_graph.collection_def[collection].bytes_list.value:
        try:
            definition = VariableDef.FromString(content)
        except DecodeError:
            continue
        # Variables correspond by name, their initializers by what they compute.
        yield definition.variable_name, definition.initializer_name
