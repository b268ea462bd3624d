"""Do two graphs compute the same? Their slices are compared node by node, whatever the nodes are called.

`constants` and `attributes` say what a node is apart from its name; `body` indexes a graph or a function
once; `identity` numbers nodes so that equal numbers mean equal computations; `walk` goes through two slices
side by side and finds where they part; `entry` compares the signatures and the state of two graph variants.
"""

from hubexplore.summary.compare.structure.parallel_walk import Finding
from hubexplore.summary.compare.structure.variant_graphs import Basis, Graph, Structure, compare_structure

__all__ = ["Basis", "Finding", "Graph", "Structure", "compare_structure"]
