"""Two slices side by side, from their roots to their leaves: where do they part?

Nodes of equal numbers compute the same; below them only what is shared is looked at, as two random numbers
are not one. Nodes of other numbers are compared themselves, and then what they take: so a difference is found
where it is, not at all the nodes that depend on it. Each pair is looked at once, and all within a budget.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from hubexplore.summary.compare.structure import attributes
from hubexplore.summary.compare.structure.graph_body import Body, Leaves, Roots, Source
from hubexplore.summary.compare.structure.node_identity import Numbering, Side
from hubexplore.summary.graph.traversal import calls_of_attr


class Finding(NamedTuple):
    """One place where two slices part.

    Attributes:
      kind: "nodes", "attributes", "constants" or "wiring".
      name: node, and what of it: "dense/MatMul: transpose_b".
      first: what the first side has; None if it lacks the node.
      second: what the second side has.
    """

    kind: str
    name: str
    first: str | None
    second: str | None


class Budget:
    """How many steps may still be taken."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> bool:
        """Takes so many steps; False if there are not so many."""
        self.left -= steps
        return self.left >= 0


@dataclass(frozen=True)
class Slice:
    """One side of a comparison: a body, where it starts and ends, and the numbers of what lies between."""

    side: Side
    body: Body
    roots: Roots
    leaves: Leaves
    numbers: Numbering
    _by_number: dict[int, str] = field(default_factory=dict)

    def alike(self, number: int) -> str | None:
        """Returns a node with this number."""
        if not self._by_number:
            self._by_number.update({each: name for name, each in self.numbers.of.items()})
        return self._by_number.get(number)

    def op(self, name: str) -> str:
        """Returns the op of a node; "nothing" for one that does not exist."""
        node = self.body.nodes.get(name)
        return "nothing" if node is None else str(node.op)


