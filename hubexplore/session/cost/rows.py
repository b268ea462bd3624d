"""The arrays of a call with any number of rows: rows are repeated, or cut off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.hub.tensor_info import TensorInfo
from hubexplore.session.batches import Arrays, batches, by_input, is_batched
from hubexplore.summary.cost.given_shapes import is_shape
from hubexplore.summary.tensor_values import Array

NO_ROWS: Final = 0
MSG_NOT_DENSE: Final = (
    "Input {name!r} is {kind}, so that a shape says too little: how long a run takes depends on its values. "
    "Give a value."
)


def with_values(infos: Mapping[str, TensorInfo], inputs: Any) -> Any:
    """Returns the inputs with a value in place of each shape: a tuple of sizes, of which None is one row.

    Args:
      infos: the inputs by name.
      inputs: values or shapes by name, or one of these for the only input.

    Raises:
      SignatureError: (a TypeError and ValueError) a shape is given for an input that is not dense.
    """
    if isinstance(inputs, Mapping):
        return {
            name: _value_of(name, infos[name], value) if name in infos and is_shape(value) else value
            for name, value in inputs.items()
        }
    if len(infos) == 1 and is_shape(inputs):
        ((name, info),) = infos.items()
        return _value_of(name, info, inputs)
    return inputs


def _value_of(name: str, info: TensorInfo, shape: tuple[int | None, ...]) -> Array:
    if info.kind != "dense":
        raise SignatureError(MSG_NOT_DENSE.format(name=name, kind=info.kind))
    sizes = tuple(1 if size is None else size for size in shape)
    dtype = np.dtype(info.dtype.as_numpy_dtype)
    if dtype.kind == "O":
        return np.full(sizes, b"", object)
    # Not zeros, which kernels may compute faster; numbers of ids have to be in their vocabulary.
    is_real = info.dtype.is_floating or info.dtype.is_complex
    return np.random.default_rng(0).random(sizes).astype(dtype) if is_real else np.zeros(sizes, dtype)


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
    for _, info, own in by_input(infos, arrays):
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
