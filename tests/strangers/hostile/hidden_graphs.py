"""Models that hide a graph in a constant, or take one as an input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from hubexplore.summary.capabilities.model import Capability
from tests.strangers.cases import hostile_graph
from tests.strangers.hostile.paths import read_all
from tests.strangers.making import Canaries, GraphModel, raw, serialized, v1

READS, WRITES, NETWORK = Capability.READS, Capability.WRITES, Capability.NETWORK
CODE, HIDES, UNKNOWN = Capability.CODE, Capability.HIDES, Capability.UNKNOWN


def _hidden(canaries: Canaries) -> bytes:
    return serialized(lambda: tf.data.TextLineDataset(str(canaries.secret)))


def _unfold(graph: Callable[[], Any]) -> Any:
    """Returns a dataset that makes another one of a graph while it is read: earlier it would be folded."""
    spec = tf.TensorSpec([], tf.string)
    return tf.data.Dataset.range(1).flat_map(
        lambda _: tf.data.experimental.from_variant(raw.DatasetFromGraph(graph_def=graph()), spec)
    )


@hostile_graph("graph in a constant", READS, "TextLineDataset", "{secret}", runs=False)
def hidden_graph(model: GraphModel, canaries: Canaries) -> None:
    graph = _hidden(canaries)
    model.signature(read_all(_unfold(lambda: tf.constant(graph))))


@hostile_graph(
    "graph in a constant of a graph in a constant", READS, "TextLineDataset", "{secret}", runs=False
)
def hidden_twice(model: GraphModel, canaries: Canaries) -> None:
    inner = _hidden(canaries)
    outer = serialized(lambda: _unfold(lambda: tf.constant(inner)))
    model.signature(read_all(_unfold(lambda: tf.constant(outer))))


@hostile_graph(
    "graph put together from constants", (READS, HIDES), ("TextLineDataset", "DatasetFromGraph"), runs=False
)
def hidden_in_parts(model: GraphModel, canaries: Canaries) -> None:
    graph = _hidden(canaries)
    half = len(graph) // 2
    model.signature(
        read_all(
            _unfold(lambda: raw.StringJoin(inputs=[tf.constant(graph[:half]), tf.constant(graph[half:])]))
        )
    )


@hostile_graph("graph from an input", HIDES, "DatasetFromGraph")
def graph_from_input(model: GraphModel, canaries: Canaries) -> None:
    graph = v1.placeholder(tf.string, [], "graph")
    model.signature(read_all(_unfold(lambda: graph)), {"graph": graph})
