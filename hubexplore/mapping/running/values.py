"""Columns of a batch as values for an input: without Python code per row where the column allows it."""

from __future__ import annotations

import decimal
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hubexplore.errors import MapError
from hubexplore.hub.running.feeds import ragged_value
from hubexplore.mapping.rows import Column
from hubexplore.summary.tensor_values import Array

if TYPE_CHECKING:
    from hubexplore.hub.tensor_info import TensorInfo


@dataclass(frozen=True)
class Uneven:
    """Rows of different shapes for a dense input.

    Attributes:
      rows: an array for each.
    """

    rows: list[Array]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shape of each row."""
        return [row.shape for row in self.rows]

    def at(self, positions: Sequence[int]) -> Array:
        """The rows at some positions, which have one shape, as one array."""
        return np.stack([self.rows[position] for position in positions])


def value_of(info: TensorInfo, columns: Sequence[Column]) -> Any:
    """The value for an input: an array, a RaggedTensorValue, or `Uneven` rows.

    Args:
      info: the input.
      columns: one, or several whose values side by side are a row.

    Raises:
      MapError: (a ValueError) a value is missing, or rows cannot be joined.
    """
    if len(columns) > 1:
        return _beside(info, [_as_array(info, column) for column in columns])
    (column,) = columns
    value = value_of_single(info, column)
    return _shaped(info, value) if isinstance(value, np.ndarray) else value


def _as_array(info: TensorInfo, column: Column) -> Array:
    value = value_of_single(info, column)
    if not isinstance(value, np.ndarray) or value.ndim != 1:
        raise MapError("Only columns of single values can be put side by side.")
    return value


def value_of_single(info: TensorInfo, column: Column) -> Any:
    """A column as an array, before it gets the shape of the input."""
    value = column if isinstance(column, np.ndarray) else _of_arrow(info, column)
    if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 1:
        value = _of_objects(info, value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "mM":
        raise MapError(
            f"Got dates or times ({value.dtype}). Convert the column first: .astype('int64') makes numbers "
            f"of it, .astype(str) texts."
        )
    return value


def _beside(info: TensorInfo, columns: list[Array]) -> Array:
    kinds = {column.dtype.kind for column in columns}
    dtype = np.dtype(info.dtype.as_numpy_dtype)
    if kinds <= set("biuf") and dtype.kind == "f":
        # Cast while they are copied: one pass over the memory instead of two.
        value = np.empty((len(columns[0]), len(columns)), dtype)
        for number, column in enumerate(columns):
            value[:, number] = column
        return _shaped(info, value)
    return _shaped(info, np.stack(columns, axis=1))


def _shaped(info: TensorInfo, value: Array) -> Array:
    """Rows in the shape of the input, where it has as many numbers: [n] for [n, 1], [n, 64] for [n, 8, 8]."""
    shape = info.get_shape()
    if info.kind != "dense" or shape.rank is None or shape.rank in (0, value.ndim):
        return value
    inner = shape.as_list()[1:]
    if None not in inner and math.prod(inner) == math.prod(value.shape[1:]):
        return value.reshape(len(value), *inner)
    return value


def records_of(columns: Mapping[str, Column]) -> list[dict[str, Any]]:
    """Rows as dicts of Python values by column; what is missing is left out."""
    lists = {
        name: column.tolist() if isinstance(column, np.ndarray) else column.to_pylist()
        for name, column in columns.items()
    }
    rows = [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]
    return [{name: _plain(value) for name, value in row.items() if not _is_absent(value)} for row in rows]


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _is_absent(value: Any) -> bool:
    return value == "" if isinstance(value, str) else np.ndim(value) == 0 and _is_missing(value)


# ---- Arrow


def _of_arrow(info: TensorInfo, column: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if isinstance(column.type, pa.FixedShapeTensorType):
        return column.to_numpy_ndarray()
    if pa.types.is_struct(column.type) and column.type.get_field_index("bytes") >= 0:
        column = column.field("bytes")  # how data sets of pictures are stored: {bytes, path}
    if info.dtype.name != "string" and (
        pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    ):
        column = _numbers(info, column)
    # A missing number is a NaN, which only floats have.
    if column.null_count and not (info.dtype.is_floating and _is_number(column.type)):
        raise MapError("A value is missing (null).")
    if _is_list(column.type):
        return _of_lists(info, column)
    return column.to_numpy(zero_copy_only=False)


def _numbers(info: TensorInfo, column: Any) -> Any:
    """Numbers that are written as text, as in CSV; an empty text is a missing value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pc.utf8_trim_whitespace(column)
    column = pc.if_else(pc.equal(column, ""), None, column)
    if info.dtype.is_bool:
        return pc.cast(column, pa.bool_())
    # Not the dtype of the input: what that cannot hold is found, and reported, where all numbers are.
    is_whole = info.dtype.is_integer and pc.all(pc.match_substring_regex(column, r"^[+-]?\d+$")).as_py()
    return pc.cast(column, pa.int64() if is_whole else pa.float64())


