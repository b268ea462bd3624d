"""Pieces of a data set, and what a worker does with one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hubexplore.errors import MapError
from hubexplore.mapping.local import in_memory
from hubexplore.mapping.mapper import MapOptions, Mapper
from hubexplore.mapping.outputs.tables import Tables
from hubexplore.mapping.predictor import Predictor
from hubexplore.mapping.rows import Rows
from hubexplore.mapping.sources.choice import FRAME, Data
from hubexplore.mapping.sources.files import FileSource
from hubexplore.mapping.sources.memory import FrameSource
from hubexplore.mapping.sources.source import Source

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class FramePiece:
    """Rows of a pandas DataFrame.

    Attributes:
      frame: the rows.
      first: number of the first of them in the data.
      label: what messages call the data.
      has_labels: whether the index of the data is to be written.
      folder: where relative paths of pictures are looked for first.
    """

    frame: Any
    first: int
    label: str
    has_labels: bool
    folder: str = ""

    def source(self) -> Source:
        """The rows, numbered from 0."""
        return FrameSource(self.frame, self.first, self.label, self.has_labels)


@dataclass(frozen=True)
class FilePiece:
    """Consecutive rows of files, which the worker finds under the same paths.

    Attributes:
      paths: of the files.
      first: number of the first row.
      count: number of rows; None for all from there on.
      folder: where relative paths of pictures are looked for first.
    """

    paths: tuple[str, ...]
    first: int
    count: int | None
    folder: str = ""

    def source(self) -> Source:
        """The rows, numbered from 0."""
        return _Range(FileSource(self.paths), self.first, self.count)


Piece = FramePiece | FilePiece


class _Range(Source):
    """Consecutive rows of another source, numbered from 0."""

    def __init__(self, whole: Source, start: int, count: int | None) -> None:
        self.names = whole.names
        self.length = count
        self.label = whole.label
        self._whole = whole
        self._start = start

    def rows(self, start: int, size: int, names: Sequence[Any]) -> Iterator[Rows]:
        """Yields the rows from `start` on."""
        self._whole.bound = self.bound
        for rows in self._whole.rows(self._start + start, size, names):
            first = rows.first - self._start
            left = rows.count if self.length is None else min(rows.count, self.length - first)
            if left <= 0:
                return
            yield Rows(first, left, rows.part(0, left).columns)

    def identity(self, names: Sequence[Any]) -> Mapping[str, Any]:
        """Pieces are not compared."""
        raise NotImplementedError

    def place(self, row: int) -> str:
        """Where a row is in the whole."""
        return self._whole.place(row + self._start)

    def file_of(self, row: int) -> str:
        """The file of a row."""
        return self._whole.file_of(row + self._start)


@dataclass(frozen=True)
class Finished:
    """What a worker made of a batch, or of several.

    Attributes:
      read: number of rows of the data.
      tables: the results of those that ran.
      failed: those that failed, numbered from the first row of the piece; None if there are none.
    """

    read: int
    tables: list[pa.Table]
    failed: pa.Table | None


def run_piece(predictor: Predictor, piece: Piece, options: MapOptions, size: int) -> list[Finished]:
    """Maps a piece, on a worker; returns what became of each batch."""
    with predictor.opened() as callee:
        mapper = Mapper(callee, piece.source(), options, piece.folder)
        try:
            tables = Tables(mapper)
            return [
                Finished(outcome.rows.count, list(tables.of(outcome)), tables.of_failures(outcome))
                for outcome in mapper.outcomes(size, 0, progress=False)
            ]
        finally:
            mapper.close()


def joined(batches: list[Finished]) -> list[Finished]:
    """Batches as one."""
    import pyarrow as pa

    tables = [table for batch in batches for table in batch.tables]
    failed = [batch.failed for batch in batches if batch.failed is not None]
    whole = [pa.concat_tables(tables, promote_options="permissive")] if tables else []
    read = sum(batch.read for batch in batches)
    return [Finished(read, whole, pa.concat_tables(failed) if failed else None)]


def run_partition(frame: Any, predictor: Predictor, options: MapOptions) -> Any:
    """Maps a partition of a Dask DataFrame, on a worker; a DataFrame with its index."""
    with predictor.opened() as callee:
        data = Data(FrameSource(frame, label="the partition"), FRAME)
        mapper = Mapper(callee, data.source, options)
        try:
            return in_memory(mapper, data, progress=False)
        finally:
            mapper.close()


def pieces_of(data: Data, start: int, rows: int) -> Iterator[Piece]:
    """Cuts data into pieces.

    Args:
      data: the whole.
      start: number of the first row that is wanted.
      rows: in a piece; files whose rows can only be found by reading them are pieces of their own.

    Raises:
      MapError: (a ValueError) the data cannot be read in pieces.
    """
    source = data.source
    if isinstance(source, FrameSource):
        for first in range(start, len(source.frame), rows):
            frame = source.frame.iloc[first : first + rows]
            yield FramePiece(frame, first, source.label, source.has_labels, data.folder)
    elif isinstance(source, FileSource) and source.length is not None:
        for first in range(start, source.length, rows):
            yield FilePiece(source.paths, first, min(rows, source.length - first), data.folder)
    elif isinstance(source, FileSource):
        if start:
            raise MapError(
                "A map of CSV, JSONL or TFRecord files on a cluster begins each file anew, so this one "
                "cannot be continued there. Continue it without engine=, or replace it with resume=False."
            )
        for path in source.paths:
            yield FilePiece((path,), 0, None, data.folder)
    else:
        raise MapError(
            "Workers of a cluster read the data in pieces: pass a DataFrame, files, a folder of pictures "
            "or a Dask DataFrame. Arrays and iterables can be mapped without engine=."
        )
