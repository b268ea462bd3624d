"""Which words of an input a module does not know: those that it looks up in a vocabulary that lacks them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from hubexplore.explorer import class_labels
from hubexplore.summary.graph.functions.inner_tensors import flat_view
from hubexplore.summary.graph.traversal import index_nodes, node_of, reach, tensor_of
from hubexplore.summary.lookup import find_signature, find_variant
from hubexplore.summary.model import ModuleSummary

MAX_WORDS: Final = 200
"""Maximum number of unknown words that are remembered of a run."""
MAX_TEXTS: Final = 1000
"""Maximum number of texts of a run whose words are looked at."""
_LOOKUPS: Final = frozenset({"LookupTableFind", "LookupTableFindV2"})
_FILLS: Final = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})
_WHOLE_LINE: Final = -2  # key_index of the ops above: a line of the file is a key


@dataclass(frozen=True)
class WordLookup:
    """A lookup of words in a vocabulary.

    Attributes:
      keys: name of the tensor of the words, as the graph has split and normalised them.
      vocabulary: the words that are known.
    """

    keys: str
    vocabulary: frozenset[str]


def lookups(summary: ModuleSummary, tags: tuple[str, ...], signature: str) -> tuple[WordLookup, ...]:
    """Returns the lookups of words on the way to the outputs of a signature.

    A vocabulary is a file of the module, of one word per line; tables that are filled otherwise do not count.
    Lookups inside of called functions do, those in branches and loops do not: their words have no value
    outside. Never raises: what cannot be read is left out.
    """
    variant, source = find_variant(summary, tags), summary.source
    entry = find_signature(variant, signature) if variant is not None else None
    if variant is None or entry is None or source is None or source.assets is None:
        return ()
    # Most modules have none, and their graphs need not be walked.
    files = {
        table: asset for asset in variant.assets if asset.first_lines and asset.size for table in asset.tables
    }
    meta_graph = source.meta_graphs.get(variant.tags)
    if not files or meta_graph is None:
        return ()
    graph = _Graph.of(meta_graph.graph_def)
    tables = {node_of(graph.inside(table)): asset for table, asset in files.items()}
    filled = {
        node_of(graph.inside(node.input[0]))
        for node in graph.nodes.values()
        if node.op in _FILLS and node.input and node.attr["key_index"].i == _WHOLE_LINE
    }
    found: dict[str, frozenset[str]] = {}
    targets = [graph.inside(tensor) for output in entry.outputs for tensor in output.tensors]
    for name in sorted(reach(graph.nodes, targets).nodes):
        node = graph.nodes[name]
        table = node_of(node.input[0]) if node.op in _LOOKUPS and len(node.input) > 1 else ""
        if table in tables and table in filled:
            asset = tables[table]
            words = class_labels.text_lines(source.assets, asset.name, asset.size or 0)
            if words:
                found[tensor_of(node.input[1])] = frozenset(words)
    return tuple(WordLookup(keys, words) for keys, words in found.items())


class _Graph(NamedTuple):
    """A graph with its calls inlined.

    Attributes:
      nodes: by name.
      results: tensor of a call -> the tensor of these nodes that has its value.
    """

    nodes: Mapping[str, Any]
    results: Mapping[str, str]

    @staticmethod
    def of(graph_def: Any) -> _Graph:
        flat = flat_view(graph_def)
        if flat is None:
            return _Graph(index_nodes(graph_def.node), {})
        return _Graph(index_nodes(flat.nodes), flat.tensors)

    def inside(self, tensor: str) -> str:
        """The tensor inside of a call that has the value of its result; others are returned as they are."""
        seen = set()
        # A call may return what another call returned.
        while (name := tensor_of(tensor)) not in seen and (inner := _result(self.results, name)):
            seen.add(name)
            tensor = inner
        return tensor


def _result(results: Mapping[str, str], tensor: str) -> str | None:
    return results.get(tensor) or results.get(tensor.removesuffix(":0")) or results.get(f"{tensor}:0")


def unknown_words(word_lookups: Iterable[WordLookup], fetched: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the words that no vocabulary has, in the order in which they were looked up.

    Args:
      word_lookups: see `lookups`.
      fetched: their keys, arrays of bytes by name of the tensor.
    """
    words: dict[str, None] = {}
    for lookup in word_lookups:
        for word in _texts(fetched.get(lookup.keys)):
            if word and word not in lookup.vocabulary:
                words[word] = None
                if len(words) == MAX_WORDS:
                    return tuple(words)
    return tuple(words)


def _texts(keys: Any) -> Iterator[str]:
    for key in np.asarray(keys if keys is not None else [], object).reshape(-1).tolist():
        yield key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)
