"""What goes into a call besides tensors of Keras, and which losses come out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf


class AddedLosses:
    """The losses that a layer has added in the calls of a step.

    Losses of variables are those of the module, however often a model calls it in one step.
    """

    def __init__(self) -> None:
        self._last: list[Any] = []

    def add_to(self, layer: Any, of_call: list[Any], of_variables: list[Callable[[], Any]]) -> None:
        """Adds the losses of a call, and those of variables unless an earlier call of the step did."""
        for loss in of_call:
            layer.add_loss(loss)
        # Keras forgets the losses of a layer where a step begins.
        if not of_variables or any(loss is last for loss in layer.losses for last in self._last):
            return
        self._last = [function() for function in of_variables]
        layer.add_loss(self._last)


def to_tensors(inputs: Any, expected: Any) -> Any:
    """Inputs with tensors in place of arrays and lists.

    Args:
      inputs: nested tensors, KerasTensors, arrays, lists and numbers.
      expected: the TypeSpecs that the module expects, as far as they are known.
    """
    if isinstance(inputs, Mapping):
        specs = expected if isinstance(expected, Mapping) else {}
        return {name: to_tensors(value, specs.get(name)) for name, value in inputs.items()}
    if isinstance(expected, Mapping):
        expected = next(iter(expected.values())) if len(expected) == 1 else None
    if inputs is None or _is_tensor(inputs):
        return inputs
    if isinstance(inputs, (list, tuple)) and (
        isinstance(expected, (list, tuple)) or any(map(_is_tensor, keras.tree.flatten(inputs)))
    ):
        parts = expected if isinstance(expected, (list, tuple)) else [None] * len(inputs)
        return [to_tensors(*pair) for pair in zip(inputs, parts, strict=False)]
    if isinstance(expected, tf.RaggedTensorSpec) and not isinstance(
        inputs, tf.compat.v1.ragged.RaggedTensorValue
    ):
        return tf.ragged.constant(inputs, expected.dtype, expected.ragged_rank)
    if isinstance(inputs, tf.compat.v1.SparseTensorValue):
        return tf.SparseTensor.from_value(inputs)
    return tf.convert_to_tensor(inputs, dtype=getattr(expected, "dtype", None))


def _is_tensor(value: Any) -> bool:
    return isinstance(value, keras.KerasTensor) or tf.is_tensor(value)


def _ragged(value: Any, spec: Any) -> Any:
    """A RaggedTensor of rows of different lengths, or of what a session returned for one."""
    if isinstance(value, tf.compat.v1.ragged.RaggedTensorValue):
        return tf.RaggedTensor.from_nested_row_splits(value.flat_values, value.nested_row_splits)
    return tf.ragged.constant(value, spec.dtype, spec.ragged_rank, row_splits_dtype=spec.row_splits_dtype)
