"""What the graph says of the inputs of signatures: what their strings hold, and which no output needs.

This walks the graph, so it is looked for when it is to be shown, not when a module is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hubexplore.summary.graph.traversal import MOST_WALKED, Cut, index_nodes, reach, tensor_of
from hubexplore.summary.model import SignatureSummary
from hubexplore.summary.reading.string_inputs import PLAIN, Encoding, Reader


@dataclass(frozen=True)
class InputFacts:
    """What is known of an input.

    Attributes:
      unused: whether no output of the signature depends on it. What a function ignores counts as used.
      encoding: what its strings are read as.
    """

    unused: bool = False
    encoding: Encoding = PLAIN


Facts = Mapping[tuple[str, str], InputFacts]
"""By names of a signature and of an input; what is not there has nothing to be said of."""


def read_inputs(meta_graph: Any, signatures: Iterable[SignatureSummary]) -> Facts:
    """What is noteworthy of the inputs of some signatures; up to where that takes `MOST_WALKED` nodes.

    Args:
      meta_graph: MetaGraphDef-shaped message; it is not changed.
      signatures: of this graph.
    """
    nodes = index_nodes(meta_graph.graph_def.node)
    reader = Reader(meta_graph, nodes)
    encodings: dict[str, Encoding] = {}
    facts_by_input: dict[tuple[str, str], InputFacts] = {}
    walked = 0
    for signature in signatures:
        used, count = _used(nodes, signature)
        walked += count
        for tensor in signature.inputs:
            # Stopping is safe: an input without facts is shown as any other.
            if walked + reader.walked > MOST_WALKED:
                return facts_by_input
            if tensor.dtype == "string" and tensor.tensor and tensor.tensor not in encodings:
                encodings[tensor.tensor] = reader.encoding(tensor.tensor)
            # A composite input counts as used if any of its components is.
            unused = used.isdisjoint(map(tensor_of, tensor.tensors))
            facts = InputFacts(unused, encodings.get(tensor.tensor, PLAIN))
            if facts != InputFacts():
                facts_by_input[signature.name, tensor.name] = facts
    return facts_by_input


def _used(nodes: Mapping[str, Any], signature: SignatureSummary) -> tuple[set[str], int]:
    """Full names of the tensors of inputs that outputs depend on, and how many nodes were walked."""
    fed = frozenset(tensor_of(tensor) for info in signature.inputs for tensor in info.tensors)
    targets = [tensor_of(tensor) for info in signature.outputs for tensor in info.tensors]
    reached = reach(nodes, targets, Cut(tensors=fed))
    return reached.cut_tensors | fed.intersection(targets), len(reached.nodes)
