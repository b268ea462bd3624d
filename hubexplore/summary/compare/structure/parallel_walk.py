"""Walks through two slices side by side, from their roots to their leaves, and finds where they differ.

A pair of nodes with equal numbers computes the same; below it only sharing is checked, since one random
number is not the same as two. A pair with different numbers is compared itself, then its inputs are. A
difference is therefore reported where it is, and not at all the nodes that depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from hubexplore.summary.compare.structure import attributes
from hubexplore.summary.compare.structure.graph_body import GraphBody, Leaves, Roots, TensorRef
from hubexplore.summary.compare.structure.node_identity import GraphSide, SliceNumbering
from hubexplore.summary.graph.traversal import calls_of_attr


class Finding(NamedTuple):
    """One place where two slices differ.

    Attributes:
      kind: "nodes", "attributes", "constants", "wiring" or "functions".
      name: the node, and which part of it differs: "dense/MatMul: transpose_b".
      first: what the first side has; None if it lacks the node.
      second: what the second side has; None if it lacks the node.
    """

    kind: str
    name: str
    first: str | None
    second: str | None


class StepBudget:
    """The number of steps that a comparison may still take."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> bool:
        """Spends steps; returns False if the budget is exceeded."""
        self.left -= steps
        return self.left >= 0


@dataclass(frozen=True)
class NumberedSlice:
    """One side of a comparison: a body, its roots and leaves, and the numbers of the nodes between them."""

    side: GraphSide
    body: GraphBody
    roots: Roots
    leaves: Leaves
    numbering: SliceNumbering
    _node_of_number: dict[int, str] = field(default_factory=dict)

    def node_with(self, number: int) -> str | None:
        """Returns a node with this number; None if there is no such node."""
        if not self._node_of_number:
            self._node_of_number.update({number: name for name, number in self.numbering.numbers.items()})
        return self._node_of_number.get(number)

    def op(self, name: str) -> str:
        """Returns the op of a node; "nothing" for one that does not exist."""
        node = self.body.nodes.get(name)
        return "nothing" if node is None else str(node.op)


