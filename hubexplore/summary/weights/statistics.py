"""Statistics of a module's weights, read from the data files of its checkpoint.

A tensor is read twice if it is larger than one piece: first for its extremes, then for mean, deviation and
histogram. A single pass would have to guess the bins and to merge them, and could not scale the numbers; so
the counts here are exact, no sum overflows, and memory stays at a few pieces whatever the tensor's size.

What was never written to a sparse file is not read: it counts as the zeros it stands for. What several
variables share is read once, where they share all of it; no writer of checkpoints lets them share a part.

The data's checksums (CRC-32C) are not verified here, but when weights are compared
(`summary.compare.weights`). Missing and cut files are noticed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hubexplore import errors
from hubexplore.errors import MSG_AGAIN
from hubexplore.summary.files.filesystem import LocalFilesystem, data_extents
from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.model import CONSTANT, Shape, VariableSummary, elements
from hubexplore.summary.source import Source, Weights
from hubexplore.summary.weights import number_encoding
from hubexplore.summary.weights.checkpoint_index import CheckpointEntry, shard_name
from hubexplore.summary.weights.constant_values import stored_values
from hubexplore.summary.weights.number_encoding import Numbers

BINS: Final = 16
PIECE: Final = 1 << 19
"""Maximum number of numbers that are read and held at once."""
_SPARSE: Final = 1 << 24
"""Least size in bytes of a tensor for which the system is asked which parts were ever written."""
# Beyond 2**±500 the square of a float64, or the width of a range, may overflow or vanish.
_SAFE_EXPONENT: Final = 500

MSG_NO_WEIGHTS: Final = (
    "Statistics are read from a checkpoint, and this module has none that can be read. Export it first, or "
    "summarise a module on disk."
)
MSG_NO_MATCH: Final = (
    "No variable matches {pattern!r}: a pattern is a part of a name, or a whole name with * and ?.{hint}"
)
MSG_MISSING: Final = "The data file {path!r} is missing. " + MSG_AGAIN
MSG_SHORT: Final = (
    "The data file {path!r} is truncated: it ends before byte {end:,}, which {name!r} needs. " + MSG_AGAIN
)
MSG_UNREADABLE: Final = "The data file {path!r} cannot be read: {reason}. Check its permissions and the disk."
MSG_SIZE: Final = (
    "The checkpoint is damaged: {name!r} is {dtype} {shape}, but {bytes:,} bytes are stored "
    "for it. " + MSG_AGAIN
)


@dataclass(frozen=True)
class VariableStats:
    """What the numbers of one variable are like.

    Attributes:
      name: of the variable.
      dtype: as stored in the checkpoint.
      shape: of the whole variable.
      count: how many elements it has; None where that is not known.
      bytes: what it takes in the checkpoint.
      minimum: least finite number, exact for integers; None if there is no finite number.
      maximum: greatest finite number.
      mean: of the finite numbers, in float64.
      std: population standard deviation of the finite numbers, in float64.
      zeros: how many are zero; None where the elements are no numbers.
      nans: how many are not a number.
      infs: how many are infinite.
      histogram: counts of the finite numbers in `BINS` bins of equal width from minimum to maximum; one bin
        if these are equal, none if there is no finite number.
      edges: of the bins, one more than there are bins.
      note: why there are no numbers; else how they are to be read ("magnitudes" of complex numbers).
    """

    name: str
    dtype: str
    shape: Shape
    count: int | None
    bytes: int = 0
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    std: float | None = None
    zeros: int | None = None
    nans: int | None = None
    infs: int | None = None
    histogram: tuple[int, ...] = ()
    edges: tuple[float, ...] = ()
    note: str = ""


def select(variables: Iterable[VariableSummary], pattern: str | None) -> tuple[VariableSummary, ...]:
    """Returns the variables whose name contains `pattern`, or as a whole matches it as fnmatch does.

    Case counts: "kernel" and "*/kernel" both find "dense/kernel". None selects all.

    Raises:
      HubError: no name matches.
    """
    every = tuple(variables)
    if pattern is None:
        return every
    selected = tuple(
        variable
        for variable in every
        # `fnmatch.fnmatch` would ignore case on Windows.
        if pattern in variable.name or fnmatch.fnmatchcase(variable.name, pattern)
    )
    if not selected:
        hint = errors.closest(pattern, [variable.name for variable in every])
        raise errors.HubError(MSG_NO_MATCH.format(pattern=pattern, hint=hint))
    return selected


def source_stats(
    variables: Iterable[VariableSummary], source: Source | None, pattern: str | None = None
) -> Iterator[VariableStats]:
    """Yields `variable_stats` from the checkpoint and the graphs of a summary."""
    if source is None:
        return variable_stats(variables, None, pattern)
    return variable_stats(variables, source.weights, pattern, source.meta_graphs.values())


def variable_stats(
    variables: Iterable[VariableSummary],
    weights: Weights | None,
    pattern: str | None = None,
    graphs: Iterable[Any] = (),
) -> Iterator[VariableStats]:
    """Yields the statistics of each variable, in the order in which the checkpoint stores them.

    Memory is bounded by a few pieces of `PIECE` numbers, whatever the variables' size. Complex numbers
    count by their magnitude, quantised ones as the integers that they are stored as; of strings there is only
    the count. A partitioned variable is one.

    Args:
      variables: which; see `ModuleSummary`.
      weights: where they are, `ModuleSummary.source.weights`.
      pattern: see `select`.
      graphs: MetaGraphDef-shaped messages, with the values of weights that are constants. Without a
        checkpoint a variable has the constant that it starts from.

    Raises:
      HubError: at the call: nothing matches the pattern, or there are no weights.
      DamagedModuleError: while reading: a data file is missing or cut, or the index contradicts itself.
      UnreadableModuleError: while reading: a data file cannot be read.
    """
    selected = select(variables, pattern)
    constants = {}
    if weights is None or any(variable.kind == CONSTANT for variable in selected):
        constants = constants_of(graphs)
    in_graph: list[VariableSummary] = []
    in_file: list[VariableSummary] = []
    for variable in selected:
        is_constant = variable.node in constants and (weights is None or variable.kind == CONSTANT)
        (in_graph if is_constant else in_file).append(variable)
    if weights is None and in_file:
        raise errors.HubError(MSG_NO_WEIGHTS)
    values = (_Constant(variable.name, constants[variable.node]).stats() for variable in in_graph)
    return chain(values, () if weights is None else _in_file_order(tuple(in_file), weights))


def constants_of(graphs: Iterable[Any]) -> dict[str, Any]:
    """Name of a constant, or of a variable that starts from one -> TensorProto-shaped message."""
    nodes = [node for graph in graphs for node in graph.graph_def.node]
    constants = {node.name: node.attr["value"].tensor for node in nodes if node.op == "Const"}
    for node in nodes:
        if node.op in ("Assign", "AssignVariableOp") and len(node.input) > 1:
            initial = node_of(node.input[1])
            if initial in constants:
                constants.setdefault(node_of(node.input[0]), constants[initial])
    return constants


def _in_file_order(variables: tuple[VariableSummary, ...], weights: Weights) -> Iterator[VariableStats]:
    entries = weights.index.entries
    stored: list[tuple[list[tuple[int, int]], VariableSummary]] = []
    for variable in variables:
        entry = entries.get(variable.key)
        if entry is None:
            yield VariableStats(
                variable.name,
                variable.dtype,
                variable.shape,
                variable.parameters,
                note="not in the checkpoint",
            )
        else:
            stored.append((sorted((extent.shard, extent.offset) for extent in entry.extents), variable))
    # In the order of the files, so that the disk is read from front to back whatever the names are.
    stored.sort(key=lambda item: item[0])
    overlapping = _overlapping({variable.key: entries[variable.key] for _, variable in stored})
    known: dict[Hashable, VariableStats] = {}
    for _, variable in stored:
        entry = entries[variable.key]
        if variable.key in overlapping:
            note = f"shares a part of its bytes with {overlapping[variable.key]!r}: the index is damaged"
            yield dataclasses.replace(_Tensor(variable.name, entry, weights).facts(), note=note)
            continue
        # Tied weights are stored once under several names, and are read once.
        same = (entry.dtype, elements(entry.shape), tuple(sorted(entry.extents)))
        if same not in known:
            known[same] = _Tensor(variable.name, entry, weights).stats()
        yield dataclasses.replace(known[same], name=variable.name, shape=entry.shape)


def _overlapping(entries: Mapping[str, CheckpointEntry]) -> dict[str, str]:
    """Names of tensors that share a part of their bytes, but not all, with another -> that other's name."""
    runs: dict[tuple[int, int, int], str] = {}
    names: dict[tuple[int, int, int], list[str]] = {}
    for name, entry in entries.items():
        for extent in entry.extents:
            if extent.size:
                run = (extent.shard, extent.offset, extent.offset + extent.size)
                runs.setdefault(run, name)
                names.setdefault(run, []).append(name)
    # A sweep over the runs by their start, O(n log n). It is enough to compare a run with that which reaches
    # furthest so far: what overlaps any earlier run overlaps that one too. Equal runs are one value under
    # several names, as writers store tied weights.
    overlaps: dict[str, str] = {}
    furthest: tuple[int, int, int] | None = None
    for run in sorted(runs):
        if furthest is not None and run[0] == furthest[0] and run[1] < furthest[2]:
            overlaps.update(dict.fromkeys(names[run], runs[furthest]))
            overlaps.update(dict.fromkeys(names[furthest], runs[run]))
        if furthest is None or run[0] != furthest[0] or run[2] > furthest[2]:
            furthest = run
    return overlaps


