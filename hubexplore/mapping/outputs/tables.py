"""Results of batches as Arrow tables: the rows that ran, and those that failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from hubexplore.mapping.outputs.arrow import batch_of, rank_of, type_of

if TYPE_CHECKING:
    from hubexplore.mapping.mapper import Mapper
    from hubexplore.mapping.running.row_function import Outcome

ROW: Final = "row"
"""Column with the number of a row in the data, where failed rows are left out."""


class Tables:
    """Turns batches into Arrow tables.

    Args:
      mapper: says which columns they have.
    """

    def __init__(self, mapper: Mapper) -> None:
        self._mapper = mapper
        self._types: dict[str, pa.DataType] = {}
        # With an index, or all rows, a row of the result can be found without its number.
        self._has_numbers = mapper.options.errors == "collect" and not mapper.source.has_index

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
        if self._has_numbers:
            return table.add_column(0, ROW, pa.array(range(first, first + count), pa.int64()))
        labels = self._mapper.source.labels(first, count)
        if labels is None:
            return table
        import pandas as pd

        # No columns, but of the type of names: pandas stores the type, and applies it to all names later.
        bare = pd.DataFrame(index=labels, columns=pd.Index([], dtype="str"))
        index = pa.Table.from_pandas(bare, preserve_index=True)
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


def renumbered(table: pa.Table, by: int) -> pa.Table:
    """A table of a piece with the numbers that its rows have in the whole data."""
    position = table.column_names.index(ROW) if ROW in table.column_names else None
    if position is None or not by:
        return table
    import pyarrow.compute as pc

    return table.set_column(position, ROW, pc.add(table.column(position), by))


def to_frame(tables: Sequence[pa.Table]) -> Any:
    """Tables as one DataFrame, with the index that they hold."""
    import pandas as pd

    return pa.concat_tables(tables, promote_options="permissive").to_pandas() if tables else pd.DataFrame()
