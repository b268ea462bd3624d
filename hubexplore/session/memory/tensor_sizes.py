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

_STRING_BYTES: Final = 24
"""Bytes that a text takes in a tensor, the content of a long text not included."""
# Ops whose output is their input's memory, under another name or shape.
_VIEWS: Final = frozenset({
    "CheckNumerics", "EnsureShape", "Enter", "Exit", "ExpandDims", "Identity", "IdentityN", "LoopCond",
    "Merge", "NextIteration", "PlaceholderWithDefault", "PreventGradient", "RefEnter", "RefExit", "Reshape",
    "Snapshot", "Squeeze", "StopGradient", "Switch",
})  # fmt: skip
# Ops whose kernels write over an input that nothing else needs any more.
_IN_PLACE: Final = frozenset({
    "Abs", "Add", "AddV2", "BiasAdd", "Ceil", "Cos", "Div", "DivNoNan", "Elu", "Exp", "Floor", "LeakyRelu",
    "Log", "LogSoftmax", "Maximum", "Minimum", "Mul", "Neg", "Pow", "RealDiv", "Reciprocal", "Relu", "Relu6",
    "Round", "Rsqrt", "Selu", "Sigmoid", "Sign", "Sin", "Softmax", "Softplus", "Softsign", "Sqrt", "Square",
    "SquaredDifference", "Sub", "Tanh",
})  # fmt: skip
# Ops whose outputs exist before the run, and after it.
_RESIDENT: Final = frozenset({
    "Const", "VarHandleOp", "ReadVariableOp", "VariableV2", "Variable", "HashTableV2", "HashTable", "NoOp",
})  # fmt: skip
# Ops with an output entry for each word of a text, while static shapes only know the number of texts.
_SPLITTING: Final = frozenset({"StringSplit", "StringSplitV2"})
_SHRINKING: Final = frozenset(
    {"Conv2D", "Conv3D", "DepthwiseConv2dNative", "MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D"}
)


@dataclass(frozen=True)
class Size:
    """A shape; if it grows, its first factor counts per row of the inputs."""

    grows: bool
    dims: tuple[float, ...]

    @property
    def elements(self) -> float:
        """Number of elements, per row if it grows."""
        return math.prod(self.dims)


Sizes = tuple[Size | None, ...]


@dataclass(frozen=True)
class Peak:
    """The memory of a run: at each step `fixed + per_row * rows` bytes are alive.

    Attributes:
      fixed: float64 [steps].
      per_row: float64 [steps].
      ops: of each step: its name, its type, and the bytes of what it makes, fixed and per row.
    """

    fixed: npt.NDArray[np.float64]
    per_row: npt.NDArray[np.float64]
    ops: tuple[tuple[str, str, float, float], ...]

    def bytes(self, rows: int) -> int:
        """The largest number of bytes alive at one time."""
        return int(np.max(self.fixed + self.per_row * rows, initial=0))

    def rows(self, memory: int) -> int:
        """The largest number of rows that fits into `memory` bytes; 0 if not even one does."""
        grows = self.per_row > 0
        if np.max(self.fixed, initial=0) > memory or not grows.any():
            return 0
        return int(np.min((memory - self.fixed[grows]) / self.per_row[grows]))

    def largest(self, rows: int) -> tuple[str, str, int]:
        """Name and type of the op that makes the largest tensor, and the bytes of that."""
        name, kind, fixed, per_row = max(self.ops, key=lambda op: op[2] + op[3] * rows)
        return name, kind, int(fixed + per_row * rows)


def peak_of(applied: AppliedSignature, input_sizes: Sequence[Size | None], words: float = 1.0) -> Peak:
    """Walks once over the ops that the outputs need and follows which tensors are alive; linear in the edges.

    Args:
      applied: the signature.
      input_sizes: sizes of the values for the placeholders, in their order; None where there is none.
      words: mean number of words in a text of the inputs.
    """
    from hubexplore.hub.tensor_info import components

    outputs = [tensor for output in applied.outputs.values() for tensor in components(output)]
    stops = {tensor.op for tensor in applied.placeholders}
    ops = list(_sorted([tensor.op for tensor in outputs], stops))
    return _SizeWalk(applied, input_sizes, ops, words).peak(outputs)


def _sorted(ends: Sequence[Any], stops: set[Any]) -> Iterator[Any]:
    """The ops that `ends` need, each after its inputs, except that a loop has to begin somewhere.

    Depth first with a stack of its own: chains of ops are longer than Python's recursion limit.
    """
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
                stack += [(tensor.op, False) for tensor in reversed(op.inputs) if tensor.op not in seen]


