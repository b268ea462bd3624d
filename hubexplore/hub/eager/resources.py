"""Tables and other resources of a graph variant, made eagerly: its state besides variables."""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import tensorflow as tf

from hubexplore.hub import tf_internals
from hubexplore.hub.eager import eager_internals
from hubexplore.hub.eager.eager_graph import EagerGraph
from hubexplore.hub.graph.functions import FunctionImporter
from hubexplore.hub.graph.slice import check_complete, slice_graph
from hubexplore.hub.graph.state import IN_FUNCTIONS, find_fillers
from hubexplore.summary.graph.traversal import Cut, node_of, reach, tensor_of

_NUMBERS: Final = itertools.count(1)

Handles = Callable[[str], tf.Tensor]
"""Name of a state tensor -> the eager tensor that is its handle."""


class GraphResource(tf.saved_model.experimental.TrackableResource):  # type: ignore[misc]  # TensorFlow is untyped
    """One table, queue or other resource that a node of a module makes.

    Args:
      make: makes it anew; returns its handle.
      initialize: gives it its content.
      assets: the files that it may read; Keras exports only those that a resource leads to.
    """

    def __init__(
        self, make: Callable[[], tf.Tensor], initialize: Callable[[], Any], assets: Iterable[Any] = ()
    ) -> None:
        super().__init__()
        for number, asset in enumerate(assets):
            self._track_trackable(asset, f"asset_{number}")
        self._make = make
        self._fill = initialize

    # Both are also traced by tf.saved_model.save, whose loaders run them.
    @tf_internals.without_autograph
    def _create_resource(self) -> tf.Tensor:
        return self._make()

    @tf_internals.without_autograph
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

    def __init__(self, variant: EagerGraph, functions: FunctionImporter) -> None:
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
        region = reach(self._variant.nodes, names, Cut(nodes=state, controls=state))
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
      keep: called with each resource that is made, and each asset; they must live as long as this.
    """

    def __init__(
        self,
        variant: EagerGraph,
        functions: FunctionImporter,
        variables: Mapping[str, Any],
        keep: Callable[[Any], Any],
    ) -> None:
        self._variant = variant
        self._variables = variables
        self.region = GraphRegion(variant, functions)
        self._made: dict[str, GraphResource] = {}
        # Of all threads that call the module first at the same time, one makes a resource.
        self.lock = threading.RLock()
        self._keep = keep
        self._assets = {node: tf.saved_model.Asset(path) for node, path in variant.assets.items()}
        for asset in self._assets.values():
            keep(asset)

    def handle(self, tensor: str) -> tf.Tensor:
        """The handle that stands for a state tensor of the module's graph."""
        name = node_of(tensor)
        if name in self._variables:
            return eager_internals.watched_handle(self._variables[name])
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

    @functools.cached_property
    def _fillers(self) -> dict[str, list[str]]:
        others = self._variables.keys() | self._assets.keys()
        return find_fillers(self._variant, lambda name: name not in others)

    def _make(self, name: str) -> None:
        fillers = self._fillers.get(name, [])

        def make() -> tf.Tensor:
            if name == IN_FUNCTIONS:
                # Functions find these tables by name. What is saved needs an object that initialises them.
                return tf.raw_ops.VarHandleOp(
                    dtype=tf.int32, shape=[], shared_name=f"hub_{next(_NUMBERS)}/{name}"
                )
            (handle,) = self.region.run([tensor_of(name)], None)
            return handle

        def initialize() -> None:
            for filler in fillers:
                self.region.run([filler], self.handle)

        resource = self._made[name] = GraphResource(make, initialize, self._assets.values())
        try:
            resource.resource_handle  # noqa: B018 - makes it
            resource._initialize()
        except BaseException:
            # A table that could not be filled would seem to be empty.
            del self._made[name]
            raise
        self._keep(resource)
