"""Small graphs to compare, written as text."""

from __future__ import annotations

from typing import Any

from google.protobuf import text_format

from hubexplore.summary.compare.structure import Graph, Structure, compare_structure
from hubexplore.summary.graph.messages import AttrValue, MetaGraphDef
from hubexplore.summary.reading.variant import read_variant

Inputs = dict[str, str]


def meta_graph(nodes: str, inputs: Inputs | None = None, outputs: Inputs | None = None) -> Any:
    """A graph of lines "name = Op(input, ^control) attribute=value; ...", with one signature.

    By default the tensor "x:0" is fed as "x" and the output "y" is "y:0".
    """
    found = MetaGraphDef()
    add(found.graph_def.node, nodes)
    signature = found.signature_def["default"]
    for side, tensors in (
        (signature.inputs, inputs or {"x": "x:0"}),
        (signature.outputs, outputs or {"y": "y:0"}),
    ):
        for name, tensor in tensors.items():
            side[name].name = tensor
            side[name].dtype = 1
    return found


def add(nodes: Any, text: str) -> None:
    """Adds nodes to those of a graph or a function."""
    for line in filter(None, map(str.strip, text.strip().splitlines())):
        head, _, attributes = line.partition(")")
        name, _, call = head.partition(" = ")
        op, _, taken = call.partition("(")
        node = nodes.add(name=name, op=op)
        node.input.extend(filter(None, map(str.strip, taken.split(","))))
        for attribute in filter(None, map(str.strip, attributes.split(";"))):
            key, _, value = attribute.partition("=")
            pool = AttrValue.DESCRIPTOR.file.pool
            text_format.Parse(value, node.attr[key], descriptor_pool=pool)


def compared(first: Any, second: Any, names: tuple[dict[str, str], dict[str, str]] = ({}, {})) -> Structure:
    """What two meta graphs have not in common."""
    graphs = [
        Graph(read_variant(each, {}, None)[0], each, own)
        for each, own in zip((first, second), names, strict=True)
    ]
    return compare_structure(graphs[0], graphs[1])


def constant(*values: float, shape: str = "") -> str:
    """The attributes of a float constant."""
    listed = " ".join(f"float_val: {value}" for value in values)
    return f"dtype=type: DT_FLOAT; value=tensor {{ dtype: DT_FLOAT tensor_shape {{ {shape} }} {listed} }}"
