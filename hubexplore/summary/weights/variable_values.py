"""The values of one variable, read without TensorFlow; of a large one a sample of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hubexplore import errors
from hubexplore.errors import MSG_AGAIN
from hubexplore.summary.dtypes import STORED
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.model import VariableSummary, elements
from hubexplore.summary.source import Source, Weights
from hubexplore.summary.tensor_values import Array
from hubexplore.summary.weights import number_encoding
from hubexplore.summary.weights.checkpoint_index import CheckpointEntry, Extent, Slice, shard_name
from hubexplore.summary.weights.constant_values import stored_values
from hubexplore.summary.weights.statistics import constants_of

MAX_BYTES: Final = 16_000_000
"""Maximum number of bytes of a variable that are read; a larger one is sampled."""
MAX_ROWS: Final = 1_024
"""Maximum number of rows of a sample, each of which is a read of its own."""

MSG_NOT_STORED: Final = "{name!r} has no value that can be read: neither in a checkpoint nor in the graph."
MSG_NO_NUMBERS: Final = "{name!r} holds {dtype}, whose values are not shown."
MSG_SIZE: Final = (
    "The checkpoint is damaged: {name!r} is {dtype} {shape}, but {bytes:,} bytes are stored for it. "
    + MSG_AGAIN
)
MSG_SHORT: Final = "The data file {path!r} is truncated or missing. " + MSG_AGAIN
MSG_LARGE_ROW: Final = "{name!r} is too large to be shown: a single row of it has {size:,} bytes."


@dataclass(frozen=True)
class VariableValues:
    """The values of a variable.

    Attributes:
      array: the numbers; truth values stay bool, small floats become float32. Of a sample, its rows.
      rows: the indices of a sample in the first dimension, int64 [rows]; None if all values are here.
      count: the size of the first dimension, or 1 for a scalar.
    """

    array: Array
    rows: Array | None
    count: int


def read_values(variable: VariableSummary, source: Source | None, limit: int = MAX_BYTES) -> VariableValues:
    """Reads the values of a variable.

    Args:
      variable: of the summary that `source` belongs to.
      source: where its weights are.
      limit: maximum number of bytes that are read; a larger variable is sampled at evenly spaced rows.

    Raises:
      HubError: it has no values, or none that are numbers.
      DamagedModuleError: a file is missing or truncated, or the index contradicts itself.
    """
    entry = None
    if source is not None and source.weights is not None:
        entry = source.weights.index.entries.get(variable.key)
    if entry is None:
        return _constant(variable, source, limit)
    assert source is not None and source.weights is not None  # noqa: S101, PT018 - it has the entry
    return _stored(variable.name, entry, source.weights, limit)


def _constant(variable: VariableSummary, source: Source | None, limit: int) -> VariableValues:
    proto: Any = constants_of(source.meta_graphs.values()).get(variable.node) if source is not None else None
    values = None if proto is None else stored_values(proto)
    if values is None:
        raise errors.HubError(MSG_NOT_STORED.format(name=variable.name))
    if isinstance(values, tuple) or variable.shape is None:
        raise errors.HubError(MSG_NO_NUMBERS.format(name=variable.name, dtype=variable.dtype))
    dtype = dtype_name(proto.dtype)
    count = elements(variable.shape) or 0
    if len(values) > count or (count and not len(values)):
        raise errors.HubError(MSG_NOT_STORED.format(name=variable.name))
    stored = np.asarray(values)
    # The last value stands for all that follow; a whole constant is no larger than its graph.
    sizes = [int(size or 0) for size in variable.shape]
    rows = _sample(sizes, count * stored.dtype.itemsize, limit, variable.name)
    places = np.arange(count).reshape(sizes) if rows is None else _places(sizes, rows)
    numbers = stored[np.minimum(places, max(len(stored) - 1, 0))]
    return VariableValues(_decoded(numbers, dtype), rows, sizes[0] if sizes else 1)


def _places(sizes: list[int], rows: Array) -> Array:
    """Returns the flat positions of the elements of some rows."""
    width = int(np.prod(sizes[1:], dtype=np.int64))
    places: Array = (rows[:, None] * width + np.arange(width)).reshape(len(rows), *sizes[1:])
    return places


def _sample(sizes: list[int], size: int, limit: int, name: str) -> Array | None:
    """Returns the rows to read; None for all."""
    if size <= limit:
        return None
    row_bytes = size // sizes[0]
    if row_bytes > limit:
        raise errors.HubError(MSG_LARGE_ROW.format(name=name, size=row_bytes))
    if len(sizes) == 1:
        # The rows of a vector are numbers: as many in each of a few reads.
        reads = min(MAX_ROWS, limit // row_bytes)
        width = limit // row_bytes // reads
        starts = np.linspace(0, sizes[0] - width, reads).astype(np.int64)
        return np.unique(starts[:, None] + np.arange(width))
    return np.unique(np.linspace(0, sizes[0] - 1, min(limit // row_bytes, MAX_ROWS)).astype(np.int64))


def _stored(name: str, entry: CheckpointEntry, weights: Weights, limit: int) -> VariableValues:
    dtype = dtype_name(entry.dtype)
    width = number_encoding.width(dtype)
    if width is None:
        raise errors.HubError(MSG_NO_NUMBERS.format(name=name, dtype=dtype))
    sizes = list(entry.shape)
    if entry.size != (elements(entry.shape) or 0) * width:
        facts = {"name": name, "dtype": dtype, "shape": entry.shape, "bytes": entry.size}
        raise errors.DamagedModuleError(MSG_SIZE.format_map(facts))
    rows = _sample(sizes, entry.size, limit, name)
    shape = (len(rows), *sizes[1:]) if rows is not None else tuple(sizes)
    raw = np.zeros((*shape, width), np.uint8)
    add_rows(raw, rows, entry, weights)
    numbers = raw.reshape(-1).view(STORED[dtype]).reshape(shape)
    return VariableValues(_decoded(numbers, dtype), rows, sizes[0] if sizes else 1)


def add_rows(raw: Array, rows: Array | None, entry: CheckpointEntry, weights: Weights) -> None:
    """Reads rows of a variable, also of a partitioned one.

    Args:
      raw: gets their bytes, uint8 [rows, ..., bytes of a number]; zeros.
      rows: indices in the first dimension, ascending; None for all.
      entry: of the variable.
      weights: where it is stored.

    Raises:
      DamagedModuleError: a file is missing or truncated.
    """
    for bounds, extent in _parts(entry):
        _fill(raw, rows, bounds, extent, weights)


def _parts(entry: CheckpointEntry) -> Iterator[tuple[Slice, Extent]]:
    """Yields the slices of a variable with the bytes of each; one that is not partitioned is one slice."""
    # The index holds the extents sorted by where their slices begin; the list may have another order.
    slices = sorted(entry.slices, key=lambda bounds: [(start, size or -1) for start, size in bounds])
    whole: Slice = tuple((0, None) for _ in entry.shape)
    yield from zip(slices or [whole], entry.extents, strict=True)


def _fill(raw: Array, rows: Array | None, bounds: Slice, extent: Extent, weights: Weights) -> None:
    """Reads what of a slice is asked for into the bytes of the result, uint8 [..., width]."""
    inner = tuple(slice(start, None if size is None else start + size) for start, size in bounds[1:])
    if rows is None:
        part = raw[(*(_range(bounds[:1])), *inner)]
        part[...] = read_bytes(weights, extent, 0, extent.size).reshape(part.shape)
        return
    first, length = bounds[0]
    part = raw[(slice(None), *inner)]
    row_bytes = int(np.prod(part.shape[1:], dtype=np.int64))
    last = first + (extent.size // row_bytes if length is None else length)
    wanted = np.flatnonzero((rows >= first) & (rows < last))
    # Rows that follow each other are one read.
    for run in np.split(wanted, np.flatnonzero(np.diff(rows[wanted]) != 1) + 1):
        if run.size:
            start = (int(rows[run[0]]) - first) * row_bytes
            data = read_bytes(weights, extent, start, row_bytes * len(run))
            part[run] = data.reshape(len(run), *part.shape[1:])


def _range(bounds: Slice) -> tuple[slice, ...]:
    return tuple(slice(start, None if size is None else start + size) for start, size in bounds)


def read_bytes(weights: Weights, extent: Extent, start: int, size: int) -> Array:
    """Reads a part of a run of bytes, uint8 [size].

    Raises:
      DamagedModuleError: the file is missing or truncated.
    """
    path = shard_name(weights.prefix, extent.shard, weights.index.num_shards)
    try:
        data = weights.filesystem.read_range(path, extent.offset + start, size)
    except OSError:
        raise errors.DamagedModuleError(MSG_SHORT.format(path=path)) from None
    if len(data) != size:
        raise errors.DamagedModuleError(MSG_SHORT.format(path=path))
    return np.frombuffer(data, np.uint8)


def _decoded(stored: Array, dtype: str) -> Array:
    """Returns numbers as stored: truth values as bool, complex ones as they are, small floats as float32."""
    if dtype == "bool":
        return stored.astype(np.bool_)
    if dtype.startswith("complex"):
        return stored
    decoded: Array = number_encoding.decode(np.ascontiguousarray(stored).tobytes(), dtype)
    return decoded.reshape(stored.shape)


def at_rows(values: VariableValues, rows: Array | None) -> Array | None:
    """Returns the values at the rows of another variable's sample; None if they were not read.

    Args:
      values: what was read.
      rows: indices in the first dimension, sorted; None for all rows.
    """
    if rows is None:
        return values.array if values.rows is None else None
    if values.rows is None:
        return values.array[rows] if rows.max(initial=-1) < values.count else None
    places = np.minimum(np.searchsorted(values.rows, rows), len(values.rows) - 1)
    return values.array[places] if np.array_equal(values.rows[places], rows) else None
