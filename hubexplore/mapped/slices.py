"""Slices: the values of any column where the error is highest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hubexplore.display.wording import visible
from hubexplore.mapped.columns import Columns
from hubexplore.summary.tensor_values import Array

if TYPE_CHECKING:
    from pandas import DataFrame, Series

_PARTS: Final = 8
"""Number of parts of equal size that a column of numbers is cut into."""
_MIN_ROWS: Final = 5
"""Minimum number of rows of a slice: the mean of fewer says nothing."""


@dataclass(frozen=True)
class Slice:
    """Rows that share a value of a column, or a range of it.

    Attributes:
      column: the name of the column.
      value: the value or range as text.
      rows: positions in the table, int64.
      error: mean error of these rows.
      others: mean error of all other rows.
      strength: the difference in standard errors (Welch's t), by which slices are sorted.
    """

    column: str
    value: str
    rows: Array
    error: float
    others: float
    strength: float


def worst_slices(frame: DataFrame, columns: Columns, errors: Array, limit: int = 20) -> tuple[Slice, ...]:
    """Returns the slices whose error is most clearly above that of the other rows, strongest first.

    Args:
      frame: the table.
      columns: its columns by kind: categories are sliced by value, numbers and lengths of texts by range.
      errors: float64 [rows]; NaN where a row has no error.
      limit: maximum number of slices.
    """
    known = np.isfinite(errors)
    found: list[Slice] = []
    for name, codes, texts in _cuts(frame, columns):
        found.extend(_slices_of(name, np.where(known, codes, -1), texts, errors))
    found.sort(key=lambda slice_: (-slice_.strength, slice_.column, slice_.value))
    return tuple(found[:limit])


def _slices_of(name: str, codes: Array, texts: list[str], errors: Array) -> Iterator[Slice]:
    """Yields the slices of one column that are worse than the rest, by sums over all values at once."""
    inside = codes >= 0
    part = codes[inside]
    values = errors[inside]
    counts = np.bincount(part, minlength=len(texts)).astype(np.float64)
    sums = np.bincount(part, values, len(texts))
    squares = np.bincount(part, np.square(values), len(texts))
    for at, text in enumerate(texts):
        count, rest = counts[at], counts.sum() - counts[at]
        if count < _MIN_ROWS or rest < 1:
            continue
        mean, other = sums[at] / count, (sums.sum() - sums[at]) / rest
        if mean <= other:
            continue
        spread = _variance(squares[at], sums[at], count) / count
        spread += _variance(squares.sum() - squares[at], sums.sum() - sums[at], rest) / rest
        strength = (mean - other) / np.sqrt(spread) if spread > 0 else np.inf
        yield Slice(name, text, np.flatnonzero(codes == at), float(mean), float(other), float(strength))


def _variance(squares: float, total: float, count: float) -> float:
    # A slice that is wrong throughout has no spread of its own: half a row of the other kind is added, as
    # otherwise five wrong rows would seem certain.
    return float(max(squares / count - (total / count) ** 2, 0.25 / count))


def _cuts(frame: DataFrame, columns: Columns) -> Iterator[tuple[str, Array, list[str]]]:
    """Yields (column, part of each row or -1, texts of the parts)."""
    for column in frame.columns:
        name = str(column)
        kind = columns.kinds[name]
        if kind == "categories":
            codes, distinct = pd.factorize(frame[column])
            yield name, codes, [visible(_text(value)) for value in distinct]
        elif kind == "numbers":
            yield name, *_ranges(frame[column], "")
        elif kind == "text":
            yield f"length of {name}", *_ranges(frame[column].map(len, na_action="ignore"), " characters")


def _ranges(column: Series[Any], unit: str) -> tuple[Array, list[str]]:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    finite = numbers[np.isfinite(numbers)]
    if not finite.size:
        return np.full(len(numbers), -1), []
    edges = np.unique(np.quantile(finite, np.linspace(0, 1, _PARTS + 1)))
    parts = max(len(edges) - 1, 1)
    codes = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, parts - 1)
    lasts = [*edges[1:], edges[-1]]
    texts = [f"{low:.4g} to {high:.4g}{unit}" for low, high in zip(edges[:parts], lasts[:parts], strict=True)]
    return np.where(np.isfinite(numbers), codes, -1), texts


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
