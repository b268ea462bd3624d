"""Runs a data set batch by batch, reading ahead while TensorFlow works."""

from __future__ import annotations

import contextlib
import warnings
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from hubexplore.errors import MapError, RowError, RowLeakWarning, closest
from hubexplore.mapping.prefetch import read_ahead
from hubexplore.mapping.progress import progress_bar
from hubexplore.mapping.running.batch_size import automatic
from hubexplore.mapping.running.bindings import Binding, bind, listed
from hubexplore.mapping.running.callee import Callee
from hubexplore.mapping.running.leaks import leaking_outputs
from hubexplore.mapping.running.picture_values import PictureReader
from hubexplore.mapping.running.row_function import Failure, Fed, Outcome, RowFunction
from hubexplore.mapping.sources.source import Source
from hubexplore.session.batches import is_batched

AUTO: Final = "auto"
Errors = Literal["raise", "collect"]

MSG_LEAK: Final = (
    "What {title!r} makes of a row depends on the other rows of its batch (outputs {names}), as with batch "
    "normalization in training mode. {consequence}"
)
MSG_ALONE: Final = (
    "So the rows are run one by one, as session.call would; batch_size=N runs N at a time and accepts it."
)
MSG_TOGETHER: Final = (
    "The results are those of batches of {size} rows; batch_size=1 or 'auto' gives those of single rows."
)
MSG_RANDOM: Final = (
    "{title!r} is random: running it again on the same rows gives other results, so a map that is continued "
    "is not the one that an uninterrupted run would have made."
)


@dataclass(frozen=True)
class MapOptions:
    """How a caller wants a data set to be mapped; see `hubexplore.map`."""

    inputs: Mapping[str, Any] | str | None = None
    outputs: Sequence[str] | Mapping[str, str] | str | None = None
    keep: Sequence[Any] | bool = False
    batch_size: int | str = AUTO
    errors: Errors = "raise"

    def check(self) -> None:
        """Raises MapError for a value that is not possible."""
        if self.errors not in ("raise", "collect"):
            raise MapError(f"errors must be 'raise' or 'collect'; got {self.errors!r}.")
        size = self.batch_size
        if size != AUTO and (not isinstance(size, int) or isinstance(size, bool) or size < 1):
            raise MapError(f"batch_size must be 'auto' or a number of rows, at least 1; got {size!r}.")