class _SizeWalk:
    """One walk over the ops in the order of a run.

    A buffer is a piece of memory, named by the tensor that it was first made for; views and in-place ops pass
    it on. It is alive from the step that makes it to the last use of any tensor in it. The sum over all
    buffers at each step is a cumulative sum over the changes where one begins or ends.

    Args:
      applied: the signature.
      input_sizes: as for `peak_of`.
      ops: each after its inputs.
      words: mean number of words in a text of the inputs.
    """

    def __init__(
        self, applied: AppliedSignature, input_sizes: Sequence[Size | None], ops: Sequence[Any], words: float
    ) -> None:
        self._ops = ops
        self._words = words
        self._scope = applied.scope
        self._sizes: dict[Any, Size | None] = {}
        for tensor, size in zip(applied.placeholders, input_sizes, strict=True):
            # Keys are references: tensors are not hashable where TensorFlow compares them element by element.
            self._sizes[tensor.ref()] = size
        self._buffers: dict[Any, Any] = {}
        self._bytes: dict[Any, tuple[float, float]] = {}
        self._begins: dict[Any, int] = {}
        self._uses: dict[Any, int] = {}
        for step, op in enumerate(ops):
            for tensor in op.inputs:
                self._uses[tensor.ref()] = step

    def peak(self, outputs: Sequence[Any]) -> Peak:
        """The bytes that are alive at each step."""
        made = [self._step(step, op) for step, op in enumerate(self._ops)]
        ends: dict[Any, int] = {}
        for tensor, buffer in self._buffers.items():
            ends[buffer] = max(ends.get(buffer, 0), self._uses.get(tensor, self._begins[buffer]))
        for tensor in outputs:
            ends[self._buffers[tensor.ref()]] = len(self._ops)
        # An output is alive up to step len(ops), so its memory is given back one column after that.
        changes = np.zeros((2, len(self._ops) + 2))
        for buffer, size in self._bytes.items():
            changes[:, self._begins[buffer]] += size
            changes[:, ends[buffer] + 1] -= size
        alive = np.cumsum(changes, axis=1)[:, : len(self._ops)]
        return Peak(alive[0], alive[1], tuple(made))

    def _step(self, step: int, op: Any) -> tuple[str, str, float, float]:
        largest = (0.0, 0.0)
        for tensor in op.outputs:
            key = tensor.ref()
            if key not in self._sizes:
                self._sizes[key] = self._size(op, tensor)
            size = self._sizes[key]
            number = 0.0 if size is None or op.type in _RESIDENT else size.elements * _width(tensor.dtype)
            cost = (0.0, number) if size is not None and size.grows else (number, 0.0)
            largest = max(largest, cost, key=sum)
            buffer = self._buffers[key] = self._buffer(step, op, key, cost)
            if buffer == key:
                self._bytes[key], self._begins[key] = cost, step
        return op.name.removeprefix(f"{self._scope}/"), op.type, *largest

    def _buffer(self, step: int, op: Any, key: Any, cost: tuple[float, float]) -> Any:
        """The tensor that names the buffer which `key` is in: its own, or that of an input."""
        if op.type in _VIEWS and op.inputs:
            index = min(len(op.inputs) - 1, op.outputs.index(key.deref()) if op.type == "IdentityN" else 0)
            return self._buffers.get(op.inputs[index].ref(), key)
        if op.type in _IN_PLACE:
            for tensor in op.inputs:
                buffer = self._buffers.get(tensor.ref())
                # A fed value belongs to the caller, and what one view shows another may show as well.
                is_free = buffer == tensor.ref() and self._uses[buffer] == step and tensor.op.inputs
                if is_free and self._bytes[buffer] == cost:
                    return buffer
        return key

    def _size(self, op: Any, tensor: Any) -> Size | None:
        """The static shape, its unknown dimensions taken from the inputs; None if these are unknown too."""
        shape = tensor.shape
        known_sizes = [size for tensor in op.inputs if (size := self._sizes.get(tensor.ref())) is not None]
        # One input that grows with the rows is enough for the output to grow.
        growing = next((size for size in known_sizes if size.grows), None)
        if shape.rank is None:
            return growing if op.type in _IN_PLACE or op.type in _VIEWS else None
        dims = shape.as_list()
        unknown_axes = [axis for axis, size in enumerate(dims) if size is None]
        similar = next(
            (size for size in (growing, *known_sizes) if size and len(size.dims) == len(dims)), None
        )
        if op.type == "Reshape" and known_sizes and len(unknown_axes) == 1:
            rest = math.prod(size for size in dims if size is not None)
            filled: dict[int, float] = {unknown_axes[0]: known_sizes[0].elements / max(rest, 1)}
        else:
            shrunk = _strides(op, len(dims))
            filled = {axis: similar.dims[axis] / shrunk[axis] if similar else 1.0 for axis in unknown_axes}
            if unknown_axes and growing is not None and similar is not growing:
                filled[unknown_axes[0]] = growing.dims[0]
            if unknown_axes and op.type in _SPLITTING:
                filled[unknown_axes[0]] = self._words * filled[unknown_axes[0]]
        dims = tuple(filled.get(axis, size) for axis, size in enumerate(dims))
        return Size(bool(unknown_axes) and growing is not None, tuple(map(float, dims)))


def _strides(op: Any, rank: int) -> list[int]:
    """The factor by which a convolution or pooling makes each dimension smaller."""
    if op.type not in _SHRINKING:
        return [1] * rank
    strides = list(op.get_attr("strides"))
    return strides if len(strides) == rank else [1] * rank


def _width(dtype: Any) -> int:
    name = dtype.base_dtype.name
    if name == "string":
        return _STRING_BYTES
    return 0 if name in ("resource", "variant") else int(dtype.base_dtype.size)
