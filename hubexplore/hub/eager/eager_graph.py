"""The graph of a variant as eager code can use it: without references, its assets held outside."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import versions_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from hubexplore.hub.graph.plan import is_constant
from hubexplore.hub.storage.assets import const_path
from hubexplore.hub.variants.graph_variant import GraphVariant, node_list
from hubexplore.summary.graph.resource_variables import as_resources, has_references
from hubexplore.summary.graph.traversal import node_of

# The last version that changed which shapes are accepted (tensorflow/core/public/version.h).
_SHAPES_OF_TODAY: Final = 22


class EagerGraph(GraphVariant):
    """A variant whose assets belong to its state, as its variables and tables do.

    Each is a `tf.saved_model.Asset` beside the graph, so no slice of it has a path of this machine, and what
    is saved again takes the files along.
    """

    @functools.cached_property
    def assets(self) -> Mapping[str, str]:
        """Name of the node that holds the path of a file -> the path."""
        names = map(node_of, node_list(self.meta_graph, tf.compat.v1.GraphKeys.ASSET_FILEPATHS))
        constants = {name: self.nodes[name] for name in names if is_constant(self.nodes.get(name))}
        return {
            name: os.fsdecode(const_path(node))
            for name, node in constants.items()
            if node.attr["dtype"].type == tf.string.as_datatype_enum
            and not node.attr["value"].tensor.tensor_shape.dim
        }

    @functools.cached_property
    def versions(self) -> Any:
        """See `GraphVariant.versions`: those of this TensorFlow, as which it runs all functions.

        A FunctionDef has no versions of its own. If a graph with older ones is imported into a function that
        has arguments, TensorFlow logs a warning for each import.
        """
        versions = versions_pb2.VersionDef()
        versions.CopyFrom(super().versions)
        if versions.producer >= _SHAPES_OF_TODAY:
            versions.producer = tf.version.GRAPH_DEF_VERSION
        return versions

    @functools.cached_property
    def state_nodes(self) -> frozenset[str]:
        """See `GraphVariant.state_nodes`."""
        return super().state_nodes | self.assets.keys()


def eager_graph(variant: GraphVariant) -> EagerGraph:
    """The graph of a variant; a rewritten copy where it has references.

    Raises:
      UnsupportedFormatError: (a ValueError) a node works on a reference in a way that resources lack.
    """
    nodes = variant.nodes.values()
    if not has_references(nodes):
        return EagerGraph(variant.as_read, variant.converted)
    meta_graph = meta_graph_pb2.MetaGraphDef()
    meta_graph.CopyFrom(variant.meta_graph)
    outputs = [info for signature in meta_graph.signature_def.values() for info in signature.outputs.values()]
    rewritten = as_resources(nodes, [info.name for info in outputs if info.name])
    del meta_graph.graph_def.node[:]
    meta_graph.graph_def.node.extend(rewritten.nodes)
    for info in outputs:
        if info.name:
            info.name = rewritten.values[info.name]
    return EagerGraph(meta_graph, variant.converted)
