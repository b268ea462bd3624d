"""A graph, or the body of a function, as nodes with their edges taken apart once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from hubexplore.summary.graph.op_defaults import is_stateful

Port = str
Source = tuple[str, Port]
"""A tensor: the node that makes it, and which output: "0", in functions "output:0"."""
Leaves = Mapping[Source, Hashable]
"""Tensors that come from outside, and what each stands for."""

ARGUMENT: Final = ""
"""Port of an argument of a function."""
_MESSAGES_FROM: Final = 1
"""`Assert` computes nothing from its inputs after the condition: they are its message."""


class Edges(NamedTuple):
    """What a node takes: tensors in order, and the nodes it waits for."""

    data: tuple[Source, ...]
    controls: tuple[str, ...]


@dataclass(frozen=True)
class Body:
    """Nodes by name, with the tensors that are not made by one of them.

    Attributes:
      nodes: name -> NodeDef-shaped message.
      arguments: of a function, in order; empty for a graph.
      names: what nodes stand for by themselves, as variables and paths of assets do.
      labels: what is known of the nodes themselves, see `identity`.
    """

    nodes: Mapping[str, Any]
    arguments: tuple[str, ...] = ()
    names: Mapping[str, Hashable] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    _edges: dict[str, Edges] = field(default_factory=dict)

    def edges(self, name: str) -> Edges:
        """Returns what the node takes; nothing for one that does not exist."""
        found = self._edges.get(name)
        if found is None:
            found = self._edges[name] = self._taken_apart(name)
        return found

    def source(self, tensor: str) -> Source:
        """Returns the tensor of a name such as "node", "node:1" or, in a function, "node:output:0"."""
        producer, colon, port = tensor.partition(":")
        if not colon:
            return producer, ARGUMENT if producer in self.arguments else "0"
        return producer, port

    def _taken_apart(self, name: str) -> Edges:
        node = self.nodes.get(name)
        if node is None:
            return Edges((), ())
        data, controls = [], []
        for edge in node.input:
            if edge[:1] == "^":
                controls.append(edge[1:])
            else:
                data.append(self.source(edge))
        if node.op == "Assert":
            data = [*data[:_MESSAGES_FROM], *filter(self._is_computed, data[_MESSAGES_FROM:])]
        return Edges(tuple(data), tuple(dict.fromkeys(controls)))

    def _is_computed(self, source: Source) -> bool:
        node = self.nodes.get(source[0])
        return node is None or node.op != "Const"


@dataclass(frozen=True)
class Roots:
    """What a slice is wanted for.

    Attributes:
      ordered: (what it is, tensor name), the same on both sides.
      loose: names of nodes in no order, such as those that run for their effects.
    """

    ordered: tuple[tuple[str, str], ...]
    loose: tuple[str, ...] = ()


def function_body(function: Any) -> tuple[Body, Roots]:
    """Returns a FunctionDef-shaped message as a body, with its results and what runs for its effects."""
    nodes = {node.name: node for node in function.node_def}
    body = Body(nodes, tuple(each.name for each in function.signature.input_arg))
    results = tuple(
        (f"result {number}", function.ret[each.name])
        for number, each in enumerate(function.signature.output_arg)
        if each.name in function.ret
    )
    effects = [
        *function.control_ret.values(),
        *(name for name, each in nodes.items() if is_stateful(each.op)),
    ]
    return body, Roots(results, tuple(dict.fromkeys(effects)))


def argument_leaves(body: Body) -> Leaves:
    """Returns the arguments of a function's body by their positions."""
    return {(name, ARGUMENT): ("argument", number) for number, name in enumerate(body.arguments)}


def without_index(names: Iterable[str]) -> tuple[str, ...]:
    """Returns the nodes of names of nodes or tensors, each once."""
    return tuple(dict.fromkeys(name.partition(":")[0].lstrip("^") for name in names))
