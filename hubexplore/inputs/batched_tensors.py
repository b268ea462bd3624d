"""Which inputs a graph puts a dimension of rows in front of: those that take a single picture."""

from __future__ import annotations

import functools
from typing import Any, Final

from hubexplore.summary.graph.functions.inner_tensors import flat_view
from hubexplore.summary.graph.traversal import index_nodes, node_of
from hubexplore.summary.sizes.shape_inference import constant

_SAME: Final = frozenset({"Cast", "Identity", "StopGradient", "Snapshot"})
"""Ops that keep the shape, on the way to the one that adds a dimension."""


class BatchedTensors:
    """Looks for the op that gives a tensor a first dimension of 1; reads the graph when it is first asked.

    Args:
      meta_graph: MetaGraphDef-shaped message; None if it is unknown.
    """

    def __init__(self, meta_graph: Any) -> None:
        self._meta_graph = meta_graph

    def has(self, tensor: str) -> bool:
        """Returns whether the graph makes a batch of one of a tensor, given by its name."""
        if not tensor or self._meta_graph is None:
            return False
        seen, stack = {node_of(tensor)}, [node_of(tensor)]
        while stack:
            for consumer in self._consumers.get(stack.pop(), ()):
                node = self._nodes[consumer]
                if self._adds_rows(node):
                    return True
                if node.op in _SAME and consumer not in seen:
                    seen.add(consumer)
                    stack.append(consumer)
        return False

    @functools.cached_property
    def _nodes(self) -> dict[str, Any]:
        # A TF2 SavedModel calls a function for each signature.
        flat = flat_view(self._meta_graph.graph_def)
        return dict(index_nodes(self._meta_graph.graph_def.node if flat is None else flat.nodes))

    @functools.cached_property
    def _consumers(self) -> dict[str, list[str]]:
        consumers: dict[str, list[str]] = {}
        for node in self._nodes.values():
            for edge in node.input:
                if edge[:1] != "^":
                    consumers.setdefault(node_of(edge), []).append(node.name)
        return consumers

    def _adds_rows(self, node: Any) -> bool:
        if node.op == "Pack":
            return len(node.input) == 1 and node.attr["axis"].i == 0
        if node.op != "ExpandDims" or len(node.input) < 2:
            return False
        axis = self._nodes.get(node_of(node.input[1]))
        value = constant(axis) if axis is not None and axis.op == "Const" else None
        return value is not None and value.size == 1 and int(value.reshape(-1)[0]) == 0