class ParallelWalk:
    """Walks through two slices.

    Args:
      first: the first slice.
      second: the second slice.
      budget: the steps that the walk may take.
      function_name: name of the function that the slices are of; "" for graphs.

    Attributes:
      matched: node of the first slice -> node of the second that it corresponds to.
      calls: pairs of different functions that are called at corresponding places.
    """

    # Invariant: a pair of nodes is compared at most once (`_seen`), and each comparison costs its edges,
    # charged to the budget; so the walk is linear in the pairs it meets, and ends even if a damaged graph has
    # cycles.
    #
    # Three stacks hold the pairs to compare. Data edges come first, because they tell which nodes correspond;
    # control edges have no order and are paired by what is known then; `_deferred` has inputs of nodes of
    # different ops, which probably do not correspond, and are compared only when nothing better is left.
    #
    # `is_certain` means that the two nodes stand at the same place for sure. Only then one node on one side
    # and two on the other are reported as a difference in sharing.

    def __init__(
        self, first: NumberedSlice, second: NumberedSlice, budget: StepBudget, function_name: str = ""
    ) -> None:
        self.first: Final = first
        self.second: Final = second
        self.matched: dict[str, str] = {}
        self.calls: list[tuple[str, str]] = []
        self._partners_back: dict[str, str] = {}
        self._budget = budget
        self._prefix = f"function {function_name}: " if function_name else ""
        self._seen: set[tuple[str, str]] = set()
        self._data_pairs: list[tuple[str, str, bool]] = []
        self._control_pairs: list[tuple[str, str, bool]] = []
        self._reported: set[str] = set()
        self._deferred: list[tuple[str, TensorRef, TensorRef]] = []

    def findings(self) -> Iterator[Finding]:
        """Yields the differences, each once."""
        tensors, other_tensors = dict(self.first.roots.ordered), dict(self.second.roots.ordered)
        for role in (role for role in tensors if role in other_tensors):
            yield from self._edge_findings(
                role,
                self.first.body.tensor_ref(tensors[role]),
                self.second.body.tensor_ref(other_tensors[role]),
            )
        yield from self._compare_unordered()
        while self._data_pairs or self._control_pairs or self._deferred:
            if not (self._data_pairs or self._control_pairs):
                yield from self._edge_findings(*self._deferred.pop(), is_certain=False)
                continue
            name, other_name, is_certain = (self._data_pairs or self._control_pairs).pop()
            if (name, other_name) in self._seen:
                continue
            data, controls = self.first.body.edges(name)
            if not self._budget.spend(1 + len(data) + len(controls)):
                return
            self._seen.add((name, other_name))
            if self.first.numbering.numbers.get(name, -1) == self.second.numbering.numbers.get(
                other_name, -2
            ):
                yield from self._walk_equal(name, other_name, is_certain)
            else:
                yield from self._walk_unequal(name, other_name, is_certain)

    # ---- pairs

    def _walk_equal(self, name: str, other_name: str, is_certain: bool) -> Iterator[Finding]:
        partner, other_partner = (
            self.matched.setdefault(name, other_name),
            self._partners_back.setdefault(other_name, name),
        )
        if (partner, other_partner) != (other_name, name):
            if name not in self.first.numbering.impure:
                return  # one node in place of two that compute the same: no difference
            if is_certain and name in self.first.numbering.nondeterministic:
                if name not in self._reported:
                    self._reported.add(name)
                    yield self._sharing_finding(name, other_name, partner, other_partner)
                return
        data, controls = self.first.body.edges(name)
        other_data, other_controls = self.second.body.edges(other_name)
        for source, other_source in zip(data, other_data, strict=True):
            if source not in self.first.leaves and other_source not in self.second.leaves:
                self._data_pairs.append((source[0], other_source[0], is_certain))
        if controls:
            self._control_pairs += (
                (*pair, is_certain and len(controls) == 1)
                for pair in self._pairs(controls, other_controls)[0]
            )

    def _sharing_finding(self, name: str, other_name: str, partner: str, other_partner: str) -> Finding:
        """Returns the finding that one node on one side is two on the other, which may return two values."""
        if partner != other_name:
            return self._finding(
                "wiring", f"{name}: used in two places", name, " and ".join(sorted((partner, other_name)))
            )
        return self._finding(
            "wiring",
            f"{other_name}: used in two places",
            " and ".join(sorted((other_partner, name))),
            other_name,
        )

    def _walk_unequal(self, node_name: str, other_name: str, is_certain: bool) -> Iterator[Finding]:
        self.matched.setdefault(node_name, other_name)
        self._partners_back.setdefault(other_name, node_name)
        label = node_name if node_name == other_name else f"{node_name} (in the second {other_name})"
        if self._is_other_op(node_name, other_name):
            yield self._finding("nodes", label, self.first.op(node_name), self.second.op(other_name))
        elif self.first.side.label(self.first.body, node_name) != self.second.side.label(
            self.second.body, other_name
        ):
            yield from self._label_findings(node_name, other_name, label)
        data, controls = self.first.body.edges(node_name)
        other_data, other_controls = self.second.body.edges(other_name)
        if len(data) != len(other_data) and not self._is_other_op(node_name, other_name):
            counts = (f"{len(inputs):,}" for inputs in (data, other_data))
            yield self._finding("wiring", f"{label}: number of inputs", *counts)
        for position, (source, other_source) in enumerate(zip(data, other_data, strict=False)):
            yield from self._edge_findings(f"{label}: input {position}", source, other_source, is_certain)
        if controls or other_controls:
            pairs, unpaired, other_unpaired = self._pairs(controls, other_controls)
            self._control_pairs += ((*pair, False) for pair in pairs)
            if unpaired or other_unpaired:
                texts = (", ".join(nodes) or "nothing else" for nodes in (unpaired, other_unpaired))
                yield self._finding("wiring", f"{label}: runs after", *texts)

    def _is_other_op(self, name: str, other_name: str) -> bool:
        ops = self.first.op(name), self.second.op(other_name)
        are_functions = ops[0] in self.first.side.functions and ops[1] in self.second.side.functions
        return ops[0] != ops[1] and not are_functions

    def _label_findings(self, name: str, other_name: str, label: str) -> Iterator[Finding]:
        """Yields how two nodes of the same op differ in identity, called function or attributes."""
        node, other_node = self.first.body.nodes[name], self.second.body.nodes[other_name]
        identities = self.first.body.identities.get(name), self.second.body.identities.get(other_name)
        if identities[0] != identities[1]:
            texts = ("no variable or asset" if identity is None else str(identity) for identity in identities)
            yield self._finding("wiring", f"{label}: stands for", *texts)
        if node.op != other_node.op:
            self.calls.append((node.op, other_node.op))
        for attribute in sorted({*attributes.relevant(node), *attributes.relevant(other_node)}):
            yield from self._attribute_findings(node, other_node, attribute, label)

    def _attribute_findings(
        self, node: Any, other_node: Any, attribute: str, label: str
    ) -> Iterator[Finding]:
        values = [
            attributes.value_of_node(compared_node, attribute, side.function)
            for compared_node, side in ((node, self.first.side), (other_node, self.second.side))
        ]
        if values[0] == values[1]:
            return
        calls = [
            [call.name for call in calls_of_attr(compared_node.attr[attribute])]
            if attribute in compared_node.attr
            else []
            for compared_node in (node, other_node)
        ]
        # The functions differ somewhere inside; a walk through their bodies finds where.
        if calls[0] and len(calls[0]) == len(calls[1]):
            self.calls += zip(*calls, strict=True)
            return
        texts = attributes.text(node, attribute, other_node), attributes.text(other_node, attribute, node)
        if node.op == "Const" and attribute == "value":
            yield self._finding("constants", label, *texts)
        else:
            yield self._finding("attributes", f"{label}: {attribute}", *texts)

    # ---- edges

    def _edge_findings(
        self, label: str, source: TensorRef, other_source: TensorRef, is_certain: bool = True
    ) -> Iterator[Finding]:
        leaf, other_leaf = self.first.leaves.get(source), self.second.leaves.get(other_source)
        if leaf is not None or other_leaf is not None:
            if leaf != other_leaf:
                yield self._source_finding(label, source, other_source)
            return
        (name, port), (other_name, other_port) = source, other_source
        if name != other_name and self._number(self.first, name) != self._number(self.second, other_name):
            yield from self._node_findings(label, source, other_source, is_certain)
            return
        if port != other_port:
            yield self._finding(
                "wiring", label, f"output {port} of {name}", f"output {other_port} of {other_name}"
            )
        self._data_pairs.append((name, other_name, is_certain))

    def _node_findings(
        self, label: str, source: TensorRef, other_source: TensorRef, is_certain: bool
    ) -> Iterator[Finding]:
        """Compares two nodes of different names that do not compute the same."""
        # If one of them has a partner elsewhere, the other one was inserted before it or stands in its place.
        # Then the partners are compared, so that an inserted op is one finding and what lies below it none.
        name, other_name = source[0], other_source[0]
        partner, other_partner = self._partners_of(name, other_name)
        if partner is not None:
            self._data_pairs.append((name, partner, is_certain))
        if other_partner is not None:
            self._data_pairs.append((other_partner, other_name, is_certain))
        if partner is not None or other_partner is not None:
            if partner is None and self._reads(self.first, name, other_partner):
                yield self._finding("nodes", name, self.first.op(name), None)
            elif other_partner is None and self._reads(self.second, other_name, partner):
                yield self._finding("nodes", other_name, None, self.second.op(other_name))
            else:
                yield self._source_finding(label, source, other_source)
        elif self._is_other_op(name, other_name):
            yield self._source_finding(label, source, other_source)
            inputs, other_inputs = self.first.body.edges(name).data, self.second.body.edges(other_name).data
            if len(inputs) == len(other_inputs) and self._budget.spend():
                for position, (tensor, other_tensor) in enumerate(zip(inputs, other_inputs, strict=True)):
                    self._deferred.append(
                        (f"{name} (in the second {other_name}): input {position}", tensor, other_tensor)
                    )
        else:
            self._data_pairs.append((name, other_name, is_certain))

    def _reads(self, graph_slice: NumberedSlice, name: str, source: str | None) -> bool:
        return any(producer == source for producer, _ in graph_slice.body.edges(name).data)

    def _source_finding(self, label: str, source: TensorRef, other_source: TensorRef) -> Finding:
        return self._finding(
            "wiring",
            label,
            self._source_text(self.first, source),
            self._source_text(self.second, other_source),
        )

    def _partners_of(self, name: str, other_name: str) -> tuple[str | None, str | None]:
        """Returns the partners of two nodes on the other side: by name and op, else by what they compute."""
        partner = (
            name if name in self.second.numbering.numbers and not self._is_other_op(name, name) else None
        )
        other_partner = (
            other_name
            if other_name in self.first.numbering.numbers and not self._is_other_op(other_name, other_name)
            else None
        )
        if self._is_other_op(name, other_name):
            if partner is None and self.first.body.edges(name).data:
                partner = self.second.node_with(self._number(self.first, name))
            if other_partner is None and self.second.body.edges(other_name).data:
                other_partner = self.first.node_with(self._number(self.second, other_name))
        return partner, other_partner

    def _source_text(self, graph_slice: NumberedSlice, source: TensorRef) -> str:
        leaf = graph_slice.leaves.get(source)
        if leaf is not None:
            return str(leaf)
        name, port = source
        output = "" if port in ("0", "") else f", output {port}"
        return f"{graph_slice.op(name)} {name}{output}"

    def _number(self, graph_slice: NumberedSlice, name: str) -> int:
        return graph_slice.numbering.numbers.get(name, -1)

    # ---- what has no order

    def _compare_unordered(self) -> Iterator[Finding]:
        pairs, unpaired, other_unpaired = self._pairs(self.first.roots.unordered, self.second.roots.unordered)
        self._control_pairs += ((*pair, False) for pair in pairs)
        yield from (self._finding("nodes", name, self.first.op(name), None) for name in unpaired)
        yield from (self._finding("nodes", name, None, self.second.op(name)) for name in other_unpaired)

    def _pairs(
        self, names: Iterable[str], other_names: Iterable[str]
    ) -> tuple[list[tuple[str, str]], list[str], list[str]]:
        """Pairs the nodes of two sets; returns the pairs, and the nodes that are left on either side."""
        # Pairs are made in the order of certainty: nodes matched before, nodes of one name that compute the
        # same, nodes that compute the same, nodes of one name, nodes of one op. Each step is linear in the
        # nodes left.
        unpaired, other_unpaired = list(names), dict.fromkeys(other_names)
        pairs: list[tuple[str, str]] = []
        number_of, other_number_of = self.first.numbering.numbers.get, self.second.numbering.numbers.get

        def pair_by(partner: Callable[[str], str | None]) -> None:
            rest = []
            for name in unpaired:
                partner_name = partner(name)
                if partner_name is not None and partner_name in other_unpaired:
                    pairs.append((name, partner_name))
                    del other_unpaired[partner_name]
                else:
                    rest.append(name)
            unpaired[:] = rest

        def same(name: str, other: str | None) -> str | None:
            return other if other is not None and number_of(name) == other_number_of(other) else None

        pair_by(lambda name: same(name, self.matched.get(name)))
        pair_by(lambda name: same(name, name))
        _pair_by_key(unpaired, other_unpaired, pairs, number_of, other_number_of)
        pair_by(lambda name: name)
        _pair_by_key(unpaired, other_unpaired, pairs, self.first.op, self.second.op)
        return pairs, unpaired, list(other_unpaired)

    def _finding(self, kind: str, name: str, first: str | None, second: str | None) -> Finding:
        return Finding(kind, f"{self._prefix}{name}", first, second)


def _pair_by_key(
    unpaired: list[str], other_unpaired: dict[str, None], pairs: list[tuple[str, str]],
    key: Callable[[str], Hashable], other_key: Callable[[str], Hashable],
) -> None:  # fmt: skip
    """Pairs nodes with the same key, in order, and removes them from both sides."""
    names_by_key: dict[Hashable, list[str]] = {}
    for name in other_unpaired:
        names_by_key.setdefault(other_key(name), []).append(name)
    for names in names_by_key.values():
        names.reverse()
    rest = []
    for name in unpaired:
        candidates = names_by_key.get(key(name))
        if candidates:
            partner = candidates.pop()
            pairs.append((name, partner))
            del other_unpaired[partner]
        else:
            rest.append(name)
    unpaired[:] = rest
