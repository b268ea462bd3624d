"""Readers of Parquet, CSV and JSON lines, by pyarrow: a piece at a time, never a whole file."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

from hubexplore.errors import DamagedDataError
from hubexplore.mapping.sources.file_reader import FileReader, damaged

_BLOCK: Final = 1 << 22
"""Bytes of text that are parsed at a time."""
_LARGEST_BLOCK: Final = 1 << 30
"""Bytes of the longest row of text: pyarrow counts them in 32 bits."""
_LONG_ROW: Final = re.compile("straddling object|Empty CSV file or block")
"""What pyarrow says of a row that is longer than a block; of a heading, the second."""
_HEADING: Final = 1 << 16
"""Bytes in which the heading of a CSV file ends."""
_QUOTED: Final = re.compile(rb'"[^"]*"')
_ARROW_ROW: Final = re.compile(r"in row (\d+)")


class ParquetFile(FileReader):
    """A Parquet file, of which pages are read as they are needed."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            with pyarrow.parquet.ParquetFile(path) as file:
                self.names = list(file.schema_arrow.names)
                self.length = file.metadata.num_rows
        except (pa.ArrowException, OSError) as error:
            raise damaged(path, "Parquet", error) from error

    def tables(self, start: int, size: int, names: Sequence[str], texts: Sequence[str]) -> Iterator[pa.Table]:
        """Skips row groups before `start` without reading them."""
        row = 0
        try:
            with pyarrow.parquet.ParquetFile(self.path) as file:
                for group in range(file.num_row_groups):
                    count = file.metadata.row_group(group).num_rows
                    if row + count <= start:
                        row += count
                        continue
                    for batch in file.iter_batches(size, [group], list(names), use_threads=False):
                        skipped = min(max(0, start - row), batch.num_rows)
                        row += batch.num_rows
                        if skipped < batch.num_rows:
                            yield pa.Table.from_batches([batch.slice(skipped)])
        except (pa.ArrowException, OSError) as error:
            raise damaged(self.path, f"Parquet after row {row:,}", error) from error


def _beginning(path: str, kind: str) -> bytes:
    """The first bytes of a text file, which may be compressed."""
    try:
        with pa.input_stream(path, compression="detect") as file:
            content: bytes = file.read(_HEADING)
    except (pa.ArrowException, OSError) as error:
        raise damaged(path, kind, error) from error
    return content


def _delimiter(path: str) -> str:
    """What separates the values of a CSV file, by its name and heading."""
    if ".tsv" in path.lower():
        return "\t"
    heading = _QUOTED.sub(b"", _beginning(path, "CSV")).partition(b"\n")[0]
    # Spreadsheets write semicolons where the comma is that of decimal numbers.
    return ";" if b";" in heading and b"," not in heading else ","


class CsvFile(FileReader):
    """A CSV file with a heading; its values are separated by commas, tabs (`.tsv`) or semicolons."""

    is_typed = False

    def __init__(self, path: str) -> None:
        self.path = path
        self.length = None
        self._delimiter = _delimiter(path)
        self._block = _BLOCK
        try:
            with self._opened([], []) as reader:
                self.names = list(reader.schema.names)
        except (pa.ArrowException, OSError) as error:
            raise damaged(path, "CSV", error) from error

    def _opened(self, names: Sequence[str], texts: Sequence[str]) -> pa.csv.CSVStreamingReader:
        """A reader whose blocks hold the first row."""
        while True:
            try:
                return self._open(names, texts)
            except pa.ArrowInvalid as error:
                self._enlarge(error)

    def _enlarge(self, error: Exception) -> None:
        """Makes the blocks larger if a row is longer than one; raises any other error again."""
        if not _LONG_ROW.search(str(error)) or self._block >= _LARGEST_BLOCK:
            raise error
        self._block = min(8 * self._block, _LARGEST_BLOCK)

    def _open(self, names: Sequence[str], texts: Sequence[str]) -> pa.csv.CSVStreamingReader:
        return pa.csv.open_csv(
            self.path,
            pa.csv.ReadOptions(use_threads=False, block_size=self._block),
            pa.csv.ParseOptions(delimiter=self._delimiter, newlines_in_values=True),
            pa.csv.ConvertOptions(
                include_columns=list(names), column_types=dict.fromkeys(texts, pa.string())
            ),
        )

    def tables(self, start: int, size: int, names: Sequence[str], texts: Sequence[str]) -> Iterator[pa.Table]:
        """Parses all rows, since only that tells where one begins."""
        next_row, is_read = start, False
        while not is_read:
            row = 0
            try:
                with self._opened(names, texts) as reader:
                    for batch in reader:
                        skipped = min(max(0, next_row - row), batch.num_rows)
                        row += batch.num_rows
                        if skipped < batch.num_rows:
                            next_row = row
                            yield pa.Table.from_batches([batch.slice(skipped)])
                is_read = True
            except (pa.ArrowException, OSError) as error:
                try:
                    self._enlarge(error)
                except (pa.ArrowException, OSError):
                    raise damaged(self.path, f"CSV after row {row:,}", error) from error


class JsonFile(FileReader):
    """A file with a JSON object in each line."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.length = None
        if _beginning(path, "JSON lines").lstrip().startswith(b"["):
            raise DamagedDataError(
                f"{path!r} holds a JSON array, not one object in each line. Read it with pandas.read_json, "
                f"and pass the DataFrame."
            )
        first = next(self._parsed([], 0), None)
        if first is None:
            raise DamagedDataError(f"{path!r} has no rows.")
        self.names = list(first.column_names)

    def tables(self, start: int, size: int, names: Sequence[str], texts: Sequence[str]) -> Iterator[pa.Table]:
        """Parses all rows; a row without a value has a null."""
        row = 0
        for table in self._parsed(texts, start):
            skipped = min(max(0, start - row), table.num_rows)
            row += table.num_rows
            if skipped < table.num_rows:
                yield _with_columns(table.slice(skipped), names)

    def _parsed(self, texts: Sequence[str], start: int) -> Iterator[pa.Table]:
        # Of text columns alone: without it, pyarrow takes texts that look like dates for dates.
        schema = pa.schema([(name, pa.string()) for name in texts])
        options = pa.json.ParseOptions(explicit_schema=schema if texts else None)
        row = 0
        for block in self._blocks():
            try:
                table = pa.json.read_json(
                    io.BytesIO(block),
                    pa.json.ReadOptions(use_threads=False, block_size=len(block) + 1),
                    options,
                )
            except pa.ArrowException as error:
                inner = _ARROW_ROW.search(str(error))
                place = row + (int(inner[1]) if inner else 0)
                raise damaged(self.path, f"JSON lines at row {place:,}", error) from error
            row += table.num_rows
            yield table

    def _blocks(self) -> Iterator[bytes]:
        """Whole lines, some MB at a time."""
        rest = b""
        try:
            with pa.input_stream(self.path, compression="detect") as file:
                while block := file.read(_BLOCK):
                    end = block.rfind(b"\n") + 1
                    if end:
                        yield rest + block[:end]
                    rest = block[end:] if end else rest + block
        except (pa.ArrowException, OSError) as error:
            raise damaged(self.path, "JSON lines", error) from error
        if rest.strip():
            yield rest


def _with_columns(table: pa.Table, names: Sequence[str]) -> pa.Table:
    for name in names:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows))
    return table.select(list(names))
