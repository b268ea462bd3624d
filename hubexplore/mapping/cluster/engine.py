"""A map on a cluster, as its caller sees it."""

from __future__ import annotations

import collections
import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hubexplore.errors import MapError, MissingExtraError, RowError
from hubexplore.mapping.mapper import MapOptions, Mapper
from hubexplore.mapping.outputs.frame import Collected, frame_of
from hubexplore.mapping.predictor import Predictor
from hubexplore.mapping.progress import progress_bar
from hubexplore.mapping.sources.choice import FRAME, Data, data_of
from hubexplore.mapping.sources.memory import FrameSource

if TYPE_CHECKING:
    from hubexplore.mapping.cluster.pieces import Finished, Piece
    from hubexplore.mapping.parts.mapped import MappedFiles
    from hubexplore.mapping.parts.to_files import Result
    from hubexplore.mapping.progress import Update
    from hubexplore.mapping.running.callee import Callee

MSG_EXTRA: Final = "engine= and Dask DataFrames need Dask. Run: pip install 'hubexplore[dask]'"
MSG_ENGINE: Final = "engine must be 'local' or a dask.distributed.Client; got {engine!r}."
BATCHES: Final = 8
"""Number of batches in a piece: so many that sending it costs little, so few that all workers get some."""
_AHEAD: Final = 2
"""Pieces that a thread of a worker has or waits for, so that none is idle and few are in memory."""


def is_dask(data: Any) -> bool:
    """Whether data is a Dask DataFrame."""
    return type(data).__module__.partition(".")[0] in ("dask", "dask_expr") and hasattr(
        data, "map_partitions"
    )


def client_of(engine: Any) -> Any:
    """The client that a caller passed, or the current one of the process; None where there is none.

    Raises:
      MapError: (a ValueError) it is something else, or cannot be used.
    """
    try:
        import distributed
    except ImportError as error:
        raise MissingExtraError(MSG_EXTRA) from error
    if engine == "local":
        with contextlib.suppress(ValueError):
            return distributed.get_client()
        return None
    if not isinstance(engine, distributed.Client) or engine.asynchronous:
        raise MapError(MSG_ENGINE.format(engine=engine))
    return engine


class DaskSource(FrameSource):
    """A Dask DataFrame as far as it is known without computing it: its columns, and a few rows.

    Args:
      frame: the Dask DataFrame.
    """

    def __init__(self, frame: Any, rows: Any = None) -> None:
        super().__init__(frame._meta if rows is None else rows, label="the Dask DataFrame", has_labels=True)
        self.length = None  # only computing it would tell
        self._dask = frame

    def identity(self, names: Any) -> Mapping[str, Any]:
        """The token by which Dask knows the computation that makes it."""
        from dask.base import tokenize

        return {"kind": "dask", "token": tokenize(self._dask), "partitions": self._dask.npartitions}


def lazily(predictor: Predictor, data: Any, options: MapOptions, engine: Any) -> Any:
    """A Dask DataFrame of the results, which computes on the workers when it is asked for.

    Args:
      predictor: the signature.
      data: see `hubexplore.map`.
      options: of the caller.
      engine: a client, or "local" for Dask's own choice.
    """
    import dask
    from dask.dataframe import from_map

    from hubexplore.mapping.cluster.pieces import run_partition

    if options.errors == "collect":
        raise MapError("A lazy result cannot say which rows failed: errors='collect' needs to=FOLDER.")
    client = client_of(engine)
    with predictor.opened() as callee:
        known = Data(DaskSource(data), FRAME) if is_dask(data) else data_of(data, callee.inputs)
        meta = _meta(callee, known, options)
        pieces = [] if is_dask(data) else _pieces(callee, known, options)
    _bring(predictor, client)
    if is_dask(data):
        return data.map_partitions(run_partition, predictor, options, meta=meta, enforce_metadata=False)
    # Dask would make texts of all objects, arrays too.
    with dask.config.set({"dataframe.convert-string": False}):
        return from_map(_piece_frame, pieces, meta=meta, predictor=predictor, options=options)


def _pieces(callee: Callee, data: Data, options: MapOptions) -> list[tuple[Piece, int]]:
    """The pieces of data, each with the number of rows of a batch."""
    from hubexplore.mapping.cluster.pieces import pieces_of

    mapper = Mapper(callee, data.source, options, data.folder)
    size = mapper.batch_size()
    mapper.close()
    return [(piece, size) for piece in pieces_of(data, 0, size * BATCHES)]


def _piece_frame(sized: tuple[Piece, int], predictor: Predictor, options: MapOptions) -> Any:
    from hubexplore.mapping.cluster.pieces import run_piece
    from hubexplore.mapping.outputs.tables import to_frame

    piece, size = sized
    try:
        batches = run_piece(predictor, piece, options, size)
        return to_frame([table for batch in batches for table in batch.tables])
    except RowError as error:
        error.row += piece.first
        raise