class Mapper:
    """A data set and the signature that it goes through; making one runs nothing.

    Args:
      callee: the signature.
      source: the data.
      options: of the caller.

    Raises:
      MapError: (a ValueError) columns or outputs are missing, or do not fit together.
    """

    def __init__(self, callee: Callee, source: Source, options: MapOptions, folder: str = "") -> None:
        options.check()
        self.callee = callee
        self.source = source
        self.options = options
        self.bindings: Mapping[str, Binding] = bind(callee.inputs, options.inputs, source, callee.features)
        source.bound = {
            column: callee.inputs[name].dtype.name == "string" and not binding.is_record
            for name, binding in self.bindings.items()
            for column in binding.columns
        }
        self.columns = _output_columns(callee, options.outputs)
        """The column of each output."""
        self.kept = _kept(source, options.keep, self.columns.values())
        """Columns of the data that the result has as well."""
        counts = Counter(source.names)
        if repeated := [name for name in self.needed if counts[name] > 1]:
            raise MapError(f"{source.label} has several columns {repeated[0]!r}. Rename them.")
        self._reader = PictureReader(callee, folder)
        self.function = RowFunction(callee, self.bindings, list(self.columns), self._reader)

    @property
    def needed(self) -> list[Any]:
        """The columns of the data that are read."""
        bound = [column for binding in self.bindings.values() for column in binding.columns]
        return list(dict.fromkeys([*bound, *self.kept]))

    def batch_size(self) -> int:
        """The number of rows of a batch; warns of rows that depend on each other."""
        sample = self.source.sample(self.needed)
        leaking, is_random = leaking_outputs(self.function, sample)
        if is_random:
            warnings.warn(MSG_RANDOM.format(title=self.callee.title), RowLeakWarning, stacklevel=3)
        asked = self.options.batch_size
        size = automatic(self.function, sample) if asked == AUTO else int(asked)
        fixed = self.callee.fixed_rows
        if fixed is not None and size != fixed:
            raise MapError(
                f"Signature {self.callee.signature!r} takes exactly {fixed} rows at a time; leave "
                f"batch_size out."
            )
        if leaking and (asked == AUTO or size > 1):
            together = MSG_TOGETHER.format(size=size)
            consequence = MSG_ALONE if asked == AUTO else together
            text = MSG_LEAK.format(title=self.callee.title, names=leaking, consequence=consequence)
            warnings.warn(text, RowLeakWarning, stacklevel=3)
            size = 1 if asked == AUTO else size
        return size

    def outcomes(self, size: int, start: int = 0, progress: bool | None = None) -> Generator[Outcome]:
        """Yields what becomes of each batch, in order.

        Args:
          size: rows of a batch.
          start: number of the first row.
          progress: whether to show a bar; None shows one after a second.

        Raises:
          RowError: (a ValueError) names the first row that fails, unless errors are collected.
        """
        first_only = self.options.errors == "raise"
        batches = self.source.rows(start, size, self.needed)
        with contextlib.ExitStack() as stack:
            update = stack.enter_context(progress_bar(self.source.length, start, progress))
            feeds: Iterator[Fed] = map(self.function.feed, batches)
            if not self.source.is_ready(self.needed):
                feeds = stack.enter_context(read_ahead(feeds))
            for fed in feeds:
                outcome = self.function.run(fed, first_only)
                if first_only and outcome.failures:
                    raise self.row_error(outcome.failures[0])
                update(outcome.rows.count)
                yield outcome
                del outcome, fed

    def row_error(self, failure: Failure) -> RowError:
        """The error for a row, with its place."""
        error = RowError(f"{self.place(failure)}: {failure.reason}")
        error.row, error.file = failure.row, self.source.file_of(failure.row)
        error.__cause__ = failure.error
        return error

    def place(self, failure: Failure) -> str:
        """Where the row of a failure is, as the beginning of a sentence."""
        place = self.source.place(failure.row)
        return place[:1].upper() + place[1:]

    def close(self) -> None:
        """Ends the threads that read pictures."""
        self._reader.close()


def _output_columns(callee: Callee, outputs: Any) -> dict[str, str]:
    """The column of each output that is wanted; all of them by default."""
    if outputs is None:
        return _checked_names({name: name for name in callee.outputs}, callee)
    if isinstance(outputs, str):
        outputs = [outputs]
    columns = dict(outputs) if isinstance(outputs, Mapping) else {name: name for name in outputs}
    for name in columns:
        if name not in callee.outputs:
            hint = closest(str(name), callee.outputs)
            raise MapError(
                f"Signature {callee.signature!r} has no output {name!r}; it has "
                f"{sorted(callee.outputs)}.{hint}"
            )
    return _checked_names(columns, callee)


def _checked_names(columns: dict[str, str], callee: Callee) -> dict[str, str]:
    if not columns:
        raise MapError("outputs is empty; name at least one, or leave it out for all.")
    if len(set(columns.values())) < len(columns):
        raise MapError(f"Two outputs would have one column: {columns}.")
    fixed = [name for name in columns if callee.fixed_rows is None and not is_batched(callee.outputs[name])]
    if fixed:
        rest = [name for name in columns if name not in fixed]
        raise MapError(
            f"The outputs {fixed} of signature {callee.signature!r} have a fixed shape, not one entry per "
            f"row, so they cannot be columns." + (f" Leave them out: outputs={rest!r}." if rest else "")
        )
    return columns


def _kept(source: Source, keep: Any, outputs: Any) -> list[Any]:
    """The columns of the data that the result has as well."""
    names = list(source.names) if keep is True else [] if not keep else list(keep)
    if missing := [name for name in names if name not in source.names]:
        raise MapError(f"{source.label} has no column {missing[0]!r} to keep; it has {listed(source.names)}.")
    if clashes := sorted(set(names) & set(outputs), key=str):
        raise MapError(
            f"The data has a column {clashes[0]!r}, and so would the result for an output. Name that one: "
            f"outputs={{{clashes[0]!r}: NAME}}, or leave the column out of keep."
        )
    return names
