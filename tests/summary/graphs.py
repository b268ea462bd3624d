"""Small graphs for outlines and diagrams, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hubexplore.summary.graph.messages import MetaGraphDef
from hubexplore.summary.graph.ops.op_definitions import definition
from hubexplore.summary.model import (
    ModuleSummary,
    SignatureSummary,
    TensorSummary,
    VariableSummary,
    VariantSummary,
)
from hubexplore.summary.outline import Outline
from hubexplore.summary.source import Source


class Graph:
    """Builds a MetaGraphDef node by node; each node gives a float32 of shape (?, 8)."""

    def __init__(self) -> None:
        self.message: Any = MetaGraphDef()
        self.variables: list[VariableSummary] = []

    def add(self, name: str, op: str, *inputs: str) -> str:
        """Adds a node and returns its name."""
        add_node(self.message.graph_def.node, name, op, *inputs)
        return name

    def variable(self, name: str, *shape: int) -> str:
        """Adds a variable and what reads it; returns the name of the latter."""
        self.add(name, "VarHandleOp")
        self.variables.append(VariableSummary(name, "float32", shape, True, name))
        return self.add(f"{name}/Read/ReadVariableOp", "ReadVariableOp", name)

    def dense(self, scope: str, source: str, size: int = 8) -> str:
        """Adds a dense layer in a scope of its own."""
        product = self.add(f"{scope}/MatMul", "MatMul", source, self.variable(f"{scope}/kernel", 8, size))
        return self.add(f"{scope}/Relu", "Relu", product)

    def function(self, name: str, nodes: Sequence[tuple[str, ...]], result: str, inputs: int = 1) -> None:
        """Adds a function; its arguments are `a0`, `a1`, ..., its only result is `out`."""
        function = self.message.graph_def.library.function.add()
        function.signature.name = name
        for index in range(inputs):
            function.signature.input_arg.add(name=f"a{index}", type=1)
        function.signature.output_arg.add(name="out", type=1)
        function.ret["out"] = result
        for node in nodes:
            add_node(function.node_def, *node)

    def call(self, name: str, function: str, *inputs: str) -> str:
        """Adds a call of a function."""
        self.add(name, "StatefulPartitionedCall", *inputs)
        self.message.graph_def.node[-1].attr["f"].func.name = function
        return name

    def variant(self, output: str, *inputs: str) -> VariantSummary:
        """A variant with the signature `default` from `inputs` to `output`."""
        return VariantSummary((), (signature("default", output, *inputs),), tuple(self.variables))

    def summary(self, output: str, *inputs: str) -> ModuleSummary:
        """A module of that variant."""
        return ModuleSummary("title", (self.variant(output, *inputs),), source=Source({(): self.message}))


def add_node(nodes: Any, name: str, op: str, *inputs: str) -> None:
    """Adds a node to a graph or to a body; dtypes that the op leaves open are float32."""
    node = nodes.add(name=name, op=op, input=inputs)
    known = definition(op)
    for attribute, each in known.attributes.items() if known is not None else ():
        if each.kind == "type" and each.default_text is None:
            node.attr[attribute].type = 1
    shape = node.attr["_output_shapes"].list.shape.add()
    for size in (-1, 8):
        shape.dim.add(size=size)


def tensor(name: str, node: str) -> TensorSummary:
    """The first output of a node as an input or output."""
    return TensorSummary(name, "float32", (None, 8), "dense", f"{node}:0")


def signature(name: str, output: str, *inputs: str) -> SignatureSummary:
    """From nodes, named `in0`, ..., to a node, named `out`."""
    fed = tuple(tensor(f"in{index}", node) for index, node in enumerate(inputs))
    return SignatureSummary(name, fed, (tensor("out", output),))


def chain(scopes: Sequence[str]) -> tuple[Graph, str]:
    """Dense layers in these scopes, one after the other, from the node `x`."""
    graph = Graph()
    last = graph.add("x", "Placeholder")
    for scope in scopes:
        last = graph.dense(scope, last)
    return graph, last


def links(shown: Outline) -> set[tuple[str, str]]:
    """The edges of an outline, each as the names of its boxes."""
    return {(shown.boxes[edge.source].name, shown.boxes[edge.target].name) for edge in shown.edges}
