"""Values of several arrays, as a run gives them."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Sparse:
    """As tf.compat.v1.SparseTensorValue."""

    indices: Any
    values: Any
    dense_shape: Any


@dataclass(frozen=True)
class Ragged:
    """As RaggedTensorValue."""

    flat_values: Any
    nested_row_splits: Any


def sparse() -> Sparse:
    """Two texts in a 3 × 5 matrix."""
    values = np.array([b"one", b"=2+2"], object)
    return Sparse(np.array([[0, 1], [2, 3]]), values, np.array([3, 5]))


def ragged() -> Ragged:
    """Rows of 3, 0 and 4 numbers."""
    return Ragged(np.arange(7.0), [np.array([0, 3, 3, 7])])


def deep() -> Ragged:
    """Two rows: one of two rows, [1, 2] and [], one of one row, [3]."""
    return Ragged(np.array([1, 2, 3]), [np.array([0, 2, 3]), np.array([0, 2, 2, 3])])
