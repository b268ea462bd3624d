"""The only place that touches TensorFlow's private API; works with TensorFlow 2.16 to 2.21.

Rebuilding variables and TF1 control-flow contexts from their protos, and capturing tensors into
function graphs, has no public entry point other than `import_meta_graph`, which walks everything
and adds a Saver to the user's graph.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import struct_pb2
from tensorflow.python.framework import func_graph, op_def_registry, ops
from tensorflow.python.saved_model import nested_structure_coder


def variable_from_proto(variable_def: Any, scope: str) -> Any:
    """The Variable that a VariableDef describes; its names lie below the absolute name scope `scope`."""
    from_proto = ops.get_from_proto_function(tf.compat.v1.GraphKeys.GLOBAL_VARIABLES)
    return from_proto(variable_def, import_scope=scope)


def context_proto_class(collection: str) -> Any:
    """The message class of the collections `cond_context` and `while_context`."""
    return ops.get_collection_proto_type(collection)


def context_from_proto(collection: str, context_def: Any) -> Any:
    """Rebuilds a TF1 control-flow context whose proto holds absolute names."""
    return ops.get_from_proto_function(collection)(context_def)


def control_flow_context(graph: tf.Graph) -> Any:
    """The TF1 cond or while context in which ops of `graph` are now built, or None."""
    return graph._get_control_flow_context()


def outer_context(context: Any) -> Any:
    """The context around `context`, or None."""
    return context.outer_context


def is_op_registered(op_type: str) -> bool:
    """Whether TensorFlow knows the op; asks the C++ registry where Python's has not seen it yet."""
    return op_def_registry.get(op_type) is not None


def op_def(op_type: str) -> Any:
    """The OpDef of an op type, or None."""
    return op_def_registry.get(op_type)


def is_function_graph(graph: tf.Graph) -> bool:
    """Whether `graph` is the body of a function: tf.function, wrap_function, Dataset.map, v2 cond."""
    return isinstance(graph, func_graph.FuncGraph)


def is_inside(graph: tf.Graph, outer: tf.Graph) -> bool:
    """Whether `graph` is a function body (at any depth) that is being built inside `outer`."""
    while isinstance(graph, func_graph.FuncGraph):
        graph = graph.outer_graph
        if graph is outer:
            return True
    return False


def capture(graph: tf.Graph, tensor: tf.Tensor) -> tf.Tensor:
    """The tensor that stands for a tensor of an outer graph inside the function body `graph`."""
    return tensor if tensor.graph is graph else graph.capture(tensor)


def add_colocation(op: tf.Operation, names: Iterable[str]) -> None:
    """Constrains an op to the devices of the named ops, besides the constraints it has."""
    value = tf.compat.v1.AttrValue()
    if "_class" in op.node_def.attr:
        value.CopyFrom(op.node_def.attr["_class"])
    value.list.s.extend(f"loc:@{name}".encode() for name in names)
    op._set_attr("_class", value)


def encode_type_spec(spec: tf.TypeSpec) -> Any:
    """TypeSpecProto of a type spec."""
    return nested_structure_coder.encode_structure(spec).type_spec_value


def decode_type_spec(proto: Any) -> tf.TypeSpec:
    """The type spec of a TypeSpecProto; ValueError where its class is unknown."""
    return nested_structure_coder.decode_proto(struct_pb2.StructuredValue(type_spec_value=proto))
