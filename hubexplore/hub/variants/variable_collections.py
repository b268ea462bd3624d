"""Turns the lists of variables of a SavedModel into those of a module.

`summary/reading/local_variables.py` has the rule. Variables that the checkpoint holds become variables of the
module; those that start from values of the graph become local variables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from tensorflow.core.framework import variable_pb2

from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.hub.variants.variable_specs import VARIABLE_COLLECTIONS, VariableSpec, describe, members
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.reading import local_variables as unlisted
from hubexplore.summary.reading.local_variables import ASSIGN_OPS, VARIABLE_OPS


def list_saved(variant: GraphVariant, stored: Collection[str], started: Mapping[str, str]) -> None:
    """Makes the lists of variables name those that start from the checkpoint, and no local variable.

    Changes the meta graph of the variant.

    Args:
      variant: whose graph may use variables that it does not list.
      stored: names of the variables in the checkpoint.
      started: see `summary.unlisted.main_op_values`. A variable that it starts need not be in the checkpoint;
        where it is and a signature reads it, the value of the main op counts, as TensorFlow runs that last.
    """
    meta_graph, first = variant.meta_graph, VARIABLE_COLLECTIONS[0]
    saved = set(members(meta_graph, first))
    starting = unlisted.starting(meta_graph, variant.nodes, started, stored) if started else {}
    for key in VARIABLE_COLLECTIONS:
        if starting and key in meta_graph.collection_def:
            listed = meta_graph.collection_def[key].bytes_list.value
            # A variable that the main op starts was never saved, so it is not missing; all others must be in
            # the checkpoint.
            remaining = [
                proto
                for name, proto in zip(members(meta_graph, key), listed, strict=True)
                if node_of(name) not in starting or _is_part(proto)
            ]
            if len(remaining) < len(listed):
                listed[:] = remaining
            # A module with an empty list would still be expected to have a checkpoint.
            if not remaining:
                del meta_graph.collection_def[key]
    for name, value in starting.items():
        assign = variant.nodes.get(f"{name}/Assign")
        if assign is not None and assign.op in ASSIGN_OPS:
            # The main op assigned another value than the initialiser of the variable does; now the
            # initialiser assigns it, so that initialising the variable has the effect that loading the
            # SavedModel had.
            assign.input[1] = value
    # Only the first list is initialised whether or not a module is trainable.
    added = {
        name: proto
        for key in VARIABLE_COLLECTIONS[1:]
        for name, proto in zip(members(meta_graph, key), _listed(meta_graph, key), strict=True)
        if name not in saved
    }
    for name, proto in _unlisted_protos(variant).items():
        if name in stored and name not in starting:
            added[proto.variable_name] = proto.SerializeToString()
    if added:
        meta_graph.collection_def[first].bytes_list.value.extend(added.values())


def _listed(meta_graph: Any, key: str) -> list[bytes]:
    return list(meta_graph.collection_def[key].bytes_list.value) if key in meta_graph.collection_def else []


def _is_part(proto: bytes) -> bool:
    return bool(variable_pb2.VariableDef.FromString(proto).save_slice_info_def.full_name)


def local_variables(variant: GraphVariant) -> dict[str, VariableSpec]:
    """The variables that signatures read and no collection lists: tensor name -> what it is."""
    return {
        proto.variable_name: describe(proto, variant.nodes)
        for proto in _unlisted_protos(variant).values()
        if proto.initializer_name
    }


def _unlisted_protos(variant: GraphVariant) -> dict[str, Any]:
    """Node name -> VariableDef of those unlisted variables that a signature reads."""
    nodes = variant.nodes
    variables = [name for name in variant.state_nodes if nodes[name].op in VARIABLE_OPS]
    listed = {node_of(name) for key in VARIABLE_COLLECTIONS for name in members(variant.meta_graph, key)}
    names = unlisted.unlisted(variant.meta_graph, nodes, variables, listed)
    if not names:
        return {}
    assigns, reads = _uses(nodes, names)
    return {name: _proto(variant, name, assigns.get(name, ()), reads.get(name, "")) for name in sorted(names)}


def _uses(nodes: Mapping[str, Any], names: Collection[str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """For variables' nodes: the ops that assign, in graph order, and the first one that reads."""
    assigns: dict[str, list[str]] = {}
    reads: dict[str, str] = {}
    for name, node in nodes.items():
        # One pass over all nodes, whatever the number of variables: a scan per variable would be quadratic.
        target = node_of(node.input[0]) if node.input else ""
        if target in names:
            if node.op in ASSIGN_OPS:
                assigns.setdefault(target, []).append(name)
            elif node.op == "ReadVariableOp":
                reads.setdefault(target, name)
    return assigns, reads


def _proto(variant: GraphVariant, name: str, assigns: Iterable[str], read: str) -> Any:
    # No proto describes the variable, so its fields are read off the ops around it.
    is_resource = variant.nodes[name].op == "VarHandleOp"
    proto = variable_pb2.VariableDef(variable_name=f"{name}:0", is_resource=is_resource)
    initial = f"{name}/Assign"
    # The initialiser that tf.Variable made comes first; the sort keeps the order of the others.
    for assign in sorted(assigns, key=lambda candidate: candidate != initial):
        value = variant.nodes[assign].input[1]
        if unlisted.can_start(variant.nodes, name, value):
            proto.initializer_name = assign
            proto.initial_value_name = value if ":" in value else f"{value}:0"
            break
    if is_resource:
        proto.snapshot_name = f"{read}:0" if read else ""
    else:
        proto.snapshot_name = f"{name}/read:0" if f"{name}/read" in variant.nodes else proto.variable_name
    proto.trainable = False
    return proto