def _meta(callee: Callee, data: Data, options: MapOptions) -> Any:
    """A result without rows."""
    import pandas as pd

    mapper = Mapper(callee, data.source, options)
    mapper.close()
    empty = Collected({name: callee.outputs[name] for name in mapper.columns}, 0).arrays()
    index = data.source.index[:0] if isinstance(data.source, FrameSource) else None
    frame = frame_of({mapper.columns[name]: value for name, value in empty.items()}, index)
    if mapper.kept and isinstance(data.source, FrameSource):
        return pd.concat([data.source.frame.iloc[:0][mapper.kept], frame], axis=1)
    if mapper.kept:
        raise MapError("keep= of files on a cluster needs to=FOLDER, since their types are not known yet.")
    return frame


def _bring(predictor: Predictor, client: Any) -> None:
    if client is not None:
        from hubexplore.mapping.cluster.modules import bring

        bring(predictor, client)


def to_files(
    predictor: Predictor, data: Any, options: MapOptions, engine: Any, folder: Path, *, resume: bool,
    progress: bool | None,
) -> MappedFiles:  # fmt: skip
    """Maps on the workers into a folder: they compute, this process writes the parts, in order.

    The arguments are those of `lazily`, and of `parts.to_files.to_files`.
    """
    from hubexplore.mapping.parts.to_files import continued

    client = client_of(engine)
    if client is None:
        raise MapError(MSG_ENGINE.format(engine=engine) + " There is no current Client either.")
    with predictor.opened() as callee, contextlib.ExitStack() as stack:
        if is_dask(data):
            known = Data(DaskSource(data, data.head(32, compute=True)), FRAME)
        else:
            known = data_of(data, callee.inputs)
        mapper = Mapper(callee, known.source, options, known.folder)
        stack.callback(mapper.close)

        def results(start: int, parts: int, size: int) -> Iterator[Result]:
            _bring(predictor, client)
            tasks = _tasks(client, predictor, known, data, options, size, start, parts)
            with progress_bar(known.source.length, start, progress) as update:
                yield from _numbered(in_order(client, tasks), start, update)

        # As in this process, a part ends after some batches; of what comes whole, each is a part.
        comes_whole = is_dask(data) or known.source.length is None
        return continued(mapper, folder, resume, results, batches=1 if comes_whole else None)


def _numbered(pieces: Iterator[list[Finished]], first: int, update: Update) -> Iterator[Result]:
    """The results of pieces, whose rows get the numbers that they have in the data."""
    from hubexplore.mapping.outputs.tables import renumbered

    try:
        for piece in pieces:
            read = 0
            for batch in piece:
                tables = [renumbered(table, first) for table in batch.tables]
                yield batch.read, tables, None if batch.failed is None else renumbered(batch.failed, first)
                read += batch.read
                update(batch.read)
            first += read
    except RowError as error:
        error.row += first
        raise


def _tasks(  # noqa: PLR0917 - what a task needs
    client: Any, predictor: Predictor, known: Data, data: Any, options: MapOptions, size: int, start: int,
    parts: int,
) -> Iterator[Any]:  # fmt: skip
    """Submits the pieces that are not finished, one when the next is asked for."""
    from hubexplore.mapping.cluster.pieces import pieces_of, run_piece

    if isinstance(known.source, DaskSource):
        for number, partition in enumerate(itertools.islice(data.to_delayed(), parts, None), parts):
            future = client.compute(partition)
            yield client.submit(_run_frame, predictor, future, number, options, size, pure=False)
        return
    run = run_piece if known.source.length is not None else _run_whole
    for piece in pieces_of(known, start, size * BATCHES):
        yield client.submit(run, predictor, piece, options, size, pure=False)


def _run_whole(predictor: Predictor, piece: Piece, options: MapOptions, size: int) -> list[Finished]:
    """Maps a piece that becomes a part."""
    from hubexplore.mapping.cluster.pieces import joined, run_piece

    return joined(run_piece(predictor, piece, options, size))


def _run_frame(
    predictor: Predictor, frame: Any, number: int, options: MapOptions, size: int
) -> list[Finished]:
    from hubexplore.mapping.cluster.pieces import FramePiece

    piece = FramePiece(frame, 0, f"partition {number}", has_labels=True)
    return _run_whole(predictor, piece, options, size)


def in_order(client: Any, tasks: Iterable[Any]) -> Iterator[Any]:
    """Yields the results of tasks in their order, with a bounded number of them in the cluster.

    A result that a worker takes with it when it dies is computed again, by Dask.
    """
    waiting: collections.deque[Any] = collections.deque()
    tasks = iter(tasks)
    try:
        while True:
            most = max(2, _AHEAD * sum(client.nthreads().values()))
            waiting.extend(itertools.islice(tasks, max(0, most - len(waiting))))
            if not waiting:
                return
            future = waiting.popleft()
            yield future.result()
            del future
    finally:
        client.cancel(list(waiting))
