"""Rows that are in memory: data frames, series and arrays."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from hubexplore.errors import MapError
from hubexplore.mapping.rows import Column, Rows
from hubexplore.mapping.sources.source import Source
from hubexplore.summary.confusables import columns as checked_columns
from hubexplore.summary.tensor_values import Array

_HASHED_ROWS: Final = 65_536
"""Number of rows that are hashed at a time, which bounds the memory."""


class MemorySource(Source):
    """Columns of equal length.

    Args:
      columns: arrays by name.
      length: number of rows.
      label: what messages call the data.
    """

    def __init__(self, columns: Mapping[Any, Column], length: int, label: str) -> None:
        self.names = list(columns)
        self.length = length
        self._count = length
        self.label = label
        self._columns = columns

    def rows(self, start: int, size: int, names: Sequence[Any]) -> Iterator[Rows]:
        """Yields slices, without copies."""
        for first in range(start, self._count, size):
            last = min(first + size, self._count)
            yield Rows(first, last - first, {name: self._column(name)[first:last] for name in names})

    def identity(self, names: Sequence[Any]) -> Mapping[str, Any]:
        """The number of rows and a digest of their values."""
        digest = hashlib.sha256()
        for name in names:
            column = self._column(name)
            digest.update(repr((name, str(column.dtype), column.shape[1:])).encode())
            for first in range(0, self._count, _HASHED_ROWS):
                digest.update(_bytes_of(column[first : first + _HASHED_ROWS]))
        return {"kind": "memory", "rows": self._count, "digest": digest.hexdigest()}

    def is_ready(self, names: Sequence[Any]) -> bool:
        """Whether all of these are arrays of numbers."""
        return all(self._column(name).dtype != object for name in names)

    def _column(self, name: Any) -> Column:
        return self._columns[name]


class FrameSource(MemorySource):
    """A pandas DataFrame, or a Series as its only column.

    Args:
      frame: the DataFrame or Series.
      first: number of its first row, where it is a piece of another one.
      label: what messages call it; by default its class.
      has_labels: whether its index says more than the numbers of the rows; by default it is looked at.
    """

    def __init__(
        self, frame: Any, first: int = 0, label: str | None = None, has_labels: bool | None = None
    ) -> None:
        is_series = not hasattr(frame, "columns")
        self._first = first
        self._has_labels = has_labels
        self.index = frame.index
        self.frame = frame.to_frame(_series_name(frame)) if is_series else frame
        # Converted when they are needed, and once: a batch then is a slice.
        self._series = {_series_name(frame): frame} if is_series else checked_columns(frame)
        usual = "the Series" if is_series else "the DataFrame"
        super().__init__(self._series, len(frame), label or usual)
        self._columns: dict[Any, Column] = {}

    @property
    def has_labels(self) -> bool:
        """Whether its index says more than the numbers of the rows."""
        import pandas as pd

        if self._has_labels is not None:
            return self._has_labels
        return not self.index.equals(pd.RangeIndex(self._count)) or self.index.names != [None]

    @property
    def has_index(self) -> bool:
        """True."""
        return True

    def labels(self, first: int, count: int) -> Any:
        """The part of the index for some rows."""
        return self.index[first : first + count] if self.has_labels else None

    def identity(self, names: Sequence[Any]) -> Mapping[str, Any]:
        """The number of rows, and digests of their values and of the index."""
        import pandas as pd

        labels = pd.util.hash_pandas_object(self.index, index=False).to_numpy()
        index = hashlib.sha256(labels.tobytes()).hexdigest()
        return {**super().identity(names), "index": index}

    def _column(self, name: Any) -> Column:
        if name not in self._columns:
            self._columns[name] = array_of(self._series[name])
        return self._columns[name]

    def place(self, row: int) -> str:
        """The position, and the label in the index if that says more."""
        label, number = self.index[row], self._first + row
        return super().place(number) + (f" (index {label!r})" if label != number else "")


def _series_name(series: Any) -> Any:
    return "value" if series.name is None else series.name


def array_of(series: Any) -> Column:
    """The values of a pandas Series; a view where its dtype is one of NumPy."""
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return series.to_numpy()
    if getattr(dtype, "kind", "O") in "biufc" and not series.hasnans:
        return series.to_numpy(dtype.numpy_dtype if hasattr(dtype, "numpy_dtype") else None)
    return np.asarray(series, object)


def array_source(arrays: Any) -> MemorySource:
    """A source over an array, whose fields are columns if it has some, or over a dict of arrays by input.

    Raises:
      MapError: (a ValueError) the arrays have different numbers of rows, or masked integers.
    """
    if isinstance(arrays, np.ndarray) and arrays.dtype.names:
        columns = {name: arrays[name] for name in arrays.dtype.names}
    else:
        columns = {"value": arrays} if isinstance(arrays, np.ndarray) else dict(arrays)
    columns = {name: _unmasked(name, column) for name, column in columns.items()}
    lengths = {name: len(column) if column.ndim else None for name, column in columns.items()}
    if len(set(lengths.values())) != 1 or None in lengths.values():
        raise MapError(f"The arrays must have one row each per row of the data; their lengths are {lengths}.")
    return MemorySource(columns, int(next(iter(lengths.values())) or 0), "the array")


def _unmasked(name: Any, column: Any) -> Array:
    """An array as it is; the masked numbers of one of floats are NaN."""
    if not np.ma.is_masked(column):
        return np.asarray(column)
    if column.dtype.kind != "f":
        raise MapError(
            f"Column {name!r} has masked values of dtype {column.dtype}, which has no missing numbers. "
            f"Replace them: array.filled(0)."
        )
    filled: Array = column.filled(np.nan)
    return filled


def _bytes_of(column: Column) -> Any:
    """Bytes that are equal for equal values; of numbers, the memory that they are in."""
    if column.dtype != object:
        return np.ascontiguousarray(column).view(np.uint8) if column.size else b""
    # Row by row: pickle refers back to an object that occurs twice, and equal ones need not be identical.
    return b"".join(pickle.dumps(value, protocol=4) for value in column)
