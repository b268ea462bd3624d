"""`NotebookSession.cut`: cuts a module that is loaded, with the values that its variables have now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from hubexplore.hub.module import Module
from hubexplore.session.names import variable_name
from hubexplore.session.variable_values import read

if TYPE_CHECKING:
    from hubexplore.session.session import NotebookSession


def cut(
    session: NotebookSession,
    running: Callable[[], tf.compat.v1.Session],
    module: Module,
    inputs: Any,
    outputs: Any,
    *,
    name: str | None = None,
    trainable: bool | None = None,
    check: bool = True,
    **options: Any,
) -> Module:
    """See `NotebookSession.cut`.

    Args:
      session: in which the module is loaded.
      running: returns its TensorFlow session, which loading a module may replace.
      module: to cut.
      inputs: see `ModuleSpec.cut`.
      outputs: likewise.
      name: of the new module.
      trainable: whether its variables can be trained.
      check: see `ModuleSpec.cut`.
      **options: further ones of `ModuleSpec.cut`.
    """
    spec = module.spec.cut(
        named(module, inputs), named(module, outputs), tags=module.tags, check=check, **options
    )
    new_name = name or variable_name(f"{module.name.rpartition('/')[2]}_cut")
    # Before it is loaded: a module of the same name, which may be this one, is freed then.
    values = _values(running(), module.variable_map, _keys(spec, module.tags))
    is_trainable = module.trainable if trainable is None else trainable
    new = session.load(spec, new_name, module.tags, is_trainable)
    _assign(new, values, running())
    return new


def _keys(spec: Any, tags: frozenset[str]) -> list[str]:
    return list(dict.fromkeys(variable.key for variable in spec.variables_by_variant[tags]))


def _values(
    running: tf.compat.v1.Session, variables: Mapping[str, Any], keys: Iterable[str]
) -> dict[str, list[Any]]:
    """Key of a variable -> the values of its parts."""
    parts = {key: _parts(variables[key]) for key in keys}
    flat = iter(read(running, [part for group in parts.values() for part in group]))
    return {key: [next(flat) for _ in group] for key, group in parts.items()}


def _assign(module: Module, values: Mapping[str, list[Any]], running: tf.compat.v1.Session) -> None:
    variables = module.variable_map
    for key, arrays in values.items():
        for variable, array in zip(_parts(variables[key]), arrays, strict=True):
            # The op that initialised it takes another value, so that nothing is added to the graph.
            initializer = variable.initializer
            running.run(initializer, {initializer.inputs[1]: array})


def _parts(variable: Any) -> list[Any]:
    return variable if isinstance(variable, list) else [variable]


def named(module: Module, side: Any) -> Any:
    """Inputs or outputs with names of the module in place of tensors, and without the scope of a call."""
    if isinstance(side, Mapping):
        return {key: _name(module, value) for key, value in side.items()}
    if isinstance(side, (str, bytes)) or tf.is_tensor(side) or not isinstance(side, Iterable):
        return _name(module, side)
    return [_name(module, value) for value in side]


def _name(module: Module, value: Any) -> Any:
    text = value.name if tf.is_tensor(value) and getattr(value, "graph", None) is module.graph else value
    if isinstance(text, str):
        scope = next((scope for scope in module.scopes if text.startswith(scope)), "")
        return text.removeprefix(scope)
    return text
