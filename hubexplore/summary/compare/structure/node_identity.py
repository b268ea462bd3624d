"""Numbers for nodes: two nodes have the same number exactly if they compute the same from the same.

A number stands for op, attributes, and the numbers of all that the node takes; both sides share the table of
numbers, so that no hash can collide. Nodes are visited once, inputs first. A loop of TF1 is closed by an edge
from NextIteration to Merge: it counts as unknown at first, and then with the number it got, a few times over.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from hubexplore.summary.compare.structure import attributes
from hubexplore.summary.compare.structure.graph_body import (
    Body,
    Leaves,
    Roots,
    Source,
    argument_leaves,
    function_body,
)
from hubexplore.summary.graph.op_defaults import is_stateful

_MERGES: Final = frozenset({"Merge", "RefMerge"})
_CLOSING: Final = frozenset({"NextIteration", "RefNextIteration"})
_HARMLESS: Final = frozenset(
    {
        "ReadVariableOp", "Assert", "Print", "PrintV2", "HashTable", "HashTableV2", "VarIsInitializedOp",
        "CheckNumericsV2", "NoOp",
    }
)  # fmt: skip
"""Stateful by definition, yet two such nodes in place of one change nothing."""
_ROUNDS: Final = 4
"""How often numbers go round a loop: for loops in loops in loops."""
_MAX_DEPTH: Final = 60
"""Functions that call functions."""
_MAX_VISITS: Final = 10_000
"""Functions that call each other in circles are looked at anew from each; so often at most."""


class Numbers:
    """Things that are equal have one number."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def of(self, thing: Hashable) -> int:
        """Returns the number of a thing, a new one if it is new."""
        return self._numbers.setdefault(thing, len(self._numbers))


@dataclass(frozen=True)
class Numbering:
    """The nodes of one slice.

    Attributes:
      of: node -> its number; in the order in which they can run.
      unsteady: nodes that may give another value when there are two of them, as random numbers do.
      impure: these and all that depend on them.
    """

    of: dict[str, int] = field(default_factory=dict)
    unsteady: set[str] = field(default_factory=set)
    impure: set[str] = field(default_factory=set)


class Side:
    """One of the two graphs that are compared, with its functions.

    Args:
      meta_graph: MetaGraphDef-shaped; not changed.
      body: its graph.
      numbers: shared by both sides.
    """

    def __init__(self, meta_graph: Any, body: Body, numbers: Numbers) -> None:
        library = meta_graph.graph_def.library
        self.body: Final = body
        self.functions: Final = {each.signature.name: each for each in library.function}
        self.numbers: Final = numbers
        self._gradients = {each.function_name: each.gradient_func for each in library.gradient}
        self._known: dict[str, Hashable] = {}
        self._running: list[str] = []
        self._recursive = _MAX_DEPTH
        self._visits = 0

    def label(self, body: Body, name: str) -> int:
        """Returns the number of what a node is by itself: op, attributes, identity."""
        found = body.labels.get(name)
        if found is None:
            node = body.nodes.get(name)
            if node is None:
                label: Hashable = ("missing", name)
            elif name in body.names:
                label = (node.op, body.names[name], self._attributes(node, name in body.names))
            else:
                op: Hashable = node.op
                if node.op in self.functions:
                    op = self.function(node.op)
                label = (op, self._attributes(node))
            found = body.labels[name] = self.numbers.of(label)
        return found

    def _attributes(self, node: Any, named: bool = False) -> Hashable:
        if named and node.op in ("Const", "Placeholder"):
            return ()  # the path of an asset where it was written; the shape of what is fed
        return attributes.canonical(node, self.function)

    def function(self, name: str) -> Hashable:
        """Returns what a function does, and its gradient; functions of other names may do the same."""
        gradient = self._gradients.get(name)
        return self._plain(name) if gradient is None else (self._plain(name), self._plain(gradient))

    def _plain(self, name: str) -> Hashable:
        """Returns what a function does; one that calls itself does so for some depth, not without end."""
        if name in self._known:
            return self._known[name]
        function = self.functions.get(name)
        if function is None or len(self._running) >= _MAX_DEPTH:
            return "function", name
        if name in self._running:
            self._recursive = min(self._recursive, self._running.index(name))
            return "a function that is running"
        level = len(self._running)
        self._running.append(name)
        body, roots = function_body(function)
        found = number(self, body, roots, argument_leaves(body))
        results = tuple(self.taken(body, found, body.source(tensor), {}) for _, tensor in roots.ordered)
        effects = tuple(sorted(found.of[each] for each in roots.loose if each in found.of))
        self._running.pop()
        self._visits += 1
        identity = self.numbers.of(("function", results, effects))
        if self._recursive >= level or self._visits > _MAX_VISITS:
            # What was found does not depend on who is calling.
            self._known[name] = identity
            self._recursive = _MAX_DEPTH
        return identity

    def taken(self, body: Body, found: Numbering, source: Source, leaves: Leaves) -> Hashable:
        """Returns the number of a tensor."""
        leaf = leaves.get(source)
        if leaf is None and source[0] in body.arguments:
            leaf = ("argument", body.arguments.index(source[0]))
        return leaf if leaf is not None else (found.of.get(source[0], -1), source[1])


