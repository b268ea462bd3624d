"""Where the value of a variable is: in the shards of a checkpoint, or in a constant of the graph."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hubexplore import errors
from hubexplore.errors import MSG_AGAIN
from hubexplore.summary.files.ranges import Ranges
from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.model import CONSTANT, VariableSummary, elements
from hubexplore.summary.source import Source, Weights
from hubexplore.summary.weights.checkpoint_index import Extent, Slice, shard_name
from hubexplore.summary.weights.constant_values import stored_values
from hubexplore.summary.weights.number_encoding import width
from hubexplore.summary.weights.statistics import constants_of

STRING: Final = "string"

MSG_SHORT: Final = (
    "The data file {path!r} is truncated: it ends before byte {end:,}, which {name!r} needs. " + MSG_AGAIN
)
MSG_MISSING: Final = "The data file {path!r} is missing. " + MSG_AGAIN
MSG_UNREADABLE: Final = "The data file {path!r} cannot be read: {reason}. Check its permissions and the disk."
MSG_SIZE: Final = (
    "The checkpoint is damaged: {name!r} is {dtype} {shape}, but {bytes:,} bytes are stored for it. "
    + MSG_AGAIN
)
MSG_CONSTANT: Final = (
    "The graph is damaged: the constant {name!r} is {dtype} {shape}, but its content of {bytes:,} bytes "
    "does not fit. " + MSG_AGAIN
)

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Part:
    """A stretch of bytes that holds a variable, or a slice of it, row by row.

    Attributes:
      bounds: of the slice; () for the whole variable.
      size: in bytes.
      extent: where it is in the checkpoint; None for a constant.
    """

    bounds: Slice
    size: int
    extent: Extent | None = None

    @property
    def checksum(self) -> int | None:
        """The masked CRC-32C that the index states; None if it states none."""
        # Entries without a checksum have the default of the field, 0.
        return (self.extent.crc32c or None) if self.extent is not None else None


@dataclass(frozen=True)
class Stored:
    """The value of a variable, not read yet.

    Attributes:
      name: of the variable.
      dtype: as stored.
      shape: of the whole variable.
      parts: where it is: one part, or one for each slice of a partitioned variable.
      weights: the checkpoint that has the parts; None for a constant.
      constant: a TensorProto-shaped message; None for what is in a checkpoint.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    parts: tuple[Part, ...]
    weights: Weights | None = field(default=None, compare=False, repr=False)
    constant: Any = field(default=None, compare=False, repr=False)

    @property
    def size(self) -> int:
        """Bytes of the value."""
        return sum(part.size for part in self.parts)

    @property
    def count(self) -> int:
        """Number of elements."""
        return elements(self.shape) or 0

    @property
    def width(self) -> int:
        """Bytes of one element; 0 if they vary or are not known."""
        known = width(self.dtype)
        if known is not None:
            return known
        return self.size // self.count if self.count and not self.size % self.count else 0

    @property
    def is_decoded(self) -> bool:
        """Whether its numbers can be decoded."""
        return width(self.dtype) is not None

    @property
    def layout(self) -> tuple[tuple[Slice, int], ...]:
        """How it is cut into parts; two variables of one layout are compared part by part."""
        return tuple((part.bounds, part.size) for part in self.parts)


def find_stored(
    variable: VariableSummary, source: Source | None, constants: Mapping[str, Any]
) -> Stored | None:
    """Returns where the value of a variable is; None if the module does not store it.

    Args:
      variable: of the summary that `source` belongs to.
      source: where its weights are.
      constants: see `constants_in`.

    Raises:
      DamagedModuleError: the index states a size that does not fit the shape.
    """
    weights = source.weights if source is not None else None
    entry = weights.index.entries.get(variable.key) if weights is not None else None
    if entry is not None:
        # The index holds the extents sorted by where their slices begin; the list may have another order.
        bounds = sorted(entry.slices, key=lambda cut: [(start, size or -1) for start, size in cut]) or [()]
        parts = tuple(
            Part(tuple(cut), extent.size, extent) for cut, extent in zip(bounds, entry.extents, strict=True)
        )
        stored = Stored(variable.name, dtype_name(entry.dtype), entry.shape, parts, weights)
        if width(stored.dtype) is not None and stored.size != stored.count * stored.width:
            facts = {"name": variable.name, "dtype": stored.dtype, "shape": entry.shape, "bytes": entry.size}
            raise errors.DamagedModuleError(MSG_SIZE.format_map(facts))
        return stored
    proto = constants.get(variable.node)
    if proto is None or (weights is not None and variable.kind != CONSTANT):
        return None
    shape = shape_of(proto.tensor_shape)
    if elements(shape) is None or shape is None:
        return None
    sizes = tuple(int(size or 0) for size in shape)
    dtype = dtype_name(proto.dtype)
    size = (elements(sizes) or 0) * (width(dtype) or 0)
    return Stored(variable.name, dtype, sizes, (Part((), size),), constant=proto)


