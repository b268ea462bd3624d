"""Ragged and sparse tensors that a signature takes in parts, as those of TF2 do: `x`, `x_1`, `x_2`.

The parts fit together only if they are made together: row splits count the values, indices lie in a shape. A
signature does not say which of its inputs are parts, so names, dtypes and shapes are what tells them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hubexplore.inputs.fields import Field
from hubexplore.summary.tensor_values import Array

_SPLITS: Final = ("int64", "int32")
_IN_ROW: Final = 2
"""Values in each row of a ragged tensor."""
_WIDTHS: Final = (2, 10, 100, 1000)
"""Sizes of the inner dimensions of a sparse tensor, which may have to fit weights."""
_LONGEST: Final = 4
"""Maximum number of parts: a ragged tensor has few dimensions."""


@dataclass(frozen=True)
class Group:
    """Inputs that are the parts of one tensor.

    Attributes:
      fields: the parts in order: flat values and row splits, or indices, values and shape.
      is_sparse: which of the two it is.
    """

    fields: tuple[Field, ...]
    is_sparse: bool

    @property
    def values(self) -> Field:
        """The part with the values."""
        return self.fields[1 if self.is_sparse else 0]

    def count(self, rows: int) -> int:
        """The number of values that `parts` needs."""
        return rows if self.is_sparse else rows * _IN_ROW ** (len(self.fields) - 1)

    def parts(self, values: Any, rows: int, width: int) -> dict[str, Array]:
        """The parts by name; `width` is the size of all dimensions of a sparse tensor but the first."""
        if not self.is_sparse:
            lengths = [_IN_ROW**level for level in range(1, len(self.fields))]
            splits = [
                np.arange(0, rows * length + 1, _IN_ROW, dtype=field.numpy)
                for field, length in zip(self.fields[1:], lengths, strict=True)
            ]
            return dict(zip((field.name for field in self.fields), [values, *splits], strict=True))
        rank = _rank(self.fields[0])
        indices = np.zeros((rows, rank), np.int64)
        indices[:, 0] = np.arange(rows)
        dense_shape = np.array([rows, *[width] * (rank - 1)], np.int64)
        return dict(zip((field.name for field in self.fields), [indices, values, dense_shape], strict=True))


def groups(fields: Sequence[Field]) -> list[Group]:
    """The inputs that look like the parts of ragged and sparse tensors."""
    by_name = {field.name: field for field in fields}
    found = []
    for field in fields:
        parts = [field]
        while f"{field.name}_{len(parts)}" in by_name and len(parts) <= _LONGEST:
            parts.append(by_name[f"{field.name}_{len(parts)}"])
        if _is_sparse(parts):
            found.append(Group(tuple(parts), is_sparse=True))
        elif _is_ragged(parts):
            found.append(Group(tuple(parts), is_sparse=False))
    return found


def widths(parts: Sequence[Group]) -> Iterator[int]:
    """The widths to try: one where no tensor is sparse."""
    yield from _WIDTHS if any(group.is_sparse for group in parts) else _WIDTHS[:1]


def _is_sparse(parts: Sequence[Field]) -> bool:
    if len(parts) != 3 or any(part.shape is None for part in parts):
        return False
    indices, values, dense_shape = parts
    ranks = [len(part.shape or ()) for part in parts]
    return (
        ranks == [2, 1, 1] and indices.dtype == dense_shape.dtype == "int64" and values.kind == "dense"
    ) and 0 < _rank(indices) <= _LONGEST


def _rank(indices: Field) -> int:
    """The rank of a sparse tensor: the length of an index, which is 2 where that is open."""
    last = (indices.shape or (None,))[-1]
    return 2 if last is None else last


def _is_ragged(parts: Sequence[Field]) -> bool:
    return (
        len(parts) > 1
        and bool(parts[0].shape)
        and all(part.dtype in _SPLITS and part.shape == (None,) for part in parts[1:])
    )
