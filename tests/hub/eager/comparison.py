"""Compares modules outside of graphs with `hub.Module` in a session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1


def example_inputs(infos: Mapping[str, Any]) -> dict[str, Any]:
    """Values for the inputs of a signature; open dimensions are 2."""
    return {name: _example(info) for name, info in sorted(infos.items())}


def _example(info: Any) -> Any:
    shape = info.get_shape()
    sizes = [2] if shape.rank is None else [size or 2 for size in shape.as_list()]
    if info.dtype == tf.string:
        values = np.full(sizes, b"king", object)
    else:
        values = np.linspace(0.1, 0.9, int(np.prod(sizes))).reshape(sizes).astype(info.dtype.as_numpy_dtype)
    if info.is_sparse:
        indices = np.argwhere(np.ones(sizes))
        return tf1.SparseTensorValue(indices, values.reshape([-1]), np.array(sizes))
    if info.is_composite:
        return tf1.ragged.constant_value(values.tolist(), ragged_rank=info.type_spec.ragged_rank)
    return values


def in_session(
    spec: Any,
    inputs: Mapping[str, Any],
    signature: str | None = None,
    tags: Any = None,
    gradients: bool = False,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Outputs by name, and the gradients of the sum of all floating ones by name of the variable."""
    with tf.Graph().as_default():
        module = hub.Module(spec, tags=tags, trainable=gradients)
        outputs = module(dict(inputs), signature=signature, as_dict=True)
        found = {}
        if gradients:
            variables = flat(module.variable_map)
            values = tf.gradients(list(summed(outputs)), list(variables.values()))
            found = {
                name: tf.convert_to_tensor(value)
                for name, value in zip(variables, values, strict=True)
                if value is not None
            }
        results: tuple[dict[str, Any], dict[str, Any]] = modules.run((outputs, found))
        return results


def eagerly(
    loaded: Any, inputs: Mapping[str, Any], signature: str | None = None, training: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `in_session` returns, of a loaded module."""
    variables = flat(loaded.variable_map)
    with tf.GradientTape() as tape:
        outputs = loaded(dict(inputs), signature=signature, as_dict=True, training=training)
        total = sum(summed(outputs), tf.zeros([]))
    values = tape.gradient(total, list(variables.values()))
    gradients = {
        name: tf.convert_to_tensor(value)
        for name, value in zip(variables, values, strict=True)
        if value is not None
    }
    return outputs, gradients


def flat(variable_map: Mapping[str, Any]) -> dict[str, Any]:
    """Variables by name; parts of a partitioned one have a number."""
    found = {}
    for name, variable in variable_map.items():
        if isinstance(variable, (list, tuple)):
            found.update({f"{name}/{number}": part for number, part in enumerate(variable)})
        else:
            found[name] = variable
    return found


def summed(outputs: Mapping[str, Any]) -> list[Any]:
    """The sums of the outputs that have gradients."""
    dense = [
        tensor for output in outputs.values() for tensor in tf.nest.flatten(output, expand_composites=True)
    ]
    return [tf.reduce_sum(tensor) for tensor in dense if tensor.dtype == tf.float32]


def check_equal(actual: Mapping[str, Any], expected: Mapping[str, Any], tolerance: float = 0.0) -> None:
    """Checks that eager values are those of a session."""
    assert sorted(actual) == sorted(expected)
    for name, value in expected.items():
        parts = tf.nest.flatten(actual[name], expand_composites=True)
        others = tf.nest.flatten(value, expand_composites=True)
        if hasattr(value, "nested_row_splits"):
            others = [value.flat_values, *value.nested_row_splits]
        assert len(parts) == len(others)
        for part, other in zip(parts, others, strict=True):
            array = np.asarray(part)
            assert other.dtype in (array.dtype, object)
            if array.dtype == object or not tolerance:
                np.testing.assert_array_equal(array, other, err_msg=name)
            else:
                np.testing.assert_allclose(array, other, rtol=tolerance, atol=tolerance, err_msg=name)
