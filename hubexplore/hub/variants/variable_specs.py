"""The variables of a variant as their protos describe them: names, collections, partitions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.framework import variable_pb2

from hubexplore.errors import AuthoringError, reading
from hubexplore.hub.variants.graph_checks import check_names
from hubexplore.summary.graph.traversal import node_of

VARIABLE_COLLECTIONS: Final = (
    tf.compat.v1.GraphKeys.GLOBAL_VARIABLES,
    tf.compat.v1.GraphKeys.MODEL_VARIABLES,
    tf.compat.v1.GraphKeys.TRAINABLE_VARIABLES,
)

_LIST: Final = "The module's list of variables"
_REF_VARIABLES: Final = frozenset({"VariableV2", "Variable"})
_PARTITION: Final = re.compile(r"(?P<key>.*)/part_(?P<number>\d+)$", re.DOTALL)


@dataclass(frozen=True)
class VariableSpec:
    """One variable, or one partition of a variable, of a graph variant.

    Attributes:
      proto: its VariableDef.
      key: its name in `variable_map` and in the module's checkpoint.
      slice_spec: `""`, or for a partition the slice in RestoreV2's notation:
        `"<full shape> <offset>,<length>:..."`, all numbers in elements.
      offset: of the partition in each dimension; empty if not partitioned.
      full_shape: of the whole variable where partitioned, else empty.
      dtype: of the elements.
      shape: static shape of this variable or partition.
    """

    proto: Any
    key: str
    slice_spec: str
    offset: tuple[int, ...]
    full_shape: tuple[int, ...]
    dtype: tf.DType
    shape: tf.TensorShape

    @property
    def handle(self) -> str:
        """Name of the node that holds the value."""
        return node_of(self.proto.variable_name)

    @property
    def identity(self) -> tuple[str, tuple[int, ...]]:
        """What makes two variables of different graph variants the same one."""
        return self.key, self.offset

    @property
    def is_partition(self) -> bool:
        """Whether it is one of several parts of a variable."""
        return bool(self.slice_spec)


def read_variables(meta_graph: Any, nodes: Mapping[str, Any]) -> dict[str, VariableSpec]:
    """All variables of a variant: tensor name -> VariableSpec, in collection order."""
    specs: dict[str, VariableSpec] = {}
    for collection in VARIABLE_COLLECTIONS:
        for proto in _protos(meta_graph, collection):
            if proto.variable_name not in specs:
                specs[proto.variable_name] = describe(proto, nodes)
            if collection == tf.compat.v1.GraphKeys.TRAINABLE_VARIABLES:
                # TensorFlow before 1.9 had no such field: the collection alone made a variable trainable.
                specs[proto.variable_name].proto.trainable = True
    return specs


def members(meta_graph: Any, collection: str) -> list[str]:
    """Tensor names of the variables in a collection, in order."""
    return [proto.variable_name for proto in _protos(meta_graph, collection)]


def _protos(meta_graph: Any, collection: str) -> list[Any]:
    if collection not in meta_graph.collection_def:
        return []
    values = meta_graph.collection_def[collection].bytes_list.value
    with reading(_LIST, DecodeError):
        return [variable_pb2.VariableDef.FromString(value) for value in values]


def describe(proto: Any, nodes: Mapping[str, Any]) -> VariableSpec:
    """What a VariableDef and the graph say of a variable; fills in what early releases left out.

    Raises:
      KeyError, ValueError: the graph lacks it, or has something else there.
    """
    name = node_of(proto.variable_name)
    _complete(proto, nodes)
    attributes = nodes[name].attr
    dtype, shape = _dtype(attributes["dtype"].type), tf.TensorShape(attributes["shape"].shape)
    part = proto.save_slice_info_def
    key, slice_spec = name, ""
    if part.full_name:
        match = _PARTITION.match(name)
        key = match["key"] if match else part.full_name
        ranges = ":".join(
            f"{offset},{length}" for offset, length in zip(part.var_offset, part.var_shape, strict=True)
        )
        slice_spec = f"{' '.join(map(str, part.full_shape))} {ranges}"
    return VariableSpec(
        proto=proto,
        key=key,
        slice_spec=slice_spec,
        offset=tuple(part.var_offset),
        full_shape=tuple(part.full_shape),
        dtype=dtype,
        shape=shape,
    )


def _dtype(number: int) -> tf.DType:
    try:
        return tf.as_dtype(number)
    except TypeError as error:
        raise ValueError(f"{number} is not a dtype") from error


def _complete(proto: Any, nodes: Mapping[str, Any]) -> None:
    """Fills in the fields that TensorFlow needs and that its early releases did not write."""
    name = node_of(proto.variable_name)
    # Raises ValueError for an unknown number, which TensorFlow would refuse in the midst of an import.
    tf.VariableSynchronization(proto.synchronization)
    tf.VariableAggregation(proto.aggregation)
    proto.is_resource = nodes[name].op == "VarHandleOp"
    if not proto.is_resource and nodes[name].op not in _REF_VARIABLES:
        raise ValueError(f"{name!r} is a {nodes[name].op}, which is not a variable")
    check_names(nodes, [proto.variable_name], _LIST)
    if proto.snapshot_name:
        check_names(nodes, [proto.snapshot_name], _LIST)
        if proto.is_resource:
            _check_read(proto.snapshot_name, nodes)
        return
    read_op = f"{name}/Read/ReadVariableOp" if proto.is_resource else f"{name}/read"
    if proto.is_resource and read_op not in nodes:
        read_op = next((node.name for node in nodes.values() if _reads(node, name)), "")
    if read_op in nodes:
        proto.snapshot_name = f"{read_op}:0"
    elif not proto.is_resource:
        proto.snapshot_name = proto.variable_name
    else:
        raise ValueError(f"nothing reads the variable {name!r}")


def _reads(node: Any, variable: str) -> bool:
    return node.op == "ReadVariableOp" and bool(node.input) and node_of(node.input[0]) == variable


def _check_read(snapshot: str, nodes: Mapping[str, Any]) -> None:
    """Checks that a variable's value comes from a read, as TensorFlow expects without looking."""
    visited = set()
    name = node_of(snapshot)
    while nodes[name].op != "ReadVariableOp":
        visited.add(name)
        inputs = nodes[name].input
        name = node_of(inputs[0]) if inputs else ""
        if name not in nodes or name in visited:
            raise ValueError(f"{snapshot!r} is not the value read from a variable")


