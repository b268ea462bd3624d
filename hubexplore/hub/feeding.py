"""Values for the inputs of a signature: the placeholders that take them, and their form as feeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from hubexplore.errors import SignatureError
from hubexplore.hub.tensor_info import TensorInfo


def placeholder(info: TensorInfo) -> Any:
    """A placeholder for values of an input: dense, sparse or ragged."""
    match info.kind:
        case "sparse":
            return tf.compat.v1.sparse_placeholder(info.dtype, shape=info.get_shape())
        case "ragged":
            spec = info.type_spec
            # tf.compat.v1.ragged.placeholder knows int64 row splits only.
            inner = info.get_shape()[spec.ragged_rank + 1 :] if info.get_shape().rank is not None else None
            flat_shape = None if inner is None else tf.TensorShape([None]).concatenate(inner)
            return tf.RaggedTensor.from_nested_row_splits(
                tf.compat.v1.placeholder(info.dtype, flat_shape),
                [tf.compat.v1.placeholder(spec.row_splits_dtype, [None]) for _ in range(spec.ragged_rank)],
                validate=False,
            )
        case _:
            return tf.compat.v1.placeholder(info.dtype, shape=info.get_shape())


def to_feed(name: str, value: Any, info: TensorInfo) -> Any:
    """A value in the form that a session takes for the placeholder of an input.

    Raises:
      SignatureError: (a TypeError) names the input that does not fit, and what was expected.
    """
    try:
        match info.kind:
            case "sparse":
                return _to_sparse_value(value, info)
            case "ragged":
                return _to_ragged_value(value, info)
            case _:
                return _to_array(value, info)
    except (TypeError, ValueError) as error:
        raise SignatureError(f"Input {name!r}: expected {info!r}. {error}") from error


def _to_array(value: Any, info: TensorInfo) -> np.ndarray[Any, Any]:
    if isinstance(value, (tf.SparseTensor, tf.RaggedTensor)) or hasattr(value, "nested_row_splits"):
        raise TypeError(f"Got a {type(value).__name__}.")
    array = np.asarray(value)
    wanted = np.dtype(info.dtype.as_numpy_dtype)
    if info.dtype == tf.string:
        if array.size and array.dtype.kind not in "OSUT":
            raise TypeError(f"Got values of dtype {array.dtype.name}.")
        array = array.astype(object)
    elif not np.can_cast(array.dtype, wanted, casting="same_kind") and array.size:
        raise TypeError(f"Got values of dtype {array.dtype.name}.")
    else:
        array = array.astype(wanted)
    if not info.get_shape().is_compatible_with(array.shape):
        raise ValueError(f"Got an array of shape {array.shape}.")
    return array


def _to_sparse_value(value: Any, info: TensorInfo) -> Any:
    if not all(hasattr(value, part) for part in ("indices", "values", "dense_shape")):
        raise TypeError(f"Got a {type(value).__name__}; pass a tf.compat.v1.SparseTensorValue.")
    dense_shape = np.asarray(value.dense_shape, np.int64)
    if not info.get_shape().is_compatible_with(dense_shape):
        raise ValueError(f"Got a sparse tensor of dense shape {tuple(dense_shape)}.")
    values = np.asarray(value.values).astype(info.dtype.as_numpy_dtype, casting="same_kind")
    indices = np.asarray(value.indices, np.int64).reshape(-1, dense_shape.size)
    return tf.compat.v1.SparseTensorValue(indices, values, dense_shape)


def _to_ragged_value(value: Any, info: TensorInfo) -> Any:
    spec = info.type_spec
    if isinstance(value, tf.RaggedTensor):
        splits = [split.numpy() for split in value.nested_row_splits]
        value = _ragged_value(value.flat_values.numpy(), splits)
    if not hasattr(value, "nested_row_splits"):
        value = tf.compat.v1.ragged.constant_value(
            value, dtype=info.dtype.as_numpy_dtype, ragged_rank=spec.ragged_rank
        )
    if len(value.nested_row_splits) != spec.ragged_rank:
        raise TypeError(f"Got {len(value.nested_row_splits)} ragged dimensions.")
    splits = [np.asarray(split, spec.row_splits_dtype.as_numpy_dtype) for split in value.nested_row_splits]
    flat = np.asarray(value.flat_values)
    return _ragged_value(flat if info.dtype == tf.string else flat.astype(info.dtype.as_numpy_dtype), splits)


def _ragged_value(flat: Any, splits: list[Any]) -> Any:
    value = flat
    for split in reversed(splits):
        value = tf.compat.v1.ragged.RaggedTensorValue(value, split)
    return value


def flatten_feed(feed: Any) -> list[Any]:
    """The dense arrays of a feed, in the order of `tf.nest.flatten` of its placeholder."""
    if isinstance(feed, tf.compat.v1.SparseTensorValue):
        return [feed.indices, feed.values, feed.dense_shape]
    if hasattr(feed, "nested_row_splits"):
        return [feed.flat_values, *feed.nested_row_splits]
    return [feed]
