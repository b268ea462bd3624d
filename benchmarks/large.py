"""A module of any size: residual blocks in numbered scopes, written message by message.

TensorFlow would need minutes to build it as a graph; the resulting files are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import graph_pb2, types_pb2, variable_pb2
from tensorflow.core.protobuf import saved_model_pb2

KERNEL: Final = (3, 3, 8, 8)
_UNITS: Final = 10
_CONVOLUTIONS: Final = 4


def write(path: Path, nodes: int, variables: int, *, complete: bool = False) -> None:
    """Writes a module directory.

    Args:
      path: of the directory; must not exist.
      nodes: approximate number of nodes of the graph.
      variables: number of variables, each the kernel of a convolution.
      complete: whether nodes have all attributes, so that TensorFlow can import them.
    """
    (path / "variables").mkdir(parents=True)
    saved_model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    meta_graph = saved_model.meta_graphs.add()
    meta_graph.meta_info_def.tensorflow_version = tf.__version__
    graph = meta_graph.graph_def
    last = _node(graph, "images", "Placeholder", ())
    names = list(_scopes(variables))
    for scope in names:
        last = _convolution(graph, scope, last, nodes // variables)
    for name in names:
        proto = variable_pb2.VariableDef(
            variable_name=f"{name}/kernel:0",
            initializer_name=f"{name}/kernel/Assign",
            snapshot_name=f"{name}/kernel/Read/ReadVariableOp:0",
            is_resource=True,
            trainable=True,
        ).SerializeToString()
        # As `tf.Variable` does: a trainable variable is in both.
        for collection in ("variables", "trainable_variables"):
            meta_graph.collection_def[collection].bytes_list.value.append(proto)
    signature = meta_graph.signature_def["default"]
    for infos, tensor in ((signature.inputs, "images"), (signature.outputs, last)):
        infos["default"].name, infos["default"].dtype = f"{tensor}:0", types_pb2.DT_FLOAT
        for size in (-1, 32, 32, 8):
            infos["default"].tensor_shape.dim.add(size=size)
    if complete:
        _complete(graph)
    (path / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    (path / "tfhub_module.pb").write_bytes(b"\x08\x03")  # a ModuleDef whose format is 3
    # One op writes the checkpoint without a graph that has the variables.
    tf.raw_ops.SaveV2(
        prefix=str(path / "variables" / "variables"),
        tensor_names=[f"{name}/kernel" for name in names],
        shape_and_slices=[""] * len(names),
        tensors=[tf.zeros(KERNEL)] * len(names),
    )


def _complete(graph: Any) -> None:
    for node in graph.node:
        if node.op in ("Placeholder", "ReadVariableOp"):
            del node.attr["T"]
            node.attr["dtype"].type = types_pb2.DT_FLOAT
        elif node.op == "VarHandleOp":
            node.attr["shared_name"].s = node.name.encode()
        if node.op == "Placeholder":
            for size in (-1, 32, 32, 8):
                node.attr["shape"].shape.dim.add(size=size)


def _scopes(count: int) -> Iterator[str]:
    for number in range(count):
        unit, convolution = divmod(number, _CONVOLUTIONS)
        block, unit = divmod(unit, _UNITS)
        yield f"resnet/block_{block}/unit_{unit}/conv_{convolution}"


def _convolution(graph: Any, scope: str, source: str, nodes: int) -> str:
    """Adds `nodes` nodes, one of them a variable; returns the name of the last node."""
    handle = graph.node.add(name=f"{scope}/kernel", op="VarHandleOp")
    handle.attr["dtype"].type = types_pb2.DT_FLOAT
    for size in KERNEL:
        handle.attr["shape"].shape.dim.add(size=size)
    read = _node(graph, f"{scope}/kernel/Read/ReadVariableOp", "ReadVariableOp", (handle.name,))
    last = _node(graph, f"{scope}/Conv2D", "Conv2D", (source, read))
    graph.node[-1].attr["padding"].s = b"SAME"
    graph.node[-1].attr["strides"].list.i.extend((1, 1, 1, 1))
    for number in range(nodes - 3):
        last = _node(graph, f"{scope}/Relu_{number}", "Relu", (last,))
    return last


def _node(graph: graph_pb2.GraphDef, name: str, op: str, inputs: tuple[str, ...]) -> str:
    node = graph.node.add(name=name, op=op, input=inputs)
    node.attr["T"].type = types_pb2.DT_FLOAT
    return name
