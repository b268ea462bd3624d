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
from hubexplore.hub.graph.functions import CONTROL_FLOW, FunctionImporter
from hubexplore.summary.graph.traversal import calls_of_attr

_CALLS: Final = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_GRADIENT: Final = "HubexploreCall"
# The attribute by which TensorFlow finds the gradient of an op.
_GRADIENT_ATTR: Final = "_gradient_op_type"
# Names of functions of modules that have a gradient of their own, which TensorFlow finds.
_WITH_GRADIENT: Final[set[str]] = set()

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
            if library.function:
                self._import_with_functions(self.with_new_names(graph_def, library), scope, input_map)
            else:
                super().import_graph_def(graph_def, library, scope, input_map)
        except tf.errors.UnimplementedError as error:
            raise GraphError(MSG_REMOVED.format(error=error.message)) from error
        graph = tf.compat.v1.get_default_graph()
        eager_internals.set_stack_traces(graph, (f"{scope}/{node.name}" for node in graph_def.node))

    def _import_with_functions(
        self, renamed: graph_pb2.GraphDef, scope: str, input_map: Mapping[str, tf.Tensor] | None
    ) -> None:
        names = [function.signature.name for function in renamed.library.function]
        _WITH_GRADIENT.update(gradient.function_name for gradient in renamed.library.gradient)
        _mark_calls(renamed)
        # Before the import: shape inference of an op looks into the functions that it calls.
        eager_internals.add_eager_functions(renamed.library)
        # All that may still run them, such as the functions for gradients, holds the graph.
        graph = tf.compat.v1.get_default_graph()
        release = weakref.finalize(graph, _remove, names)
        release.atexit = False
        self.import_complete(renamed, scope, input_map)
        calls = (node.name for node in renamed.node if node.op in _CALLS)
        _set_call_gradients(graph.get_operation_by_name(f"{scope}/{name}") for name in calls)


def _remove(names: Iterable[str]) -> None:
    _WITH_GRADIENT.difference_update(names)
    for name in names:
        with contextlib.suppress(tf.errors.NotFoundError):
            eager_internals.remove_eager_function(name)


def _mark_calls(graph_def: graph_pb2.GraphDef) -> None:
    """Marks the calls in bodies of conds and loops, which TensorFlow makes graphs of where nobody sees it.

    tf.saved_model.save refuses marks in bodies, so all other calls get their gradient with their graph.
    """
    bodies = {function.signature.name: function.node_def for function in graph_def.library.function}
    in_conds_and_loops = {
        call.name
        for node in chain(graph_def.node, *bodies.values())
        if node.op in CONTROL_FLOW
        for attr in node.attr.values()
        for call in calls_of_attr(attr)
    }
    for name in in_conds_and_loops & bodies.keys():
        for node in bodies[name]:
            # The last question comes last: to read an attribute that is not there would make it.
            if (
                node.op in _CALLS
                and _GRADIENT_ATTR not in node.attr
                and node.attr["f"].func.name not in _WITH_GRADIENT
            ):
                node.attr[_GRADIENT_ATTR].s = _GRADIENT.encode()


def _set_call_gradients(ops: Iterable[tf.Operation]) -> None:
    """Makes the gradients of calls functions that TensorFlow traces.

    Without, it leaves them to the runtime, which in eager code has none of calls in what is called.
    """
    for op in ops:
        if op.type in _CALLS and op.get_attr("f").name not in _WITH_GRADIENT:
            eager_internals.set_gradient(op, _call_gradient)


def _call_gradient(op: tf.Operation, *gradients: tf.Tensor | None) -> Any:
    return eager_internals.call_gradient(op, op.get_attr("f").name, gradients, _set_call_gradients)


with contextlib.suppress(KeyError):  # registered already
    tf.RegisterGradient(_GRADIENT)(_call_gradient)
