"""A checkpoint with its `.meta` as a module: the MetaGraphDef has the graph, the checkpoint the values.

`tf.compat.v1.train.Saver` writes both. The graph is the one that was trained: what computes gradients, moves
variables, reads files and writes summaries is recognised and left out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import DecodeError

from hubexplore.errors import NotAModuleError, reading
from hubexplore.summary.diagnosis.saved_model_remedy import SUPPORTED_COLLECTIONS
from hubexplore.summary.formats.converted import Converted
from hubexplore.summary.formats.graph_files import graph_interface
from hubexplore.summary.formats.graph_files import graph_parts as parts
from hubexplore.summary.formats.graph_files.chosen_signatures import (
    ChosenSignature,
    read_signatures,
)
from hubexplore.summary.formats.graph_files.control_contexts import kept_contexts
from hubexplore.summary.formats.graph_files.flat_graph import flatten
from hubexplore.summary.formats.graph_files.frozen_graph import MSG_NO_OUTPUT, describe_choice
from hubexplore.summary.formats.graph_files.module_graph import Plan, build, named, plan
from hubexplore.summary.graph.declared_tensors import component_names
from hubexplore.summary.graph.messages import VariableDef, dtype_name
from hubexplore.summary.graph.traversal import node_of, reach
from hubexplore.summary.model import UNNEEDED, VariableSummary
from hubexplore.summary.module_format import DEFAULT_SIGNATURE, INTERNAL_SIGNATURES
from hubexplore.summary.weights.checkpoint_index import CheckpointEntry
from hubexplore.summary.wishes import NO_WISHES, Wishes

_LISTS: Final = ("variables", "trainable_variables", "model_variables")
_NODE_LISTS: Final = ("update_ops", "regularization_losses")
_ASSIGNS: Final = frozenset({"Assign", "AssignVariableOp"})
_RESTORES: Final = frozenset({"RestoreV2", "Restore", "RestoreSlice"})
_PASSING: Final = frozenset({"Identity", "Cast"})
_PART: Final = re.compile(r"(?P<key>.*)/part_\d+$", re.DOTALL)
_MOST_NAMED: Final = 6
_WRITTEN: Final = frozenset({*_LISTS, *_NODE_LISTS, "cond_context", "while_context", "table_initializer"})


@dataclass(frozen=True)
class _Declared:
    """The variables that the collections of a graph list: node -> (VariableDef, name in the checkpoint)."""

    protos: Mapping[str, Any]
    keys: Mapping[str, str]


def as_module(
    meta_graph: Any,
    entries: Mapping[str, CheckpointEntry],
    title: str,
    wishes: Wishes = NO_WISHES,
) -> Converted:
    """Rewrites the graph of a checkpoint into the form of a module. Linear in its nodes.

    Args:
      meta_graph: MetaGraphDef-shaped message; it is not changed.
      entries: what the checkpoint holds by name; empty if that is not known.
      title: what messages call it: its path.
      wishes: signatures, see `chosen_signatures`. Without a `default` among them there are also those that
        the MetaGraphDef declares, and `default` from placeholders, queues and iterators to the results.

    Raises:
      DamagedModuleError: the graph contradicts itself.
      NotAModuleError: it has no outputs.
      SignatureError, NoSuchTensorError: see `chosen_signatures.read_signatures`.
    """
    flat = flatten(meta_graph, repr(title))
    nodes = flat.nodes
    listed = _listed_variables(meta_graph)
    restored = _restored_names(nodes, listed, entries)
    valueless = _valueless(nodes, listed, restored, entries)
    notes: list[str] = []
    declared: dict[str, Any] = {}
    chosen: dict[str, ChosenSignature] = {}
    if wishes.signatures is not None:
        chosen = read_signatures(wishes.signatures, nodes, flat.functions)
    if DEFAULT_SIGNATURE not in chosen:
        asked = chosen
        declared = {
            name: signature
            for name, signature in _declared_signatures(meta_graph, nodes).items()
            if name not in asked
        }
        if DEFAULT_SIGNATURE not in declared:
            chosen = named(graph_interface.find(nodes, flat.functions, valueless), nodes) | asked
        if DEFAULT_SIGNATURE in chosen:
            notes.append(describe_choice(chosen))
        if not chosen and not declared:
            raise NotAModuleError(MSG_NO_OUTPUT.format(title=repr(title), count=len(nodes), path=title))
    what = plan(nodes, chosen | {name: _tensors(signature) for name, signature in declared.items()})
    training = parts.training_nodes(nodes)
    contexts = kept_contexts(meta_graph, nodes, what, training)
    _add_initializers(what, nodes, listed)
    updates = _usable_lists(meta_graph, nodes, what, training)
    new = build(meta_graph, nodes, chosen, what)
    for name, signature in declared.items():
        new.signature_def[name].CopyFrom(signature)
    for key, contents in contexts.items():
        new.collection_def[key].bytes_list.value.extend(contents)
    for key, names in updates.items():
        new.collection_def[key].node_list.value.extend(names)
    _list_variables(new, meta_graph, what)
    notes += _left_out(meta_graph, nodes, what)
    needed = {listed.keys.get(name, name) for name in what.needed if nodes[name].op in parts.VARIABLES}
    renamed = {name: key for name, key in restored.items() if name in needed and name not in entries}
    return Converted(
        meta_graph=new,
        original=meta_graph,
        names=renamed,
        unneeded=_unneeded(entries, needed | set(renamed.values()), listed),
        notes=tuple(notes),
        wishes=wishes,
    )


# ---- variables


def _listed_variables(meta_graph: Any) -> _Declared:
    protos: dict[str, Any] = {}
    keys: dict[str, str] = {}
    for collection in _LISTS:
        for content in _bytes(meta_graph, collection):
            with reading(f"The list of variables ({collection!r}) of the graph", DecodeError):
                proto = VariableDef.FromString(content)
            name = node_of(proto.variable_name)
            protos.setdefault(name, proto)
            keys[name] = name
            if proto.save_slice_info_def.full_name:
                match = _PART.match(name)
                keys[name] = match["key"] if match else str(proto.save_slice_info_def.full_name)
    return _Declared(protos, keys)


def _bytes(meta_graph: Any, collection: str) -> list[bytes]:
    if collection not in meta_graph.collection_def:
        return []
    return list(meta_graph.collection_def[collection].bytes_list.value)


def _restored_names(
    nodes: Mapping[str, Any], listed: _Declared, entries: Mapping[str, Any]
) -> dict[str, str]:
    """Key of a variable -> its name in the checkpoint, where the graph's own saver gives it another one."""
    names: dict[str, str] = {}
    for node in nodes.values():
        if node.op not in _ASSIGNS or len(node.input) < 2:
            continue
        value, _, port = node.input[1].partition(":")
        while nodes[value].op in _PASSING:
            value, _, port = nodes[value].input[0].partition(":")
        if nodes[value].op not in _RESTORES or len(nodes[value].input) < 2:
            continue
        keys = nodes[node_of(nodes[value].input[1])]
        stored = keys.attr["value"].tensor.string_val if keys.op == "Const" else ()
        index = int(port or 0)
        variable = listed.keys.get(node_of(node.input[0]), node_of(node.input[0]))
        if index < len(stored):
            key = stored[index].decode(errors="replace")
            if key != variable and (not entries or key in entries):
                names.setdefault(variable, key)
    return names


