"""Functions of a module where eager code can call them."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import function_pb2, graph_pb2

from hubexplore.errors import GraphError
from hubexplore.hub.eager import eager_internals
from hubexplore.hub.graph.functions import FunctionImporter

_CALLS: Final = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_GRADIENT: Final = "HubexploreCall"
# The attribute by which TensorFlow finds the gradient of an op.
_GRADIENT_ATTR: Final = "_gradient_op_type"

MSG_REMOVED: Final = (
    "TensorFlow cannot run this signature outside of a graph: {error} Use hub.Module(path) in a tf.Graph, "
    "which TensorFlow runs as of the version that wrote the module."
)


class EagerFunctionImporter(FunctionImporter):
    """Imports slices into functions that are traced, and registers what they call in the eager context.

    All eager code of a process shares one context, where a name means one body for good. So the functions get
    names of their own in each import, and leave the context together with the function that calls them.
    """

    def import_graph_def(
        self,
        graph_def: graph_pb2.GraphDef,
        library: function_pb2.FunctionDefLibrary,
        scope: str,
        input_map: Mapping[str, tf.Tensor] | None = None,
    ) -> None:
        """See `FunctionImporter.import_graph_def`."""
        try:
            self._import(graph_def, library, scope, input_map)
        except tf.errors.UnimplementedError as error:
            raise GraphError(MSG_REMOVED.format(error=error.message)) from error
        graph = tf.compat.v1.get_default_graph()
        eager_internals.set_stack_traces(graph, (f"{scope}/{node.name}" for node in graph_def.node))

    def _import(
        self,
        graph_def: graph_pb2.GraphDef,
        library: function_pb2.FunctionDefLibrary,
        scope: str,
        input_map: Mapping[str, tf.Tensor] | None,
    ) -> None:
        if not library.function:
            super().import_graph_def(graph_def, library, scope, input_map)
            return
        renamed = self.with_new_names(graph_def, library)
        _mark_calls(renamed)
        # Before the import: shape inference of an op looks into the functions that it calls.
        eager_internals.add_eager_functions(renamed.library)
        names = [function.signature.name for function in renamed.library.function]
        # All that may still run them, such as the functions for gradients, holds the graph.
        release = weakref.finalize(tf.compat.v1.get_default_graph(), _remove, names)
        release.atexit = False
        self.import_complete(renamed, scope, input_map)


def _remove(names: Iterable[str]) -> None:
    for name in names:
        with contextlib.suppress(tf.errors.NotFoundError):
            eager_internals.remove_eager_function(name)


def _mark_calls(graph_def: graph_pb2.GraphDef) -> None:
    """Makes the gradients of calls functions that TensorFlow traces.

    Without, it leaves them to the runtime, which in eager code has none of calls in what is called.
    """
    own = {gradient.function_name for gradient in graph_def.library.gradient}
    bodies = (function.node_def for function in graph_def.library.function)
    for node in chain(graph_def.node, *bodies):
        if node.op in _CALLS and node.attr["f"].func.name not in own and _GRADIENT_ATTR not in node.attr:
            node.attr[_GRADIENT_ATTR].s = _GRADIENT.encode()


def _call_gradient(op: tf.Operation, *gradients: tf.Tensor | None) -> Any:
    return eager_internals.call_gradient(op, op.get_attr("f").name, gradients)


with contextlib.suppress(KeyError):  # registered already
    tf.RegisterGradient(_GRADIENT)(_call_gradient)
