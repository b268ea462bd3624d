"""From what a user calls a tensor to the tensor in an applied graph."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from hubexplore.errors import NoSuchTensorError, closest
from hubexplore.hub.module import Module
from hubexplore.hub.running import AppliedSignature
from hubexplore.summary.graph import node_of


def resolve(fetch: Any, module: Module, applied: AppliedSignature) -> Any:
    """The tensor that `fetch` stands for.

    Args:
      fetch: name of a tensor or op in the module ("conv1/Relu:0", "conv1/Relu"), name of one of its
        variables, or a tensor or variable of its graph.
      module: live.
      applied: the call to look in.

    Raises:
      NoSuchTensorError: (a KeyError) the call has none of that name; the message names the nearest.
    """
    graph = module.graph
    if not isinstance(fetch, str):
        if getattr(fetch, "graph", None) is not graph:
            raise NoSuchTensorError(
                f"fetch takes names of tensors in the module, or tensors of the session's graph; got a "
                f"{type(fetch).__name__}."
            )
        with _outside(graph):
            return tf.convert_to_tensor(fetch)
    if fetch in module.variable_map:
        variable = module.variable_map[fetch]
        with _outside(graph):
            if isinstance(variable, list):
                return tf.concat(variable, _axis(fetch, module))
            return tf.identity(variable)
    name = fetch if ":" in fetch else f"{fetch}:0"
    for scope in (applied.scope, module.scope):
        try:
            return graph.get_tensor_by_name(f"{scope}/{name}")
        except (KeyError, ValueError):
            continue
    raise NoSuchTensorError(_explained(fetch, module, applied))


@contextlib.contextmanager
def _outside(graph: tf.Graph) -> Iterator[None]:
    """Adds to the graph at its top, whatever scopes the caller is in."""
    with graph.as_default(), tf.control_dependencies(None), tf.compat.v1.name_scope(None):
        yield


def _axis(name: str, module: Module) -> int:
    """The dimension along which a partitioned variable is cut: the only one in which parts begin apart."""
    described = (each for variant in module.summary().variants for each in variant.variables)
    parts = next((each.partitions for each in described if each.name == name and each.partitions), ())
    return next((axis for axis, offset in enumerate(parts[-1].offset) if offset), 0) if parts else 0


def _explained(fetch: str, module: Module, applied: AppliedSignature) -> str:
    own = {
        op.name.removeprefix(f"{applied.scope}/")
        for op in module.graph.get_operations()
        if op.name.startswith(f"{applied.scope}/")
    }
    op = node_of(fetch)
    if op in own:
        return f"{fetch!r} is not there: the outputs of that op are called {op}:0, {op}:1, ..."
    return (
        f"The signature runs nothing called {fetch!r}. An op of the module that this signature does not need "
        f"is not there; hubexplore.summarize(module).graph(signature) shows what is.{closest(op, own)}"
    )
