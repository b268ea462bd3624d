"""Writes the graph of a cut: the nodes that stay, placeholders for what was cut away, and the collections."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from google.protobuf.message import DecodeError
from tensorflow.core.framework import variable_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from hubexplore.errors import DamagedModuleError, reading
from hubexplore.hub.cutting.region import Region, Sides
from hubexplore.hub.cutting.tensors import dtype_of
from hubexplore.hub.graph.contexts import ContextSpec
from hubexplore.hub.graph.slice import slice_graph
from hubexplore.hub.storage.assets import ASSETS_COLLECTION
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.hub.variants.variable_specs import VARIABLE_COLLECTIONS
from hubexplore.summary.dtypes import REFERENCE
from hubexplore.summary.graph.traversal import node_of, tensor_of
from hubexplore.summary.module_format import ATTACHMENTS

_CONTEXT_FIELDS: Final = (
    "pivot_name", "pivot_for_pred_name", "pivot_for_body_name", "maximum_iterations_name", "pred_name",
)  # fmt: skip

MSG_NO_DTYPE: Final = (
    "{tensor!r} cannot be an input: its op {op!r} is not known here, and nothing says which dtype it has."
)


def build(variant: GraphVariant, name: str, new: Sides, kept: Iterable[str], region: Region) -> Any:
    """A MetaGraphDef with what a cut keeps; the graph of the variant is not changed.

    Args:
      variant: whose graph it is.
      name: of the new signature.
      new: the new signature.
      kept: names of the signatures that stay.
      region: what stays of the graph.
    """
    old = variant.meta_graph
    meta_graph = type(old)()
    meta_graph.meta_info_def.CopyFrom(old.meta_info_def)
    library = slice_graph(variant, region.nodes, meta_graph.graph_def).library
    meta_graph.graph_def.library.CopyFrom(library)
    # A placeholder that has the name of the op that it replaces is found by the edges as they are.
    renames = {
        tensor: f"{placeholder}:0"
        for tensor, placeholder in region.replaced.items()
        if tensor != f"{placeholder}:0"
    }
    if renames or not region.waits.issubset(region.replaced.values()):
        _connect(meta_graph.graph_def.node, region, renames)
    for tensor, placeholder in region.replaced.items():
        _add_placeholder(meta_graph.graph_def.node.add(name=placeholder), variant, tensor)
    _copy_collections(old, meta_graph, region, lambda tensor: renames.get(tensor, tensor))
    for label in kept:
        meta_graph.signature_def[label].CopyFrom(old.signature_def[label])
    signature = meta_graph.signature_def[name]
    signature.SetInParent()
    for argument, found in new.inputs.items():
        signature.inputs[argument].CopyFrom(found.renamed(lambda tensor: renames.get(tensor, tensor)).info)
    for argument, found in new.outputs.items():
        signature.outputs[argument].CopyFrom(found.renamed(lambda tensor: renames.get(tensor, tensor)).info)
    return meta_graph


def _connect(nodes: Iterable[Any], region: Region, renames: Mapping[str, str]) -> None:
    """Makes nodes take the placeholders, and wait for nothing that is not there."""
    waits: dict[str, str] = {}
    for tensor, placeholder in region.replaced.items():
        waits.setdefault(node_of(tensor), placeholder)
    for node in nodes:
        edges = list(node.input)
        mended: list[str] = []
        for edge in edges:
            if edge[:1] != "^":
                renamed = renames.get(tensor_of(edge))
                mended.append(edge if renamed is None else renamed.removesuffix(":0"))
            elif edge[1:] in region.nodes:
                mended.append(edge)
            elif edge[1:] in waits:
                mended.append(f"^{waits[edge[1:]]}")
        if mended != edges:
            del node.input[:]
            node.input.extend(mended)


def _add_placeholder(node: Any, variant: GraphVariant, tensor: str) -> None:
    node.op = "Placeholder"
    dtype = dtype_of(tensor, variant.nodes, variant.library) % REFERENCE
    if not dtype:
        op = variant.nodes[node_of(tensor)].op
        raise DamagedModuleError(MSG_NO_DTYPE.format(tensor=tensor, op=op))
    node.attr["dtype"].type = dtype
    # Until the shape is inferred, which takes longer than all else.
    node.attr["shape"].shape.unknown_rank = True


def _copy_collections(old: Any, new: Any, region: Region, renamed: Callable[[str], str]) -> None:
    nodes = region.nodes
    for key in VARIABLE_COLLECTIONS:
        if key in old.collection_def:
            with reading("The module's list of variables", DecodeError):
                remaining = [
                    content
                    for content in old.collection_def[key].bytes_list.value
                    if node_of(variable_pb2.VariableDef.FromString(content).variable_name) in nodes
                ]
            if remaining:
                new.collection_def[key].bytes_list.value.extend(remaining)
    for key, names in region.lists.items():
        new.collection_def[key].node_list.value.extend(names)
    for context in region.contexts:
        proto = _context(context, region, renamed)
        new.collection_def[context.collection].bytes_list.value.append(
            proto.SerializeToString(deterministic=True)
        )
    if ATTACHMENTS in old.collection_def:
        new.collection_def[ATTACHMENTS].CopyFrom(old.collection_def[ATTACHMENTS])
    _copy_assets(old, new, nodes)


def _copy_assets(old: Any, new: Any, nodes: Collection[str]) -> None:
    """Copies the entries of files whose paths are still in the graph."""
    new.asset_file_def.extend(
        asset for asset in old.asset_file_def if node_of(asset.tensor_info.name) in nodes
    )
    for packed in (
        old.collection_def[ASSETS_COLLECTION].any_list.value
        if ASSETS_COLLECTION in old.collection_def
        else ()
    ):
        asset = meta_graph_pb2.AssetFileDef()
        if packed.Unpack(asset) and node_of(asset.tensor_info.name) in nodes:
            new.collection_def[ASSETS_COLLECTION].any_list.value.add().CopyFrom(packed)


def _context(context: ContextSpec, region: Region, renamed: Callable[[str], str]) -> Any:
    """The description of a cond or loop by the names in the cut."""
    proto = type(context.proto)()
    proto.CopyFrom(context.proto)
    placeholders = set(region.replaced.values())

    def is_there(name: str) -> bool:
        return node_of(name) in region.nodes or node_of(name) in placeholders

    _mend(proto, is_there, renamed)
    return proto


def _mend(proto: Any, is_there: Callable[[str], bool], renamed: Callable[[str], str]) -> None:
    for key in _CONTEXT_FIELDS:
        if getattr(proto, key, ""):
            setattr(proto, key, renamed(getattr(proto, key)))
    values = proto.values_def
    external = {
        renamed(key): renamed(value)
        for key, value in values.external_values.items()
        if is_there(renamed(key)) and is_there(renamed(value))
    }
    # TensorFlow looks up each of these when it imports the graph.
    named = [renamed(name) for name in values.values]
    dropped = {renamed(key) for key in values.external_values} - external.keys()
    del values.values[:]
    values.values.extend(name for name in dict.fromkeys(named) if name not in dropped and is_there(name))
    values.external_values.clear()
    values.external_values.update(external)
    for nested in proto.nested_contexts:
        kind = nested.WhichOneof("ctxt")
        if kind:
            _mend(getattr(nested, kind), is_there, renamed)
