"""A call in batches: rows of the inputs in, rows of the outputs out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from hubexplore.errors import SignatureError
from hubexplore.hub.running.feeds import ragged_value
from hubexplore.hub.tensor_info import TensorInfo
from hubexplore.summary.tensor_values import Array, is_ragged, is_sparse

Arrays = Sequence[Array]


def is_batched(info: TensorInfo) -> bool:
    """Whether the rows of an input may be fed in parts: its first dimension is not fixed."""
    shape = info.get_shape()
    return info.kind == "ragged" or shape.rank is None or (shape.rank > 0 and shape[0] is None)


def batches(infos: Mapping[str, TensorInfo], arrays: Arrays, size: int) -> tuple[int, Iterator[list[Array]]]:
    """Cuts the arrays of a call into batches of at most `size` rows.

    Args:
      infos: the inputs by name.
      arrays: what `Feeds.arrays` made of them. An input with a fixed first dimension goes whole into each
        batch.
      size: rows in a batch.

    Returns:
      The number of rows, and the arrays of each batch.

    Raises:
      SignatureError: (a TypeError) no input has rows, or they have different numbers of them.
    """
    if size < 1:
        raise SignatureError(f"batch_size must be a number of rows, at least 1; got {size}.")
    inputs = []
    rows: dict[str, int] = {}
    for name, info, input_arrays in by_input(infos, arrays):
        inputs.append((info, input_arrays))
        if is_batched(info):
            rows[name] = _rows(info, input_arrays)
    if not rows:
        raise SignatureError(
            f"None of the inputs {sorted(infos)} has an open first dimension, so they cannot be split into "
            f"batches. Leave batch_size out."
        )
    if len(set(rows.values())) > 1:
        raise SignatureError(f"With batch_size, all inputs must have the same number of rows; got {rows}.")
    count = next(iter(rows.values()))

    def cut() -> Iterator[list[Array]]:
        # No rows make one empty batch, from which the outputs get their shapes and dtypes.
        for first in range(0, max(count, 1), size):
            yield [
                part
                for info, input_arrays in inputs
                for part in (
                    _slice(info, input_arrays, first, min(first + size, count))
                    if is_batched(info)
                    else input_arrays
                )
            ]

    return count, cut()


def by_input(
    infos: Mapping[str, TensorInfo], arrays: Arrays
) -> Iterator[tuple[str, TensorInfo, list[Array]]]:
    """Yields (input, what it is, its arrays): a sparse or ragged one has several of those of a call."""
    start = 0
    for name, info in infos.items():
        end = start + len(info.component_names)
        yield name, info, list(arrays[start:end])
        start = end


def _rows(info: TensorInfo, arrays: Arrays) -> int:
    match info.kind:
        case "sparse":
            return int(arrays[2][0])
        case "ragged":
            return len(arrays[1]) - 1
        case _:
            return int(arrays[0].shape[0])


def _slice(info: TensorInfo, arrays: Arrays, first: int, last: int) -> list[Array]:
    match info.kind:
        case "sparse":
            indices, values, dense_shape = arrays
            inside = (indices[:, 0] >= first) & (indices[:, 0] < last)
            moved = indices[inside].copy()
            moved[:, 0] -= first
            return [moved, values[inside], np.array([last - first, *dense_shape[1:]], dense_shape.dtype)]
        case "ragged":
            # Row splits are offsets into the next level, so each level gives the range of the one below.
            flat, *splits = arrays
            begin, end, cut_splits = first, last, []
            for split in splits:
                cut_splits.append(split[begin : end + 1] - split[begin])
                begin, end = int(split[begin]), int(split[end])
            return [flat[begin:end], *cut_splits]
        case _:
            return [arrays[0][first:last]]


def joined(parts: Sequence[tuple[int, Mapping[str, Any]]]) -> dict[str, Any]:
    """Joins the results of batches into those of one call.

    Args:
      parts: (rows, results by name) of each batch.

    Raises:
      SignatureError: (a TypeError) an output has no row per row of the inputs.
    """
    return {name: _join(name, [(rows, results[name]) for rows, results in parts]) for name in parts[0][1]}


def _join(name: str, parts: Sequence[tuple[int, Any]]) -> Any:
    for rows, value in parts:
        if value_rows(value) != rows:
            raise SignatureError(
                f"Output {name!r} has the shape {tuple(np.shape(value))} for a batch of {rows} rows, not one "
                f"entry per row, so the outputs of several batches cannot be joined. Leave batch_size out."
            )
    first = parts[0][1]
    if len(parts) == 1:
        return first
    if is_sparse(first):
        return _join_sparse([value for _, value in parts])
    if is_ragged(first):
        return _join_ragged([value for _, value in parts])
    return np.concatenate([value for _, value in parts])


def value_rows(value: Any) -> int | None:
    """The number of rows of a result; None for a single value."""
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
    # Rows of different batches may end at different columns; the widest holds them all.
    widest = np.max([value.dense_shape for value in values], axis=0)
    dense_shape = np.array([before, *widest[1:]], np.int64)
    flat = np.concatenate([value.values for value in values])
    return tf.compat.v1.SparseTensorValue(np.concatenate(indices), flat, dense_shape)


def _join_ragged(values: Sequence[Any]) -> Any:
    splits = []
    for level in range(len(values[0].nested_row_splits)):
        level_splits = [np.asarray(value.nested_row_splits[level]) for value in values]
        # Each batch counts from zero: the splits of one begin where those of the one before ended.
        ends = np.cumsum([0, *(split[-1] for split in level_splits[:-1])])
        moved = [split[1:] + end for split, end in zip(level_splits, ends, strict=True)]
        splits.append(np.concatenate([level_splits[0][:1], *moved]).astype(level_splits[0].dtype))
    return ragged_value(np.concatenate([value.flat_values for value in values]), splits)
