"""Which call of a module, and which of its tensors, a name stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow as tf

from hubexplore.errors import NoSuchCallError, NoSuchTensorError

if TYPE_CHECKING:
    from hubexplore.hub.module import Application, Module


def locate(module: Module, name: Any, call: Application | int | None) -> tf.Tensor:
    """The tensor that `Module.tensor` returns; see there."""
    if not isinstance(name, str) or not name:
        raise NoSuchTensorError(f"The name of a tensor looks like 'op:0' or 'op'; got {name!r}.")
    if call is None:
        # Longest scope first: that of one call may be the beginning of another's.
        for application in sorted(module.applications, key=lambda item: len(item.scope), reverse=True):
            if name.startswith(f"{application.scope}/"):
                return _find(module, name[len(application.scope) + 1 :], application)
        if name.startswith(f"{module.scope}/"):
            return _find(module, name[len(module.scope) + 1 :], None)
    return _find(module, name, _chosen(module, name, call))


def _find(module: Module, name: str, call: Application | None) -> tf.Tensor:
    # A variable itself is not a tensor of the graph: its value is read, by an op that is added.
    variable = module.variable_map.get(name.removesuffix(":0"))
    if variable is not None and not isinstance(variable, list):
        with module.graph.as_default(), tf.control_dependencies(None), tf.compat.v1.name_scope(None):
            return tf.identity(variable)
    tensor = name if ":" in name else f"{name}:0"
    return module._impl.find_tensor(tensor, None if call is None else (call.graph, call.scope))


def _chosen(module: Module, name: str, call: Application | int | None) -> Application:
    """The call that is meant; by default the last one in this graph, else the last one in the module's."""
    calls = module.applications
    if not calls:
        raise NoSuchTensorError(
            f"Module {module.name!r} has not been called yet, so it has no {name!r}. Call it first. A tensor "
            f"that does not depend on inputs is available as module.tensor({f'{module.scope}/{name}'!r})."
        )
    if call is None:
        graph = tf.compat.v1.get_default_graph()
        for home in (graph, module.graph):
            in_graph = [application for application in calls if application.graph is home]
            if in_graph:
                return in_graph[-1]
        return calls[-1]
    if isinstance(call, int):
        if not -len(calls) <= call < len(calls):
            raise NoSuchCallError(
                f"Module {module.name!r} has no call {call}: it was called {len(calls)} times, and calls "
                f"are numbered from 0."
            )
        return calls[call]
    if not any(call is application for application in calls):
        raise NoSuchCallError(
            f"{call!r} is not a call of module {module.name!r}: take one of its applications."
        )
    return call