def _valueless(
    nodes: Mapping[str, Any],
    listed: _Declared,
    restored: Mapping[str, str],
    entries: Mapping[str, CheckpointEntry],
) -> list[str]:
    """The variables that the checkpoint need not hold and does not: local ones, as those of metrics.

    None where it is not known what it holds.
    """
    if not entries:
        return []
    return [
        name
        for name, node in nodes.items()
        if node.op in parts.VARIABLES
        and name not in listed.keys
        and name not in entries
        and restored.get(name, "") not in entries
    ]


def _add_initializers(what: Plan, nodes: Mapping[str, Any], listed: _Declared) -> None:
    """Keeps what the descriptions of needed variables name: reads, and the ops that initialise."""
    names = [
        node_of(name)
        for variable, proto in listed.protos.items()
        if variable in what.needed
        for name in (proto.snapshot_name, proto.initializer_name, proto.initial_value_name)
        if name and node_of(name) in nodes
    ]
    what.needed.update(reach(nodes, names).nodes)


def _list_variables(new: Any, meta_graph: Any, what: Plan) -> None:
    for collection in _LISTS:
        kept = [
            content
            for content in _bytes(meta_graph, collection)
            if node_of(VariableDef.FromString(content).variable_name) in what.needed
        ]
        if kept:
            new.collection_def[collection].bytes_list.value.extend(kept)


