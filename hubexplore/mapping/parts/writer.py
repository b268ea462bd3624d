"""Writes the parts of a result, each in one step."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet

from hubexplore.errors import MapTargetError
from hubexplore.mapping.parts.journal import Journal, Part

FAILED: Final = "_failed"
"""Folder of the rows that failed, a file for each part that has some."""
BATCHES: Final = 64
"""Number of batches after which a part ends: a kill costs no more than these."""
BYTES: Final = 64_000_000
"""Bytes of results after which a part ends, which bounds the memory."""

MSG_FULL: Final = (
    "{path!r} cannot be written: {reason}. {rows:,} rows are finished and kept; the same call continues "
    "after them."
)


class PartWriter:
    """Collects batches into parts, and writes a part in the background while the next one is computed.

    Where a part ends depends on its batches alone, so that a result that is continued has the same files.

    Args:
      folder: of the result; locked by the caller.
      journal: of the folder.
      batches: number of batches in a part; None for `BATCHES`.
    """

    def __init__(self, folder: Path, journal: Journal, batches: int | None = None) -> None:
        self._folder = folder
        self._journal = journal
        self._most = batches or BATCHES
        self._tables: list[pa.Table] = []
        self._failed: list[pa.Table] = []
        self._first = journal.next_row
        self._read = self._batches = self._bytes = 0
        self._number = len(journal.parts)
        self._pool = ThreadPoolExecutor(1, "hubexplore-write")
        self._pending: Future[None] | None = None

    def add(self, read: int, tables: list[pa.Table], failed: pa.Table | None) -> None:
        """Adds a batch.

        Args:
          read: number of rows of the data that it stands for.
          tables: the results of those that ran.
          failed: those that failed.

        Raises:
          MapTargetError: (an OSError) an earlier part could not be written.
        """
        self._tables += tables
        self._failed += [] if failed is None else [failed]
        self._read += read
        self._batches += 1
        self._bytes += sum(table.nbytes for table in tables)
        if self._batches >= self._most or self._bytes >= BYTES:
            self._end_part()

    def finish(self) -> None:
        """Writes the last part, and notes that the result is complete."""
        if self._read or not self._number:
            self._end_part(is_last=True)
            self._wait()
            return
        self._wait()
        with self._explained(self._folder):
            self._journal.complete()

    def close(self) -> None:
        """Waits for the part that is being written, and ends the thread; what was not finished is dropped."""
        self._pool.shutdown()

    def _end_part(self, is_last: bool = False) -> None:
        self._wait()
        tables, failed = self._tables, self._failed
        part = Part(self._number, self._first, self._read, sum(table.num_rows for table in tables), 0)
        self._pending = self._pool.submit(self._write, part, tables, failed, is_last)
        self._tables, self._failed = [], []
        self._first += self._read
        self._read = self._batches = self._bytes = 0
        self._number += 1

    def _wait(self) -> None:
        """Waits for the part before: at most one waits to be written, which bounds the memory."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def _write(self, part: Part, tables: list[pa.Table], failed: list[pa.Table], is_last: bool) -> None:
        with self._explained(self._folder / part.name):
            failed_bytes = 0
            if failed:
                (self._folder / FAILED).mkdir(exist_ok=True)
                failed_bytes = write_table(self._folder / FAILED / part.name, failed)
            # An empty part of a result without rows has no columns that anybody could know.
            size = write_table(self._folder / part.name, tables) if tables else 0
            finished = dataclasses.replace(part, bytes=size, failed_bytes=failed_bytes)
            self._journal.add(finished, is_last)

    @contextlib.contextmanager
    def _explained(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            rows = self._journal.next_row
            raise MapTargetError(MSG_FULL.format(path=str(path), reason=reason, rows=rows)) from error


def write_table(path: Path, tables: list[pa.Table]) -> int:
    """Writes tables as one Parquet file, which appears whole; returns its size in bytes.

    Equal rows give equal bytes.
    """
    temporary = path.with_name(f"_{path.name}.tmp")
    try:
        table = pa.concat_tables(tables, promote_options="permissive")
        # Numbers that a model makes hardly repeat: to look for repeated ones takes longer than to write them.
        pyarrow.parquet.write_table(
            table, temporary, use_dictionary=_repeating(table), compression="snappy", store_schema=True
        )
        with temporary.open("rb") as file:
            # Renamed only when it is on the disk: after a power failure there is no empty file in its place.
            os.fsync(file.fileno())
            size = os.fstat(file.fileno()).st_size
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    return size


def _repeating(table: pa.Table) -> list[str]:
    """Columns whose values may repeat: texts and whole numbers."""
    kinds = (pa.types.is_integer, pa.types.is_string, pa.types.is_large_string, pa.types.is_binary)
    return [field.name for field in table.schema if any(check(field.type) for check in kinds)]
