"""Finds the tensor that an item of `fetch=` names in an applied signature."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from hubexplore.errors import NoSuchTensorError
from hubexplore.hub.module import Module
from hubexplore.hub.running.signature_runner import AppliedSignature


def resolve(fetch: Any, module: Module, applied: AppliedSignature) -> Any:
    """The tensor that `fetch` stands for.

    Args:
      fetch: name of a tensor or op in the module ("conv1/Relu:0", "conv1/Relu"), whether or not an output
        needs it, also inside a called function ("head/MatMul", see `Module.tensor`); name of one of its
        variables; or a tensor or variable of its graph.
      module: live.
      applied: the call to look in.

    Raises:
      NoSuchTensorError: (a KeyError) the module has no tensor of that name, with the nearest; or it has no
        value in the call.
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
            # A resource variable stands for a handle; its value needs an op that reads it.
            return tf.identity(variable)
    is_full_name = fetch.startswith(module.scopes)
    tensor = module.tensor(fetch, None if is_full_name else applied.application)
    if any(tensor is fed for fed in applied.placeholders):
        with _outside(graph):
            return tf.identity(tensor)  # a compiled call cannot fetch what it feeds
    return tensor


@contextlib.contextmanager
def _outside(graph: tf.Graph) -> Iterator[None]:
    """Adds ops at the top of the graph, whatever scopes and dependencies the caller is in."""
    with graph.as_default(), tf.control_dependencies(None), tf.compat.v1.name_scope(None):
        yield


def _axis(name: str, module: Module) -> int:
    """The axis along which a partitioned variable is cut: the only one with an offset in its last part."""
    variables = (variable for variant in module.summary().variants for variable in variant.variables)
    parts = next(
        (variable.partitions for variable in variables if variable.name == name and variable.partitions), ()
    )
    return next((axis for axis, offset in enumerate(parts[-1].offset) if offset), 0) if parts else 0
