"""What a KerasLayer needs of the thing that it calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, Protocol

import tensorflow as tf

_HELD_BY_KERAS: Final = (tf.bool, tf.bfloat16)


class Weight(NamedTuple):
    """A variable of a callee.

    Attributes:
      name: in the module, such as "layer/kernel"; unique in its callee.
      variable: the tf.Variable, or None where only its description is known.
      trainable: whether its author marked it as trainable.
    """

    name: str
    variable: Any
    trainable: bool


class Result(NamedTuple):
    """What a call returns.

    Attributes:
      outputs: a tensor, or a nest of tensors.
      losses: scalars that belong to this call.
    """

    outputs: Any
    losses: list[Any]


class Callee(Protocol):
    """A module, a SavedModel or a callable.

    Attributes:
      root: the object that TensorFlow follows for checkpoints and exports; None if it cannot.
      weights: all variables that can be Keras variables, in an order that its files determine.
      losses: functions of no arguments that return losses which depend on variables only.
    """

    root: Any
    weights: list[Weight]
    losses: list[Callable[[], Any]]

    def arranged(self, inputs: Any) -> Any:
        """The inputs of a call in the structure that `call` takes: those of a signature as a dict."""

    def call(self, inputs: Any, *, training: bool) -> Result:
        """Computes the outputs."""

    def expected(self) -> Any:
        """The TypeSpecs of arranged inputs, as far as they are known, or None."""

    def type_specs(self, inputs: Any) -> Any:
        """The TypeSpecs of the outputs for those of inputs, more exact than a call knows, or None."""

    def check_gradients(self) -> None:
        """Raises GraphError (a RuntimeError) if TensorFlow cannot compute gradients of a call."""

    def save(self, folder: str) -> None:
        """Writes the files that it can be made of again, with or without the values of `weights`."""


def is_keras_weight(dtype: tf.DType, shape: tf.TensorShape) -> bool:
    """Whether a Keras variable can hold such values: numbers, in a shape that is known."""
    is_number = dtype.is_floating or dtype.is_integer or dtype in _HELD_BY_KERAS
    return bool(is_number and not dtype.is_quantized and shape.is_fully_defined())


def with_unique_names(weights: Iterable[Weight]) -> list[Weight]:
    """The same weights; names that several have get a number."""
    seen: dict[str, int] = {}
    unique = []
    for weight in weights:
        number = seen.get(weight.name, 0)
        seen[weight.name] = number + 1
        unique.append(weight._replace(name=f"{weight.name}_{number}") if number else weight)
    return unique