@dataclass
class _Extremes:
    """What the first pass finds; `low` and `high` are of the finite numbers."""

    low: float | None = None
    high: float | None = None
    zeros: int = 0
    nans: int = 0
    infs: int = 0

    def add(self, numbers: Numbers, times: int = 1) -> None:
        if numbers.dtype.kind == "f":
            nans, infs = (int(np.count_nonzero(test(numbers))) * times for test in (np.isnan, np.isinf))
            self.nans, self.infs = self.nans + nans, self.infs + infs
        self.zeros += (numbers.size - int(np.count_nonzero(numbers))) * times
        # `item` makes Python numbers: integers stay exact beyond 2**53, where float64 rounds.
        finite = _finite(numbers)
        if finite.size:
            low, high = finite.min().item(), finite.max().item()
            self.low = low if self.low is None else min(low, self.low)
            self.high = high if self.high is None else max(high, self.high)


@dataclass
class _Moments:
    """What the second pass finds, of numbers that are divided by `2**exponent` against overflow.

    Pieces are merged by the update of Chan, Golub and LeVeque, "Algorithms for computing the sample variance"
    (The American Statistician 37, 1983), which is stable where the sum of squares is not.
    """

    low: float
    high: float
    exponent: int
    histogram: npt.NDArray[np.int64]
    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    @classmethod
    def between(cls, low: float, high: float) -> _Moments:
        exponent = math.frexp(max(abs(low), abs(high)))[1]
        # Only very large and very small numbers are scaled: a power of two is exact, but the pass takes time.
        exponent = exponent if abs(exponent) > _SAFE_EXPONENT else 0
        bins = 1 if low == high else BINS
        return cls(
            math.ldexp(low, -exponent), math.ldexp(high, -exponent), exponent, np.zeros(bins, np.int64)
        )

    def add(self, numbers: Numbers, times: int = 1) -> None:
        values = _finite(numbers).astype(np.float64)
        if not values.size:
            return
        if self.exponent:
            values = np.ldexp(values, -self.exponent)
        mean = float(values.mean())
        added, shift = values.size * times, mean - self.mean
        count = self.count + added
        self.squares += float(np.square(values - mean).sum()) * times + shift**2 * self.count * added / count
        self.mean += shift * added / count
        self.count = count
        bins = len(self.histogram)
        # One bin of any width where all numbers are equal.
        width = (self.high - self.low) or 1.0
        # The maximum belongs to the last bin, and rounding may carry a number beyond the last edge.
        places = np.minimum((values - self.low) / width * bins, bins - 1).astype(np.int64)
        self.histogram += np.bincount(places, minlength=bins) * times

    def unscaled(self, value: float) -> float:
        return math.ldexp(value, self.exponent)

    @property
    def edges(self) -> tuple[float, ...]:
        bins = len(self.histogram)
        width = self.high - self.low
        # Not a running sum, whose rounding would let the last edge drift away from the maximum.
        inner = [self.low + width * (index / bins) for index in range(bins)]
        return tuple(self.unscaled(edge) for edge in [*inner, self.high])


