"""The bytes of variables, read in pieces: numbers little-endian, the last dimension fastest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hubexplore.errors import DamagedModuleError
from hubexplore.summary.dtypes import STORED, WIDTHS
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.model import CONSTANT, GLOBAL, VariableSummary, VariantSummary, elements
from hubexplore.summary.source import Source, Weights
from hubexplore.summary.tensor_values import Array
from hubexplore.summary.weights.checkpoint_index import CheckpointEntry
from hubexplore.summary.weights.constant_values import stored_values
from hubexplore.summary.weights.statistics import constants_of
from hubexplore.summary.weights.variable_values import MSG_SIZE, add_rows, read_bytes

PIECE: Final = 1 << 24
"""Maximum number of bytes that are read at once, unless a single row has more."""
_WITHOUT_VALUE: Final = "it has no value: neither in a checkpoint nor in the graph"
_NO_NUMBERS: Final = "{dtype} is not a number"


@dataclass(frozen=True)
class StoredWeight:
    """A variable with its value.

    Attributes:
      variable: of the summary.
      dtype: as TensorFlow names it, never a reference.
      shape: of the whole variable.
      pieces: yields its bytes from the beginning.
    """

    variable: VariableSummary
    dtype: str
    shape: tuple[int, ...]
    pieces: Callable[[], Iterator[bytes]]

    @property
    def size(self) -> int:
        """Bytes of its value."""
        return (elements(self.shape) or 0) * WIDTHS[self.dtype]


@dataclass(frozen=True)
class StoredWeights:
    """The variables of a graph variant: those with numbers, and why each of the others is left out."""

    weights: tuple[StoredWeight, ...]
    left_out: tuple[tuple[str, str], ...]


Live = Callable[[VariableSummary], "Array | None"]
"""Returns the value that a program has of a variable; None where what is stored holds."""


def stored_weights(
    variant: VariantSummary, source: Source | None, live: Live = lambda _: None
) -> StoredWeights:
    """Finds the variables that a graph variant needs, each of which is read when its pieces are asked for.

    Args:
      variant: of a module.
      source: where its weights are; None if only a program has them.
      live: the values that a program has.
    """
    constants = constants_of(source.meta_graphs.values()) if source is not None else {}
    found, left_out = [], []
    for variable in variant.variables:
        if variable.kind not in (GLOBAL, CONSTANT):
            continue
        weight = _find(variable, source, constants, live)
        if isinstance(weight, str):
            left_out.append((variable.name, weight))
        else:
            found.append(weight)
    return StoredWeights(tuple(found), tuple(left_out))


def _find(
    variable: VariableSummary, source: Source | None, constants: dict[str, Any], live: Live
) -> StoredWeight | str:
    dtype = variable.dtype.removesuffix("_ref")
    if dtype not in STORED:
        return _NO_NUMBERS.format(dtype=dtype)
    value = live(variable)
    if value is not None:
        return _of_array(variable, dtype, value)
    weights = source.weights if source is not None else None
    entry = weights.index.entries.get(variable.key) if weights is not None else None
    if entry is not None and weights is not None:
        return _of_entry(variable, entry, weights)
    proto = constants.get(variable.node)
    values = None if proto is None else stored_values(proto)
    if (
        proto is None
        or values is None
        or isinstance(values, tuple)
        or variable.shape is None
        or None in variable.shape
    ):
        return _WITHOUT_VALUE
    shape = tuple(int(size or 0) for size in variable.shape)
    count = elements(shape) or 0
    if len(values) > count or (count and not len(values)):
        return _WITHOUT_VALUE
    # The last value stands for all that follow.
    full = np.concatenate(
        [values, np.full(count - len(values), values[-1:][0] if count else 0, values.dtype)]
    )
    return _of_array(variable, dtype_name(proto.dtype), full.reshape(shape))


def _of_array(variable: VariableSummary, dtype: str, array: Array) -> StoredWeight:
    def pieces() -> Iterator[bytes]:
        code = np.dtype(STORED[dtype])
        # The types of ml_dtypes are written as the integers that hold their bits.
        same = array.dtype.itemsize == code.itemsize and array.dtype.byteorder != ">"
        data = np.ascontiguousarray(array if same else array.astype(code))
        flat = data.reshape(-1).view(np.uint8)
        for start in range(0, flat.size, PIECE):
            yield flat[start : start + PIECE].tobytes()

    return StoredWeight(variable, dtype, tuple(array.shape), pieces)


def _of_entry(variable: VariableSummary, entry: CheckpointEntry, weights: Weights) -> StoredWeight | str:
    dtype = dtype_name(entry.dtype)
    if dtype not in STORED:
        return _NO_NUMBERS.format(dtype=dtype)
    shape = tuple(entry.shape)
    size = (elements(shape) or 0) * WIDTHS[dtype]
    if entry.size != size:
        raise DamagedModuleError(
            MSG_SIZE.format(name=variable.name, dtype=dtype, shape=shape, bytes=entry.size)
        )

    def pieces() -> Iterator[bytes]:
        if len(entry.extents) == 1 and not entry.slices:
            (extent,) = entry.extents
            for start in range(0, size, PIECE):
                yield read_bytes(weights, extent, start, min(PIECE, size - start)).tobytes()
            return
        # Slices may lie side by side, so a piece is some rows of the whole variable.
        row_bytes = size // shape[0] if shape and shape[0] else size
        step = max(1, PIECE // max(row_bytes, 1))
        for first in range(0, shape[0], step):
            rows = np.arange(first, min(first + step, shape[0]))
            raw = np.zeros((len(rows), *shape[1:], WIDTHS[dtype]), np.uint8)
            add_rows(raw, rows, entry, weights)
            yield raw.tobytes()

    return StoredWeight(variable, dtype, shape, pieces)
