"""Joins the parts of partitioned variables, so that a cut can return the value of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from hubexplore.hub.cutting.tensors import Found
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.hub.variants.variable_specs import VariableSpec
from hubexplore.summary.formats.new_nodes import unused


def with_whole_variables(variant: GraphVariant, outputs: Sequence[Found]) -> tuple[GraphVariant, list[Found]]:
    """A variant that also has the whole values of the partitioned variables among some outputs.

    Returns:
      The variant itself if there are none; and the outputs, all of which are tensors of it.
    """
    if not any(found.parts for found in outputs):
        return variant, list(outputs)
    meta_graph = type(variant.meta_graph)()
    meta_graph.CopyFrom(variant.meta_graph)
    used = {name.lower() for name in variant.nodes}
    whole = [
        replace(found, info=_joined(meta_graph.graph_def, found.parts, used), parts=())
        if found.parts
        else found
        for found in outputs
    ]
    return GraphVariant(meta_graph, variant.converted), whole


def _joined(graph_def: Any, parts: Sequence[VariableSpec], used: set[str]) -> Any:
    """Adds the op that joins parts; returns its TensorInfo message."""
    dtype = parts[0].dtype.base_dtype.as_datatype_enum
    info = meta_graph_pb2.TensorInfo(dtype=dtype)
    info.tensor_shape.CopyFrom(tf.TensorShape(parts[0].full_shape).as_proto())
    values = [part.proto.snapshot_name for part in parts]
    if len(values) == 1:
        info.name = values[0]
        return info
    # A variable is cut along one dimension: the only one with an offset in its last part.
    axis = next((number for number, offset in enumerate(parts[-1].offset) if offset), 0)
    along = graph_def.node.add(name=unused(f"{parts[0].key}/whole/axis", used), op="Const")
    along.attr["dtype"].type = tf.int32.as_datatype_enum
    along.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(axis, tf.int32))
    join = graph_def.node.add(name=unused(f"{parts[0].key}/whole", used), op="ConcatV2")
    join.input.extend([*_edges(values), along.name])
    join.attr["N"].i = len(values)
    join.attr["T"].type = dtype
    join.attr["Tidx"].type = tf.int32.as_datatype_enum
    info.name = f"{join.name}:0"
    return info


def _edges(tensors: Iterable[str]) -> list[str]:
    return [tensor.removesuffix(":0") for tensor in tensors]
