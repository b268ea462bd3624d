"""The arrays of a call with any number of rows: rows are repeated, or cut off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.hub.tensor_info import TensorInfo
from hubexplore.session.batches import Arrays, batches, is_batched
from hubexplore.summary.tensor_values import Array

NO_ROWS: Final = 0


def row_count(infos: Mapping[str, TensorInfo], arrays: Arrays) -> int:
    """Returns the number of rows that all inputs share; `NO_ROWS` if the rows cannot be varied.

    Args:
      infos: the inputs by name.
      arrays: what `Feeds.arrays` made of their values.
    """
    try:
        return batches(infos, arrays, 1)[0]
    except SignatureError:
        return NO_ROWS


def with_rows(infos: Mapping[str, TensorInfo], arrays: Arrays, rows: int) -> list[Array]:
    """Returns the arrays with another number of rows; an input with a fixed first dimension stays."""
    count = row_count(infos, arrays)
    times = -(-rows // max(count, 1))
    repeated: list[Array] = []
    start = 0
    for info in infos.values():
        width = len(info.component_names)
        own = arrays[start : start + width]
        start += width
        repeated += _repeated(info, own, times) if is_batched(info) and times > 1 else own
    _, parts = batches(infos, repeated, rows)
    return next(parts)


def _repeated(info: TensorInfo, arrays: Sequence[Array], times: int) -> list[Array]:
    """Returns the arrays of one input, all its rows several times."""
    match info.kind:
        case "sparse":
            indices, values, dense_shape = arrays
            count = int(dense_shape[0])
            moved = [indices + np.array([count * turn, *[0] * (indices.shape[1] - 1)], indices.dtype)
                     for turn in range(times)]  # fmt: skip
            sizes = np.array([count * times, *dense_shape[1:]], dense_shape.dtype)
            return [np.concatenate(moved), np.concatenate([values] * times), sizes]
        case "ragged":
            flat, *splits = arrays
            # Row splits are offsets into the next level, which is repeated as well.
            return [np.concatenate([flat] * times), *(_repeated_splits(level, times) for level in splits)]
        case _:
            return [np.concatenate([arrays[0]] * times)]


def _repeated_splits(splits: Array, times: int) -> Array:
    later = [splits[1:] + splits[-1] * turn for turn in range(1, times)]
    return np.concatenate([splits, *later]).astype(splits.dtype)
