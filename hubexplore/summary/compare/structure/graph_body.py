"""A graph, or the body of a function, as nodes whose edges are parsed once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from hubexplore.summary.graph.ops.op_defaults import is_stateful

Port = str
TensorRef = tuple[str, Port]
"""A tensor: the node that computes it, and its output: "0" in a graph, "output:0" in a function."""
Leaves = Mapping[TensorRef, Hashable]
"""Tensors that come from outside a slice, and the identity of each."""

ARGUMENT: Final = ""
"""Port of an argument of a function."""
_FIRST_MESSAGE: Final = 1
"""Number of inputs of `Assert` that matter: those after the condition are its message."""


class Edges(NamedTuple):
    """The inputs of a node: tensors in order, and the nodes that it waits for."""

    data: tuple[TensorRef, ...]
    controls: tuple[str, ...]


@dataclass(frozen=True)
class GraphBody:
    """The nodes of a graph or a function by name, and the arguments of the function.

    Attributes:
      nodes: name -> NodeDef-shaped message.
      arguments: names of the arguments of a function, in order; empty for a graph.
      identities: node -> what it stands for by itself, as variables and paths of assets do.
      labels: node -> number of what it is apart from its inputs; filled by `GraphSide.label`.
    """

    nodes: Mapping[str, Any]
    arguments: tuple[str, ...] = ()
    identities: Mapping[str, Hashable] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    _edges: dict[str, Edges] = field(default_factory=dict)

    def edges(self, name: str) -> Edges:
        """Returns the edges of a node; none for a node that does not exist."""
        # Parsed on demand and kept: a signature needs a part of the graph, and several signatures share
        # parts.
        edges = self._edges.get(name)
        if edges is None:
            edges = self._edges[name] = self._parsed_edges(name)
        return edges

    def tensor_ref(self, tensor: str) -> TensorRef:
        """Returns the tensor of a name such as "node", "node:1" or, in a function, "node:output:0"."""
        producer, colon, port = tensor.partition(":")
        if not colon:
            return producer, ARGUMENT if producer in self.arguments else "0"
        return producer, port

    def _parsed_edges(self, name: str) -> Edges:
        node = self.nodes.get(name)
        if node is None:
            return Edges((), ())
        data, controls = [], []
        for edge in node.input:
            if edge[:1] == "^":
                controls.append(edge[1:])
            else:
                data.append(self.tensor_ref(edge))
        # The text of an assertion may be constant or computed; two graphs that differ in it compute the same.
        if node.op == "Assert":
            data = [*data[:_FIRST_MESSAGE], *filter(self._is_computed, data[_FIRST_MESSAGE:])]
        # A repeated control edge waits for the same node, so it counts once.
        return Edges(tuple(data), tuple(dict.fromkeys(controls)))

    def _is_computed(self, source: TensorRef) -> bool:
        node = self.nodes.get(source[0])
        return node is None or node.op != "Const"


@dataclass(frozen=True)
class Roots:
    """The tensors and nodes that a slice is for.

    Attributes:
      ordered: (role, tensor name); tensors with the same role on both sides correspond.
      unordered: names of nodes without roles, such as those that run for their effects.
    """

    ordered: tuple[tuple[str, str], ...]
    unordered: tuple[str, ...] = ()


def function_body(function: Any) -> tuple[GraphBody, Roots]:
    """Returns the body of a FunctionDef-shaped message; its roots are results and what runs for effects."""
    nodes = {node.name: node for node in function.node_def}
    body = GraphBody(nodes, tuple(argument.name for argument in function.signature.input_arg))
    results = tuple(
        (f"result {position}", function.ret[argument.name])
        for position, argument in enumerate(function.signature.output_arg)
        if argument.name in function.ret
    )
    # Stateful nodes run even if no result needs them; older exports do not list them as control outputs.
    effects = [
        *function.control_ret.values(),
        *(name for name, node in nodes.items() if is_stateful(node.op)),
    ]
    return body, Roots(results, tuple(dict.fromkeys(effects)))


def argument_leaves(body: GraphBody) -> Leaves:
    """Returns the arguments of a function as leaves; their identities are their positions."""
    return {(name, ARGUMENT): ("argument", position) for position, name in enumerate(body.arguments)}


def without_index(names: Iterable[str]) -> tuple[str, ...]:
    """Returns the nodes of names of nodes or tensors, without duplicates."""
    return tuple(dict.fromkeys(name.partition(":")[0].lstrip("^") for name in names))
