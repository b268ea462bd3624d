"""Decides whether two graphs compute the same, node by node, whatever the nodes are called.

    graph_body -> node_identity -> parallel_walk -> variant_graphs

To be read in this order: `graph_body` parses the edges of a graph or a function once. `node_identity` numbers
nodes so that equal numbers mean equal computations; `attributes` and `constants` tell it what a node is apart
from its name. `parallel_walk` goes through two slices side by side and finds where they differ.
`variant_graphs` does so for each signature and for the state of two graph variants.
"""

from hubexplore.summary.compare.structure.parallel_walk import Finding
from hubexplore.summary.compare.structure.variant_graphs import (
    Basis,
    ComparedGraph,
    GraphComparison,
    compare_graphs,
)

__all__ = ["Basis", "ComparedGraph", "Finding", "GraphComparison", "compare_graphs"]
