"""One meta graph as a `VariantSummary`."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from hubexplore.errors import closest
from hubexplore.summary.formats.converted import Converted
from hubexplore.summary.graph.declared_tensors import Declared
from hubexplore.summary.graph.functions.function_nesting import find_endless
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.graph.ops.op_kernels import reason, who_needs, without_kernel
from hubexplore.summary.graph.ops.op_packages import MOST_NAMED, describe
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.lookup import first_names
from hubexplore.summary.model import (
    AssetSummary,
    CollectionSummary,
    FunctionSummary,
    SignatureSummary,
    VariantSummary,
)
from hubexplore.summary.module_format import INIT_OP, MAIN_OPS
from hubexplore.summary.reading.attachments import read_messages
from hubexplore.summary.reading.op_counts import count_ops
from hubexplore.summary.reading.resources import AssetFolder, is_inside, read_assets, read_tables
from hubexplore.summary.reading.signatures import contradictions, read_signatures
from hubexplore.summary.reading.variables import Entries, read_variables

_KINDS: Final = {
    "node_list": "nodes",
    "bytes_list": "bytes",
    "int64_list": "ints",
    "float_list": "floats",
    "any_list": "messages",
}
_MAX_NAMED: Final = 3


def tags_of(meta_graph: Any) -> tuple[str, ...]:
    """The tags of a meta graph, sorted, each once."""
    return tuple(sorted(set(meta_graph.meta_info_def.tags)))


def read_variant(
    model: Any, entries: Entries, folder: AssetFolder | None, is_saved_model: bool = False
) -> tuple[VariantSummary, list[str]]:
    """A graph variant, and what is wrong with it as sentences.

    Args:
      model: MetaGraphDef-shaped message, or what one was converted to; it is not changed.
      entries: what the checkpoint holds by name; empty without one.
      folder: of the assets; None where the graph itself names the files.
      is_saved_model: see `read_variables`.

    Raises:
      DamagedModuleError: a part of it is not readable.
    """
    converted = model if isinstance(model, Converted) else Converted(model)
    meta_graph = converted.meta_graph
    graph, nodes = meta_graph.graph_def, {}
    # The index and the counts share one pass: each more over a large graph is felt when a module is opened.
    used: Counter[str] = Counter()
    for node in graph.node:  # once over what may be 100,000 nodes
        nodes[node.name] = node
        used[node.op] += 1
    declared = Declared(meta_graph, nodes)
    signatures = read_signatures(meta_graph, declared)
    assets, tables = read_assets(meta_graph, nodes, read_tables(nodes, graph.library), folder)
    variant = VariantSummary(
        tags=tags_of(meta_graph),
        signatures=signatures,
        variables=(
            *read_variables(meta_graph, nodes, entries, is_saved_model, converted.names),
            *converted.constants,
            *sorted(converted.unneeded, key=lambda variable: (variable.name, variable.key)),
        ),
        collections=_collections(meta_graph),
        tables=tables,
        assets=assets,
        messages=read_messages(meta_graph),
        losses=_names(meta_graph, "regularization_losses"),
        update_ops=_names(meta_graph, "update_ops"),
        functions=tuple(_function(function) for function in graph.library.function),
        ops=count_ops(used, graph.library.function),
        nodes=len(graph.node),
        tensorflow_version=meta_graph.meta_info_def.tensorflow_version,
        initializer=_initializer(meta_graph),
    )
    return variant, [
        *_cannot_run(variant, meta_graph),
        *_endless(graph),
        *_duplicates(len(graph.node) - len(nodes)),
        *_dangling(signatures, nodes),
        *_lost(assets, folder),
        *_some(list(contradictions(meta_graph, signatures))),
    ]


def _names(meta_graph: Any, collection: str) -> tuple[str, ...]:
    if collection not in meta_graph.collection_def:
        return ()
    return tuple(meta_graph.collection_def[collection].node_list.value)


def _collections(meta_graph: Any) -> tuple[CollectionSummary, ...]:
    summaries = []
    for name in sorted(meta_graph.collection_def):
        collection = meta_graph.collection_def[name]
        kind = collection.WhichOneof("kind")
        values = getattr(collection, kind).value if kind else ()
        entries = () if kind in ("bytes_list", "any_list") else tuple(map(str, values))
        summaries.append(CollectionSummary(name, _KINDS.get(kind, ""), len(values), entries))
    return tuple(summaries)


def _function(function: Any) -> FunctionSummary:
    signature = function.signature
    return FunctionSummary(
        name=signature.name,
        inputs=tuple((argument.name, _type_of(argument)) for argument in signature.input_arg),
        outputs=tuple((argument.name, _type_of(argument)) for argument in signature.output_arg),
        nodes=len(function.node_def),
    )


def _type_of(argument: Any) -> str:
    return dtype_name(argument.type) if argument.type else argument.type_attr or argument.type_list_attr


def _initializer(meta_graph: Any) -> str:
    # TensorFlow 2 names one op in both places; TF1 writers use one of the two. So the order matters only for
    # a damaged graph.
    for collection in MAIN_OPS:
        names = _names(meta_graph, collection)
        if names:
            return names[0]
    if INIT_OP in meta_graph.signature_def:
        outputs = meta_graph.signature_def[INIT_OP].outputs
        return next((outputs[name].name for name in sorted(outputs)), "")
    return ""


# ---- what is wrong


def _duplicates(count: int) -> list[str]:
    if not count:
        return []
    return [f"{count} of its nodes have the name of another node, which TensorFlow refuses."]


def _cannot_run(variant: VariantSummary, meta_graph: Any) -> list[str]:
    """Says which signatures run ops that TensorFlow lacks, or has no kernel for."""
    # TensorFlow looks into the library of functions first, so a function hides an op of the same name.
    function_names = {entry.name for entry in variant.functions}
    lacking = {
        entry.op for entry in variant.ops if entry.op in without_kernel() and entry.op not in function_names
    }
    unknown = {entry.op for entry in variant.ops if entry.unknown}
    needs = who_needs(sorted(lacking | unknown), variant.signatures, meta_graph) if lacking or unknown else {}
    sentences = []
    for op in sorted(lacking | unknown):
        if op in lacking and needs.get(op, not needs):
            needed = f" It is needed by: {first_names(needs[op], MOST_NAMED)}." if needs else ""
            sentences.append(f"The op {op!r} cannot run: {reason(op)}.{needed}")
        elif op in unknown:
            sentences.append(f"TensorFlow has no op {describe([op], needs)}.")
    return _some(sentences)


def _endless(graph: Any) -> list[str]:
    problem = find_endless(graph.node, graph.library)
    return [f"It cannot be run. {problem}"] if problem else []


def _dangling(signatures: tuple[SignatureSummary, ...], nodes: dict[str, Any]) -> list[str]:
    dangling = [
        (signature.name, side, tensor.name, name)
        for signature in signatures
        for side, tensors in (("input", signature.inputs), ("output", signature.outputs))
        for tensor in tensors
        for name in tensor.tensors
        if node_of(name) not in nodes
    ]
    # What is near is looked for among all nodes, so only for what is named.
    return _some(
        [
            f"Signature {signature!r}: {side} {tensor!r} is the tensor {name!r}, "
            f"which the graph does not have.{closest(name, _near(name, nodes)) if index < _MAX_NAMED else ''}"
            for index, (signature, side, tensor, name) in enumerate(dangling)
        ]
    )


def _near(name: str, nodes: dict[str, Any]) -> list[str]:
    # Comparing with every name of a large graph takes seconds; names of one length are enough.
    return [f"{node}:0" for node in nodes if abs(len(node) + 2 - len(name)) < 2][:200]


def _lost(assets: tuple[AssetSummary, ...], folder: AssetFolder | None) -> list[str]:
    sentences = []
    for asset in assets:
        if folder is not None and not is_inside(asset.name):
            sentences.append(
                f"The asset {asset.name!r} points outside of the module's assets folder; it is not read."
            )
        elif asset.size is None:
            sentences.append(f"The asset {asset.name!r} is missing: the copy of the module is incomplete.")
    return _some(sentences)


def _some(sentences: list[str]) -> list[str]:
    more = len(sentences) - _MAX_NAMED
    return sentences if more <= 0 else [*sentences[:_MAX_NAMED], f"... and {more} more of this kind."]
