"""Rows from Python: dicts of values by input, or single values."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from hubexplore.errors import MapError
from hubexplore.mapping.rows import Column, Rows
from hubexplore.mapping.sources.source import SAMPLE, Source, digest_of

VALUE: Final = "value"
"""The column of rows that are single values."""


class IterableSource(Source):
    """Rows that can be read once, such as those of a generator.

    The first rows are read at once and kept until they are asked for: they say which columns there are.
    """

    def __init__(self, iterable: Iterable[Any]) -> None:
        self.length = None
        self.label = "the data"
        self._rest = iter(iterable)
        self._first = list(itertools.islice(self._rest, SAMPLE))
        self.names = list(self._first[0]) if self._first and isinstance(self._first[0], Mapping) else [VALUE]

    def rows(self, start: int, size: int, names: Sequence[Any]) -> Iterator[Rows]:
        """Yields the rows; a second call goes on where the first one ended."""
        yield from _batches(itertools.chain(self._first, self._rest), start, size, names)

    def sample(self, names: Sequence[Any]) -> Rows | None:
        """The first rows, which stay."""
        return next(_batches(iter(self._first), 0, SAMPLE, names), None)

    def identity(self, names: Sequence[Any]) -> Mapping[str, Any]:
        """A digest of the first rows: whether the others are equal can only be known by reading them."""
        return {"kind": "iterable", "first rows": digest_of([_plain(row) for row in self._first])}


class ListSource(IterableSource):
    """Rows in a list or tuple."""

    def __init__(self, rows: Sequence[Any]) -> None:
        super().__init__(rows)
        self._rows = rows
        self.length = len(rows)
        self.label = "the list"

    def rows(self, start: int, size: int, names: Sequence[Any]) -> Iterator[Rows]:
        """Yields the rows."""
        yield from _batches(iter(self._rows), start, size, names)

    def identity(self, names: Sequence[Any]) -> Mapping[str, Any]:
        """A digest of all rows."""
        return {"kind": "list", "rows": digest_of([_plain(row) for row in self._rows])}


def _plain(row: Any) -> Any:
    """A row whose `repr` says all of it: that of a large array leaves numbers out."""
    if isinstance(row, Mapping):
        return {key: _plain(value) for key, value in row.items()}
    return (row.dtype.str, row.shape, row.tobytes()) if isinstance(row, np.ndarray) else row


def _batches(rows: Iterator[Any], start: int, size: int, names: Sequence[Any]) -> Iterator[Rows]:
    first = start
    rows = itertools.islice(rows, start, None)
    while batch := list(itertools.islice(rows, size)):
        yield Rows(first, len(batch), {name: _column(name, batch, first) for name in names})
        first += len(batch)


def _column(name: Any, batch: list[Any], first: int) -> Column:
    is_mapping = isinstance(batch[0], Mapping)
    for number, row in enumerate(batch):
        if isinstance(row, Mapping) != is_mapping or (is_mapping and name not in row):
            raise MapError(f"Row {first + number:,} of the data has no value {name!r}.")
    values = [row[name] for row in batch] if is_mapping else batch
    # Objects: rows of equal shape must not be joined before their input is known.
    return np.fromiter(values, object, len(values))