def constants_in(source: Source | None) -> Mapping[str, Any]:
    """Returns the constants of the graphs of a module, by the names of nodes and of what starts from them."""
    return constants_of(source.meta_graphs.values()) if source is not None else {}


class Constants:
    """The bytes of constants that readers in several threads hold at this time, each decoded once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: weakref.WeakValueDictionary[int, Bytes] = weakref.WeakValueDictionary()

    def bytes_of(self, stored: Stored) -> Bytes:
        """Returns the bytes of a constant; fewer if its last value is repeated.

        Raises:
          DamagedModuleError: its content does not fit its shape.
        """
        with self._lock:
            values = self._values.get(id(stored))
            if values is None:
                values = self._values[id(stored)] = _constant_bytes(stored)
            return values


class Reader:
    """Reads parts of stored variables; keeps the last data file open and the last constant decoded.

    One object per thread and side. A context manager.

    Args:
      constants: what readers of one side share; the variables that they read outlive it.
    """

    def __init__(self, constants: Constants | None = None) -> None:
        self._constants = constants or Constants()
        self._ranges: Ranges | None = None
        self._path = ""
        self._constant: Stored | None = None
        self._values: Bytes = np.empty(0, np.uint8)

    def read_into(self, stored: Stored, part: Part, target: Bytes, offset: int) -> None:
        """Fills `target` with the bytes of a part from `offset` on.

        Raises:
          DamagedModuleError: a data file is missing or truncated, or a constant has no such bytes.
          UnreadableModuleError: a data file cannot be read.
        """
        if part.extent is None or stored.weights is None:
            self._read_constant(stored, target, offset)
            return
        weights, extent = stored.weights, part.extent
        path = shard_name(weights.prefix, extent.shard, weights.index.num_shards)
        try:
            if path != self._path or self._ranges is None:
                self.close()
                self._ranges, self._path = Ranges(weights.filesystem, path), path
            done = self._ranges.read_into(target.data, extent.offset + offset)
        except FileNotFoundError as error:
            raise errors.DamagedModuleError(MSG_MISSING.format(path=path)) from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise errors.UnreadableModuleError(MSG_UNREADABLE.format(path=path, reason=reason)) from error
        if done != len(target):
            end = extent.offset + offset + len(target)
            raise errors.DamagedModuleError(MSG_SHORT.format(path=path, end=end, name=stored.name))

    def _read_constant(self, stored: Stored, target: Bytes, offset: int) -> None:
        if stored is not self._constant:
            self._values, self._constant = self._constants.bytes_of(stored), stored
        values = self._values[offset : offset + len(target)]
        target[: len(values)] = values
        if len(values) < len(target):
            # The last value stands for all that follow. Pieces begin at whole values.
            target[len(values) :].reshape(-1, stored.width)[:] = self._values[-stored.width :]

    def close(self) -> None:
        """Closes the file."""
        if self._ranges is not None:
            self._ranges.close()
        self._ranges, self._path = None, ""

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _constant_bytes(stored: Stored) -> Bytes:
    proto = stored.constant
    size = stored.count * stored.width
    # A whole value is not searched for repeated values, which takes several times its size.
    content = proto.tensor_content
    if len(content) == size:
        return np.frombuffer(content, np.uint8)
    values = stored_values(proto)
    fits = (
        isinstance(values, np.ndarray) and len(values) <= stored.count and (len(values) or not stored.count)
    )
    if not fits or not isinstance(values, np.ndarray):
        facts = {"name": stored.name, "dtype": stored.dtype, "shape": stored.shape, "bytes": len(content)}
        raise errors.DamagedModuleError(MSG_CONSTANT.format_map(facts))
    return np.ascontiguousarray(values).view(np.uint8)
