"""The variables of a graph variant: from its collections (TF1), else from its objects (TF2)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from google.protobuf.message import DecodeError

from hubexplore.errors import reading
from hubexplore.summary.formats.tf2.object_graph import MOST_OBJECTS, VALUE, checkpoint_paths
from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import VariableDef, dtype_name
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.model import GLOBAL, LOCAL, PartitionSummary, Shape, VariableSummary
from hubexplore.summary.reading.local_variables import VARIABLE_OPS, main_op_values, starting, unlisted
from hubexplore.summary.size_check import check_count
from hubexplore.summary.weights.checkpoint_index import CheckpointEntry

_TRAINABLE: Final = "trainable_variables"
VARIABLE_COLLECTIONS: Final = ("variables", "model_variables", _TRAINABLE)
_PARTITION: Final = re.compile(r"(?P<key>.*)/part_\d+$", re.DOTALL)

Entries = Mapping[str, CheckpointEntry]


# The node of a variable, its proto, and whether it is one part of several. To ask a proto for a field takes
# longer than to keep the field.
_Described = tuple[str, Any, bool]


@dataclass(slots=True)
class _Parts:
    """The protos of one variable, several if it is partitioned."""

    protos: list[_Described] = field(default_factory=list)
    trainable: bool = False
    are_parts: bool = False


def read_variables(
    meta_graph: Any,
    nodes: Mapping[str, Any],
    entries: Entries,
    is_saved_model: bool = False,
    names: Mapping[str, str] | None = None,
) -> tuple[VariableSummary, ...]:
    """The variables of a meta graph, sorted by name: those that are listed, and others that signatures read.

    Args:
      meta_graph: MetaGraphDef-shaped message.
      nodes: its index, node name -> node.
      entries: what the checkpoint holds by name; empty if there is none.
      is_saved_model: a TF1 SavedModel as written, whose lists need not name what the checkpoint holds, and
        whose main op may start variables.
      names: key of a variable -> its name in the checkpoint, where they differ.

    Raises:
      DamagedModuleError: a description of a variable is not readable.
    """
    # A variable is in several collections, and a partitioned one has a proto for each part: `seen` has the
    # parts by the variable of the graph, `grouped` by the name in the checkpoint.
    grouped: dict[str, _Parts] = {}
    seen: dict[str, _Parts] = {}
    parsed: dict[bytes, _Described] = {}  # most are in two collections
    for collection in VARIABLE_COLLECTIONS:
        for described in _protos(meta_graph, collection, parsed):
            parts = seen.get(described[0])
            if parts is None:
                parts = seen[described[0]] = grouped.setdefault(_key(*described), _Parts())
                parts.protos.append(described)
                parts.are_parts |= described[2]
            parts.trainable |= collection == _TRAINABLE
    stored_as = names or {}
    variables = [
        _describe(key, parts, nodes, entries, stored_as.get(key, key)) for key, parts in grouped.items()
    ]
    if not meta_graph.HasField("object_graph_def"):
        variables += _unlisted(meta_graph, nodes, entries if is_saved_model else {}, seen)
        started = main_op_values(meta_graph, nodes) if is_saved_model else {}
        local = starting(meta_graph, nodes, started, entries) if started else {}
        variables = [
            replace(variable, kind=LOCAL, trainable=False)
            if variable.node in local and not variable.partitions
            else variable
            for variable in variables
        ]
    elif not variables:
        variables = _of_objects(meta_graph.object_graph_def.nodes, nodes, entries)
    return tuple(sorted(variables, key=lambda variable: (variable.name, variable.key)))


def _unlisted(
    meta_graph: Any, nodes: Mapping[str, Any], entries: Entries, listed: Collection[str]
) -> list[VariableSummary]:
    """The variables that signatures read without a list that names them; local without an entry."""
    variables = (name for name, node in nodes.items() if node.op in VARIABLE_OPS)
    summaries = []
    for name in unlisted(meta_graph, nodes, variables, listed):
        dtype, shape = _declared(nodes[name])
        entry = entries.get(name)
        summaries.append(
            VariableSummary(
                name=name,
                dtype=dtype,
                shape=entry.shape if entry is not None and (shape is None or None in shape) else shape,
                trainable=False,
                node=name,
                key="" if entry is None else name,
                stored=None if entry is None else entry.size,
                kind=LOCAL if entry is None else GLOBAL,
            )
        )
    return summaries


def _protos(meta_graph: Any, collection: str, parsed: dict[bytes, _Described]) -> list[_Described]:
    if collection not in meta_graph.collection_def:
        return []
    values = meta_graph.collection_def[collection].bytes_list.value
    with reading(f"The module's list of variables ({collection!r})", DecodeError):
        return [parsed.get(value) or parsed.setdefault(value, _described(value)) for value in values]


def _described(content: bytes) -> _Described:
    proto = VariableDef.FromString(content)
    is_part = proto.HasField("save_slice_info_def") and bool(proto.save_slice_info_def.full_name)
    return node_of(proto.variable_name), proto, is_part


def _key(name: str, proto: Any, is_part: bool) -> str:
    """The name in `variable_map` and in the checkpoint: of a part without its `/part_N`."""
    if not is_part:
        return name
    match = _PARTITION.match(name)
    return match["key"] if match else str(proto.save_slice_info_def.full_name)


def _describe(
    key: str, parts: _Parts, nodes: Mapping[str, Any], entries: Entries, stored_as: str
) -> VariableSummary:
    node, first, _ = parts.protos[0]
    entry = entries.get(stored_as)
    dtype, shape = _declared(nodes.get(node))
    partitions = _partitions(parts.protos) if parts.are_parts else ()
    if partitions:
        shape = tuple(first.save_slice_info_def.full_shape)
    return VariableSummary(
        name=key,
        dtype=dtype if dtype or entry is None else dtype_name(entry.dtype),
        shape=entry.shape if entry is not None and (shape is None or None in shape) else shape,
        trainable=parts.trainable,
        node=partitions[0].node if partitions else node,
        key=stored_as if entry is not None else "",
        stored=None if entry is None else entry.size,
        partitions=partitions,
    )


def _partitions(protos: list[_Described]) -> tuple[PartitionSummary, ...]:
    partitions = [
        PartitionSummary(
            node,
            tuple(proto.save_slice_info_def.var_offset),
            tuple(proto.save_slice_info_def.var_shape),
        )
        for node, proto, is_part in protos
        if is_part
    ]
    return tuple(sorted(partitions, key=lambda part: part.offset))


def _declared(node: Any) -> tuple[str, Shape]:
    """dtype and shape by the attributes of the node that holds a variable; ("", None) if it is not there."""
    if node is None:
        return "", None
    dtype, shape = node.attr.get("dtype"), node.attr.get("shape")
    return (
        dtype_name(dtype.type) if dtype is not None else "",
        shape_of(shape.shape) if shape is not None else None,
    )


def _of_objects(objects: Any, nodes: Mapping[str, Any], entries: Entries) -> list[VariableSummary]:
    """The variables among the objects of a TF2 SavedModel whose graph is not that of a module."""
    check_count(len(objects), MOST_OBJECTS, "objects")
    paths = checkpoint_paths(objects)
    # Objects do not name their nodes: the handle of a variable is the node whose shared_name is the
    # variable's name.
    handles = {
        node.attr["shared_name"].s.decode(errors="replace"): name
        for name, node in nodes.items()
        if node.op == "VarHandleOp" and "shared_name" in node.attr
    }
    summaries = []
    for index, saved_object in enumerate(objects):
        if saved_object.WhichOneof("kind") != "variable":
            continue
        variable, key = saved_object.variable, f"{paths.get(index, '')}{VALUE}"
        entry = entries.get(key)
        summaries.append(
            VariableSummary(
                name=variable.name or paths.get(index, ""),
                dtype=dtype_name(variable.dtype),
                shape=shape_of(variable.shape),
                trainable=variable.trainable,
                node=handles.get(variable.name, ""),
                key=key if entry is not None else "",
                stored=None if entry is None else entry.size,
            )
        )
    return summaries
