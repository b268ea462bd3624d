"""A call in batches: rows of the inputs in, rows of the outputs out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from hubexplore.errors import SignatureError
from hubexplore.hub.running.feeds import ragged_value
from hubexplore.hub.tensor_info import TensorInfo
from hubexplore.summary.tensor_values import is_ragged, is_sparse

Array = np.ndarray[Any, Any]
Arrays = Sequence[Array]


def is_batched(info: TensorInfo) -> bool:
    """Whether the rows of an input may be fed in parts: its first dimension is not fixed."""
    shape = info.get_shape()
    return info.kind == "ragged" or shape.rank is None or (shape.rank > 0 and shape[0] is None)


def batches(infos: Mapping[str, TensorInfo], arrays: Arrays, size: int) -> tuple[int, Iterator[list[Array]]]:
    """Cuts the arrays of a call into batches of at most `size` rows.

    Args:
      infos: the inputs by name.
      arrays: what `Feeds.arrays` made of them. Inputs of fixed first dimension go whole into each batch.
      size: rows in a batch.

    Returns:
      How many rows there are, and the arrays of each batch.

    Raises:
      SignatureError: (a TypeError) no input has rows, or they have different numbers of them.
    """
    if size < 1:
        raise SignatureError(f"batch_size is a number of rows, at least 1; got {size}.")
    inputs = []
    rows: dict[str, int] = {}
    start = 0
    for name, info in infos.items():
        width = _width(info)
        own = list(arrays[start : start + width])
        start += width
        inputs.append((info, own))
        if is_batched(info):
            rows[name] = _rows(info, own)
    if not rows:
        raise SignatureError(
            f"Of the inputs {sorted(infos)} none has a free first dimension, so there is nothing to cut into "
            f"batches. Leave batch_size out."
        )
    if len(set(rows.values())) > 1:
        raise SignatureError(f"With batch_size all inputs have equally many rows; got {rows}.")
    count = next(iter(rows.values()))

    def cut() -> Iterator[list[Array]]:
        # Without rows there is one empty batch, so that the outputs have their shape.
        for first in range(0, max(count, 1), size):
            yield [
                part
                for info, own in inputs
                for part in (_slice(info, own, first, min(first + size, count)) if is_batched(info) else own)
            ]

    return count, cut()


def _width(info: TensorInfo) -> int:
    return len(info.component_names)


def _rows(info: TensorInfo, own: Arrays) -> int:
    match info.kind:
        case "sparse":
            return int(own[2][0])
        case "ragged":
            return len(own[1]) - 1
        case _:
            return int(own[0].shape[0])


def _slice(info: TensorInfo, own: Arrays, first: int, last: int) -> list[Array]:
    match info.kind:
        case "sparse":
            indices, values, dense_shape = own
            inside = (indices[:, 0] >= first) & (indices[:, 0] < last)
            moved = indices[inside].copy()
            moved[:, 0] -= first
            return [moved, values[inside], np.array([last - first, *dense_shape[1:]], dense_shape.dtype)]
        case "ragged":
            flat, *splits = own
            begin, end, found = first, last, []
            for split in splits:
                found.append(split[begin : end + 1] - split[begin])
                begin, end = int(split[begin]), int(split[end])
            return [flat[begin:end], *found]
        case _:
            return [own[0][first:last]]


def joined(parts: Sequence[tuple[int, Mapping[str, Any]]]) -> dict[str, Any]:
    """The results of batches as those of one call.

    Args:
      parts: (rows, results by name) of each batch.

    Raises:
      SignatureError: (a TypeError) an output has no row per row of the inputs.
    """
    return {name: _join(name, [(rows, results[name]) for rows, results in parts]) for name in parts[0][1]}


def _join(name: str, parts: Sequence[tuple[int, Any]]) -> Any:
    for rows, value in parts:
        if _value_rows(value) != rows:
            raise SignatureError(
                f"Output {name!r} has the shape {tuple(np.shape(value))} for a batch of {rows} rows, not one "
                f"entry per row, so that of several batches cannot be put together. Leave batch_size out."
            )
    first = parts[0][1]
    if len(parts) == 1:
        return first
    if is_sparse(first):
        return _join_sparse([value for _, value in parts])
    if is_ragged(first):
        return _join_ragged([value for _, value in parts])
    return np.concatenate([value for _, value in parts])


def _value_rows(value: Any) -> int | None:
    if is_sparse(value):
        return int(value.dense_shape[0]) if len(value.dense_shape) else None
    if is_ragged(value):
        return len(value.nested_row_splits[0]) - 1
    return int(value.shape[0]) if np.ndim(value) else None


def _join_sparse(values: Sequence[Any]) -> Any:
    indices, before = [], 0
    for value in values:
        moved = np.array(value.indices)
        moved[:, 0] += before
        indices.append(moved)
        before += int(value.dense_shape[0])
    widest = np.max([value.dense_shape for value in values], axis=0)
    dense_shape = np.array([before, *widest[1:]], np.int64)
    flat = np.concatenate([value.values for value in values])
    return tf.compat.v1.SparseTensorValue(np.concatenate(indices), flat, dense_shape)


def _join_ragged(values: Sequence[Any]) -> Any:
    splits = []
    for level in range(len(values[0].nested_row_splits)):
        own = [np.asarray(value.nested_row_splits[level]) for value in values]
        ends = np.cumsum([0, *(split[-1] for split in own[:-1])])
        moved = [split[1:] + end for split, end in zip(own, ends, strict=True)]
        splits.append(np.concatenate([own[0][:1], *moved]).astype(own[0].dtype))
    return ragged_value(np.concatenate([value.flat_values for value in values]), splits)
