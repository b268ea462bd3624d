"""The dense layers of a head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from hubexplore.errors import AuthoringError


@dataclass(frozen=True)
class Layers:
    """Dense layers with ReLU, and a last one without.

    Attributes:
      hidden: number of units of each layer before the last.
      classes: number of units of the last layer.
      dropout: probability that an input of a layer is set to 0 in training.
      seed: of the initial weights and of dropout; None for other ones each time.
    """

    hidden: tuple[int, ...]
    classes: int
    dropout: float
    seed: int | None

    def apply(self, features: tf.Tensor, is_training: bool) -> tf.Tensor:
        """Adds the layers in the current variable scope: float [batch, n] to float [batch, classes]."""
        values = features
        for number, units in enumerate((*self.hidden, self.classes)):
            is_last = number == len(self.hidden)
            seed = None if self.seed is None else self.seed + 2 * number
            if is_training and self.dropout:
                values = tf.nn.dropout(values, self.dropout, seed=None if seed is None else seed + 1)
            scope = "" if is_last else f"hidden_{number + 1}/"
            # Glorot and Bengio 2010 for the last layer; He et al. 2015 for those with a ReLU.
            initializer = (
                tf.compat.v1.glorot_uniform_initializer(seed=seed)
                if is_last
                else tf.compat.v1.variance_scaling_initializer(2.0, seed=seed)
            )
            kernel = tf.compat.v1.get_variable(
                f"{scope}kernel", [values.shape[-1], units], values.dtype, initializer
            )
            bias = tf.compat.v1.get_variable(
                f"{scope}bias", [units], values.dtype, tf.compat.v1.zeros_initializer()
            )
            values = tf.matmul(values, kernel) + bias
            values = values if is_last else tf.nn.relu(values)
        return values


def checked_layers(hidden: Any, classes: int, dropout: Any, seed: Any) -> Layers:
    """Returns the layers that a user describes.

    Raises:
      AuthoringError: (a ValueError) a number of units below 1, a dropout outside of [0, 1), or a seed that is
        not an int.
    """
    units = [hidden] if hasattr(hidden, "__index__") else hidden
    if not isinstance(units, Sequence) or isinstance(units, str) or not all(map(_is_positive, units)):
        raise AuthoringError(
            f"hidden= has the number of units of each layer before the last, as in (256, 64); got {hidden!r}."
        )
    if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout < 1:
        raise AuthoringError(
            f"dropout= is the share of values that is set to 0 in training, from 0 to below 1; got "
            f"{dropout!r}."
        )
    if seed is not None and (isinstance(seed, bool) or not hasattr(seed, "__index__")):
        raise AuthoringError(f"seed= is an int, or None for other weights each time; got {seed!r}.")
    return Layers(
        tuple(int(number) for number in units), classes, float(dropout), None if seed is None else int(seed)
    )


def _is_positive(units: Any) -> bool:
    return hasattr(units, "__index__") and not isinstance(units, bool) and units.__index__() > 0
