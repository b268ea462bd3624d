"""Maps a data set into a folder, and continues what an earlier call left there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from hubexplore.errors import RowError
from hubexplore.mapping.mapper import Mapper
from hubexplore.mapping.outputs.tables import Tables
from hubexplore.mapping.parts import manifest
from hubexplore.mapping.parts.journal import Journal
from hubexplore.mapping.parts.lock import locked
from hubexplore.mapping.parts.mapped import MappedFiles
from hubexplore.mapping.parts.writer import FAILED, PartWriter

Result = tuple[int, list[pa.Table], pa.Table | None]
"""The number of rows of the data that were read, the results of those that ran, and those that failed."""
Results = Callable[[int, int, int], Iterator[Result]]
"""Takes the number of the first row, the number of finished parts, and the number of rows of a batch."""

MSG_INTERRUPTED: Final = (
    "Interrupted. {rows:,} rows are finished and kept in {folder!r}; the same call continues after them."
)
MSG_KEPT: Final = " {rows:,} rows before it are finished and kept in {folder!r}."


def to_files(mapper: Mapper, folder: Path, resume: bool, progress: bool | None) -> MappedFiles:
    """Maps a data set into a folder, in this process; see `continued`."""
    tables = Tables(mapper)

    def results(start: int, _: int, size: int) -> Iterator[Result]:
        with contextlib.closing(mapper.outcomes(size, start, progress)) as outcomes:
            for outcome in outcomes:
                yield outcome.rows.count, list(tables.of(outcome)), tables.of_failures(outcome)

    return continued(mapper, folder, resume, results)


def continued(
    mapper: Mapper, folder: Path, resume: bool, results: Results, batches: int | None = None
) -> MappedFiles:
    """Maps a data set into a folder, from where an earlier call with the same arguments ended.

    Args:
      mapper: the data and the signature.
      folder: absolute path; made if it does not exist.
      resume: whether to continue what is there; otherwise a result that is there is replaced.
      results: makes the results from a row on.
      batches: number of results in a part; None for the usual one.

    Raises:
      MapTargetError: (an OSError) the folder is in use, holds something else, or cannot be written.
      KeyboardInterrupt: says how to go on.
    """
    with _made(folder), locked(folder):
        journal, size = _begun(mapper, folder, resume)
        if journal.is_complete:
            return MappedFiles(folder, journal.parts)
        try:
            made = results(journal.next_row, len(journal.parts), size)
            with contextlib.closing(PartWriter(folder, journal, batches)) as writer:
                for read, tables, failed in made:
                    writer.add(read, tables, failed)
                writer.finish()
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
