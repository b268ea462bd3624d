"""Gradients that the author of a TF2 model wrote: registered once, for the nodes of all models.

`summary/formats/custom_gradients.py` says how such a node describes its gradient.
"""

from __future__ import annotations

import contextlib
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import HubError
from hubexplore.hub import tf_internals
from hubexplore.summary.formats.tf2.custom_gradients import COUNT, FUNCTION, INPUTS, SAVED, UNSAVED

_MSG_UNSAVED: Final = (
    "There is no gradient for the op {name!r}: the author of the model replaced it with tf.custom_gradient "
    "and did not save the replacement. Save the model again with tf.saved_model.SaveOptions("
    "experimental_custom_gradients=True), or train only what comes after this op, with tf.stop_gradient."
)
_MSG_SAVED_AGAIN: Final = (
    "tf.saved_model.save cannot save the gradients that the author of the model wrote with "
    "tf.custom_gradient. Save the model from which this one was made, or save this one without them: "
    "tf.saved_model.SaveOptions(experimental_custom_gradients=False)."
)


class UnsavedGradientError(HubError, LookupError):
    """An op has a gradient that its author wrote and did not save."""


def register() -> None:
    """Registers the gradients with TensorFlow; more than once does no harm."""
    for name, gradient in ((SAVED, _saved), (UNSAVED, _unsaved)):
        with contextlib.suppress(KeyError):  # registered already
            tf.RegisterGradient(name)(gradient)


def _saved(op: tf.Operation | None, *gradients: tf.Tensor | None) -> list[tf.Tensor | None]:
    """The gradient of a node that has a function for it."""
    if op is None:
        # tf.saved_model.save traces one gradient for all ops of a kind, and these differ.
        raise UnsavedGradientError(_MSG_SAVED_AGAIN)
    count, numbers, inputs = op.get_attr(COUNT), op.get_attr(INPUTS), list(op.inputs)
    arguments = [
        tf_internals.zeros_like(output) if gradient is None else gradient
        for output, gradient in zip(op.outputs[:count], gradients[:count], strict=True)
    ]
    results = tf.raw_ops.StatefulPartitionedCall(
        args=[*arguments, *inputs[count:]],
        Tout=[tf_internals.value_dtype(inputs[number]) for number in numbers],
        f=op.get_attr(FUNCTION),
    )
    by_number = dict(zip(numbers, results, strict=True))
    return [by_number.get(number) for number in range(len(inputs))]


def _unsaved(op: tf.Operation, *_: Any) -> None:
    raise UnsavedGradientError(_MSG_UNSAVED.format(name=op.name))
