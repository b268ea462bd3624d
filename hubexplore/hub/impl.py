"""`DefinedImpl`: what a `DefinedSpec` puts into a graph for one `Module`.

Imports go one way: definition -> impl -> storage.export and storage.save. Below `definition` its class is
needed for annotations only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from hubexplore.hub.graph.apply import MSG_OTHER_NAME, Applier, check_free
from hubexplore.hub.graph.extra_ops import OpScope, TensorFinder
from hubexplore.hub.graph.functions import FunctionImporter
from hubexplore.hub.graph.gc_pause import gc_paused
from hubexplore.hub.graph.state import build_state

if TYPE_CHECKING:
    from hubexplore.hub.definition import DefinedSpec
    from hubexplore.hub.storage.save import SessionSaver


class DefinedImpl:
    """State of one module in a graph, and calls that share it.

    Args:
      spec: what to instantiate.
      scope: absolute name scope for the state, without a trailing slash; must be free.
      trainable: see `Module`.
      tags: of the graph variant.
    """

    def __init__(self, spec: DefinedSpec, scope: str, trainable: bool, tags: frozenset[str]) -> None:
        self._spec = spec
        self._trainable = trainable
        self._tags = tags
        functions = FunctionImporter(scope)
        plan = spec.state_plan(tags, trainable)
        nodes = [node.name for node in plan.graph_slice.graph_def.node]
        check_free(scope, nodes, MSG_OTHER_NAME)
        # Up to here nothing has been added to the graph.
        with gc_paused():
            self._state = build_state(plan, scope, functions)
        self._applier = Applier(self._state, functions)
        home = OpScope(self._state.graph, scope, set(nodes))
        self._finder = TensorFinder(spec.variant(tags), self._state, home, functions)
        self._saver: SessionSaver | None = None

    @property
    def variable_map(self) -> Mapping[str, Any]:
        """Name in the module -> Variable, or list of the partitions of one."""
        return self._state.variable_map

    def create_apply_graph(
        self, signature: str, input_tensors: Mapping[str, Any], name: str
    ) -> dict[str, Any]:
        """Adds the ops of one call to the default graph, in a new name scope `name`."""
        plan = self._spec.apply_plan(self._tags, signature, self._trainable)
        with gc_paused():
            return self._applier.apply(plan, input_tensors, name, signature)

    def find_tensor(self, name: str, call: tuple[tf.Graph, str] | None) -> tf.Tensor:
        """The tensor that `name` is in a call (its graph and scope), or in the state; added if need be."""
        return self._finder.find(self._finder.home if call is None else self._applier.places[call], name)

    def export(self, path: str, session: tf.compat.v1.Session) -> None:
        """Writes the module with the values its variables have in `session` to a new directory."""
        # On first use, for speed only: most programs never export.
        from hubexplore.hub.storage import save
        from hubexplore.hub.storage.export import write_module

        by_variant = self._spec.variables_by_variant
        if self._saver is None:
            unchanged = save.published_values(
                self._spec.checkpoint, by_variant, {spec.key for spec, _ in self._state.variables}
            )
            self._saver = save.SessionSaver(self._state, unchanged)
        saver = self._saver
        saver.warn_of_lacking(by_variant)
        write_module(
            path, self._spec, (lambda prefix: saver.save(session, prefix)) if saver.has_values else None
        )