def _is_number(arrow_type: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(arrow_type) or pa.types.is_floating(arrow_type))


def _is_list(arrow_type: Any) -> bool:
    import pyarrow as pa

    checks = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(check(arrow_type) for check in checks)


def _of_lists(info: TensorInfo, column: Any) -> Any:
    import pyarrow as pa

    splits: list[Array] = []
    level = column
    while _is_list(level.type):
        if level.null_count:
            raise MapError("A list is missing (null).")
        if pa.types.is_fixed_size_list(level.type):
            splits.append(np.arange(len(level) + 1, dtype=np.int64) * level.type.list_size)
        else:
            # A slice has the offsets of the whole: they begin anywhere.
            offsets = level.offsets.to_numpy()
            splits.append((offsets - offsets[0]).astype(np.int64))
        level = level.flatten()
    if level.null_count and not info.dtype.is_floating:
        raise MapError("A value in a list is missing (null).")
    flat = level.to_numpy(zero_copy_only=False)
    if info.kind == "ragged" and len(splits) == info.type_spec.ragged_rank:
        return ragged_value(flat, splits)
    return _of_splits(flat, splits)


def _of_splits(flat: Array, splits: list[Array]) -> Array | Uneven:
    """Nested lists as one array, or row by row where their lengths differ."""
    sizes = []
    for split in splits:
        lengths = np.diff(split)
        if len(lengths) and (lengths != lengths[0]).any():
            return Uneven([np.array(row) for row in _nested(flat, splits)])
        sizes.append(int(lengths[0]) if len(lengths) else 0)
    return flat.reshape(len(splits[0]) - 1, *sizes)


def _nested(flat: Any, splits: list[Array]) -> list[Any]:
    for split in reversed(splits):
        flat = [flat[begin:end] for begin, end in itertools.pairwise(split)]
    return list(flat)


# ---- objects


def _of_objects(info: TensorInfo, column: Array) -> Any:
    """Objects of Python: texts as they are, numbers and arrays joined."""
    first = next((value for value in column if value is not None), None)
    if (is_text := isinstance(first, (str, bytes))) and info.dtype.name != "string":
        raise MapError(f"Expected numbers; found the text {first!r}. Convert the column: pandas.to_numeric.")
    if is_text or not len(column):
        return column
    if isinstance(first, decimal.Decimal):
        raise MapError(f"Got {first!r}. Convert the column first: .astype('float64').")
    if isinstance(first, (list, tuple, np.ndarray)):
        missing = next((number for number, value in enumerate(column) if np.ndim(value) == 0), None)
        if missing is not None:
            raise MapError(f"Expected a list or an array; found {column[missing]!r}.")
        return _of_arrays(info, [np.asarray(value) for value in column])
    shape = info.get_shape()
    if first is None and (shape.rank or 0) > 1:
        raise MapError("A value is missing (None).")
    if info.dtype.is_floating:
        return np.array([math.nan if _is_missing(value) else value for value in column])
    if any(map(_is_missing, column)):
        raise MapError(f"A value is missing ({next(value for value in column if _is_missing(value))!r}).")
    return np.array(list(column))


def _is_missing(value: Any) -> bool:
    # pandas' NA is not equal to itself either, and has no truth value.
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value  # noqa: PLR0124


def _of_arrays(info: TensorInfo, rows: list[Array]) -> Any:
    if any(row.dtype == object and row.size and not isinstance(row.flat[0], (str, bytes)) for row in rows):
        rows = [np.array(row.tolist()) for row in rows]
    if info.kind == "ragged" and info.type_spec.ragged_rank == 1:
        lengths = np.array([0, *(len(row) for row in rows)], np.int64)
        return ragged_value(np.concatenate(rows), [np.cumsum(lengths)])
    if info.kind == "dense" and len({row.shape for row in rows}) > 1:
        return Uneven(rows)
    if info.kind != "dense":
        return np.array([row.tolist() for row in rows], object)
    return np.stack(rows)
