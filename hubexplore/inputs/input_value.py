"""A value for one input, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np

from hubexplore.summary.tensor_values import Array

MAX_NAME: Final = 40
"""Maximum number of characters of a file name or typed text in a description."""


class Sparse(NamedTuple):
    """A sparse value, with the attributes of `tf.compat.v1.SparseTensorValue`, made without TensorFlow.

    Attributes:
      indices: int64 [entries, rank], in row-major order.
      values: [entries].
      dense_shape: int64 [rank].
    """

    indices: Array
    values: Array
    dense_shape: Array


class Ragged(NamedTuple):
    """A ragged value, with the attributes of `tf.compat.v1.ragged.RaggedTensorValue`, without TensorFlow.

    Attributes:
      flat_values: the entries of all rows, one after the other.
      nested_row_splits: for each level, outermost first, int64 [rows + 1]: the offsets at which rows begin.
    """

    flat_values: Array
    nested_row_splits: tuple[Array, ...]

    @staticmethod
    def of(rows: list[Any]) -> Ragged:
        """Makes a ragged value of nested lists of one depth; the innermost ones hold the entries."""
        splits: list[Array] = []
        level: list[Any] = rows
        # One level in each round: the lengths of its lists give the splits, their items are the next level. A
        # level of entries ends it, and so does an empty one, which no longer shows its depth.
        while True:
            ends = np.cumsum([0, *(len(row) for row in level)])
            splits.append(ends)
            level = [entry for row in level for entry in row]
            if not level or not isinstance(level[0], list):
                return Ragged(np.asarray(level), tuple(splits))


@dataclass(frozen=True)
class Example:
    """How an example was made: one of the kinds of `examples.kinds`, and the number of rows asked for.

    Without `has_rows`, the first dimension of the value is not one of rows, as in one picture.
    """

    kind: str
    rows: int
    has_rows: bool = True


@dataclass(frozen=True)
class InputValue:
    """A value for one input.

    Attributes:
      value: a NumPy array, a `Sparse` or `SparseTensorValue`, or nested lists for a ragged input.
      text: the typed text, if it was typed.
      file: name of the file it was read from.
      example: how it was made, if it is an example.
      variable: name of the notebook's variable it was copied from.
      picture: name of the picture it was made from.
      is_made: whether the variable holds something else that this was made of, as records for tf.Example.
      contents: of the files that it was made from, in the order of their names.
    """

    value: Any
    text: str | None = None
    file: str = ""
    example: Example | None = None
    variable: str = ""
    picture: str = ""
    is_made: bool = False
    contents: tuple[bytes, ...] = field(default=(), repr=False, compare=False)

    @property
    def display_value(self) -> Any:
        """The value as displays take it: nested lists become a ragged value."""
        is_ragged = isinstance(self.value, list) and all(isinstance(row, list) for row in self.value)
        return Ragged.of(self.value) if is_ragged else self.value

    @property
    def words(self) -> str:
        """A short description of the source on one line; names in it are not escaped."""
        if self.picture:
            return f"picture {short(self.picture)}"
        if self.file:
            return f"file {short(self.file)}"
        if self.variable:
            return f"variable {short(self.variable)}"
        if self.example is not None:
            # The rows of the value, not those asked for: an input of a fixed size takes only that size.
            rows, value = self.example.rows, self.value
            if not self.example.has_rows:
                return self.example.kind
            if isinstance(value, np.ndarray):
                rows = len(value) if value.ndim else 1
            return f"{self.example.kind}, {rows} {'row' if rows == 1 else 'rows'}"
        return "" if self.text is None else f"typed: {short(self.text)}"


def short(text: str) -> str:
    """The beginning of a text on one line; characters that do not print become spaces."""
    shown = "".join(character if character.isprintable() else " " for character in text[: MAX_NAME + 1])
    return shown if len(text) <= MAX_NAME else f"{shown[:MAX_NAME]}…"