def _unneeded(
    entries: Mapping[str, CheckpointEntry], needed: Collection[str], listed: _Declared
) -> tuple[VariableSummary, ...]:
    """What else the checkpoint holds: slots of optimizers, the step, weights of other outputs."""
    nodes = {key: name for name, key in listed.keys.items()}
    return tuple(
        VariableSummary(
            name=name,
            dtype=dtype_name(entry.dtype),
            shape=entry.shape,
            trainable=False,
            node=nodes.get(name, ""),
            key=name,
            stored=entry.size,
            kind=UNNEEDED,
        )
        for name, entry in sorted(entries.items())
        if name not in needed
    )


# ---- signatures and collections


def _declared_signatures(meta_graph: Any, nodes: Mapping[str, Any]) -> dict[str, Any]:
    """The signatures of the MetaGraphDef whose tensors the graph has."""
    return {
        name: signature
        for name, signature in sorted(meta_graph.signature_def.items())
        if name not in INTERNAL_SIGNATURES
        and signature.outputs
        and all(
            node_of(tensor) in nodes
            for tensors in (_tensors(signature).inputs, _tensors(signature).outputs)
            for tensor in tensors
        )
    }


def _tensors(signature: Any) -> ChosenSignature:
    """All tensors of a signature, under their own names."""
    sides = (
        [name for info in side.values() for name in component_names(info)]
        for side in (signature.inputs, signature.outputs)
    )
    return ChosenSignature(*({name: name for name in names} for names in sides))


def _usable_lists(
    meta_graph: Any, nodes: Mapping[str, Any], what: Plan, training: Collection[str]
) -> dict[str, list[str]]:
    """Update ops and losses that need nothing but what signatures need; adds their nodes."""
    kept: dict[str, list[str]] = {}
    for key in _NODE_LISTS:
        if key not in meta_graph.collection_def:
            continue
        for name in dict.fromkeys(meta_graph.collection_def[key].node_list.value):
            if node_of(name) not in nodes:
                continue
            region = reach(nodes, [node_of(name)], what.cut).nodes
            starts = {item for item in region if parts.is_input(nodes[item])}
            if starts <= what.needed and not region.intersection(training):
                what.needed.update(region)
                kept.setdefault(key, []).append(name)
    return kept


def _left_out(meta_graph: Any, nodes: Mapping[str, Any], what: Plan) -> list[str]:
    notes = []
    count = len(nodes) - len(what.needed)
    if count:
        notes.append(
            f"{count:,} of {len(nodes):,} nodes, which only training, saving or other results need, "
            f"are left out."
        )
    dropped = sorted(set(meta_graph.collection_def) - _WRITTEN - SUPPORTED_COLLECTIONS)
    if dropped:
        more = f" and {len(dropped) - _MOST_NAMED} more" if len(dropped) > _MOST_NAMED else ""
        named_ones = ", ".join(map(repr, dropped[:_MOST_NAMED])) + more
        notes.append(f"Collections that a module cannot carry are left out: {named_ones}.")
    return notes
