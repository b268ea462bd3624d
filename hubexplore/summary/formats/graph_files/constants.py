"""The weights of a frozen graph: constants of floating point, which can become variables again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hubexplore.summary.dtypes import DTYPES
from hubexplore.summary.free_names import free_name
from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import VariableDef, dtype_name
from hubexplore.summary.graph.traversal import node_of, tensor_of
from hubexplore.summary.model import CONSTANT, VariableSummary, elements

# Shorter constants are parameters of an op, such as a factor or the mean of a colour, unless they are read as
# variables were.
_FEWEST: Final = 5
_FLOATS: Final = frozenset(dtype.number for dtype in DTYPES if dtype.kind in ("float", "complex"))
_READ: Final = re.compile(r"(read|(.*/)?ReadVariableOp(_\d+)?)", re.DOTALL)
# Statistics that a layer of batch normalisation collects: op -> inputs that are not trained.
_STATISTICS: Final = {
    "FusedBatchNorm": (3, 4),
    "FusedBatchNormV2": (3, 4),
    "FusedBatchNormV3": (3, 4),
    "_FusedBatchNormEx": (3, 4),
    "BatchNormWithGlobalNormalization": (1, 2),
}
_STATISTIC_NAMES: Final = re.compile(r"(^|/)moving_(mean|variance|avg)|/ExponentialMovingAverage")


def weights(meta_graph: Any) -> tuple[VariableSummary, ...]:
    """The constants of a graph that are weights, in its order."""
    return tuple(
        VariableSummary(
            name=node.name,
            dtype=dtype_name(node.attr["dtype"].type),
            shape=shape_of(node.attr["value"].tensor.tensor_shape),
            trainable=False,
            node=node.name,
            kind=CONSTANT,
        )
        for node in _weights(meta_graph)
    )


def _weights(meta_graph: Any) -> Iterator[Any]:
    nodes = meta_graph.graph_def.node
    candidates = {
        node.name: node for node in nodes if node.op == "Const" and node.attr["dtype"].type in _FLOATS
    }
    read = {
        node_of(node.input[0])
        for node in nodes
        if node.op == "Identity" and len(node.input) == 1 and _is_read(node)
    }
    for name, node in candidates.items():
        count = elements(shape_of(node.attr["value"].tensor.tensor_shape)) or 0
        if count >= _FEWEST or (count and name in read):
            yield node


def _is_read(node: Any) -> bool:
    """Whether an Identity is what the read of a variable became."""
    producer = node_of(node.input[0])
    if node.name.startswith(f"{producer}/"):
        return _READ.fullmatch(node.name[len(producer) + 1 :]) is not None
    return _READ.fullmatch(node.name.rpartition("/")[2]) is not None and node.name.endswith("ReadVariableOp")


def lift(meta_graph: Any) -> None:
    """Makes the weights of a graph variables with the same names, which start from the constants.

    A statistic of a batch normalisation, such as a moving mean, does not become trainable. Constants inside
    of loops stay what they are. Changes the meta graph.
    """
    lifted = {node.name: node for node in _weights(meta_graph) if not node.input}
    if not lifted:
        return
    graph = meta_graph.graph_def
    statistics = _statistics(graph.node, lifted)
    taken = {node.name for node in graph.node}
    reads = {name: _unused(f"{name}/Read/ReadVariableOp", taken) for name in lifted}
    for node in graph.node:
        for position, edge in enumerate(node.input):
            if edge[:1] != "^" and node_of(edge) in lifted:
                node.input[position] = reads[node_of(edge)]
    for signature in meta_graph.signature_def.values():
        for side in (signature.inputs, signature.outputs):
            for info in side.values():
                if info.name and node_of(info.name) in lifted:
                    info.name = tensor_of(reads[node_of(info.name)])
    for name, node in lifted.items():
        proto = _add_variable(graph, node, name, reads[name], taken)
        proto.trainable = name not in statistics
        content = proto.SerializeToString()
        meta_graph.collection_def["variables"].bytes_list.value.append(content)
        if proto.trainable:
            meta_graph.collection_def["trainable_variables"].bytes_list.value.append(content)


def _add_variable(graph: Any, const: Any, name: str, read: str, taken: set[str]) -> Any:
    """Makes a constant the initial value of a new variable, which has its name; describes the variable."""
    initial = _unused(f"{name}/Initializer/Const", taken)
    assign = _unused(f"{name}/Assign", taken)
    dtype = const.attr["dtype"].type
    handle = graph.node.add(name=name, op="VarHandleOp")
    handle.attr["dtype"].type = dtype
    handle.attr["shape"].shape.CopyFrom(const.attr["value"].tensor.tensor_shape)
    handle.attr["shape"].shape.SetInParent()
    handle.attr["shared_name"].s = name.encode()
    handle.attr["container"].s = b""
    const.name = initial
    for op, node_name, inputs in (
        ("AssignVariableOp", assign, [name, initial]),
        ("ReadVariableOp", read, [name]),
    ):
        node = graph.node.add(name=node_name, op=op)
        node.input.extend(inputs)
        node.attr["dtype"].type = dtype
    return VariableDef(
        variable_name=f"{name}:0",
        initializer_name=assign,
        initial_value_name=f"{initial}:0",
        snapshot_name=f"{read}:0",
        is_resource=True,
    )


def _statistics(nodes: Any, lifted: Mapping[str, Any]) -> set[str]:
    """The constants that are statistics rather than weights."""
    through = {
        node.name: node_of(node.input[0]) for node in nodes if node.op == "Identity" and len(node.input) == 1
    }
    found = {name for name in lifted if _STATISTIC_NAMES.search(name)}
    for node in nodes:
        for position in _STATISTICS.get(node.op, ()):
            if position < len(node.input):
                name = node_of(node.input[position])
                found.add(through.get(name, name))
    return found.intersection(lifted)


def _unused(name: str, taken: set[str]) -> str:
    candidate = free_name(name, taken)
    taken.add(candidate)
    return candidate
