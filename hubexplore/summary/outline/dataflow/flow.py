"""The part of a graph that a diagram shows: its nodes, inlined function bodies included, and their wires."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hubexplore.summary.graph.traversal import tensor_of
from hubexplore.summary.model import ComponentSummary, Shape, TensorSummary
from hubexplore.summary.outline.dataflow.node_kinds import output_dtype_and_shape

OP: Final = "op"
INPUT: Final = "input"
OUTPUT: Final = "output"
VARIABLE: Final = "variable"
TABLE: Final = "table"
ASSET: Final = "asset"
CONSTANT: Final = "constant"
MISSING: Final = "missing"
PASS_THROUGH: Final = "pass-through"  # noqa: S105  # no password
"""Kind of a node that hands on its input: edges run through it."""
HIDDEN: Final = "hidden"
"""Kind of a node that diagrams leave out: no output needs it, or it follows from constants and shapes."""

Wire = tuple[int, str]
"""(node, output). The output is "" or "2" in a graph, "name:2" in a body, a tensor name for inputs."""


@dataclass(eq=False)
class DataFlow:
    """Nodes by number, and the wires between them.

    Attributes:
      names: path of each node, unique among nodes; for inputs and outputs the name in the signature.
      ops: op type of each node; empty for inputs, outputs and missing nodes.
      messages: NodeDef-shaped message of each node; None for inputs, outputs and missing nodes.
      kinds: kind of each node: OP, INPUT, ...
      wires: data inputs of each node; those from pass-through nodes are replaced by what these hand on.
      tensors: number of an input or output -> its TensorSummary.
      signature_names: number of an input or output -> (signature, name in it) pairs; signatures may share
        one.
      outputs: numbers of the outputs.
      function_scopes: path of a scope that is a function body -> name of the function.
      graph_names: names of all nodes of the graph, those outside of the slice included.
      order: all nodes, each after the nodes that feed it (except where there is a cycle).
      rank: position of each node in `order`.
      expand: names to unfold; a function is listed as the scopes of its calls.
      marked: paths of nodes that are shown whatever they are, control dependencies on them included.
      functions: function name -> FunctionDef-shaped message.
      bundle_heads: number of an input or output that shares a box -> number of the first one in that box.
      endpoint_labels: names of the boxes of inputs and outputs.
    """

    # Parallel lists instead of one object per node: a graph may have hundreds of thousands of nodes, and the
    # passes over them mostly need one or two of these facts.
    names: list[str] = field(default_factory=list)
    ops: list[str] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    wires: list[Sequence[Wire]] = field(default_factory=list)
    tensors: dict[int, TensorSummary] = field(default_factory=dict)
    signature_names: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    outputs: list[int] = field(default_factory=list)
    function_scopes: dict[str, str] = field(default_factory=dict)
    graph_names: Collection[str] = ()
    order: list[int] = field(default_factory=list)
    rank: list[int] = field(default_factory=list)
    expand: frozenset[str] = frozenset()
    marked: Collection[str] = frozenset()
    functions: Mapping[str, Any] = field(default_factory=dict)
    bundle_heads: dict[int, int] = field(default_factory=dict)
    endpoint_labels: set[str] = field(default_factory=set)

    def add(self, name: str, op: str, message: Any, kind: str) -> int:
        """Adds a node and returns its number."""
        return self.extend([name], [op], [message], [kind])

    def extend(
        self, names: Sequence[str], ops: Sequence[str], messages: Sequence[Any], kinds: Sequence[str]
    ) -> int:
        """Adds nodes, given as lists of equal length, and returns the number of the first one."""
        first = len(self.names)
        self.names.extend(names)
        self.ops.extend(ops)
        self.messages.extend(messages)
        self.kinds.extend(kinds)
        # One shared empty tuple: most nodes get their wires by assignment, so an own list would be waste.
        self.wires.extend([()] * len(names))
        return first

    def dtype_and_shape(self, number: int, port: str = "") -> tuple[str, Shape]:
        """Returns the dtype ("" if unknown) and static shape of an input, or of one output of a node."""
        tensor = self.tensors.get(number)
        if tensor is None:
            return output_dtype_and_shape(self.messages[number], port, self.functions)
        components: tuple[ComponentSummary, ...] = tensor.components
        component = (
            next((component for component in components if tensor_of(component.tensor) == port), None)
            or tensor
        )
        return component.dtype, component.shape

    @functools.cached_property
    def consumers(self) -> list[list[int]]:
        """For each node, the nodes that take its outputs."""
        # Cached, so to be read only after `reader.read_flow` has set the wires for good.
        consumers: list[list[int]] = [[] for _ in self.names]
        for number, wires in enumerate(self.wires):
            for source, _ in wires:
                consumers[source].append(number)
        return consumers