def number(side: Side, body: Body, roots: Roots, leaves: Leaves) -> Numbering:
    """Numbers all nodes that the roots need, as far as the leaves."""
    order = _inputs_first(body, roots, leaves)
    found = Numbering()
    closing = _closing(body, order)
    for round_ in range(_ROUNDS if closing else 1):
        former = dict(found.of)
        for name in order:
            found.of[name] = _number(side, body, name, found.of, former, closing, leaves)
        if round_ and former == found.of:
            break
    for name in order:
        op = body.nodes[name].op if name in body.nodes else ""
        if is_stateful(op) and op not in _HARMLESS and name not in body.names:
            found.unsteady.add(name)
            found.impure.add(name)
        elif any(source[0] in found.impure for source in body.edges(name).data if source not in leaves):
            found.impure.add(name)
    return found


def _number(  # noqa: PLR0917  # called once per node, where keywords take their time
    side: Side, body: Body, name: str, now: dict[str, int], former: dict[str, int], closing: set[str],
    leaves: Leaves,
) -> int:  # fmt: skip
    data, controls = body.edges(name)
    late = former if name in closing else now
    inputs = tuple(
        leaves[source] if source in leaves else (late.get(source[0], -1), source[1]) for source in data
    )
    waits = tuple(sorted([now.get(each, -1) for each in controls])) if controls else ()
    return side.numbers.of((side.label(body, name), inputs, waits))


def _closing(body: Body, order: Iterable[str]) -> set[str]:
    """Returns the nodes at which loops begin: they take a value of the round before."""
    return {
        name
        for name in order
        if name in body.nodes
        and body.nodes[name].op in _MERGES
        and any(
            source in body.nodes and body.nodes[source].op in _CLOSING for source, _ in body.edges(name).data
        )
    }


def _inputs_first(body: Body, roots: Roots, leaves: Leaves) -> list[str]:
    """Returns all nodes that the roots need, each after what it takes, but for the edges that close loops."""
    order: list[str] = []
    seen: set[str] = set()
    wanted = [body.source(tensor) for _, tensor in roots.ordered]
    stack: list[tuple[str, bool]] = [
        (name, False) for name, _ in (each for each in wanted if each not in leaves)
    ]
    stack += [(name, False) for name in roots.loose]
    stack.reverse()
    outside = {name for name, port in leaves if port == ""}
    while stack:
        name, is_done = stack.pop()
        if is_done:
            order.append(name)
            continue
        if name in seen or name in outside:
            continue
        seen.add(name)
        stack.append((name, True))
        data, controls = body.edges(name)
        stack.extend((source[0], False) for source in data if source not in leaves and source[0] not in seen)
        stack.extend((each, False) for each in controls if each not in seen)
    return order