class Walk:
    """Goes through two slices.

    Args:
      first: one slice.
      second: the other.
      budget: what the walk may cost.
      within: name of the function that the slices are of, "" for graphs.

    Attributes:
      matched: node of the first -> node of the second that it corresponds to.
      calls: pairs of functions that are called at places that correspond, and do not do the same.
    """

    def __init__(self, first: Slice, second: Slice, budget: Budget, within: str = "") -> None:
        self.first: Final = first
        self.second: Final = second
        self.matched: dict[str, str] = {}
        self.calls: list[tuple[str, str]] = []
        self._back: dict[str, str] = {}
        self._budget = budget
        self._within = f"function {within}: " if within else ""
        self._seen: set[tuple[str, str]] = set()
        self._data: list[tuple[str, str, bool]] = []
        self._controls: list[tuple[str, str, bool]] = []
        self._told: set[str] = set()
        self._late: list[tuple[str, Source, Source]] = []

    def findings(self) -> Iterator[Finding]:
        """Yields what is not the same, each once."""
        here, there = dict(self.first.roots.ordered), dict(self.second.roots.ordered)
        for role in (each for each in here if each in there):
            yield from self._edge(
                role, self.first.body.source(here[role]), self.second.body.source(there[role])
            )
        yield from self._loose()
        while self._data or self._controls or self._late:
            if not (self._data or self._controls):
                yield from self._edge(*self._late.pop(), is_sure=False)
                continue
            one, other, is_sure = (self._data or self._controls).pop()
            if (one, other) in self._seen:
                continue
            data, controls = self.first.body.edges(one)
            if not self._budget.spend(1 + len(data) + len(controls)):
                return
            self._seen.add((one, other))
            if self.first.numbers.of.get(one, -1) == self.second.numbers.of.get(other, -2):
                yield from self._equal(one, other, is_sure)
            else:
                yield from self._unequal(one, other, is_sure)

    # ---- pairs

    def _equal(self, one: str, other: str, is_sure: bool) -> Iterator[Finding]:
        partner, other_partner = self.matched.setdefault(one, other), self._back.setdefault(other, one)
        if (partner, other_partner) != (other, one):
            if one not in self.first.numbers.impure:
                return  # one node in place of two that give the same
            if is_sure and one in self.first.numbers.unsteady:
                if one not in self._told:
                    self._told.add(one)
                    yield self._shared(one, other, partner, other_partner)
                return
        data, controls = self.first.body.edges(one)
        other_data, other_controls = self.second.body.edges(other)
        for source, other_source in zip(data, other_data, strict=True):
            if source not in self.first.leaves and other_source not in self.second.leaves:
                self._data.append((source[0], other_source[0], is_sure))
        if controls:
            self._controls += (
                (*pair, is_sure and len(controls) == 1) for pair in self._pairs(controls, other_controls)[0]
            )

    def _shared(self, one: str, other: str, partner: str, other_partner: str) -> Finding:
        """Says that what is one node on one side is two on the other, which give two values."""
        if partner != other:
            return self._finding(
                "wiring", f"{one}: used in two places", one, " and ".join(sorted((partner, other)))
            )
        return self._finding(
            "wiring", f"{other}: used in two places", " and ".join(sorted((other_partner, one))), other
        )

    def _unequal(self, one: str, other: str, is_sure: bool) -> Iterator[Finding]:
        self.matched.setdefault(one, other)
        self._back.setdefault(other, one)
        name = one if one == other else f"{one} (in the second {other})"
        if self._is_other_op(one, other):
            yield self._finding("nodes", name, self.first.op(one), self.second.op(other))
        elif self.first.side.label(self.first.body, one) != self.second.side.label(self.second.body, other):
            yield from self._labels(one, other, name)
        data, controls = self.first.body.edges(one)
        other_data, other_controls = self.second.body.edges(other)
        if len(data) != len(other_data) and not self._is_other_op(one, other):
            counts = (f"{len(each):,}" for each in (data, other_data))
            yield self._finding("wiring", f"{name}: number of inputs", *counts)
        for number, (source, other_source) in enumerate(zip(data, other_data, strict=False)):
            yield from self._edge(f"{name}: input {number}", source, other_source, is_sure)
        if controls or other_controls:
            pairs, left, other_left = self._pairs(controls, other_controls)
            self._controls += ((*pair, False) for pair in pairs)
            if left or other_left:
                texts = (", ".join(each) or "nothing else" for each in (left, other_left))
                yield self._finding("wiring", f"{name}: runs after", *texts)

    def _is_other_op(self, one: str, other: str) -> bool:
        ops = self.first.op(one), self.second.op(other)
        are_functions = ops[0] in self.first.side.functions and ops[1] in self.second.side.functions
        return ops[0] != ops[1] and not are_functions

    def _labels(self, one: str, other: str, name: str) -> Iterator[Finding]:
        """Yields what two nodes of one op say of themselves that is not the same."""
        node, other_node = self.first.body.nodes[one], self.second.body.nodes[other]
        identities = self.first.body.names.get(one), self.second.body.names.get(other)
        if identities[0] != identities[1]:
            texts = ("nothing of its own" if each is None else str(each) for each in identities)
            yield self._finding("wiring", f"{name}: stands for", *texts)
        if node.op != other_node.op:
            self.calls.append((node.op, other_node.op))
        for attribute in sorted({*attributes.relevant(node), *attributes.relevant(other_node)}):
            yield from self._attribute(node, other_node, attribute, name)

    def _attribute(self, node: Any, other: Any, attribute: str, name: str) -> Iterator[Finding]:
        values = [
            attributes.value_of_node(each, attribute, side.function)
            for each, side in ((node, self.first.side), (other, self.second.side))
        ]
        if values[0] == values[1]:
            return
        calls = [
            [call.name for call in calls_of_attr(each.attr[attribute])] if attribute in each.attr else []
            for each in (node, other)
        ]
        if calls[0] and len(calls[0]) == len(calls[1]):
            self.calls += zip(*calls, strict=True)
            return
        texts = attributes.text(node, attribute, other), attributes.text(other, attribute, node)
        if node.op == "Const" and attribute == "value":
            yield self._finding("constants", name, *texts)
        else:
            yield self._finding("attributes", f"{name}: {attribute}", *texts)

    # ---- edges

    def _edge(self, place: str, source: Source, other: Source, is_sure: bool = True) -> Iterator[Finding]:
        leaf, other_leaf = self.first.leaves.get(source), self.second.leaves.get(other)
        if leaf is not None or other_leaf is not None:
            if leaf != other_leaf:
                yield self._other_source(place, source, other)
            return
        (one, port), (two, other_port) = source, other
        if one != two and self._number(self.first, one) != self._number(self.second, two):
            yield from self._other_nodes(place, source, other, is_sure)
            return
        if port != other_port:
            yield self._finding("wiring", place, f"output {port} of {one}", f"output {other_port} of {two}")
        self._data.append((one, two, is_sure))

    def _other_nodes(self, place: str, source: Source, other: Source, is_sure: bool) -> Iterator[Finding]:
        """Compares nodes of two names that do not compute the same: is one of them new, or in the way?"""
        one, two = source[0], other[0]
        partner, other_partner = self._partner(one, two)
        if partner is not None:
            self._data.append((one, partner, is_sure))
        if other_partner is not None:
            self._data.append((other_partner, two, is_sure))
        if partner is not None or other_partner is not None:
            if partner is None and self._takes(self.first, one, other_partner):
                yield self._finding("nodes", one, self.first.op(one), None)
            elif other_partner is None and self._takes(self.second, two, partner):
                yield self._finding("nodes", two, None, self.second.op(two))
            else:
                yield self._other_source(place, source, other)
        elif self._is_other_op(one, two):
            yield self._other_source(place, source, other)
            inputs, other_inputs = self.first.body.edges(one).data, self.second.body.edges(two).data
            if len(inputs) == len(other_inputs) and self._budget.spend():
                for number, (taken, other_taken) in enumerate(zip(inputs, other_inputs, strict=True)):
                    self._late.append((f"{one} (in the second {two}): input {number}", taken, other_taken))
        else:
            self._data.append((one, two, is_sure))

    def _takes(self, side: Slice, name: str, source: str | None) -> bool:
        return any(each == source for each, _ in side.body.edges(name).data)

    def _other_source(self, place: str, source: Source, other: Source) -> Finding:
        return self._finding(
            "wiring", place, self._taken(self.first, source), self._taken(self.second, other)
        )

    def _partner(self, one: str, two: str) -> tuple[str | None, str | None]:
        """Returns what corresponds to `one` in the second slice, and to `two` in the first, if anything."""
        partner = one if one in self.second.numbers.of and not self._is_other_op(one, one) else None
        other_partner = two if two in self.first.numbers.of and not self._is_other_op(two, two) else None
        if self._is_other_op(one, two):
            if partner is None and self.first.body.edges(one).data:
                partner = self.second.alike(self._number(self.first, one))
            if other_partner is None and self.second.body.edges(two).data:
                other_partner = self.first.alike(self._number(self.second, two))
        return partner, other_partner

    def _taken(self, side: Slice, source: Source) -> str:
        leaf = side.leaves.get(source)
        if leaf is not None:
            return str(leaf)
        name, port = source
        output = "" if port in ("0", "") else f", output {port}"
        return f"{side.op(name)} {name}{output}"

    def _number(self, side: Slice, name: str) -> int:
        return side.numbers.of.get(name, -1)

    # ---- what has no order

    def _loose(self) -> Iterator[Finding]:
        pairs, left, other_left = self._pairs(self.first.roots.loose, self.second.roots.loose)
        self._controls += ((*pair, False) for pair in pairs)
        yield from (self._finding("nodes", each, self.first.op(each), None) for each in left)
        yield from (self._finding("nodes", each, None, self.second.op(each)) for each in other_left)

    def _pairs(
        self, names: Iterable[str], others: Iterable[str]
    ) -> tuple[list[tuple[str, str]], list[str], list[str]]:
        """Returns which nodes of two sets belong together, and those that are left on either side.

        In this order: those matched already, those of one name, those that do the same, those of one op.
        """
        left, right = list(names), dict.fromkeys(others)
        pairs: list[tuple[str, str]] = []
        number, other_number = self.first.numbers.of.get, self.second.numbers.of.get

        def take(partner: Callable[[str], str | None]) -> None:
            rest = []
            for name in left:
                found = partner(name)
                if found is not None and found in right:
                    pairs.append((name, found))
                    del right[found]
                else:
                    rest.append(name)
            left[:] = rest

        def same(name: str, other: str | None) -> str | None:
            return other if other is not None and number(name) == other_number(other) else None

        take(lambda name: same(name, self.matched.get(name)))
        take(lambda name: same(name, name))
        _take_by(left, right, pairs, number, other_number)
        take(lambda name: name)
        _take_by(left, right, pairs, self.first.op, self.second.op)
        return pairs, left, list(right)

    def _finding(self, kind: str, name: str, first: str | None, second: str | None) -> Finding:
        return Finding(kind, f"{self._within}{name}", first, second)


def _take_by(
    left: list[str], right: dict[str, None], pairs: list[tuple[str, str]],
    key: Callable[[str], Hashable], other_key: Callable[[str], Hashable],
) -> None:  # fmt: skip
    """Pairs what has the same key, in order, and takes it from both sides."""
    waiting: dict[Hashable, list[str]] = {}
    for name in right:
        waiting.setdefault(other_key(name), []).append(name)
    for found in waiting.values():
        found.reverse()
    rest = []
    for name in left:
        candidates = waiting.get(key(name))
        if candidates:
            partner = candidates.pop()
            pairs.append((name, partner))
            del right[partner]
        else:
            rest.append(name)
    left[:] = rest