@dataclass(frozen=True)
class _Tensor:
    """A tensor of the checkpoint."""

    name: str
    entry: CheckpointEntry
    weights: Weights

    def facts(self) -> VariableStats:
        """What the index says, without the numbers."""
        dtype, count = dtype_name(self.entry.dtype), elements(self.entry.shape)
        facts = VariableStats(self.name, dtype, self.entry.shape, count, self.entry.size)
        width = number_encoding.width(dtype)
        if width is None:
            note = "text" if dtype == "string" else f"no statistics of {dtype}"
            return dataclasses.replace(facts, note=note)
        if (
            count is None
            or self.entry.size != count * width
            or any(extent.size % width for extent in self.entry.extents)
        ):
            raise errors.DamagedModuleError(MSG_SIZE.format_map(dataclasses.asdict(facts)))
        return facts

    def stats(self) -> VariableStats:
        facts = self.facts()
        width = number_encoding.width(facts.dtype)
        if width is None:
            return facts
        # What fits into one piece is read once.
        pieces = list(self._pieces(facts.dtype, width)) if (facts.count or 0) <= PIECE else None
        return _counted(facts, lambda: self._pieces(facts.dtype, width) if pieces is None else pieces)

    def _pieces(self, dtype: str, width: int) -> Iterator[tuple[Numbers, int]]:
        """Yields its numbers in pieces, and how often each occurs, in the order of the files.

        Which element is which does not matter. A part that was never written is one zero that occurs often.
        """
        zero = number_encoding.decode(bytes(width), dtype)
        for extent in sorted(self.entry.extents):
            path = shard_name(self.weights.prefix, extent.shard, self.weights.index.num_shards)
            position, end = extent.offset, extent.offset + extent.size
            for first, last in [*self._written(path, position, end), (end, end)]:
                # Whole numbers, counted from the beginning of the extent.
                begin = first - (first - extent.offset) % width
                after = last + (extent.offset - last) % width
                if begin > position:
                    yield zero, (begin - position) // width
                for start in range(max(begin, position), after, PIECE * width):
                    yield (
                        number_encoding.decode(
                            self._read(path, start, min(PIECE * width, after - start)), dtype
                        ),
                        1,
                    )
                position = max(position, after)

    def _written(self, path: str, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of a stretch of a file that are to be read; the others are zeros."""
        if end - start < _SPARSE or not isinstance(self.weights.filesystem, LocalFilesystem):
            return [(start, end)]
        with self._reading(path):
            if self.weights.filesystem.size(path) >= end:
                return data_extents(path, start, end)
        return [(start, end)]

    def _read(self, path: str, offset: int, size: int) -> bytes:
        with self._reading(path):
            data = self.weights.filesystem.read_range(path, offset, size)
        if len(data) != size:
            end = offset + size
            raise errors.DamagedModuleError(MSG_SHORT.format(path=path, end=end, name=self.name))
        return data

    @staticmethod
    @contextlib.contextmanager
    def _reading(path: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise errors.DamagedModuleError(MSG_MISSING.format(path=path)) from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise errors.UnreadableModuleError(MSG_UNREADABLE.format(path=path, reason=reason)) from error


@dataclass(frozen=True)
class _Constant:
    """A constant of a graph: a TensorProto-shaped message."""

    name: str
    proto: Any

    def stats(self) -> VariableStats:
        dtype, shape = dtype_name(self.proto.dtype), shape_of(self.proto.tensor_shape)
        count, width = elements(shape), number_encoding.width(dtype)
        if width is None or count is None:
            note = "text" if dtype == "string" else f"no statistics of {dtype}"
            return VariableStats(self.name, dtype, shape, count, self.proto.ByteSize(), note=note)
        facts = VariableStats(self.name, dtype, shape, count, count * width)
        values = stored_values(self.proto)
        if not isinstance(values, np.ndarray) or len(values) > count or (count and not len(values)):
            return dataclasses.replace(facts, note="its content does not fit its shape")
        pieces = [
            (number_encoding.decode(values[begin : begin + PIECE].tobytes(), dtype), 1)
            for begin in range(0, len(values), PIECE)
        ]
        if count > len(values):  # the last value stands for all that follow
            pieces.append((pieces[-1][0][-1:], count - len(values)))
        return _counted(facts, lambda: pieces)


def _counted(facts: VariableStats, pieces: Callable[[], Iterable[tuple[Numbers, int]]]) -> VariableStats:
    """Adds what the numbers are like; `pieces` returns them for each pass, with how often each occurs."""
    extremes = _Extremes()
    for numbers, times in pieces():
        extremes.add(numbers, times)
    facts = dataclasses.replace(
        facts,
        zeros=extremes.zeros,
        nans=extremes.nans,
        infs=extremes.infs,
        note="magnitudes" if facts.dtype.startswith("complex") else "",
    )
    if extremes.low is None or extremes.high is None:
        return facts
    moments = _Moments.between(extremes.low, extremes.high)
    for numbers, times in pieces():
        moments.add(numbers, times)
    return dataclasses.replace(
        facts,
        minimum=extremes.low,
        maximum=extremes.high,
        mean=moments.unscaled(moments.mean),
        std=moments.unscaled(math.sqrt(moments.squares / moments.count)),
        histogram=tuple(moments.histogram.tolist()),
        edges=moments.edges,
    )


def _finite(numbers: Numbers) -> Numbers:
    if numbers.dtype.kind != "f":
        return numbers
    finite = np.isfinite(numbers)
    return numbers if finite.all() else numbers[finite]
