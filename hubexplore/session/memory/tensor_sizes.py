"""How much memory the tensors of a signature take, as a function of the number of rows that go in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from hubexplore.hub.running.signature_runner import AppliedSignature

_STRING: Final = 24
"""Bytes of a text in a tensor, besides a long one's content."""
# These give their input on, under another name or shape.
_VIEWS: Final = frozenset({
    "CheckNumerics", "EnsureShape", "Enter", "Exit", "ExpandDims", "Identity", "IdentityN", "LoopCond",
    "Merge", "NextIteration", "PlaceholderWithDefault", "PreventGradient", "RefEnter", "RefExit", "Reshape",
    "Snapshot", "Squeeze", "StopGradient", "Switch",
})  # fmt: skip
# These write over an input that nothing else needs any more.
_IN_PLACE: Final = frozenset({
    "Abs", "Add", "AddV2", "BiasAdd", "Ceil", "Cos", "Div", "DivNoNan", "Elu", "Exp", "Floor", "LeakyRelu",
    "Log", "LogSoftmax", "Maximum", "Minimum", "Mul", "Neg", "Pow", "RealDiv", "Reciprocal", "Relu", "Relu6",
    "Round", "Rsqrt", "Selu", "Sigmoid", "Sign", "Sin", "Softmax", "Softplus", "Softsign", "Sqrt", "Square",
    "SquaredDifference", "Sub", "Tanh",
})  # fmt: skip
# These exist before the run, and go on existing.
_RESIDENT: Final = frozenset({
    "Const", "VarHandleOp", "ReadVariableOp", "VariableV2", "Variable", "HashTableV2", "HashTable", "NoOp",
})  # fmt: skip
# These make an entry of each word of a text, of which only the number of texts is known.
_SPLITTING: Final = frozenset({"StringSplit", "StringSplitV2"})
_SHRINKING: Final = frozenset(
    {"Conv2D", "Conv3D", "DepthwiseConv2dNative", "MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D"}
)


@dataclass(frozen=True)
class Size:
    """A shape; if it grows, one of its dimensions is per row of what goes in."""

    grows: bool
    dims: tuple[float, ...]

    @property
    def elements(self) -> float:
        """How many, or how many per row."""
        return math.prod(self.dims)


Sizes = tuple[Size | None, ...]


@dataclass(frozen=True)
class Peak:
    """The bytes alive at each step of a run are `fixed + per_row * rows`.

    Attributes:
      fixed: float64 [steps].
      per_row: float64 [steps].
      ops: of each step: its name, its type, and the bytes of what it makes, fixed and per row.
    """

    fixed: npt.NDArray[np.float64]
    per_row: npt.NDArray[np.float64]
    ops: tuple[tuple[str, str, float, float], ...]

    def bytes(self, rows: int) -> int:
        """The most that is alive at a time."""
        return int(np.max(self.fixed + self.per_row * rows, initial=0))

    def rows(self, memory: int) -> int:
        """So many rows fit into so many bytes, 0 if not even one does."""
        grows = self.per_row > 0
        if np.max(self.fixed, initial=0) > memory or not grows.any():
            return 0
        return int(np.min((memory - self.fixed[grows]) / self.per_row[grows]))

    def largest(self, rows: int) -> tuple[str, str, int]:
        """Name and type of the op that makes the largest tensor, and the bytes of that."""
        name, kind, fixed, per_row = max(self.ops, key=lambda op: op[2] + op[3] * rows)
        return name, kind, int(fixed + per_row * rows)


def peak_of(applied: AppliedSignature, given: Sequence[Size | None], words: float = 1.0) -> Peak:
    """Walks once from the outputs to the placeholders and follows what is alive.

    Args:
      applied: the signature.
      given: sizes of the values for the placeholders, in their order; None where there is none.
      words: in a text that goes in.
    """
    from hubexplore.hub.tensor_info import components

    outputs = [tensor for each in applied.outputs.values() for tensor in components(each)]
    stops = {tensor.op for tensor in applied.placeholders}
    ops = list(_sorted([tensor.op for tensor in outputs], stops))
    return _Walk(applied, given, ops, words).peak(outputs)


def _sorted(ends: Sequence[Any], stops: set[Any]) -> Iterator[Any]:
    """The ops that these ends need, each after its inputs; of a loop one is before an input of it."""
    seen: set[Any] = set()
    stack = [(op, False) for op in reversed(ends)]
    while stack:
        op, done = stack.pop()
        if done:
            yield op
        elif op not in seen:
            seen.add(op)
            stack.append((op, True))
            if op not in stops:
                stack += [(each.op, False) for each in reversed(op.inputs) if each.op not in seen]


