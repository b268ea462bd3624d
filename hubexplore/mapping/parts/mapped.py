"""The result of a map in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hubexplore.display.wording import counted
from hubexplore.mapping.parts.journal import Part
from hubexplore.mapping.parts.writer import FAILED

if TYPE_CHECKING:
    import pyarrow as pa


class MappedFiles(os.PathLike[str]):
    """The Parquet files of a result; also a path.

    Args:
      folder: of the files.
      parts: in the order of the rows.
    """

    def __init__(self, folder: Path, parts: Sequence[Part]) -> None:
        self.path = str(folder)
        """The folder."""
        self.parts = [str(folder / part.name) for part in parts if part.bytes]
        """The files, in the order of the rows."""
        self.rows = sum(part.written for part in parts)
        """Number of rows in them."""
        self.failed_rows = sum(part.read - part.written for part in parts)
        """Number of rows of the data that failed, which they do not have."""
        self._failed = [str(folder / FAILED / part.name) for part in parts if part.failed_bytes]

    def to_pandas(self, columns: Sequence[str] | None = None) -> Any:
        """The whole result as a DataFrame, in the order of the rows; with the index that the data had."""
        import pandas as pd
        import pyarrow.parquet

        tables = [pyarrow.parquet.read_table(part, columns=columns) for part in self.parts]
        return _joined(tables).to_pandas() if tables else pd.DataFrame()

    def batches(self, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Yields the result in pieces of at most so many rows."""
        import pyarrow.parquet

        for part in self.parts:
            with pyarrow.parquet.ParquetFile(part) as file:
                yield from file.iter_batches(rows)

    @property
    def errors(self) -> Any:
        """A DataFrame of the rows that failed: `row`, `file`, `reason`."""
        import pandas as pd
        import pyarrow.parquet

        tables = [pyarrow.parquet.read_table(path) for path in self._failed]
        if tables:
            return _joined(tables).to_pandas()
        types = {"row": "int64", "file": "str", "reason": "str"}
        return pd.DataFrame({name: pd.Series([], dtype=dtype) for name, dtype in types.items()})

    def __fspath__(self) -> str:
        return self.path

    def __len__(self) -> int:
        return self.rows

    def __repr__(self) -> str:
        failed = f", {self.failed_rows:,} failed" if self.failed_rows else ""
        return (
            f"<MappedFiles {self.path!r}: {self.rows:,} rows in {counted(len(self.parts), 'file')}{failed}>"
        )


def _joined(tables: list[Any]) -> Any:
    import pyarrow as pa

    return pa.concat_tables(tables, promote_options="permissive")
