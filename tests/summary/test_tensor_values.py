"""Which values are sparse or ragged, whoever made them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from hubexplore.inputs.input_value import Ragged, Sparse
from hubexplore.summary.tensor_values import flat_of, is_ragged, is_sparse, kind_of, shape_of

_INDICES = np.array([[0, 1], [2, 0]])
_VALUES = np.array([1.0, 2.0], np.float32)
_SHAPE = np.array([3, 4])
_SPLITS = np.array([0, 2, 2, 3])
_FLAT = np.array([1, 2, 3])


class _ScipyMatrix:
    """What a matrix of scipy.sparse has of the attributes in question."""

    indices = np.array([1, 0])
    shape = (3, 4)


@pytest.mark.parametrize(
    "value",
    [
        tf.compat.v1.SparseTensorValue(_INDICES, _VALUES, _SHAPE),
        Sparse(_INDICES, _VALUES, _SHAPE),
    ],
)
def test_sparse_values(value: Any) -> None:
    assert (kind_of(value), is_sparse(value), is_ragged(value)) == ("sparse", True, False)
    assert shape_of(value) == (3, 4)
    assert flat_of(value).tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "value",
    [tf.compat.v1.ragged.RaggedTensorValue(_FLAT, _SPLITS), Ragged(_FLAT, (_SPLITS,))],
)
def test_ragged_values(value: Any) -> None:
    assert (kind_of(value), is_sparse(value), is_ragged(value)) == ("ragged", False, True)
    assert shape_of(value) == (3, None)
    assert flat_of(value).tolist() == [1, 2, 3]


def test_tensors_have_the_kind_of_their_values() -> None:
    with tf.Graph().as_default():
        assert kind_of(tf.compat.v1.sparse_placeholder(tf.float32)) == "sparse"
        assert kind_of(tf.compat.v1.ragged.placeholder(tf.int32, 1)) == "ragged"


@pytest.mark.parametrize("value", [np.zeros((2, 3)), [1, 2], 1.5, "text", None, _ScipyMatrix()])
def test_everything_else_is_dense(value: Any) -> None:
    assert kind_of(value) == "dense"
