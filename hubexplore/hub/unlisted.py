"""Variables that a graph uses but no collection of a module lists.

Writers of SavedModels leave them to the main op: accumulators of metrics, counters, other local variables.
Some are in the checkpoint all the same. What a signature reads must have a value, so those of the checkpoint
become variables of the module, and the others start from their initial values, as local variables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from tensorflow.core.framework import variable_pb2

from hubexplore.hub.variables import VARIABLE_COLLECTIONS, VARIABLE_OPS, VariableSpec, describe, members
from hubexplore.hub.variant import Variant, node_list
from hubexplore.summary.graph import node_of, reach

_ASSIGN: Final = frozenset({"Assign", "AssignVariableOp"})
_MAIN_OPS: Final = ("saved_model_main_op", "legacy_init_op")
_INIT_SIGNATURE: Final = "__saved_model_init_op"


def list_saved(variant: Variant, held: Collection[str], started: Mapping[str, str]) -> None:
    """Makes the lists of variables name those of which the checkpoint has the value, and no local ones.

    Changes the meta graph of the variant.

    Args:
      variant: whose graph may use variables that it does not list.
      held: names in the checkpoint.
      started: see `main_op_values`. A variable that it starts need not be in the checkpoint.
    """
    meta_graph, first = variant.meta_graph, VARIABLE_COLLECTIONS[0]
    saved = set(members(meta_graph, first))
    for key in VARIABLE_COLLECTIONS:
        if key in meta_graph.collection_def:
            listed = meta_graph.collection_def[key].bytes_list.value
            # What the main op starts was not lost, but never saved; all else must be in the checkpoint.
            kept = [
                proto
                for name, proto in zip(members(meta_graph, key), listed, strict=True)
                if node_of(name) in held or node_of(name) not in started
            ]
            if len(kept) < len(listed) and not _has_partitions(meta_graph, key):
                listed[:] = kept
    for name, value in started.items():
        usual = variant.nodes.get(f"{name}/Assign")
        if name not in held and usual is not None and usual.op in _ASSIGN:
            usual.input[1] = value
    # Only the first list is initialised whether or not a module is trainable.
    more = {
        name: proto
        for key in VARIABLE_COLLECTIONS[1:]
        for name, proto in zip(members(meta_graph, key), _listed(meta_graph, key), strict=True)
        if name not in saved
    }
    for name, proto in _found(variant).items():
        if name in held:
            more[proto.variable_name] = proto.SerializeToString()
    if more:
        meta_graph.collection_def[first].bytes_list.value.extend(more.values())


def _listed(meta_graph: Any, key: str) -> list[bytes]:
    return list(meta_graph.collection_def[key].bytes_list.value) if key in meta_graph.collection_def else []


def _has_partitions(meta_graph: Any, key: str) -> bool:
    return any(
        variable_pb2.VariableDef.FromString(each).save_slice_info_def.full_name
        for each in meta_graph.collection_def[key].bytes_list.value
    )


def local_variables(variant: Variant) -> dict[str, VariableSpec]:
    """The variables that signatures read and no collection lists: tensor name -> what it is."""
    return {
        proto.variable_name: describe(proto, variant.nodes)
        for proto in _found(variant).values()
        if proto.initializer_name
    }


def main_op_values(variant: Variant) -> dict[str, str]:
    """What the main op of a SavedModel assigns: variable's node -> the input with its value."""
    meta_graph = variant.meta_graph
    ran = [name for key in _MAIN_OPS for name in node_list(meta_graph, key)]
    if _INIT_SIGNATURE in meta_graph.signature_def:
        ran += [info.name for info in meta_graph.signature_def[_INIT_SIGNATURE].outputs.values()]
    found = reach(variant.nodes, [node_of(each) for each in ran]).nodes if ran else set()
    assigns = [variant.nodes[name] for name in sorted(found) if variant.nodes[name].op in _ASSIGN]
    return {node_of(node.input[0]): node.input[1] for node in assigns}


def _unlisted(variant: Variant) -> set[str]:
    """Names of the nodes of variables that no collection lists."""
    nodes = variant.nodes
    held = {name for name in variant.state_nodes if nodes[name].op in VARIABLE_OPS}
    return held - {node_of(name) for key in VARIABLE_COLLECTIONS for name in members(variant.meta_graph, key)}


def _found(variant: Variant) -> dict[str, Any]:
    """Node name -> VariableDef of those unlisted variables that a signature reads."""
    names = _unlisted(variant)
    if not names:
        return {}
    outputs = {
        part
        for signature in variant.signature_names
        for info in variant.output_infos(signature).values()
        for part in info.component_names
    }
    names &= reach(variant.nodes, [node_of(each) for each in outputs]).nodes
    if not names:
        return {}
    assigns, reads = _uses(variant.nodes, names)
    return {name: _proto(variant, name, assigns.get(name, ()), reads.get(name, "")) for name in sorted(names)}


def _uses(nodes: Mapping[str, Any], names: Collection[str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """For variables' nodes: the ops that assign, in graph order, and the first one that reads."""
    assigns: dict[str, list[str]] = {}
    reads: dict[str, str] = {}
    for name, node in nodes.items():
        target = node_of(node.input[0]) if node.input else ""
        if target in names:
            if node.op in _ASSIGN:
                assigns.setdefault(target, []).append(name)
            elif node.op == "ReadVariableOp":
                reads.setdefault(target, name)
    return assigns, reads


def _proto(variant: Variant, name: str, assigns: Iterable[str], read: str) -> Any:
    is_resource = variant.nodes[name].op == "VarHandleOp"
    proto = variable_pb2.VariableDef(variable_name=f"{name}:0", is_resource=is_resource)
    usual = f"{name}/Assign"
    for assign in sorted(assigns, key=lambda each: each != usual):
        value = variant.nodes[assign].input[1]
        behind = reach(variant.nodes, [node_of(value)]).nodes
        if name not in behind and not variant.needing_placeholder([node_of(value)]):
            proto.initializer_name = assign
            proto.initial_value_name = value if ":" in value else f"{value}:0"
            break
    if is_resource:
        proto.snapshot_name = f"{read}:0" if read else ""
    else:
        proto.snapshot_name = f"{name}/read:0" if f"{name}/read" in variant.nodes else proto.variable_name
    proto.trainable = False
    return proto