def check_keys(specs: Iterable[VariableSpec]) -> None:
    """Checks that no two variables have one name, since a checkpoint could hold only one of them.

    Raises:
      AuthoringError: (a ValueError) names the variable that exists both whole and in parts.
    """
    forms_by_key: dict[str, set[bool]] = {}
    for spec in specs:
        forms_by_key.setdefault(spec.key, set()).add(spec.is_partition)
    ambiguous = sorted(key for key, forms in forms_by_key.items() if len(forms) > 1)
    if ambiguous:
        raise AuthoringError(
            f"The module has a partitioned variable {ambiguous[0]!r} and another variable of the same name, "
            f"so a checkpoint cannot hold both. Give one of them another name, or make it in another "
            f"tf.compat.v1.variable_scope."
        )


def build_map(pairs: Iterable[tuple[VariableSpec, Any]]) -> dict[str, Any]:
    """`variable_map`: key -> Variable, or the list of its partitions in offset order; sorted by key."""
    grouped: dict[str, list[tuple[tuple[int, ...], Any]]] = {}
    # A variable with a single partition is a list as well, so the number of entries does not tell.
    partitioned = set()
    for spec, variable in pairs:
        grouped.setdefault(spec.key, []).append((spec.offset, variable))
        if spec.is_partition:
            partitioned.add(spec.key)
    return {
        key: [variable for _, variable in sorted(grouped[key], key=lambda pair: pair[0])]
        if key in partitioned
        else grouped[key][0][1]
        for key in sorted(grouped)
    }
