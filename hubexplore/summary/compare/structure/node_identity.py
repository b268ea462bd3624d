"""Numbers nodes so that two nodes have the same number exactly if they compute the same from the same inputs.

A number stands for op, attributes, and the numbers of all inputs (hash-consing, as compilers do for common
subexpressions). Both sides share one table of numbers, and the table compares values, so hashes cannot
collide. Nodes are visited once, inputs first: linear in nodes and edges.

A loop of TF1 is closed by an edge from NextIteration to Merge, so no order has all inputs first. Such an edge
counts as unknown in the first round, then with the number of the round before, until nothing changes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from hubexplore.summary.compare.structure import attributes
from hubexplore.summary.compare.structure.graph_body import (
    GraphBody,
    Leaves,
    Roots,
    TensorRef,
    argument_leaves,
    function_body,
)
from hubexplore.summary.graph.ops.op_defaults import is_stateful

_MERGE_OPS: Final = frozenset({"Merge", "RefMerge"})
_NEXT_ITERATION_OPS: Final = frozenset({"NextIteration", "RefNextIteration"})
_IDEMPOTENT_OPS: Final = frozenset(
    {
        "ReadVariableOp", "Assert", "Print", "PrintV2", "HashTable", "HashTableV2", "VarIsInitializedOp",
        "CheckNumericsV2", "NoOp",
    }
)  # fmt: skip
"""Ops that are stateful by definition, but two nodes of which do the same as one."""
_ROUNDS: Final = 4
"""Maximum number of times that numbers go round a loop, enough for loops nested three deep."""
_MAX_DEPTH: Final = 60
"""Maximum depth of functions that call functions; evaluating one takes several Python frames."""
_MAX_EVALUATIONS: Final = 10_000
"""Number of evaluated functions after which results are kept even inside a recursion."""


class IdentityTable:
    """Gives equal values the same number."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def number_of(self, value: Hashable) -> int:
        """Returns the number of a value; a new number for a new value."""
        return self._numbers.setdefault(value, len(self._numbers))


@dataclass(frozen=True)
class SliceNumbering:
    """The numbers of the nodes of one slice.

    Attributes:
      numbers: node -> its number, in an order in which the nodes can run.
      nondeterministic: nodes of which two may return different values, as ops that draw random numbers.
      impure: these nodes and all that depend on them.
    """

    numbers: dict[str, int] = field(default_factory=dict)
    nondeterministic: set[str] = field(default_factory=set)
    impure: set[str] = field(default_factory=set)


class GraphSide:
    """One of the two compared graphs, with its functions.

    Args:
      meta_graph: MetaGraphDef-shaped message; it is not changed.
      body: body of its graph.
      numbers: the table that both sides share.
    """

    def __init__(self, meta_graph: Any, body: GraphBody, numbers: IdentityTable) -> None:
        library = meta_graph.graph_def.library
        self.body: Final = body
        self.functions: Final = {function.signature.name: function for function in library.function}
        self.numbers: Final = numbers
        self._gradients = {gradient.function_name: gradient.gradient_func for gradient in library.gradient}
        self._identities: dict[str, Hashable] = {}
        self._call_stack: list[str] = []
        self._outermost_recursion = _MAX_DEPTH
        self._evaluations = 0

    def label(self, body: GraphBody, name: str) -> int:
        """Returns the number of what a node is apart from its inputs: op, attributes, identity."""
        number = body.labels.get(name)
        if number is None:
            node = body.nodes.get(name)
            if node is None:
                label: Hashable = ("missing", name)
            elif name in body.identities:
                label = (node.op, body.identities[name], self._attributes(node, name in body.identities))
            else:
                op: Hashable = node.op
                if node.op in self.functions:
                    op = self.function(node.op)
                label = (op, self._attributes(node))
            number = body.labels[name] = self.numbers.number_of(label)
        return number

    def _attributes(self, node: Any, has_identity: bool = False) -> Hashable:
        if has_identity and node.op in ("Const", "Placeholder"):
            return ()  # the path where an asset was written, or the shape of a tensor that is fed
        return attributes.canonical(node, self.function)

    def function(self, name: str) -> Hashable:
        """Returns the identity of a function and its gradient; functions of other names may have the same."""
        gradient = self._gradients.get(name)
        identity = self._identity_of(name)
        return identity if gradient is None else (identity, self._identity_of(gradient))

    def _identity_of(self, name: str) -> Hashable:
        """Returns the identity of a function without its gradient."""
        # A call of a function that is being evaluated has a fixed identity. What is found meanwhile depends
        # on which function the evaluation started at, so it is kept only once the outermost function of the
        # recursion is done: `_outermost_recursion` is the lowest position in the call stack that was called
        # again. Functions that call each other in many cycles would cost exponential time that way; after
        # `_MAX_EVALUATIONS` results are kept at once, whatever they depend on.
        if name in self._identities:
            return self._identities[name]
        function = self.functions.get(name)
        if function is None or len(self._call_stack) >= _MAX_DEPTH:
            return "function", name
        if name in self._call_stack:
            self._outermost_recursion = min(self._outermost_recursion, self._call_stack.index(name))
            return "a function that is running"
        level = len(self._call_stack)
        self._call_stack.append(name)
        body, roots = function_body(function)
        numbering = number_nodes(self, body, roots, argument_leaves(body))
        results = tuple(
            self.tensor_identity(body, numbering, body.tensor_ref(tensor), {}) for _, tensor in roots.ordered
        )
        effects = tuple(
            sorted(numbering.numbers[node] for node in roots.unordered if node in numbering.numbers)
        )
        self._call_stack.pop()
        self._evaluations += 1
        identity = self.numbers.number_of(("function", results, effects))
        if self._outermost_recursion >= level or self._evaluations > _MAX_EVALUATIONS:
            # No function below this one in the call stack was called again, so the result holds for any
            # caller.
            self._identities[name] = identity
            self._outermost_recursion = _MAX_DEPTH
        return identity

    def tensor_identity(
        self, body: GraphBody, numbering: SliceNumbering, source: TensorRef, leaves: Leaves
    ) -> Hashable:
        """Returns the identity of a tensor: of a leaf, an argument, or an output of a numbered node."""
        # An argument may also be returned as it is, so it can be a root and not only a leaf.
        leaf = leaves.get(source)
        if leaf is None and source[0] in body.arguments:
            leaf = ("argument", body.arguments.index(source[0]))
        return leaf if leaf is not None else (numbering.numbers.get(source[0], -1), source[1])


