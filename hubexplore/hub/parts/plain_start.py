"""Takes the checkpoints of its parts out of the graph of a module that has a checkpoint of its own.

A part restores its variables from its own checkpoint, and so does the graph of the new module. Once the
values are in the checkpoint of the new module, these ops would only be said to read files that nobody has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tensorflow.core.framework import graph_pb2, types_pb2, variable_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.hub.variants.restore import RESTORE_OPS
from hubexplore.hub.variants.variable_specs import VARIABLE_COLLECTIONS
from hubexplore.summary.graph.traversal import index_nodes, node_of, tensor_of

_ASSIGN_OPS: Final = frozenset({"AssignVariableOp", "Assign"})


def with_plain_start(variant: GraphVariant) -> GraphVariant:
    """Returns a copy in which variables start from zeros where they were restored from a checkpoint."""
    meta_graph = meta_graph_pb2.MetaGraphDef()
    meta_graph.CopyFrom(variant.meta_graph)
    graph_def = meta_graph.graph_def
    nodes = index_nodes(graph_def.node)
    starts: dict[str, str] = {}
    for assign in [node for node in graph_def.node if node.op in _ASSIGN_OPS and len(node.input) > 1]:
        restored = assign.input[1]
        if nodes[node_of(restored)].op not in RESTORE_OPS:
            continue
        zeros = _add_zeros(graph_def, nodes[node_of(assign.input[0])], nodes)
        if zeros:
            starts[tensor_of(restored)] = assign.input[1] = zeros
    _remove_unused(graph_def, nodes)
    _rename_starts(meta_graph, starts)
    return GraphVariant(meta_graph)


def _add_zeros(graph_def: graph_pb2.GraphDef, handle: Any, nodes: Mapping[str, Any]) -> str:
    """Adds zeros of the shape of a variable; returns their name, or "" if the shape is not known."""
    shape, dtype = handle.attr["shape"].shape, handle.attr["dtype"].type
    name = f"{handle.name}/zeros"
    if shape.unknown_rank or any(dim.size < 0 for dim in shape.dim) or name in nodes:
        return ""
    dims = graph_def.node.add(name=f"{name}/shape", op="Const")
    dims.attr["dtype"].type = types_pb2.DT_INT64
    dims.attr["value"].tensor.dtype = types_pb2.DT_INT64
    dims.attr["value"].tensor.tensor_shape.dim.add(size=len(shape.dim))
    dims.attr["value"].tensor.int64_val.extend(dim.size for dim in shape.dim)
    zero = graph_def.node.add(name=f"{name}/zero", op="Const")
    zero.attr["dtype"].type = dtype
    # Without a value it is that which TensorFlow gives a new element: 0, or an empty text.
    zero.attr["value"].tensor.dtype = dtype
    zero.attr["value"].tensor.tensor_shape.SetInParent()
    fill = graph_def.node.add(name=name, op="Fill", input=[dims.name, zero.name])
    fill.attr["T"].type = dtype
    fill.attr["index_type"].type = types_pb2.DT_INT64
    return name


def _remove_unused(graph_def: graph_pb2.GraphDef, nodes: Mapping[str, Any]) -> None:
    """Removes the ops that restore, if nothing uses them any more, and the constants that only they use."""
    restores = {name for name, node in nodes.items() if node.op in RESTORE_OPS}
    unused = restores - _used(graph_def.node)
    inputs = {node_of(name) for restore in unused for name in nodes[restore].input}
    constants = {name for name in inputs if nodes[name].op == "Const"}
    unused |= constants - _used(node for node in graph_def.node if node.name not in unused)
    kept = [node for node in graph_def.node if node.name not in unused]
    if len(kept) < len(graph_def.node):
        copy = graph_pb2.GraphDef(node=kept)
        del graph_def.node[:]
        graph_def.node.extend(copy.node)


def _used(nodes: Iterable[Any]) -> set[str]:
    return {node_of(name) for node in nodes for name in node.input}


def _rename_starts(meta_graph: meta_graph_pb2.MetaGraphDef, starts: Mapping[str, str]) -> None:
    """Says in the lists of variables what they start from now."""
    for key in VARIABLE_COLLECTIONS:
        if key not in meta_graph.collection_def:
            continue
        values = meta_graph.collection_def[key].bytes_list.value
        for at, serialized in enumerate(values):
            proto = variable_pb2.VariableDef.FromString(serialized)
            start = starts.get(tensor_of(proto.initial_value_name))
            if start:
                proto.initial_value_name = tensor_of(start)
                values[at] = proto.SerializeToString(deterministic=True)
