"""Rows of files: one reader for each format, and a source over several files of one format."""

from __future__ import annotations

import bisect
import functools
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hubexplore.errors import DamagedDataError, MapError
from hubexplore.mapping.rows import Rows
from hubexplore.mapping.sources.file_reader import FileReader, require_pyarrow
from hubexplore.mapping.sources.source import Source

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES: Final = {
    ".parquet": "parquet", ".pq": "parquet",
    ".csv": "csv", ".tsv": "csv",
    ".jsonl": "json", ".ndjson": "json", ".json": "json",
    ".tfrecord": "tfrecord", ".tfrecords": "tfrecord",
}  # fmt: skip
"""The format of a file by the end of its name."""
COMPRESSED: Final = (".gz",)
_EDGE: Final = 65_536
"""Bytes at both ends of a file that its identity covers; the footer of a Parquet file describes all of it."""
_MOST_BYTES: Final = 2**31 - 1
"""Bytes of the texts of an Arrow array, whose offsets have 32 bits."""


def kind_of_file(name: str) -> str:
    """The format of a file by its name; "" for an unknown one."""
    lower = name.lower()
    for suffix in COMPRESSED:
        lower = lower.removesuffix(suffix)
    return SUFFIXES.get(os.path.splitext(lower)[1], "")


def _reader(path: str) -> FileReader:
    kind = kind_of_file(path)
    if not kind:
        raise MapError(
            f"The name of {path!r} does not say its format; known are {', '.join(sorted(SUFFIXES))}, "
            f"and those of text and records with {COMPRESSED[0]}."
        )
    try:
        if not Path(path).stat().st_size:
            raise DamagedDataError(f"{path!r} is empty: it has 0 bytes.")
    except OSError as error:
        if isinstance(error, DamagedDataError):
            raise
        raise DamagedDataError(f"{path!r} cannot be read: {error.strerror or error}.") from error
    if kind == "tfrecord":
        from hubexplore.mapping.sources.record_files import RecordFile

        return RecordFile(path)
    require_pyarrow(f"Reading {path!r}")
    from hubexplore.mapping.sources import table_files

    readers: dict[str, Callable[[str], FileReader]] = {
        "parquet": table_files.ParquetFile,
        "csv": table_files.CsvFile,
        "json": table_files.JsonFile,
    }
    return readers[kind](path)


class FileSource(Source):
    """The rows of files of one format, one file after the other.

    Args:
      paths: of the files, in this order.

    Raises:
      DamagedDataError: (an OSError) a file is cut, empty or not what its name says.
      MapError: (a ValueError) the files have different columns or formats.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = tuple(paths)
        self.label = repr(paths[0]) if len(paths) == 1 else f"{len(paths)} files from {paths[0]!r} on"
        self._files = [_reader(path) for path in paths]
        first = self._files[0]
        for file in self._files[1:]:
            if set(file.names) != set(first.names):
                odd = sorted(set(file.names) ^ set(first.names))
                raise MapError(f"{file.path!r} and {first.path!r} differ in the columns {odd}.")
        self.names = first.names
        lengths = [file.length for file in self._files]
        self.length = None if None in lengths else sum(length or 0 for length in lengths)
        # Numbers of the first rows of the files that were reached so far.
        self._starts = [0]

    def rows(self, start: int, size: int, names: Sequence[Any]) -> Iterator[Rows]:
        """Yields batches across the borders of files."""
        first = start
        for table in _rebatched(self._tables(start, size, names), size):
            columns = {name: _in_one(table.column(name)) for name in names}
            yield Rows(first, table.num_rows, columns)
            first += table.num_rows

    def _tables(self, start: int, size: int, names: Sequence[str]) -> Iterator[pa.Table]:
        begin = 0
        for number, file in enumerate(self._files):
            # Numbers of a format without types are converted later, where a bad one is that of its row.
            texts = [name for name in names if name in self.bound and (self.bound[name] or not file.is_typed)]
            if number >= len(self._starts):
                self._starts.append(begin)
            if file.length is not None and begin + file.length <= start:
                begin += file.length
                continue
            row = max(begin, start)
            for table in file.tables(row - begin, size, names, texts):
                row += table.num_rows
                yield table
            begin = row if file.length is None else begin + file.length

    def identity(self, names: Sequence[Any]) -> Mapping[str, Any]:
        """The files: name, size, time of the last change, and a digest of both ends."""
        return {"kind": "files", "files": [_file_identity(file.path) for file in self._files]}

    def place(self, row: int) -> str:
        """The file, and the number of the row in it."""
        number = self._number(row)
        inner = row - self._starts[number]
        whole = "" if inner == row else f" (row {row:,} of the data)"
        return f"row {inner:,} of {self._files[number].path!r}{whole}"

    def file_of(self, row: int) -> str:
        """The file of a row."""
        return self._files[self._number(row)].path

    def _number(self, row: int) -> int:
        return bisect.bisect_right(self._starts, row) - 1


def _rebatched(tables: Iterator[pa.Table], size: int) -> Iterator[pa.Table]:
    """Tables of `size` rows each, the last one of fewer."""
    import pyarrow as pa

    join = functools.partial(pa.concat_tables, promote_options="permissive")
    pending: list[pa.Table] = []
    count = 0
    for table in tables:
        rest = table
        while rest.num_rows:
            head = rest.slice(0, size - count)
            rest = rest.slice(head.num_rows)
            pending.append(head)
            count += head.num_rows
            if count == size:
                yield join(pending)
                pending, count = [], 0
    if pending:
        yield join(pending)


def _in_one(column: pa.ChunkedArray) -> pa.Array:
    """A column of a batch as one array; texts that have more bytes than an array of texts can count."""
    import pyarrow as pa

    if column.nbytes > _MOST_BYTES:
        large = {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}
        column = column.cast(large.get(column.type, column.type))
    return column.combine_chunks()


def _file_identity(path: str) -> dict[str, Any]:
    stat = Path(path).stat()
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        digest.update(file.read(_EDGE))
        file.seek(max(0, stat.st_size - _EDGE))
        digest.update(file.read(_EDGE))
    return {
        "name": os.path.basename(path), "bytes": stat.st_size, "changed": stat.st_mtime_ns,
        "ends": digest.hexdigest(),
    }  # fmt: skip