def number_nodes(side: GraphSide, body: GraphBody, roots: Roots, leaves: Leaves) -> SliceNumbering:
    """Numbers all nodes that the roots need, down to the leaves."""
    # Invariant: within a round, every input of a node is numbered before the node, except the inputs of loop
    # heads, which take the numbers of the round before. Rounds stop when nothing changes, at the latest after
    # `_ROUNDS`; without loops one round is exact.
    order = _inputs_first(body, roots, leaves)
    numbering = SliceNumbering()
    loop_heads = _loop_heads(body, order)
    for iteration in range(_ROUNDS if loop_heads else 1):
        previous = dict(numbering.numbers)
        for name in order:
            numbering.numbers[name] = _identity_number(
                side, body, name, numbering.numbers, previous, loop_heads, leaves
            )
        if iteration and previous == numbering.numbers:
            break
    for name in order:
        op = body.nodes[name].op if name in body.nodes else ""
        if is_stateful(op) and op not in _IDEMPOTENT_OPS and name not in body.identities:
            numbering.nondeterministic.add(name)
            numbering.impure.add(name)
        elif any(source[0] in numbering.impure for source in body.edges(name).data if source not in leaves):
            numbering.impure.add(name)
    return numbering


def _identity_number(  # noqa: PLR0917  # called once per node, where keywords take their time
    side: GraphSide, body: GraphBody, name: str, numbers: dict[str, int], previous: dict[str, int],
    loop_heads: set[str], leaves: Leaves,
) -> int:  # fmt: skip
    data, controls = body.edges(name)
    producers = previous if name in loop_heads else numbers
    inputs = tuple(
        leaves[source] if source in leaves else (producers.get(source[0], -1), source[1]) for source in data
    )
    # The order of control edges means nothing.
    waits = tuple(sorted([numbers.get(control, -1) for control in controls])) if controls else ()
    return side.numbers.number_of((side.label(body, name), inputs, waits))


def _loop_heads(body: GraphBody, order: Iterable[str]) -> set[str]:
    """Returns the nodes at which loops begin: they take a value of the previous iteration."""
    return {
        name
        for name in order
        if name in body.nodes
        and body.nodes[name].op in _MERGE_OPS
        and any(
            source in body.nodes and body.nodes[source].op in _NEXT_ITERATION_OPS
            for source, _ in body.edges(name).data
        )
    }


def _inputs_first(body: GraphBody, roots: Roots, leaves: Leaves) -> list[str]:
    """Returns all nodes that the roots need, each after its inputs, except for the edges that close loops."""
    # An explicit stack instead of recursion: a chain of ops may be longer than Python's recursion limit.
    order: list[str] = []
    seen: set[str] = set()
    root_tensors = [body.tensor_ref(tensor) for _, tensor in roots.ordered]
    stack: list[tuple[str, bool]] = [
        (name, False) for name, _ in (tensor for tensor in root_tensors if tensor not in leaves)
    ]
    stack += [(name, False) for name in roots.unordered]
    # The stack is taken from its end; reversed, nodes get their numbers in the order of the roots.
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
        stack.extend((control, False) for control in controls if control not in seen)
    return order