class _Walk:
    """One walk over the ops in the order of a run.

    Args:
      applied: the signature.
      given: as for `peak_of`.
      ops: each after its inputs.
      words: in a text that goes in.
    """

    def __init__(
        self, applied: AppliedSignature, given: Sequence[Size | None], ops: Sequence[Any], words: float
    ) -> None:
        self._ops = ops
        self._words = words
        self._scope = applied.scope
        self._sizes: dict[Any, Size | None] = {}
        for tensor, size in zip(applied.placeholders, given, strict=True):
            self._sizes[tensor.ref()] = size
        self._buffers: dict[Any, Any] = {}
        self._bytes: dict[Any, tuple[float, float]] = {}
        self._begins: dict[Any, int] = {}
        self._uses: dict[Any, int] = {}
        for step, op in enumerate(ops):
            for tensor in op.inputs:
                self._uses[tensor.ref()] = step

    def peak(self, outputs: Sequence[Any]) -> Peak:
        """What is alive at each step."""
        made = [self._step(step, op) for step, op in enumerate(self._ops)]
        ends: dict[Any, int] = {}
        for tensor, buffer in self._buffers.items():
            ends[buffer] = max(ends.get(buffer, 0), self._uses.get(tensor, self._begins[buffer]))
        for tensor in outputs:
            ends[self._buffers[tensor.ref()]] = len(self._ops)
        changes = np.zeros((2, len(self._ops) + 2))
        for buffer, size in self._bytes.items():
            changes[:, self._begins[buffer]] += size
            changes[:, ends[buffer] + 1] -= size
        alive = np.cumsum(changes, axis=1)[:, : len(self._ops)]
        return Peak(alive[0], alive[1], tuple(made))

    def _step(self, step: int, op: Any) -> tuple[str, str, float, float]:
        most = (0.0, 0.0)
        for tensor in op.outputs:
            key = tensor.ref()
            if key not in self._sizes:
                self._sizes[key] = self._size(op, tensor)
            size = self._sizes[key]
            number = 0.0 if size is None or op.type in _RESIDENT else size.elements * _width(tensor.dtype)
            cost = (0.0, number) if size is not None and size.grows else (number, 0.0)
            most = max(most, cost, key=sum)
            buffer = self._buffers[key] = self._buffer(step, op, key, cost)
            if buffer == key:
                self._bytes[key], self._begins[key] = cost, step
        return op.name.removeprefix(f"{self._scope}/"), op.type, *most

    def _buffer(self, step: int, op: Any, key: Any, cost: tuple[float, float]) -> Any:
        """The tensor whose memory this one is in: its own, or that of an input."""
        if op.type in _VIEWS and op.inputs:
            index = min(len(op.inputs) - 1, op.outputs.index(key.deref()) if op.type == "IdentityN" else 0)
            return self._buffers.get(op.inputs[index].ref(), key)
        if op.type in _IN_PLACE:
            for tensor in op.inputs:
                buffer = self._buffers.get(tensor.ref())
                # A fed value belongs to who feeds it, and what a view shows may be shown by another as well.
                mine = buffer == tensor.ref() and self._uses[buffer] == step and tensor.op.inputs
                if mine and self._bytes[buffer] == cost:
                    return buffer
        return key

    def _size(self, op: Any, tensor: Any) -> Size | None:
        """The static shape, what is unknown in it taken from the inputs; None if they do not tell."""
        shape = tensor.shape
        before = [size for each in op.inputs if (size := self._sizes.get(each.ref())) is not None]
        growing = next((size for size in before if size.grows), None)
        if shape.rank is None:
            return growing if op.type in _IN_PLACE or op.type in _VIEWS else None
        known = shape.as_list()
        unknown = [at for at, size in enumerate(known) if size is None]
        alike = next((size for size in (growing, *before) if size and len(size.dims) == len(known)), None)
        if op.type == "Reshape" and before and len(unknown) == 1:
            rest = math.prod(size for size in known if size is not None)
            filled: dict[int, float] = {unknown[0]: before[0].elements / max(rest, 1)}
        else:
            shrunk = _strides(op, len(known))
            filled = {at: alike.dims[at] / shrunk[at] if alike else 1.0 for at in unknown}
            if unknown and growing is not None and alike is not growing:
                filled[unknown[0]] = growing.dims[0]
            if unknown and op.type in _SPLITTING:
                filled[unknown[0]] = self._words * filled[unknown[0]]
        dims = tuple(filled.get(at, size) for at, size in enumerate(known))
        return Size(bool(unknown) and growing is not None, tuple(map(float, dims)))


def _strides(op: Any, rank: int) -> list[int]:
    """By how much a convolution or pooling makes each dimension smaller."""
    if op.type not in _SHRINKING:
        return [1] * rank
    strides = list(op.get_attr("strides"))
    return strides if len(strides) == rank else [1] * rank


def _width(dtype: Any) -> int:
    name = dtype.base_dtype.name
    if name == "string":
        return _STRING
    return 0 if name in ("resource", "variant") else int(dtype.base_dtype.size)
