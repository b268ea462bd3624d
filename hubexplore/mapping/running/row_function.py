"""A signature as a function of rows, which names the rows that it cannot be run on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import tensorflow as tf

from hubexplore.errors import HubError, MapError, SignatureError
from hubexplore.inputs.text import tf_examples
from hubexplore.mapping.rows import Rows, taken
from hubexplore.mapping.running.bindings import Binding
from hubexplore.mapping.running.callee import Callee
from hubexplore.mapping.running.picture_values import PictureReader
from hubexplore.mapping.running.values import Uneven, records_of, value_of
from hubexplore.session.batches import value_rows
from hubexplore.summary.tensor_values import Array, is_ragged, is_sparse

Outputs = Mapping[str, Any]
"""By name, with an entry per row: an array, a ragged or sparse value, or a list of arrays of any shapes."""

_ROW_ERRORS: Final = (
    MapError, SignatureError, tf.errors.OpError, MemoryError, OverflowError, TypeError, ValueError
)  # fmt: skip
"""What bad values can raise, while they are converted or in TensorFlow."""
_OTHER_ERRORS: Final = (
    tf.errors.AbortedError, tf.errors.CancelledError, tf.errors.FailedPreconditionError,
    tf.errors.UnavailableError,
)  # fmt: skip
"""What TensorFlow raises whatever the rows are, such as for a server that is gone."""

MSG_NO_ROWS: Final = (
    "Output {name!r} has the shape {shape} for {rows} rows, not one entry per row, so it cannot be a column. "
    "Leave it out: outputs={others!r}."
)


@dataclass(frozen=True)
class Fed:
    """A batch that TensorFlow can run.

    Attributes:
      rows: the batch.
      groups: the arrays of a run, and the positions of its rows in the batch; None for all of them.
      error: why the rows cannot be converted, where there are no groups.
    """

    rows: Rows
    groups: tuple[tuple[Array | None, Sequence[Array]], ...] = ()
    error: Exception | None = None


@dataclass(frozen=True)
class Failure:
    """A row that the module cannot be run on.

    Attributes:
      row: its number in the data set.
      reason: what the error says.
      error: the error.
    """

    row: int
    reason: str
    error: Exception


@dataclass(frozen=True)
class Outcome:
    """What became of a batch.

    Attributes:
      rows: the batch.
      pieces: for consecutive rows that ran: the number of the first in the batch, their count, the outputs.
      failures: in the order of the rows.
    """

    rows: Rows
    pieces: tuple[tuple[int, int, Outputs], ...]
    failures: tuple[Failure, ...] = ()


class RowFunction:
    """Runs a signature on rows.

    Args:
      callee: the signature.
      bindings: what each input takes.
      outputs: names of the outputs to return.
      reader: of picture files.
    """

    def __init__(
        self, callee: Callee, bindings: Mapping[str, Binding], outputs: Sequence[str], reader: PictureReader
    ) -> None:
        self.callee = callee
        self.bindings = bindings
        self.outputs = list(outputs)
        self._reader = reader

    def feed(self, rows: Rows) -> Fed:
        """Converts rows; may run in any thread. An error is a part of the result."""
        try:
            return Fed(rows, tuple(self._groups(self.values(rows), rows.count)))
        except _ROW_ERRORS as error:
            return Fed(rows, error=error)

    def values(self, rows: Rows) -> dict[str, Any]:
        """The value of each input that takes columns, or a constant."""
        values = {}
        for name, binding in self.bindings.items():
            info = self.callee.inputs[name]
            if not binding.columns:
                values[name] = binding.constant
                continue
            columns = [rows.columns[column] for column in binding.columns]
            if binding.is_record:
                records = records_of(dict(zip(binding.columns, columns, strict=True)))
                values[name] = tf_examples.of_rows(self.callee.fields[name], records, numbered=False)
                continue
            pictures = self._reader.value(name, info, columns)
            if pictures is not None:
                values[name] = pictures
                continue
            try:
                values[name] = value_of(info, columns)
            except (MapError, TypeError, ValueError) as error:
                raise MapError(f"Input {name!r}: expected {info!r}. {error}") from error
        return values

    def run(self, fed: Fed, first_only: bool = False) -> Outcome:
        """Runs a batch. If that fails, its halves are run, down to the rows that fail.

        Args:
          fed: the batch.
          first_only: whether to stop at the first row that fails.

        Raises:
          GraphError: (a RuntimeError) the session was closed.
          SignatureError: (a TypeError) an output has no row per row.
        """
        try:
            return Outcome(fed.rows, ((0, fed.rows.count, self._run_groups(fed)),))
        except _NoRowsError as error:
            raise SignatureError(str(error)) from None
        except _OTHER_ERRORS:
            raise
        except _ROW_ERRORS as error:
            if fed.rows.count == 1:
                return Outcome(fed.rows, (), (Failure(fed.rows.first, reason_of(error), error),))
        middle = fed.rows.count // 2
        left = self.run(self.feed(fed.rows.part(0, middle)), first_only)
        if first_only and left.failures:
            return Outcome(fed.rows, left.pieces, left.failures)
        right = self.run(self.feed(fed.rows.part(middle, fed.rows.count)), first_only)
        moved = tuple((first + middle, count, outputs) for first, count, outputs in right.pieces)
        return Outcome(fed.rows, left.pieces + moved, left.failures + right.failures)

    def _groups(
        self, values: Mapping[str, Any], count: int
    ) -> Iterator[tuple[Array | None, Sequence[Array]]]:
        """The runs of a batch: one, or one for each combination of row shapes.

        Rows of different shapes are never padded: what a module makes of a row must not depend on the others.
        """
        uneven = [value for value in values.values() if isinstance(value, Uneven)]
        if not uneven:
            yield None, self.callee.runner.feeds.arrays(self._filled(values, count))
            return
        positions: dict[Any, list[int]] = {}
        for position, key in enumerate(zip(*(value.shapes for value in uneven), strict=True)):
            positions.setdefault(key, []).append(position)
        for chosen in positions.values():
            indices = np.array(chosen)
            group = {name: self._at(name, value, indices) for name, value in values.items()}
            yield indices, self.callee.runner.feeds.arrays(self._filled(group, len(chosen)))

    def _at(self, name: str, value: Any, positions: Array) -> Any:
        if not self.bindings[name].columns:
            return value
        if isinstance(value, Uneven):
            return value.at(positions.tolist())
        if is_ragged(value):
            raise MapError("Rows of different shapes cannot be combined with a ragged input.")
        return taken(value, positions)

    def _filled(self, values: Mapping[str, Any], count: int) -> Mapping[str, Any]:
        """Values with as many rows as a signature of a fixed number takes: the last row again."""
        fixed = self.callee.fixed_rows
        if fixed is None or fixed <= count:
            return values
        filled = dict(values)
        for name, value in values.items():
            if self.bindings[name].columns and isinstance(value, np.ndarray) and len(value):
                filled[name] = np.concatenate([value, np.repeat(value[-1:], fixed - count, axis=0)])
        return filled

    def _run_groups(self, fed: Fed) -> Outputs:
        if fed.error is not None:
            raise fed.error
        results = []
        for positions, arrays in fed.groups:
            count = fed.rows.count if positions is None else len(positions)
            results.append((positions, self._checked(self.callee.results(arrays), count)))
        if len(results) == 1:
            return results[0][1]
        return {name: _scattered(name, results, fed.rows.count) for name in self.outputs}

    def _checked(self, results: Mapping[str, Any], count: int) -> dict[str, Any]:
        """The outputs that are wanted, each with a row per row."""
        fixed = self.callee.fixed_rows
        expected = count if fixed is None else max(fixed, count)
        outputs = {}
        for name in self.outputs:
            value = results[name]
            if value_rows(value) != expected:
                others = [other for other in self.outputs if other != name]
                shape = tuple(np.shape(value))
                raise _NoRowsError(MSG_NO_ROWS.format(name=name, shape=shape, rows=expected, others=others))
            outputs[name] = value[:count] if expected > count else value
        return outputs


class _NoRowsError(Exception):
    """An output without a row per row, which no smaller batch would change."""


def _scattered(name: str, results: Sequence[tuple[Array | None, Outputs]], count: int) -> list[Any]:
    rows: list[Any] = [None] * count
    for positions, outputs in results:
        value = outputs[name]
        if is_sparse(value) or is_ragged(value):
            raise MapError(f"Output {name!r} is sparse or ragged, and the rows have different shapes.")
        for position, row in zip(() if positions is None else positions.tolist(), value, strict=True):
            rows[position] = row
    return rows


def reason_of(error: Exception) -> str:
    """What an error says, in one line."""
    text = str(error if isinstance(error, HubError) else getattr(error, "message", error))
    return " ".join(text.split()) or type(error).__name__
