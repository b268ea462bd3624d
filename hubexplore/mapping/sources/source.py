"""What a source of rows is."""

from __future__ import annotations

import abc
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from hubexplore.mapping.rows import Rows

SAMPLE: Final = 32
"""Number of rows that are looked at before the first batch is cut."""


class Source(abc.ABC):
    """A data set: rows in a fixed order, with named columns.

    Attributes:
      names: of the columns.
      length: number of rows; None where only reading all of them would tell.
      label: what messages call the data.
      bound: columns that inputs take, and whether the input takes strings; for formats that leave types open.
    """

    names: Sequence[Any]
    length: int | None
    label: str
    bound: Mapping[Any, bool] = MappingProxyType({})

    @abc.abstractmethod
    def rows(self, start: int, size: int, names: Sequence[Any]) -> Iterator[Rows]:
        """Yields all rows from number `start` on, `size` at a time; fewer only at the end.

        Args:
          start: number of the first row.
          size: rows in a batch.
          names: of the columns that are needed.
        """

    @abc.abstractmethod
    def identity(self, names: Sequence[Any]) -> Mapping[str, Any]:
        """What distinguishes this data from other data, as JSON: equal for equal rows in equal columns."""

    def sample(self, names: Sequence[Any]) -> Rows | None:
        """The first rows; None where there is none."""
        return next(self.rows(0, SAMPLE, names), None)

    @property
    def has_index(self) -> bool:
        """Whether the rows have labels in an index, by which they can be found."""
        return False

    def labels(self, first: int, count: int) -> Any:
        """The part of the index for some rows; None where it says no more than their numbers."""
        return None

    def is_ready(self, names: Sequence[Any]) -> bool:
        """Whether columns are numbers in memory, so that reading ahead would cost more than it saves."""
        return False

    def place(self, row: int) -> str:
        """Where a row is, in words."""
        return f"row {row:,} of {self.label}"

    def file_of(self, row: int) -> str:
        """The file that a row is in; "" where it is in none."""
        return ""


def digest_of(value: Any) -> str:
    """A digest of something whose `repr` says all of it."""
    return hashlib.sha256(repr(value).encode()).hexdigest()
