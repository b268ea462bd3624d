"""TF1 conditions and loops: which nodes belong together, by the collections of a MetaGraphDef.

Sources: CondContextDef and WhileContextDef in tensorflow/core/protobuf/control_flow.proto.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from hubexplore.summary.files import wire
from hubexplore.summary.formats.graph_files.module_graph import Plan
from hubexplore.summary.graph.traversal import node_of, reach

COLLECTIONS: Final = ("cond_context", "while_context")
_DEEPEST: Final = 64


def kept_contexts(
    meta_graph: Any,
    nodes: Mapping[str, Any],
    what: Plan,
    left_out: Collection[str],
) -> dict[str, list[bytes]]:
    """The contexts of the conditions and loops that needed nodes are part of; adds all of their nodes.

    A context with nodes that are left out, as those of a loop's gradient, is dropped, and so is one that
    takes what a queue returns: the loop still runs, but has no gradient.

    Args:
      meta_graph: MetaGraphDef-shaped message.
      nodes: its index.
      what: what becomes of the graph; its nodes grow by those of the contexts.
      left_out: names of nodes that must not be added.
    """
    renamed = {tensor for tensor, name in what.placeholders.items() if tensor != f"{name}:0"}
    replaced = set(what.placeholders.values())
    contexts = []
    for key in COLLECTIONS:
        if key in meta_graph.collection_def:
            for content in meta_graph.collection_def[key].bytes_list.value:
                texts = set(_texts(content, 0))
                names = {name for name in map(node_of, texts) if name in nodes} - replaced
                if names and not names.intersection(left_out) and not texts & renamed:
                    contexts.append((key, content, names))
    kept: dict[str, list[bytes]] = {}
    waiting, grown = contexts, True
    while grown:
        grown = False
        for context in list(waiting):
            key, content, names = context
            region = reach(nodes, sorted(names), what.cut).nodes if names & what.needed else set(left_out)
            if names & what.needed and not region.intersection(left_out):
                what.needed.update(region)
                kept.setdefault(key, []).append(content)
                waiting.remove(context)
                grown = True
    return kept


def _texts(content: bytes, depth: int) -> Iterator[str]:
    """All text in a message, nested messages included; bytes may be taken for both."""
    try:
        values = [value for _, value in wire.fields(content) if isinstance(value, bytes)]
    except ValueError:
        return
    for value in values:
        with contextlib.suppress(UnicodeDecodeError):
            yield value.decode()
        if depth < _DEEPEST:
            yield from _texts(value, depth + 1)
