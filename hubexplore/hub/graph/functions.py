"""Imports graph slices together with the functions that they call.

A function belongs to a graph under its name, once and for good: it can be neither replaced nor removed. A
name thus means the same body in each import of one module into one graph; `FunctionImporter` remembers which
those are. The cost of an import is linear in the functions that are new to the graph, except where TF2
control flow forces copies.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterable, Mapping
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import function_pb2, graph_pb2

from hubexplore.errors import DamagedModuleError
from hubexplore.hub import op_internals
from hubexplore.hub.graph import custom_gradients
from hubexplore.hub.graph.shared_names import prefix_in_functions, sharing_functions
from hubexplore.summary.graph.traversal import calls_of_attr

custom_gradients.register()

# Counted in the process, not in the graph: two graphs may be run by one eager context.
_RENAMES = itertools.count(1)
# The ops of TF2 control flow, whose gradients TensorFlow builds from the bodies.
CONTROL_FLOW: Final = frozenset({"While", "StatelessWhile", "If", "StatelessIf", "Case", "StatelessCase"})


class FunctionImporter:
    """Imports slices of one module, each function once per graph.

    A function keeps its name where that is possible, for three reasons it is not:

    * TensorFlow registers a function by name for a whole graph. Modules written by different processes reuse
      names such as `cond_true_12` for different bodies, so a name that is taken gets a new one.
    * Branches and bodies of TF2 conds and loops get new names on every import: TensorFlow (2.16 to 2.21)
      derives names for gradient functions from them, for the whole process, and two calls would get the same
      ones.
    * Functions that name tables or other resources get new names, since each module has its own resources.

    Args:
      scope: absolute name scope of the module's state, without a trailing slash.
    """

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._renames: weakref.WeakKeyDictionary[tf.Graph, dict[str, str]] = weakref.WeakKeyDictionary()

    def are_known(
        self, graph: tf.Graph, graph_def: graph_pb2.GraphDef, library: function_pb2.FunctionDefLibrary
    ) -> bool:
        """Whether `graph` has all functions of `library` under their own names, and none must be copied."""
        if not library.function:
            return True
        if has_control_flow(graph_def, library):
            return False
        renames = self._renames.get(graph, {})
        return all(
            renames.get(function.signature.name) == function.signature.name for function in library.function
        )

    @staticmethod
    def is_light(graph: tf.Graph, library: function_pb2.FunctionDefLibrary) -> bool:
        """Whether `import_graph_def` takes the light path for a slice with these functions."""
        return not library.function and op_internals.can_import_light(graph)

    def import_graph_def(
        self,
        graph_def: graph_pb2.GraphDef,
        library: function_pb2.FunctionDefLibrary,
        scope: str,
        input_map: Mapping[str, tf.Tensor] | None = None,
    ) -> None:
        """Imports `graph_def` into the default graph under the absolute scope `scope` (no slash).

        `graph_def` may be a template: it is completed with default attributes, else left as it is.

        Raises:
          DamagedModuleError: TensorFlow refuses the graph.
        """
        if not library.function:
            _import(graph_def, scope, input_map, light=True)
            return
        if has_control_flow(graph_def, library):
            functions = list(library.function)
            names = _fresh_names(functions)
            _import(self._with_functions(graph_def, library, functions, names), scope, input_map)
            return
        # A WeakKeyDictionary, so that a module does not keep the function graphs alive in which it was
        # called.
        graph = tf.compat.v1.get_default_graph()
        renames = self._renames.setdefault(graph, {})
        added = [function for function in library.function if function.signature.name not in renames]
        names = {function.signature.name: function.signature.name for function in added} | renames
        if added:
            sharing = sharing_functions(added, [old for old, new in renames.items() if old != new])
            # A function that calls a renamed one has a new body under its old name, so it needs a new name as
            # well; functions of earlier slices count as seeds.
            names |= _fresh_names(function for function in added if function.signature.name in sharing)
        renamed = any(old != new for old, new in names.items())
        complete = self._with_functions(graph_def, library, added, names) if added or renamed else graph_def
        try:
            _import(complete, scope, input_map)
        except DamagedModuleError as error:
            # The only way to learn it: a graph has no public list of its functions, and comparing bodies
            # would cost more than the import. The refused import has added nothing.
            if "same name already exists" not in str(error):
                raise
            names = _fresh_names(added) | renames
            _import(self._with_functions(graph_def, library, added, names), scope, input_map)
        renames.update(names)

    def with_new_names(
        self, graph_def: graph_pb2.GraphDef, library: function_pb2.FunctionDefLibrary
    ) -> graph_pb2.GraphDef:
        """A copy of `graph_def` with its functions, each under a name that nothing in the process has."""
        functions = list(library.function)
        return self._with_functions(graph_def, library, functions, _fresh_names(functions))

    @staticmethod
    def import_complete(
        graph_def: graph_pb2.GraphDef, scope: str, input_map: Mapping[str, tf.Tensor] | None
    ) -> None:
        """Imports a graph that has its functions; see `import_graph_def`."""
        _import(graph_def, scope, input_map)

    def _with_functions(
        self,
        graph_def: graph_pb2.GraphDef,
        library: function_pb2.FunctionDefLibrary,
        functions: list[Any],
        names: Mapping[str, str],
    ) -> graph_pb2.GraphDef:
        """A copy of `graph_def` with `functions`, all of them called by their new names."""
        complete = graph_pb2.GraphDef()
        complete.CopyFrom(graph_def)
        complete.library.function.extend(functions)
        prefix_in_functions(complete.library.function, self._scope)
        added = {function.signature.name for function in functions}
        complete.library.gradient.extend(
            gradient for gradient in library.gradient if gradient.function_name in added
        )
        if any(old != new for old, new in names.items()):
            rename_functions(complete, names)
        return complete


def has_control_flow(graph_def: graph_pb2.GraphDef, library: function_pb2.FunctionDefLibrary) -> bool:
    """Whether a slice, or a function that it calls, contains a TF2 cond or loop."""
    bodies = [graph_def.node, *(function.node_def for function in library.function)]
    return any(node.op in CONTROL_FLOW for nodes in bodies for node in nodes)


def _fresh_names(functions: Iterable[Any]) -> dict[str, str]:
    """Old name -> name that is unique in the process: the eager runtime registers all functions, too."""
    suffix = f"_hub{next(_RENAMES)}"
    return {function.signature.name: function.signature.name + suffix for function in functions}


def _import(
    graph_def: graph_pb2.GraphDef,
    scope: str,
    input_map: Mapping[str, tf.Tensor] | None,
    *,
    light: bool = False,
) -> None:
    graph = tf.compat.v1.get_default_graph()
    try:
        # Functions need the second pass of the public importer, which the light one leaves out.
        if light and op_internals.can_import_light(graph):
            op_internals.import_light(graph, graph_def.SerializeToString(), scope, input_map or {})
            return
        tf.import_graph_def(graph_def, input_map=dict(input_map or {}), name=f"{scope}/")
    except ValueError as error:
        raise DamagedModuleError(f"TensorFlow rejects the module's graph: {error}") from error


def rename_functions(graph_def: graph_pb2.GraphDef, names: Mapping[str, str]) -> None:
    """Gives functions of a graph new names, wherever they occur in it: old name -> new name."""
    _rename_calls(graph_def.node, names)
    for function in graph_def.library.function:
        function.signature.name = names.get(function.signature.name, function.signature.name)
        _rename_calls(function.node_def, names)
    for gradient in graph_def.library.gradient:
        gradient.function_name = names.get(gradient.function_name, gradient.function_name)
        gradient.gradient_func = names.get(gradient.gradient_func, gradient.gradient_func)


def _rename_calls(nodes: Any, names: Mapping[str, str]) -> None:
    for node in nodes:
        if node.op in names:
            node.op = names[node.op]
        for attr in node.attr.values():
            for call in calls_of_attr(attr):
                call.name = names.get(call.name, call.name)
