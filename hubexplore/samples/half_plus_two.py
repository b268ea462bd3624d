"""The sample `half-plus-two`: the smallest module that computes something, `y = a * x + b`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

import hubexplore as hub

if TYPE_CHECKING:
    import numpy.typing as npt


def module_fn() -> None:
    """Adds the signature `default`: `x`, float32 [None], to `0.5 * x + 2`, float32 [None].

    The variables `a` and `b` are float32 scalars, so that both can be trained.
    """
    x = tf.compat.v1.placeholder(tf.float32, [None], name="x")
    # The initial values equal the weights: a spec of this function computes the same without a checkpoint.
    a = tf.compat.v1.get_variable("a", initializer=0.5)
    b = tf.compat.v1.get_variable("b", initializer=2.0)
    hub.add_signature(inputs={"x": x}, outputs=a * x + b)


def create_spec() -> hub.ModuleSpec:
    """Returns the module's definition: one variant, without tags."""
    return hub.create_module_spec(module_fn)


def load_weights() -> dict[str, npt.NDArray[Any]]:
    """Returns the values of `a` and `b`."""
    return {"a": np.array(0.5, np.float32), "b": np.array(2.0, np.float32)}
