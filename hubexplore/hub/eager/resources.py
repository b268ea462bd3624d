"""Tables and other resources of a graph variant, made eagerly: its state besides variables."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import tensorflow as tf

from hubexplore.hub import tf_internals
from hubexplore.hub.graph.functions import FunctionImporter
from hubexplore.hub.graph.slice import check_complete, slice_graph
from hubexplore.hub.storage.assets import const_path, files_by_node
from hubexplore.hub.variants.graph_variant import GraphVariant, node_list
from hubexplore.summary.graph.traversal import Cut, node_of, reach, tensor_of

_INITIALIZERS: Final = tf.compat.v1.GraphKeys.TABLE_INITIALIZERS
_NUMBERS: Final = itertools.count(1)

Handles = Callable[[str], tf.Tensor]
"""Name of a state tensor -> the eager tensor that is its handle."""


class GraphResource(tf.saved_model.experimental.TrackableResource):  # type: ignore[misc]  # TensorFlow is untyped
    """One table, queue or other resource that a node of a module makes.

    Args:
      make: makes it anew; returns its handle.
      initialize: gives it its content.
    """

    def __init__(self, make: Callable[[], tf.Tensor], initialize: Callable[[], Any]) -> None:
        super().__init__()
        self._make = make
        self._fill = initialize

    # Both are also traced by tf.saved_model.save, whose loaders run them.
    def _create_resource(self) -> tf.Tensor:
        return self._make()

    def _initialize(self) -> None:
        self._fill()

    def _destroy_resource(self) -> None:
        tf.raw_ops.DestroyResourceOp(resource=self.resource_handle, ignore_lookup_error=True)


class GraphRegion:
    """Computes tensors of a graph variant outside of any call, with given handles for its state.

    Args:
      variant: without references.
      functions: of the module.
    """

    def __init__(self, variant: GraphVariant, functions: FunctionImporter) -> None:
        self._variant = variant
        self._functions = functions

    def run(self, names: Iterable[str], handles: Handles | None) -> list[Any]:
        """The values of tensors, or None for ops, which are run; eagerly or in the function that is traced.

        Args:
          names: tensors ("x:0") or ops.
          handles: of the state; None where the nodes that hold it are to be made.
        """
        names = list(names)
        if tf.executing_eagerly():
            # Every run traces a new function, as each is needed once.
            return list(tf.function(lambda: self._add(names, handles), autograph=False)())
        return self._add(names, handles)

    def _add(self, names: list[str], handles: Handles | None) -> list[Any]:
        graph = tf.compat.v1.get_default_graph()
        state = self._variant.state_nodes if handles is not None else frozenset()
        assets = frozenset(files_by_node(self._variant.meta_graph)) if handles is not None else frozenset()
        region = reach(self._variant.nodes, names, Cut(nodes=state | assets, controls=state | assets))
        check_complete(region.missing)
        part = slice_graph(self._variant, region.nodes)
        scope = f"hub_{next(_NUMBERS)}"
        for node in part.graph_def.node:
            if "shared_name" in node.attr:
                # The name is what ops find a resource by, in the whole process.
                node.attr["shared_name"].s = f"{scope}/{node.name}".encode(errors="surrogateescape")
        outer = {tensor: graph.capture(handles(tensor)) for tensor in sorted(region.cut_tensors) if handles}
        self._functions.import_graph_def(part.graph_def, part.library, scope, outer)
        # An op needs no mention: a function runs all that have effects.
        return [graph.get_tensor_by_name(f"{scope}/{name}") if ":" in name else None for name in names]


class Resources:
    """The resources of one graph variant, each made when it is first needed.

    Args:
      variant: without references.
      functions: of the module.
      variables: name of a node -> the tf.Variable that takes its place.
    """

    def __init__(
        self, variant: GraphVariant, functions: FunctionImporter, variables: Mapping[str, Any]
    ) -> None:
        self._variant = variant
        self._variables = variables
        self.region = GraphRegion(variant, functions)
        self._made: dict[str, GraphResource] = {}
        # Of all threads that call the module first at the same time, one makes a resource.
        self.lock = threading.RLock()
        self._assets = {
            node: tf.saved_model.Asset(os.fsdecode(const_path(variant.nodes[node])))
            for node in files_by_node(variant.meta_graph)
        }

    def trackable(self) -> Iterator[Any]:
        """Everything here that lives and is saved with the module."""
        with self.lock:
            made = list(self._made.values())
        yield from made
        yield from self._assets.values()

    def handle(self, tensor: str) -> tf.Tensor:
        """The handle that stands for a state tensor of the module's graph."""
        name = node_of(tensor)
        if name in self._variables:
            return tf_internals.watched_handle(self._variables[name])
        if name in self._assets:
            return self._assets[name].asset_path
        with self.lock:
            if name not in self._made:
                # Out of the function that is being traced, if there is one: a resource outlives it.
                with tf.init_scope():
                    self._make(name)
        return self._made[name].resource_handle

    def make_tables(self) -> None:
        """Makes and fills all tables of the variant."""
        for name in self._fillers:
            self.handle(name)

    @property
    def _fillers(self) -> dict[str, list[str]]:
        """Name of a table's node -> the ops that fill it."""
        fillers: dict[str, list[str]] = {}
        for initializer in node_list(self._variant.meta_graph, _INITIALIZERS):
            state = self._variant.state_nodes
            needed = reach(self._variant.nodes, [initializer], Cut(nodes=state, controls=state))
            tables = sorted({node_of(tensor) for tensor in needed.cut_tensors} - self._variables.keys())
            if tables:
                fillers.setdefault(tables[0], []).append(initializer)
        return fillers

    def _make(self, name: str) -> None:
        fillers = self._fillers.get(name, [])

        def make() -> tf.Tensor:
            (handle,) = self.region.run([tensor_of(name)], None)
            return handle

        def initialize() -> None:
            for filler in fillers:
                self.region.run([filler], self.handle)

        resource = self._made[name] = GraphResource(make, initialize)
        resource.resource_handle  # noqa: B018 - makes it
        resource._initialize()
