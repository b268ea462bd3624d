"""Results of batches as Arrow columns: numbers as they are, nested arrays as lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from hubexplore.errors import MapError
from hubexplore.mapping.outputs.frame import rows_of
from hubexplore.summary.tensor_values import Array, is_ragged, is_sparse

if TYPE_CHECKING:
    from hubexplore.hub.tensor_info import TensorInfo
    from hubexplore.mapping.running.row_function import Outputs

_INDICES: Final = pa.list_(pa.list_(pa.int64()))


def type_of(name: str, info: TensorInfo, rank: int | None = None) -> pa.DataType:
    """The type of the column of an output; lists for all dimensions but the first.

    Args:
      name: of the output.
      info: its dtype and shape.
      rank: number of dimensions, where the signature does not say.

    Raises:
      MapError: (a ValueError) Arrow has no such numbers.
    """
    element = _element(name, info)
    if info.kind == "sparse":
        return pa.struct({"indices": _INDICES, "values": pa.list_(element)})
    known = info.get_shape().rank
    dimensions = known if known is not None else rank
    column: pa.DataType = element
    for _ in range((dimensions or 1) - 1):
        column = pa.list_(column)
    return column


def _element(name: str, info: TensorInfo) -> pa.DataType:
    if info.dtype.name == "string":
        return pa.binary()
    dtype = np.dtype(info.dtype.as_numpy_dtype)
    # Small floats such as bfloat16 have an exact float32; NumPy calls them "void".
    if dtype.kind == "V" and info.dtype.is_floating:
        return pa.float32()
    try:
        return pa.from_numpy_dtype(dtype)
    except (pa.ArrowException, TypeError) as error:
        raise MapError(
            f"Output {name!r} has the dtype {info.dtype.name}, which Parquet has not. Leave it out."
        ) from error


def rank_of(value: Any) -> int:
    """The number of dimensions of an output."""
    if is_ragged(value):
        return len(value.nested_row_splits) + np.ndim(value.flat_values)
    if isinstance(value, list):
        return 1 + max((np.ndim(row) for row in value), default=0)
    return int(np.ndim(value))


def column_of(value: Any, arrow_type: pa.DataType) -> pa.Array:
    """An output of a batch as a column; copied only where its numbers have another form in Arrow.

    Raises:
      MapError: (a ValueError) it has more than 2 ** 31 - 1 values, nested in rows.
    """
    if is_ragged(value):
        return _ragged(value, arrow_type)
    if isinstance(value, np.ndarray):
        return _nested(value, arrow_type)
    if is_sparse(value):
        rows: Any = [
            {"indices": row["indices"].tolist(), "values": row["values"].tolist()} for row in rows_of(value)
        ]
    else:
        rows = [row.tolist() if isinstance(row, np.ndarray) else row for row in value]
    return pa.array(rows, arrow_type)


def _flat(array: Array, element: pa.DataType) -> pa.Array:
    if array.dtype.kind == "V":
        array = array.astype(np.float32)
    return pa.array(np.ascontiguousarray(array).reshape(-1), element)


def _nested(array: Array, arrow_type: pa.DataType) -> pa.Array:
    """An array as lists in lists: one pass over its numbers, none over its rows."""
    types = [arrow_type]
    while pa.types.is_list(types[-1]):
        types.append(types[-1].value_type)
    column = _flat(array, types[-1])
    for axis in range(array.ndim - 1, 0, -1):
        count = int(np.prod(array.shape[:axis]))
        offsets = np.arange(count + 1, dtype=np.int64) * array.shape[axis]
        column = pa.ListArray.from_arrays(_offsets(offsets), column)
    return column


def _offsets(offsets: Array) -> pa.Array:
    """Where lists begin, in the 32 bits that Arrow has for them."""
    if len(offsets) and offsets[-1] > np.iinfo(np.int32).max:
        raise MapError(
            f"A batch has {int(offsets[-1]):,} values in one column, more than a list column can hold. Run "
            f"fewer rows at a time: batch_size=N."
        )
    return pa.array(offsets.astype(np.int32))


def _ragged(value: Any, arrow_type: pa.DataType) -> pa.Array:
    flat = np.asarray(value.flat_values)
    inner = arrow_type
    for _ in value.nested_row_splits:
        inner = inner.value_type
    column = _nested(flat, inner)
    for splits in reversed(value.nested_row_splits):
        column = pa.ListArray.from_arrays(_offsets(np.asarray(splits)), column)
    return column


def batch_of(
    kept: Mapping[str, Any], outputs: Outputs, types: Mapping[str, pa.DataType], columns: Mapping[str, str]
) -> pa.Table:
    """A table of consecutive rows: the kept columns of the data, then the outputs."""
    arrays: dict[str, Any] = {str(name): _kept(name, column) for name, column in kept.items()}
    arrays |= {columns[name]: column_of(value, types[name]) for name, value in outputs.items()}
    return pa.table(arrays)


def _kept(name: Any, column: Any) -> pa.Array:
    if not isinstance(column, np.ndarray):
        return column
    if column.ndim > 1:
        return _nested(column, pa.from_numpy_dtype(column.dtype))
    try:
        return pa.array(_plain(column))
    except pa.ArrowException as error:
        raise MapError(
            f"Column {name!r} cannot be kept: Parquet has no type for its values. Leave it out, or convert "
            f"it first: .astype(str). {error}"
        ) from error


def _plain(column: Array) -> Any:
    """Objects that Arrow understands: arrays of several dimensions as lists, missing values as None."""
    if column.dtype != object:
        return column
    return [
        value.tolist() if isinstance(value, np.ndarray) else None if value is not value else value  # noqa: PLR0124
        for value in column
    ]


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables with equal columns as one; kept columns that were empty in one of them get their type."""
    return pa.concat_tables(tables, promote_options="permissive")
