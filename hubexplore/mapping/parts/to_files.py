"""Maps a data set into a folder, and continues what an earlier call left there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from hubexplore.errors import RowError
from hubexplore.mapping.mapper import Mapper
from hubexplore.mapping.outputs.arrow import batch_of, rank_of, type_of
from hubexplore.mapping.parts import manifest
from hubexplore.mapping.parts.journal import Journal
from hubexplore.mapping.parts.lock import locked
from hubexplore.mapping.parts.mapped import MappedFiles
from hubexplore.mapping.parts.writer import FAILED, ROW, PartWriter
from hubexplore.mapping.running.row_function import Outcome
from hubexplore.mapping.sources.memory import FrameSource

MSG_INTERRUPTED: Final = (
    "Interrupted. {rows:,} rows are finished and kept in {folder!r}; the same call continues after them."
)
MSG_KEPT: Final = " {rows:,} rows before it are finished and kept in {folder!r}."


def to_files(mapper: Mapper, folder: Path, resume: bool, progress: bool | None) -> MappedFiles:
    """Maps a data set into a folder.

    Args:
      mapper: the data and the signature.
      folder: absolute path; made if it does not exist.
      resume: whether to continue what is there; otherwise a result that is there is replaced.
      progress: whether to show a bar.

    Raises:
      MapTargetError: (an OSError) the folder is in use, holds something else, or cannot be written.
      KeyboardInterrupt: says how to go on.
    """
    with _made(folder), locked(folder):
        journal, size = _begun(mapper, folder, resume)
        if journal.is_complete:
            return MappedFiles(folder, journal.parts)
        try:
            _run(mapper, folder, journal, size, progress)
        except KeyboardInterrupt:
            text = MSG_INTERRUPTED.format(rows=journal.next_row, folder=str(folder))
            raise KeyboardInterrupt(text) from None
        except RowError as error:
            kept = MSG_KEPT.format(rows=journal.next_row, folder=str(folder))
            error.args = (f"{error.args[0]}{kept}",)
            raise
        return MappedFiles(folder, journal.parts)


@contextlib.contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Makes a folder; after an error nothing stays of it if nothing was written."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for path in missing:
            with contextlib.suppress(OSError):
                path.rmdir()  # fails for a folder that is not empty
        raise


def _begun(mapper: Mapper, folder: Path, resume: bool) -> tuple[Journal, int]:
    """The journal of a folder, with the parts that are whole, and the number of rows of a batch."""
    present = manifest.read(folder)
    request = manifest.request_of(mapper)
    if present is not None and not resume:
        _remove(folder, keep=0)
        (folder / manifest.NAME).unlink()
        present = None
    if present is None:
        size = mapper.batch_size()
        manifest.write(folder, request, size)
    else:
        manifest.check_same(folder, present, request, Journal(folder).is_complete)
        size = int(present[manifest.SIZE])
    _remove(folder, keep=_whole(folder))
    return Journal(folder), size


def _whole(folder: Path) -> int:
    """The number of parts, from the first on, whose files are as they were written."""
    count = 0
    for part in Journal(folder).parts:
        sizes = {folder / part.name: part.bytes, folder / FAILED / part.name: part.failed_bytes}
        if any(size and (not path.is_file() or path.stat().st_size != size) for path, size in sizes.items()):
            break
        count += 1
    return count


def _remove(folder: Path, keep: int) -> None:
    """Removes what does not belong to the first `keep` parts: a kill left it, or it is replaced."""
    journal = Journal(folder)
    journal.keep(keep)
    names = {part.name for part in journal.parts}
    for place in (folder, folder / FAILED):
        for path in place.glob("*part-*.parquet*"):
            if path.name not in names:
                path.unlink()
    with contextlib.suppress(OSError):
        (folder / FAILED).rmdir()


def _run(mapper: Mapper, folder: Path, journal: Journal, size: int, progress: bool | None) -> None:
    tables = _Tables(mapper)
    writer = PartWriter(folder, journal)
    outcomes = mapper.outcomes(size, journal.next_row, progress)
    with contextlib.closing(writer), contextlib.closing(outcomes):
        for outcome in outcomes:
            writer.add(outcome.rows.count, list(tables.of(outcome)), tables.of_failures(outcome))
        writer.finish()


class _Tables:
    """Turns batches into Arrow tables.

    Args:
      mapper: says which columns they have.
    """

    def __init__(self, mapper: Mapper) -> None:
        self._mapper = mapper
        self._types: dict[str, pa.DataType] = {}
        # With an index, or all rows, a row of the result can be found without its number.
        self._has_numbers = mapper.options.errors == "collect" and not isinstance(mapper.source, FrameSource)

    def of(self, outcome: Outcome) -> Iterator[pa.Table]:
        """Yields the rows of a batch that ran."""
        for first, count, outputs in outcome.pieces:
            for name, value in outputs.items():
                if name not in self._types:
                    self._types[name] = type_of(name, self._mapper.callee.outputs[name], rank_of(value))
            rows = outcome.rows.part(first, first + count)
            kept = {name: rows.columns[name] for name in self._mapper.kept}
            table = batch_of(kept, outputs, self._types, self._mapper.columns)
            yield self._with_index(table, rows.first, count)

    def _with_index(self, table: pa.Table, first: int, count: int) -> pa.Table:
        source = self._mapper.source
        if self._has_numbers:
            return table.add_column(0, ROW, pa.array(range(first, first + count), pa.int64()))
        if not isinstance(source, FrameSource) or not source.has_labels:
            return table
        import pandas as pd

        # No columns, but of the type of names: pandas stores the type, and applies it to all names later.
        labels = pd.DataFrame(index=source.index[first : first + count], columns=pd.Index([], dtype="str"))
        index = pa.Table.from_pandas(labels, preserve_index=True)
        for name, column in zip(index.column_names, index.columns, strict=True):
            table = table.append_column(name, column)
        # Says to pandas which columns are the index.
        return table.replace_schema_metadata(index.schema.metadata)

    def of_failures(self, outcome: Outcome) -> pa.Table | None:
        """The rows of a batch that failed; None if there are none."""
        if not outcome.failures:
            return None
        rows = [failure.row for failure in outcome.failures]
        columns: dict[str, Any] = {
            ROW: pa.array(rows, pa.int64()),
            "file": pa.array(map(self._mapper.source.file_of, rows), pa.string()),
            "reason": pa.array([failure.reason for failure in outcome.failures], pa.string()),
        }
        return pa.table(columns)
