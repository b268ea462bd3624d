"""The variables of a TF2 SavedModel or another object that is called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from hubexplore.hub.keras_layer.callee import Weight, is_keras_weight, with_unique_names


def called(function: Any) -> Any:
    """What a call of an object calls: a SavedModel has the function in the object itself."""
    return vars(function).get("__call__", function) if hasattr(function, "__dict__") else function


def traces(function: Any) -> list[Any]:
    """The concrete functions of a callable that was loaded."""
    return list(getattr(called(function), "concrete_functions", None) or [])


def weights_of(root: Any, function: Any) -> list[Weight]:
    """The variables that an object names in `variables`, and further ones that its function uses.

    Their order is the same whenever the same files are loaded. They are trainable if `trainable_variables` of
    the object says so, or says nothing about them and they were made so.
    """
    named = [_plain(variable) for variable in getattr(root, "variables", None) or []]
    marked = getattr(root, "trainable_variables", None)
    trainable = {id(_plain(variable)) for variable in (named if marked is None else marked)}
    used = {id(variable): variable for variable in (*named, *_captured(function))}
    paths = {id(variable): path for path, variable in _reachable(root) if id(variable) in used}
    # What the object graph leads to, in its order, and then what only functions hold.
    ordered = [used[key] for key in (*paths, *(key for key in used if key not in paths))]
    of_object = set() if marked is None else {id(variable) for variable in named}
    return with_unique_names(
        Weight(
            _name(variable, paths.get(id(variable))),
            variable,
            id(variable) in trainable if id(variable) in of_object else bool(variable.trainable),
        )
        for variable in ordered
        if is_keras_weight(variable.dtype, variable.shape)
    )


def _captured(function: Any) -> Iterator[Any]:
    """The variables that a function uses, in the order of its captured inputs."""
    for traced in [function, *traces(function)]:
        variables = list(getattr(traced, "variables", None) or [])
        by_handle = {id(variable.handle): variable for variable in map(_plain, variables)}
        for captured in getattr(traced, "captured_inputs", None) or []:
            if id(captured) in by_handle:
                yield by_handle[id(captured)]


def _reachable(root: Any) -> Iterator[tuple[str, Any]]:
    """The variables in an object graph with their paths, nearest first."""
    if not isinstance(root, tf.__internal__.tracking.Trackable):
        return
    seen = {id(root)}
    level = [("", root)]
    while level:
        following = []
        for path, node in level:
            for name, child in tf.train.TrackableView.children(node).items():
                if id(child) in seen:
                    continue
                seen.add(id(child))
                following.append((f"{path}/{name}".lstrip("/"), child))
        yield from ((path, child) for path, child in following if isinstance(child, tf.Variable))
        level = following


def _name(variable: Any, path: str | None) -> str:
    name = str(variable.name).removesuffix(":0")
    # The name that TensorFlow gives to a variable without one says less than its path.
    return path if path and name.startswith("Variable") else name


def _plain(variable: Any) -> Any:
    """The tf.Variable of a Keras variable, or the variable itself."""
    return variable.value if isinstance(variable, keras.Variable) else variable
