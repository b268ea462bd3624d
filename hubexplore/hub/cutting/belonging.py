"""Finds the update ops and losses that belong to a part of a module."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import tensorflow as tf

from hubexplore.hub.variants.graph_variant import GraphVariant, node_list
from hubexplore.summary.formats.graph_files.graph_parts import is_writer
from hubexplore.summary.graph.traversal import PLACEHOLDERS, Cut, downstream, node_of, reach

_UPDATES: Final = tf.compat.v1.GraphKeys.UPDATE_OPS
_LOSSES: Final = tf.compat.v1.GraphKeys.REGULARIZATION_LOSSES


def belonging(
    variant: GraphVariant, nodes: Collection[str], cut: Cut, outputs: Collection[str]
) -> dict[str, list[str]]:
    """The update ops and losses that read no other state and no other input than a part of the graph does.

    A moving average that only its update op uses is no other state. It belongs to the part if what it
    averages is used there: what only follows an output is the next part, as the batch normalisation that
    follows a convolution is.

    Linear in the nodes of the part and of the update ops and losses.

    Args:
      variant: whose collections count.
      nodes: names of the nodes of the part.
      cut: where the walk of a call ends.
      outputs: names of the nodes that the part ends with.

    Returns:
      Name of the collection -> its elements that belong to the part; none are empty.
    """
    found = {}
    for key in (_UPDATES, _LOSSES):
        names = [
            name
            for name in dict.fromkeys(node_list(variant.meta_graph, key))
            if node_of(name) in variant.nodes and name not in cut.tensors
        ]
        if names:
            left_out = _foreign(variant, nodes, cut, names, outputs if key == _UPDATES else ())
            if kept := [name for name in names if node_of(name) not in left_out]:
                found[key] = kept
    return found


def _foreign(
    variant: GraphVariant,
    nodes: Collection[str],
    cut: Cut,
    names: list[str],
    outputs: Collection[str],
) -> set[str]:
    """The nodes, of those that some elements need, that need something outside of the part."""
    region = {name: variant.nodes[name] for name in reach(variant.nodes, map(node_of, names), cut).nodes}
    added = region.keys() - set(nodes)
    written = {node_of(node.input[0]) for node in region.values() if node.input and is_writer(node)}
    state = variant.state_nodes
    foreign = {name for name in added - written if name in state or region[name].op in PLACEHOLDERS}
    # A new variable may only be that of an average of what the part uses itself.
    if outputs and added & written:
        used = {node_of(edge) for name in nodes for edge in variant.nodes[name].input}
        ends = set(outputs) - used
        foreign |= {name for name in added if any(node_of(edge) in ends for edge in region[name].input)}
    return downstream(region, foreign, cut) if foreign else set()
