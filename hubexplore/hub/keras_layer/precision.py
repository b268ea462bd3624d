"""dtype policies: a module computes in the dtypes of its graph, whatever the policy of the layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import keras
import tensorflow as tf

from hubexplore.errors import LayerError
from hubexplore.hub.keras_layer.callee import Weight

MSG_POLICY: Final = (
    "The weights of this module have dtype {dtypes}, and a KerasLayer cannot change that, but the dtype "
    "policy {policy!r} asks for weights of {asked}. Pass dtype={remedy!r}."
)
MSG_QUANTIZED: Final = (
    "A KerasLayer runs the graph of its module and cannot quantize it, but the dtype policy {policy!r} asks "
    "for that. Pass dtype='float32'."
)
_MIXED: Final = {"float16": "mixed_float16", "bfloat16": "mixed_bfloat16"}


def chosen_dtype(dtype: Any, weights: Iterable[Weight], inputs: Any) -> Any:
    """The dtype argument for the base class of the layer.

    Without one: that of inputs which all are text or whole numbers, since a Sequential model makes its input
    with the dtype of its first layer; else that of the module's weights, if Keras' default is untouched.
    """
    if isinstance(dtype, tf.DType):
        return dtype.name
    if dtype is not None:
        return dtype
    dtypes = {spec.dtype for spec in tf.nest.flatten(inputs) if spec is not None}
    if len(dtypes) == 1 and not next(iter(dtypes)).is_floating:
        return str(next(iter(dtypes)).name)
    default = keras.config.dtype_policy()
    floating = _floating(weights)
    if default.name == "float32" and floating and "float32" not in floating:
        return floating[0]
    return None


def takes_floats(inputs: Any) -> bool:
    """Whether some input is known to be of floating point numbers."""
    return any(spec is not None and spec.dtype.is_floating for spec in tf.nest.flatten(inputs))


def check_policy(policy: Any, variable_dtype: str, weights: Iterable[Weight]) -> None:
    """Raises LayerError (a ValueError) for a policy that a module cannot follow."""
    if getattr(policy, "quantization_mode", None) is not None:
        raise LayerError(MSG_QUANTIZED.format(policy=policy.name))
    floating = _floating(weights)
    if not _is_floating(variable_dtype) or not floating or variable_dtype in floating:
        return
    mixed = _MIXED.get(variable_dtype) if "float32" in floating else None
    raise LayerError(
        MSG_POLICY.format(
            dtypes=" and ".join(floating),
            policy=policy.name,
            asked=variable_dtype,
            remedy=mixed or floating[0],
        )
    )


def to_module(inputs: Any, expected: Any, default: str) -> Any:
    """Inputs with floating point numbers in the dtypes that the module takes.

    Args:
      inputs: nested tensors.
      expected: their TypeSpecs, None for each that is unknown.
      default: the dtype where none is known.
    """
    if isinstance(inputs, Mapping):
        specs = expected if isinstance(expected, Mapping) else {}
        return {name: to_module(value, specs.get(name), default) for name, value in inputs.items()}
    if isinstance(inputs, (list, tuple)):
        parts = expected if isinstance(expected, (list, tuple)) else [None] * len(inputs)
        return type(inputs)(to_module(*pair, default) for pair in zip(inputs, parts, strict=False))
    dtype = default if expected is None or isinstance(expected, (Mapping, list, tuple)) else expected.dtype
    return _cast(inputs, tf.as_dtype(dtype)) if _is_floating(tf.as_dtype(dtype).name) else inputs


def to_layer(outputs: Any, compute_dtype: str) -> Any:
    """Outputs with floating point numbers in the dtype that the policy computes in."""
    if not _is_floating(compute_dtype):
        return outputs
    dtype = tf.as_dtype(compute_dtype)
    return keras.tree.map_structure(lambda output: _cast(output, dtype), outputs)


def _cast(value: Any, dtype: tf.DType) -> Any:
    if not hasattr(value, "dtype") or not tf.as_dtype(value.dtype).is_floating or value.dtype == dtype:
        return value
    return tf.cast(value, dtype)


def _is_floating(dtype: str) -> bool:
    return bool(tf.as_dtype(dtype).is_floating)


def _floating(weights: Iterable[Weight]) -> list[str]:
    """The floating point dtypes of weights, float32 first."""
    names = {weight.variable.dtype.name for weight in weights if weight.variable.dtype.is_floating}
    return sorted(names, key=lambda name: (name != "float32", name))
