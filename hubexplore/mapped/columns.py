"""What the columns of a table hold: vectors, pictures, categories, numbers or text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from hubexplore.display.wording import visible
from hubexplore.errors import ConversionError, closest
from hubexplore.summary.tensor_values import Array

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Kind = Literal["vectors", "pictures", "categories", "numbers", "text", "other"]
MAX_CATEGORIES: Final = 50
"""Maximum number of different values of a column of categories."""
_SAMPLED: Final = 1000
"""Number of rows by which the kind of a column is decided."""
_PICTURE_ENDS: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")
_PICTURE_STARTS: Final = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")


@dataclass(frozen=True)
class Columns:
    """The columns of a table by kind, each in the order of the table."""

    kinds: dict[str, Kind]

    def of(self, *kinds: Kind) -> tuple[str, ...]:
        """Returns the names of the columns of these kinds."""
        return tuple(name for name, kind in self.kinds.items() if kind in kinds)


def columns_of(frame: DataFrame) -> Columns:
    """Returns the kinds of the columns of a table, by their first rows and dtypes.

    Raises:
      ConversionError: (a ValueError) two columns have one name.
    """
    names = [str(name) for name in frame.columns]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ConversionError(
            f"The columns of the result need different names: {visible(repeated[0])!r} occurs more than "
            "once. Rename one: result.columns = [...]."
        )
    return Columns({name: _kind(frame[column]) for name, column in zip(names, frame.columns, strict=True)})


def checked_name(frame: DataFrame, name: object, role: str) -> Any:
    """Returns the column of this name.

    Args:
      frame: the table.
      name: what the user gave.
      role: the parameter that names it, such as `label`.

    Raises:
      ConversionError: (a ValueError) there is no such column; the message names the closest.
    """
    if name in frame.columns:
        return name
    names = [str(column) for column in frame.columns]
    shown = ", ".join(visible(column) for column in names[:12]) + (" ..." if names[12:] else "")
    raise ConversionError(
        f"{role}={name!r} is not a column of the result.{closest(str(name), names)} Its columns: {shown}."
    )


def matrix_of(column: Series[Any]) -> Array:
    """Returns a column of vectors as float32 [rows, size]; rows without a vector are NaN.

    Nested lists and arrays of more dimensions are flattened row by row.

    Raises:
      ConversionError: (a ValueError) vectors have different sizes; the message names the first such row.
    """
    arrow = _from_arrow(column)
    if arrow is not None:
        return arrow
    values = column.tolist()
    present = [at for at, value in enumerate(values) if _is_sequence(value)]
    if not present:
        return np.full((len(values), 0), np.nan, np.float32)
    try:
        # One call for all rows: a loop over 200,000 of them would take ten times as long.
        rows = np.asarray([values[at] for at in present], np.float32)
    except ValueError:
        raise _uneven(column, values, present) from None
    rows = rows.reshape(len(present), -1)
    if len(present) == len(values):
        return rows
    matrix = np.full((len(values), rows.shape[1]), np.nan, np.float32)
    matrix[present] = rows
    return matrix


def is_picture_path(value: object) -> bool:
    """Returns whether a value is the path of a picture file, by its ending."""
    return isinstance(value, (str, os.PathLike)) and str(value).lower().endswith(_PICTURE_ENDS)


def _kind(column: Series[Any]) -> Kind:
    first = [value for value in column.iloc[:_SAMPLED].tolist() if _is_present(value)]
    return _kind_of(first, column) if first else "other"


def _kind_of(first: Sequence[Any], column: Series[Any]) -> Kind:
    if all(map(is_picture_path, first)) or all(
        isinstance(value, bytes) and value.startswith(_PICTURE_STARTS) for value in first
    ):
        return "pictures"
    if all(map(_is_sequence, first)):
        return _kind_of_arrays(first)
    if pd.api.types.is_bool_dtype(column.dtype) or isinstance(column.dtype, pd.CategoricalDtype):
        return "categories"
    if pd.api.types.is_numeric_dtype(column.dtype):
        few = pd.api.types.is_integer_dtype(column.dtype) and column.nunique() <= MAX_CATEGORIES
        return "categories" if few else "numbers"
    if all(isinstance(value, (str, bytes)) for value in first):
        # Texts that repeat are names of something.
        different = column.nunique()
        return "categories" if different <= min(MAX_CATEGORIES, max(len(column) // 2, 2)) else "text"
    return "other"


def _kind_of_arrays(values: Sequence[Any]) -> Kind:
    try:
        # The first few show what all are: pictures of 1,000 rows may take gigabytes.
        sample = np.asarray([np.asarray(value) for value in values[:8]])
    except ValueError:
        return "other"
    if sample.dtype.kind not in "biuf" or not sample.size:
        return "other"
    channels_last = sample.ndim == 4 and sample.shape[-1] in (1, 3, 4)
    is_grid = sample.ndim == 3 and min(sample.shape[1:]) >= 8
    return "pictures" if channels_last or is_grid else "vectors"


def _is_sequence(value: object) -> bool:
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _is_present(value: object) -> bool:
    return _is_sequence(value) or not pd.isna(value)


def _from_arrow(column: Series[Any]) -> Array | None:
    """Returns the numbers of an Arrow list column without a Python object for each row."""
    dtype = column.dtype
    if not isinstance(dtype, pd.ArrowDtype) or column.isna().any():
        return None
    lists = column.array.__arrow_array__().combine_chunks()
    lengths = np.unique(np.asarray(column.list.len()))
    flat = lists.flatten().to_numpy(zero_copy_only=False)
    if len(lengths) != 1 or flat.dtype.kind not in "biuf":
        return None
    numbers: Array = flat.astype(np.float32).reshape(len(column), int(lengths[0]))
    return numbers


def _uneven(column: Series[Any], values: Sequence[Any], present: Sequence[int]) -> ConversionError:
    sizes = [np.shape(np.asarray(values[at], object)) for at in present]
    odd = next((at for at, size in zip(present, sizes, strict=True) if size != sizes[0]), present[0])
    found = np.shape(np.asarray(values[odd], object))
    return ConversionError(
        f"A map needs vectors of one size: column {visible(str(column.name))!r} has shape {list(sizes[0])} "
        f"in row {column.index[present[0]]!r} and {list(found)} in row {column.index[odd]!r}, or values that "
        "are not numbers. Choose another column: vectors=..."
    )
