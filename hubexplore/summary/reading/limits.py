"""How much of a module is read: about what two seconds are enough for, several times what models have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from hubexplore.summary.module_format import ATTACHMENTS
from hubexplore.summary.reading.resources import ASSETS_COLLECTION
from hubexplore.summary.reading.variables import VARIABLE_COLLECTIONS
from hubexplore.summary.size_check import check_count

_NODES: Final = "nodes"
_FUNCTIONS: Final = "functions"
_VARIABLES: Final = "variables"
_TENSORS: Final = "inputs and outputs of signatures"
_COLLECTIONS: Final = "collections"
_MESSAGES: Final = "attached messages"
_ASSETS: Final = "assets"
_OBJECTS: Final = "objects"

# Those of all graphs together. By the best of many reads of 5,000 each, a kind alone takes up to two seconds.
_MOST: Final = {
    _NODES: 400_000,
    _FUNCTIONS: 50_000,
    _VARIABLES: 80_000,
    _TENSORS: 60_000,
    _COLLECTIONS: 100_000,
    _MESSAGES: 100_000,
    _ASSETS: 10_000,
    _OBJECTS: 100_000,
}


def check(meta_graphs: Iterable[Any]) -> None:
    """Checks that graphs, MetaGraphDef-shaped messages, are not too large to be read.

    Raises:
      UnsupportedFormatError: they list too much of a kind.
    """
    counts: Counter[str] = Counter()
    for meta_graph in meta_graphs:
        counts.update(_counts(meta_graph))
    for what, limit in _MOST.items():
        check_count(counts[what], limit, what)


def _counts(meta_graph: Any) -> dict[str, int]:
    graph, collections = meta_graph.graph_def, meta_graph.collection_def
    functions, signatures = graph.library.function, meta_graph.signature_def
    listed = {
        name: len(collections[name].bytes_list.value)
        for name in (*VARIABLE_COLLECTIONS, ATTACHMENTS)
        if name in collections
    }
    assets = len(collections[ASSETS_COLLECTION].any_list.value) if ASSETS_COLLECTION in collections else 0
    return {
        _NODES: len(graph.node) + sum(len(function.node_def) for function in functions),
        _FUNCTIONS: len(functions),
        # Most variables are in two of the collections.
        _VARIABLES: max(listed.get(name, 0) for name in VARIABLE_COLLECTIONS),
        _TENSORS: sum(len(signature.inputs) + len(signature.outputs) for signature in signatures.values()),
        _COLLECTIONS: len(collections),
        _MESSAGES: listed.get(ATTACHMENTS, 0),
        _ASSETS: max(assets, len(meta_graph.asset_file_def)),
        _OBJECTS: len(meta_graph.object_graph_def.nodes),
    }
