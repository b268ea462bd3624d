"""Reads a module's checkpoint inside its graph: few large reads, one assignment per variable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import graph_pb2

from hubexplore.errors import CheckpointMismatchError, closest
from hubexplore.hub.variants.checkpoint import StoredVariable
from hubexplore.hub.variants.variable_specs import VariableSpec
from hubexplore.summary.graph.traversal import node_of

# One RestoreV2 reads up to this much. Larger groups save per-op work; smaller ones bound what the
# initialiser of a single variable reads besides its own value.
GROUP_BYTES: Final = 64 << 20
# Ops that read a checkpoint. Modules written before RestoreV2 have the other two.
RESTORE_OPS: Final = frozenset({"RestoreV2", "Restore", "RestoreSlice"})


def find_misfit(
    stored: Mapping[str, StoredVariable],
    variables: Iterable[VariableSpec],
    source: str,
    names: Mapping[str, str],
) -> CheckpointMismatchError | None:
    """Compares the variables of a checkpoint with those that are needed.

    Args:
      stored: the variables of the checkpoint by name.
      variables: what is needed.
      source: path of the checkpoint, for messages.
      names: variable key -> name in the checkpoint, where they differ.

    Returns:
      None if it fits. Else a CheckpointMismatchError (a ValueError) that names the first variable whose shape
      or dtype differs, or a MissingVariableError (also a `tf.errors.NotFoundError`) that names all variables
      that are missing.
    """
    missing = []
    for spec in variables:
        name = names.get(spec.key, spec.key)
        entry = stored.get(name)
        if entry is None:
            missing.append(name)
            continue
        needed = tf.TensorShape(spec.full_shape) if spec.is_partition else spec.shape
        if not needed.is_compatible_with(entry.shape):
            return CheckpointMismatchError(
                f"Variable {spec.key!r} has shape {needed}, but {name!r} in the checkpoint {source!r} has "
                f"shape {entry.shape}."
            )
        if entry.dtype != spec.dtype.base_dtype:
            return CheckpointMismatchError(
                f"Variable {spec.key!r} holds {spec.dtype.base_dtype.name}, but {name!r} in the checkpoint "
                f"{source!r} holds {entry.dtype.name}."
            )
    if not missing:
        return None
    lacking = sorted(set(missing))
    return MissingVariableError(
        f"The checkpoint {source!r} holds no variable named {', '.join(map(repr, lacking))}."
        f"{closest(lacking[0], stored)}"
    )


class MissingVariableError(CheckpointMismatchError, tf.errors.NotFoundError):  # type: ignore[misc]  # TensorFlow is untyped
    """Variables that a checkpoint lacks."""

    def __init__(self, message: str) -> None:
        tf.errors.NotFoundError.__init__(self, None, None, message)


def add_restore(
    graph_def: Any,
    root: str,
    prefix: str,
    variables: Sequence[VariableSpec],
    names: Mapping[str, str] | None = None,
) -> dict[str, tuple[str, str]]:
    """Adds nodes to `graph_def` that restore `variables` from the checkpoint at `prefix`.

    Args:
      graph_def: receives the nodes; must hold the variables' handles.
      root: name scope for the new nodes; must be free.
      prefix: path of the checkpoint without `.index`.
      variables: what to restore, by `key` and `slice_spec`.
      names: variable key -> name in the checkpoint, where they differ.

    Returns:
      For each variable's tensor name: names of its new initialiser op and initial-value tensor.
    """
    path = string_const(graph_def, f"{root}/prefix", prefix)
    # The slice lacks the initialisers of the module's own graph, so their names are free unless a node of the
    # state depends on one.
    nodes = {node.name for node in graph_def.node}
    initializers: dict[str, tuple[str, str]] = {}
    for number, group in enumerate(groups(variables)):
        restore = restore_node(graph_def, f"{root}/RestoreV2_{number}", path, group, names)
        for position, spec in enumerate(group):
            value = f"{restore}:{position}"
            initializers[spec.proto.variable_name] = (
                _assign_node(graph_def, _assign_name(spec, root, nodes), spec, value),
                value,
            )
    return initializers


def restore_node(
    graph_def: Any,
    name: str,
    path: str,
    group: Sequence[VariableSpec],
    names: Mapping[str, str] | None = None,
) -> str:
    """Adds one RestoreV2 that reads a group of variables; output i is variable i. Returns its name."""
    keys = [(names or {}).get(spec.key, spec.key) for spec in group]
    tensor_names = string_const(graph_def, f"{name}/tensor_names", *keys, vector=True)
    slices = [spec.slice_spec for spec in group]
    shapes = string_const(graph_def, f"{name}/shape_and_slices", *slices, vector=True)
    node = graph_def.node.add(name=name, op="RestoreV2")
    node.input.extend([path, tensor_names, shapes])
    node.attr["dtypes"].list.type.extend(spec.dtype.base_dtype.as_datatype_enum for spec in group)
    # Initial values have the static shapes of their variables, which RestoreV2 does not know.
    node.attr["_output_shapes"].list.shape.extend(spec.shape.as_proto() for spec in group)
    return name


def string_const(graph_def: Any, name: str, *values: str, vector: bool = False) -> str:
    """Adds a string Const, a scalar unless `vector`. Returns its name."""
    node = graph_def.node.add(name=name, op="Const")
    node.attr["dtype"].type = tf.string.as_datatype_enum
    tensor = node.attr["value"].tensor
    tensor.dtype = tf.string.as_datatype_enum
    if vector:
        tensor.tensor_shape.dim.add(size=len(values))
    else:
        tensor.tensor_shape.SetInParent()
    tensor.string_val.extend(value.encode() for value in values)
    return name


def groups(variables: Sequence[VariableSpec]) -> list[list[VariableSpec]]:
    """Splits variables, in name order, into groups of about GROUP_BYTES."""
    groups: list[list[VariableSpec]] = []
    room = 0
    # In the order of the names, so that the groups are the same in each process.
    for spec in sorted(variables, key=lambda spec: (spec.key, spec.offset)):
        size = (spec.shape.num_elements() or 0) * spec.dtype.base_dtype.size
        if not groups or size > room:
            groups.append([])
            room = GROUP_BYTES
        groups[-1].append(spec)
        room -= size
    return groups


def _assign_name(spec: VariableSpec, root: str, nodes: set[str]) -> str:
    """The name of the replaced initialiser, by which programs look it up; another if it is in use."""
    name = node_of(spec.proto.initializer_name)
    return f"{root}/assign/{spec.handle}" if not name or name in nodes else name


def _assign_node(graph_def: graph_pb2.GraphDef, name: str, spec: VariableSpec, value: str) -> str:
    dtype = spec.dtype.base_dtype.as_datatype_enum
    node = graph_def.node.add(name=name)
    node.input.extend([spec.handle, value])
    # Both ops take over the buffer of the restored tensor where nobody else uses it: no copy.
    if spec.proto.is_resource:
        node.op = "AssignVariableOp"
        node.attr["dtype"].type = dtype
    else:
        node.op = "Assign"
        node.attr["T"].type = dtype
        node.attr["_class"].list.s.append(b"loc:@" + spec.handle.encode())
    node.attr["validate_shape"].b = True
    return name
