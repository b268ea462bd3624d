"""What a value of a tensor is: a dense array, a sparse value or a ragged one.

The kind is read from the attributes that a value has. So the values of TensorFlow (`tf.SparseTensor`,
`tf.compat.v1.SparseTensorValue`, `tf.RaggedTensor`, `RaggedTensorValue`) and those made without it are told
apart by the same rule, and nobody has to import TensorFlow to ask.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, Any]
Kind = Literal["dense", "sparse", "ragged"]


def is_sparse(value: Any) -> bool:
    """Returns whether a value has the attributes of a sparse one: `indices`, `values`, `dense_shape`."""
    # A matrix of scipy.sparse has `indices` too, but no `dense_shape`.
    return hasattr(value, "dense_shape") and hasattr(value, "indices")


def is_ragged(value: Any) -> bool:
    """Returns whether a value has the attributes of a ragged one: `flat_values`, `nested_row_splits`."""
    return hasattr(value, "nested_row_splits") and hasattr(value, "flat_values")


def kind_of(value: Any) -> Kind:
    """Returns the kind of a value; whatever is neither sparse nor ragged is dense."""
    if is_sparse(value):
        return "sparse"
    return "ragged" if is_ragged(value) else "dense"


def flat_of(value: Any) -> Array:
    """Returns the array of the entries: all of a dense value, the stored ones of a sparse or ragged one."""
    match kind_of(value):
        case "sparse":
            return np.asarray(value.values)
        case "ragged":
            return np.asarray(value.flat_values)
    return np.asarray(value)


def shape_of(value: Any) -> tuple[int | None, ...]:
    """Returns the shape of a value; None for a dimension in which the rows differ."""
    match kind_of(value):
        case "sparse":
            return tuple(int(size) for size in value.dense_shape)
        case "ragged":
            splits = value.nested_row_splits
            return (len(splits[0]) - 1, *[None] * len(splits), *np.shape(value.flat_values)[1:])
    return tuple(np.shape(value))
