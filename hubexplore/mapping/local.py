"""A map in this process, whose result is in memory or computed while it is read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from hubexplore.mapping.mapper import Mapper
from hubexplore.mapping.outputs.frame import Collected, column_of, frame_of, rows_as_dicts, rows_of
from hubexplore.mapping.running.row_function import Failure
from hubexplore.mapping.sources.choice import ARRAY, ARRAYS, DATASET, SERIES, Data
from hubexplore.mapping.sources.memory import FrameSource

MSG_INTERRUPTED: Final = (
    "Interrupted after {rows:,} rows; their results are lost. With to=FOLDER a map can be continued."
)


def in_memory(mapper: Mapper, data: Data, progress: bool | None) -> Any:
    """The result of a map, of the kind of the data; a pair with the failures where they are collected.

    Raises:
      KeyboardInterrupt: the user stopped it.
    """
    collected = Collected(
        {name: mapper.callee.outputs[name] for name in mapper.columns}, mapper.source.length
    )
    failures: list[Failure] = []
    try:
        with contextlib.closing(mapper.outcomes(mapper.batch_size(), 0, progress)) as outcomes:
            for outcome in outcomes:
                collected.add(outcome)
                failures += outcome.failures
    except KeyboardInterrupt:
        raise KeyboardInterrupt(MSG_INTERRUPTED.format(rows=collected.count)) from None
    columns = {mapper.columns[name]: value for name, value in collected.arrays().items()}
    result = _same_kind(mapper, data, columns, collected)
    return (result, failure_frame(mapper, failures)) if mapper.options.errors == "collect" else result


def _same_kind(mapper: Mapper, data: Data, columns: dict[str, Any], collected: Collected) -> Any:
    if data.kind in (ARRAY, ARRAYS):
        return next(iter(columns.values())) if data.kind == ARRAY and len(columns) == 1 else columns
    if data.kind == "list":
        rows = {name: list(rows_of(value)) for name, value in columns.items()}
        return [{name: rows[name][number] for name in rows} for number in range(collected.count)]
    positions = collected.positions()
    index = None
    if isinstance(mapper.source, FrameSource):
        is_whole = len(positions) == mapper.source.length
        index = mapper.source.index if is_whole else mapper.source.index[positions]
    elif len(positions) != (mapper.source.length or 0):
        index = positions
    if data.kind == SERIES and len(columns) == 1:
        import pandas as pd

        ((name, value),) = columns.items()
        return pd.Series(column_of(value), index, name=name)
    frame = frame_of(columns, index)
    return _with_kept(mapper, frame, positions)


def _with_kept(mapper: Mapper, frame: Any, positions: Any) -> Any:
    if not mapper.kept:
        return frame
    import pandas as pd

    if isinstance(mapper.source, FrameSource):
        kept = mapper.source.frame.iloc[positions][mapper.kept]
    else:
        parts = [rows.columns for rows in mapper.source.rows(0, 65_536, mapper.kept)]
        kept = pd.concat([pd.DataFrame({n: _as_pandas(c[n]) for n in mapper.kept}) for c in parts])
        kept = kept.iloc[positions].set_index(frame.index)
    return pd.concat([kept, frame], axis=1)


def _as_pandas(column: Any) -> Any:
    return column.to_pandas() if hasattr(column, "to_pandas") else column_of(column)


def failure_frame(mapper: Mapper, failures: list[Failure]) -> Any:
    """A DataFrame of the rows that failed: `row`, `file`, `reason`; of a DataFrame, with its index."""
    import pandas as pd

    rows = [failure.row for failure in failures]
    index = mapper.source.index[rows] if isinstance(mapper.source, FrameSource) else None
    columns = {
        "row": pd.Series(rows, dtype="int64"),
        "file": pd.Series([mapper.source.file_of(row) for row in rows], dtype="str"),
        "reason": pd.Series([failure.reason for failure in failures], dtype="str"),
    }
    frame = pd.DataFrame(columns)
    return frame if index is None else frame.set_index(index)


def stream(mapper: Mapper, data: Data, progress: bool | None, stack: contextlib.ExitStack) -> Any:
    """The result of a map as a `tf.data.Dataset` or an iterator, computed while it is read.

    Args:
      mapper: the data and the signature.
      data: where it came from.
      progress: whether to show a bar.
      stack: closed when the last row was read, or when nobody refers to the result any more.
    """
    size = mapper.batch_size()

    def rows() -> Iterator[dict[str, Any]]:
        with stack, contextlib.closing(mapper.outcomes(size, 0, progress)) as outcomes:
            for outcome in outcomes:
                for _, count, outputs in outcome.pieces:
                    named = {mapper.columns[name]: value for name, value in outputs.items()}
                    yield from rows_as_dicts(named, count)

    if data.kind != DATASET:
        return rows()
    from hubexplore.mapping.sources.datasets import dataset_of

    return dataset_of(mapper, size, stack)
