"""The part of a graph that a picture is made of: its nodes, function bodies laid open, and who feeds whom.

Nodes are numbers here, and facts about them lists, because there may be hundreds of thousands.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hubexplore.summary.graph.traversal import tensor_of
from hubexplore.summary.model import ComponentSummary, Shape, TensorSummary
from hubexplore.summary.outline.dataflow.node_kinds import output_facts

OP: Final = "op"
INPUT: Final = "input"
OUTPUT: Final = "output"
VARIABLE: Final = "variable"
TABLE: Final = "table"
ASSET: Final = "asset"
CONSTANT: Final = "constant"
MISSING: Final = "missing"
PASSING: Final = "passing"
"""A node that edges run through."""
ASIDE: Final = "aside"
"""A node that follows from constants and shapes alone."""

Wire = tuple[int, str]
"""(node, output): an output is "" or "2" in a graph, "name:2" in a body; of an input, the tensor's name."""


@dataclass(eq=False)
class Flow:
    """Nodes by number; `wires` are their data inputs, with the passing nodes skipped.

    Attributes:
      names: unique paths of the graph's nodes; names in the signature for inputs and outputs.
      ops: types; empty for inputs, outputs and missing nodes.
      messages: NodeDef-shaped; None where there is none.
      kinds: OP, INPUT, ...
      tensors: the TensorSummary of inputs and outputs.
      ends: (signature, name in it) of inputs and outputs, which signatures may share.
      outputs: numbers of the outputs.
      opened: scope -> name of the function whose body it is.
      known: all node names of the graph, also outside of the slice.
      expand: names of what was asked for, functions as the scopes of their calls.
      order: all nodes such that what feeds a node comes before it, circles aside.
      rank: position of each node in `order`.
      functions: FunctionDef-shaped messages of the library, by name.
      bundle: input or output that shares a box -> the first one in that box.
      named: names of the boxes of inputs and outputs.
    """

    names: list[str] = field(default_factory=list)
    ops: list[str] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    wires: list[Sequence[Wire]] = field(default_factory=list)
    tensors: dict[int, TensorSummary] = field(default_factory=dict)
    ends: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    outputs: list[int] = field(default_factory=list)
    opened: dict[str, str] = field(default_factory=dict)
    known: Collection[str] = ()
    order: list[int] = field(default_factory=list)
    rank: list[int] = field(default_factory=list)
    expand: frozenset[str] = frozenset()
    functions: Mapping[str, Any] = field(default_factory=dict)
    bundle: dict[int, int] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)

    def add(self, name: str, op: str, message: Any, kind: str) -> int:
        """Adds a node and returns its number."""
        return self.extend([name], [op], [message], [kind])

    def extend(
        self, names: Sequence[str], ops: Sequence[str], messages: Sequence[Any], kinds: Sequence[str]
    ) -> int:
        """Adds nodes, one of each list a node, and returns the number of the first."""
        first = len(self.names)
        self.names.extend(names)
        self.ops.extend(ops)
        self.messages.extend(messages)
        self.kinds.extend(kinds)
        self.wires.extend([()] * len(names))
        return first

    def facts(self, number: int, port: str = "") -> tuple[str, Shape]:
        """Returns dtype ("" if unknown) and static shape of what an input, or an output of a node, is."""
        tensor = self.tensors.get(number)
        if tensor is None:
            return output_facts(self.messages[number], port, self.functions)
        parts: tuple[ComponentSummary, ...] = tensor.components
        part = next((each for each in parts if tensor_of(each.tensor) == port), None) or tensor
        return part.dtype, part.shape

    @functools.cached_property
    def consumers(self) -> list[list[int]]:
        """For each node, those that take its outputs; final once nothing more steps aside."""
        found: list[list[int]] = [[] for _ in self.names]
        for number, wires in enumerate(self.wires):
            for source, _ in wires:
                found[source].append(number)
        return found
