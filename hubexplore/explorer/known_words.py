"""Which words of an input a module does not know: those that it looks up in a vocabulary that lacks them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hubexplore.explorer import class_labels
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

    A vocabulary is a file of the module, of one word per line; tables that are filled otherwise do not count,
    nor do lookups inside of functions. Never raises: what cannot be read is left out.
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
    nodes = index_nodes(meta_graph.graph_def.node)
    filled = {
        node_of(node.input[0])
        for node in nodes.values()
        if node.op in _FILLS and node.input and node.attr["key_index"].i == _WHOLE_LINE
    }
    found: dict[str, frozenset[str]] = {}
    targets = [tensor for output in entry.outputs for tensor in output.tensors]
    for name in sorted(reach(nodes, targets).nodes):
        node = nodes[name]
        table = node_of(node.input[0]) if node.op in _LOOKUPS and len(node.input) > 1 else ""
        if table in files and table in filled:
            asset = files[table]
            words = class_labels.text_lines(source.assets, asset.name, asset.size or 0)
            if words:
                found[tensor_of(node.input[1])] = frozenset(words)
    return tuple(WordLookup(keys, words) for keys, words in found.items())


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
