"""Whether the outputs of a signature are drawn at random, so that two runs are not expected to be equal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from hubexplore.summary.graph.traversal import Cut, index_nodes, reach, reached_functions, tensor_of

# A seed, in the op or in the graph, fixes only the numbers after the start of a session: the next run draws
# others. Stateless ops give the same numbers for the same seed, which is an input.
_DRAWS: Final = re.compile(
    r"(Stateful)?Random(?!Dataset)\w*|(Parameterized)?TruncatedNormal|Multinomial|StatefulUniform\w*|"
    r"StatefulStandardNormal\w*|StatefulTruncatedNormal|RngReadAndSkip|\w*CandidateSampler"
)


def draws(op_type: str) -> bool:
    """Whether an op of this type gives other numbers on each run."""
    return _DRAWS.fullmatch(op_type) is not None


def is_random(meta_graph: Any, inputs: Iterable[str], outputs: Iterable[str]) -> bool:
    """Whether random numbers are drawn on the way from the inputs of a signature to its outputs.

    Args:
      meta_graph: MetaGraphDef-shaped message; it is not changed.
      inputs: names of tensors in the graph.
      outputs: names of tensors in the graph.
    """
    graph = meta_graph.graph_def
    nodes = index_nodes(graph.node)
    cut = Cut(tensors=frozenset(map(tensor_of, inputs)))
    reached = [nodes[name] for name in reach(nodes, map(tensor_of, outputs), cut).nodes]
    if any(draws(node.op) for node in reached):
        return True
    functions = reached_functions(reached, graph.library)
    return any(draws(node.op) for function in functions for node in function.node_def)
