"""Results of batches as one pandas object, of the kind that the data was."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hubexplore.mapping.running.row_function import Outcome, Outputs
from hubexplore.summary.tensor_values import Array, is_ragged, is_sparse

if TYPE_CHECKING:
    from hubexplore.hub.tensor_info import TensorInfo


class Collected:
    """The outputs of a map in memory.

    Args:
      infos: the outputs by name.
      length: number of rows of the data; None where that is not known.
    """

    def __init__(self, infos: Mapping[str, TensorInfo], length: int | None) -> None:
        self._columns = {name: _Column(info, length) for name, info in infos.items()}
        self.kept: list[Array] = []
        """The numbers of the rows that ran, in pieces."""
        self.count = 0

    def add(self, outcome: Outcome) -> None:
        """Adds the outputs of a batch."""
        for first, count, outputs in outcome.pieces:
            start = outcome.rows.first + first
            self.kept.append(np.arange(start, start + count))
            self.count += count
            for name, column in self._columns.items():
                column.add(outputs[name], count)

    def arrays(self) -> dict[str, Any]:
        """The outputs by name: an array with all rows, or a list of them where their shapes differ."""
        return {name: column.joined() for name, column in self._columns.items()}

    def positions(self) -> Array:
        """The numbers of the rows that ran."""
        return np.concatenate(self.kept) if self.kept else np.zeros(0, np.int64)


class _Column:
    """The values of one output, written into one array as long as their shapes are equal."""

    def __init__(self, info: TensorInfo, length: int | None) -> None:
        self._info = info
        self._length = length
        self._whole: Array | None = None
        self._filled = 0
        self._parts: list[Any] = []

    def add(self, value: Any, count: int) -> None:
        if self._length is None or self._parts or not isinstance(value, np.ndarray):
            self._parts.append(value)
            return
        if self._whole is None:
            # Empty, so pages get memory when they are filled: many rows never exist twice.
            self._whole = np.empty((self._length, *value.shape[1:]), value.dtype)
        if value.shape[1:] != self._whole.shape[1:] or value.dtype != self._whole.dtype:
            self._parts.append(value)
            return
        self._whole[self._filled : self._filled + count] = value
        self._filled += count

    def joined(self) -> Any:
        parts = self._parts if self._whole is None else [self._whole[: self._filled], *self._parts]
        if not parts:
            sizes = [size or 0 for size in self._info.get_shape()[1:]] if self._info.get_shape().rank else []
            return np.empty((0, *sizes), self._info.dtype.as_numpy_dtype)
        if len(parts) == 1 and isinstance(parts[0], np.ndarray):
            return parts[0]
        arrays = [part for part in parts if isinstance(part, np.ndarray)]
        if arrays and len(arrays) == len(parts) and len({part.shape[1:] for part in parts}) == 1:
            return np.concatenate(parts)
        return [row for part in parts for row in rows_of(part)]


def rows_of(value: Any) -> Iterator[Any]:
    """The entries of an output, row by row: scalars, arrays, nested lists of a ragged value."""
    if is_ragged(value):
        inner, *rest = value.nested_row_splits
        for begin, end in itertools.pairwise(inner):
            yield _ragged_row(value.flat_values, rest, int(begin), int(end))
    elif is_sparse(value):
        for row in range(int(value.dense_shape[0])):
            chosen = value.indices[:, 0] == row
            yield {"indices": value.indices[chosen, 1:], "values": value.values[chosen]}
    else:
        yield from value


def _ragged_row(flat: Array, splits: Sequence[Array], begin: int, end: int) -> Any:
    if not splits:
        return flat[begin:end]
    split, *rest = splits
    return [_ragged_row(flat, rest, int(split[at]), int(split[at + 1])) for at in range(begin, end)]


def column_of(value: Any) -> Array:
    """An output as a column of pandas: single values in their dtype, anything else as an object per row."""
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return value if value.dtype.kind != "V" else value.astype(np.float32)
    # `np.array` would join rows of equal shape to one array again.
    return np.fromiter(iter(value), object, len(value))


def frame_of(columns: Mapping[str, Any], index: Any = None) -> Any:
    """A DataFrame of outputs; nested arrays are an object for each row."""
    import pandas as pd

    return pd.DataFrame({name: column_of(value) for name, value in columns.items()}, index=index)


def rows_as_dicts(outputs: Outputs, count: int) -> Iterator[dict[str, Any]]:
    """The outputs of a batch, a dict for each row."""
    columns = {name: list(rows_of(value)) for name, value in outputs.items()}
    for row in range(count):
        yield {name: column[row] for name, column in columns.items()}
