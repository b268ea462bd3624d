"""Why TensorFlow refuses the slice of a call: the module's graph itself, or the sizes of the inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from hubexplore.errors import DamagedModuleError, HubError, SignatureError
from hubexplore.hub.graph.plan import ApplyPlan
from hubexplore.summary.graph.traversal import node_of

tf1 = tf.compat.v1


def explained(
    error: DamagedModuleError,
    plan: ApplyPlan,
    replaced: Mapping[str, tf.Tensor],
    add: Callable[[Mapping[str, tf.Tensor]], None],
) -> HubError:
    """The error that names the sizes, if the graph accepts inputs of unknown sizes; else `error` itself.

    Args:
      error: says what TensorFlow refused.
      plan: of the signature.
      replaced: the tensors of the call and of the module's state, by their names in the module.
      add: adds the slice to the default graph, with these tensors.
    """
    with tf.Graph().as_default():
        stand_ins = {name: _variable_like(replaced[name]) for name in plan.from_state}
        for name in plan.from_inputs:
            stand_ins[name] = tf1.placeholder(replaced[name].dtype.base_dtype, None, "fed")
        for tensor in plan.controls.values():
            stand_ins.setdefault(tensor, tf.zeros([]))
        try:
            add(stand_ins)
        except (ValueError, tf.errors.OpError):
            return error
    sizes = ", ".join(f"{node_of(name)!r} {replaced[name].shape}" for name in plan.from_inputs)
    return SignatureError(
        f"The module's graph does not take inputs of these sizes: {sizes}. "
        f"TensorFlow says: {error.__cause__}. Give inputs of other sizes."
    )


def _variable_like(tensor: tf.Tensor) -> Any:
    """A tensor of a scratch graph in place of one of the module's state."""
    operation = tensor.op
    if operation.type == "VarHandleOp":
        return tf.raw_ops.VarHandleOp(dtype=operation.get_attr("dtype"), shape=operation.get_attr("shape"))
    if tensor.dtype._is_ref_dtype:
        return tf.raw_ops.VariableV2(shape=tensor.shape, dtype=tensor.dtype.base_dtype)
    return tf1.placeholder(tensor.dtype, tensor.shape)
