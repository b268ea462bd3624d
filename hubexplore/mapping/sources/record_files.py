"""Reader of TFRecord files, by TensorFlow: each record is a row with the column `record`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import tensorflow as tf

from hubexplore.errors import DamagedDataError
from hubexplore.mapping.sources.file_reader import FileReader, require_pyarrow

if TYPE_CHECKING:
    import pyarrow as pa

COLUMN: Final = "record"


class RecordFile(FileReader):
    """A TFRecord file, plain or `.gz`."""

    def __init__(self, path: str) -> None:
        require_pyarrow(f"Reading {path!r}")
        self.path = path
        self.length = None
        self.names = [COLUMN]
        self._compression = "GZIP" if path.lower().endswith(".gz") else ""

    def tables(self, start: int, size: int, names: Sequence[str], texts: Sequence[str]) -> Iterator[pa.Table]:
        """Reads the records one after the other; checksums are verified."""
        import pyarrow as pa

        row = 0
        batches = self._records().batch(size).as_numpy_iterator()
        while True:
            try:
                batch = next(batches, None)
            except tf.errors.OpError as error:
                raise self._damaged(error) from error
            if batch is None:
                return
            skipped = min(max(0, start - row), len(batch))
            row += len(batch)
            if skipped < len(batch):
                records = pa.array(batch[skipped:].tolist(), pa.large_binary())
                yield pa.table({COLUMN: records})

    def _records(self) -> tf.data.Dataset:
        return tf.data.TFRecordDataset([self.path], self._compression)

    def _damaged(self, error: tf.errors.OpError) -> DamagedDataError:
        # The error does not say which record it is about, and the good ones of its batch are lost.
        count = 0
        try:
            for _ in self._records():
                count += 1
        except tf.errors.OpError:
            pass
        return DamagedDataError(
            f"{self.path!r} cannot be read as TFRecord: record {count:,} is cut or damaged. {error.message}"
        )
