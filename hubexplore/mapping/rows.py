"""Consecutive rows of a data set, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hubexplore.summary.tensor_values import Array

Column = Any
"""One value per row: a NumPy array of any rank, or an Arrow array."""


@dataclass(frozen=True)
class Rows:
    """Consecutive rows.

    Attributes:
      first: number of the first row in the data set, from 0.
      count: number of rows.
      columns: by name.
    """

    first: int
    count: int
    columns: Mapping[Any, Column]

    def part(self, begin: int, end: int) -> Rows:
        """The rows from `begin` up to `end`, counted from the first of these."""
        cut = {name: column[begin:end] for name, column in self.columns.items()}
        return Rows(self.first + begin, end - begin, cut)


def taken(column: Column, positions: Array) -> Column:
    """The entries of a column at some positions, in their order."""
    if isinstance(column, np.ndarray):
        return column[positions]
    import pyarrow as pa

    return column.take(pa.array(positions))
