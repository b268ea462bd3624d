"""The inputs that are the parts of one sparse or ragged argument.

A signature of a TF2 SavedModel takes such an argument as its components: `x`, `x_1`, `x_2`. What each of them
is, the file says only of functions that it keeps as objects; the shapes and the graph show it as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hubexplore.summary.graph.ops.op_definitions import definition
from hubexplore.summary.graph.ops.op_outputs import tensor_count
from hubexplore.summary.graph.traversal import MOST_WALKED, consumers_of, index_nodes, node_of
from hubexplore.summary.model import ComponentSummary, SignatureSummary, TensorSummary
from hubexplore.summary.reading.signatures import roles

_SPLIT_DTYPES: Final = frozenset({"int32", "int64"})
# What hands on the values of its input; a cast of row splits still holds row splits.
_HANDED_ON: Final = frozenset({"Cast", "EnsureShape", "Enter", "Identity", "PlaceholderWithDefault"})
_SPLITS_ARGUMENT: Final = re.compile("splits|row_partition")
_NUMBERED: Final = re.compile(r"(.+)_(\d{1,4})")


@dataclass(frozen=True)
class Parts:
    """Several inputs of a signature that are one argument.

    Attributes:
      whole: the argument: a sparse or ragged input with the name of its first part.
      names: the inputs, in the order of the components of `whole`.
      is_sure: whether the graph shows that they belong together; else only names and shapes do.
    """

    whole: TensorSummary
    names: tuple[str, ...]
    is_sure: bool


def find_parts(signature: SignatureSummary, meta_graph: Any) -> tuple[Parts, ...]:
    """The inputs of a signature that may be parts of one argument.

    Args:
      signature: of the graph.
      meta_graph: MetaGraphDef-shaped message, which is walked only where names and shapes leave it open.
    """
    series = [names for names in _series(signature) if len(names) > 1]
    if not series:
        return ()
    graph = _Graph(meta_graph)
    return tuple(part for tensors in series for part in _split(tensors, graph))


def joined(signature: SignatureSummary, parts: Sequence[Parts]) -> SignatureSummary:
    """The signature with whole arguments instead of their parts."""
    wholes = {part.names[0]: part.whole for part in parts}
    others = {name for part in parts for name in part.names[1:]}
    inputs = [wholes.get(tensor.name, tensor) for tensor in signature.inputs if tensor.name not in others]
    return replace(signature, inputs=tuple(inputs))


def _series(signature: SignatureSummary) -> Iterator[list[TensorSummary]]:
    """Inputs `x`, `x_1`, `x_2`: TensorFlow numbers the components of an argument from its second one."""
    by_name = {tensor.name: tensor for tensor in signature.inputs if tensor.kind == "dense"}
    taken: set[str] = set()
    # The shortest names first: "x_1" may begin a series of its own only if it is not part of another one.
    for name in sorted(by_name, key=len):
        if name in taken:
            continue
        numbered = [name]
        while (following := f"{name}_{len(numbered)}") in by_name:
            numbered.append(following)
        taken.update(numbered)
        yield [by_name[name] for name in numbered]


def _split(tensors: Sequence[TensorSummary], graph: _Graph) -> Iterator[Parts]:
    """The arguments in a series of inputs, from its first one on; a list of arguments has one series."""
    begin = 0
    while begin < len(tensors):
        part = _sparse(tensors[begin : begin + 3]) or _ragged(tensors[begin:], graph)
        if part is not None:
            yield part
        begin += 1 if part is None else len(part.names)


def _sparse(tensors: Sequence[TensorSummary]) -> Parts | None:
    """Indices [entries, rank], values [entries] and shape [rank]: no other inputs are likely to look so."""
    if len(tensors) < 3:
        return None
    indices, values, sizes = tensors
    if indices.dtype != "int64" or sizes.dtype != "int64" or values.shape is None or len(values.shape) != 1:
        return None
    if indices.shape is None or len(indices.shape) != 2 or indices.shape[0] is not None:
        return None
    rank = indices.shape[1]
    if rank is None or sizes.shape != (rank,):
        return None
    whole = TensorSummary(
        indices.name, values.dtype, (None,) * rank, "sparse", components=_components("sparse", tensors)
    )
    return Parts(whole, tuple(tensor.name for tensor in tensors), is_sure=True)


def _ragged(tensors: Sequence[TensorSummary], graph: _Graph) -> Parts | None:
    """Flat values and, for each ragged dimension, row splits."""
    values = tensors[0]
    if values.shape is None or not values.shape or values.shape[0] is not None:
        return None
    splits: list[TensorSummary] = []
    for tensor in tensors[1:]:
        if tensor.dtype not in _SPLIT_DTYPES or tensor.shape != (None,):
            break
        splits.append(tensor)
    if not splits:
        return None
    shown = 0
    while shown < len(splits) and graph.has_splits(splits[shown].tensor):
        shown += 1
    splits = splits[: shown or None]
    shape = (None,) * len(splits) + values.shape
    parts = [values, *splits]
    whole = TensorSummary(values.name, values.dtype, shape, "ragged", components=_components("ragged", parts))
    return Parts(whole, tuple(tensor.name for tensor in parts), is_sure=shown > 0)


def _components(kind: str, tensors: Sequence[TensorSummary]) -> tuple[ComponentSummary, ...]:
    return tuple(
        ComponentSummary(role, tensor.dtype, tensor.shape, tensor.tensor)
        for role, tensor in zip(roles(kind, len(tensors)), tensors, strict=True)
    )


class _Graph:
    """Looks up what takes a tensor; the graph is indexed on first use."""

    def __init__(self, meta_graph: Any) -> None:
        self._meta_graph = meta_graph
        self._nodes: Mapping[str, Any] | None = None
        self._consumers: Mapping[str, list[str]] = {}

    def has_splits(self, tensor: str) -> bool:
        """Whether something takes a tensor as row splits, or computes the lengths of rows from it."""
        if self._meta_graph is None or not tensor:
            return False
        if self._nodes is None:
            nodes = self._meta_graph.graph_def.node
            self._nodes = index_nodes(nodes if len(nodes) <= MOST_WALKED else ())
            self._consumers = consumers_of(self._nodes)
        same, slices = {node_of(tensor)}, set()
        stack = list(same)
        while stack:
            name = stack.pop()
            for consumer in self._consumers.get(name, ()):
                node = self._nodes[consumer]
                if node.op in _HANDED_ON and consumer not in same:
                    same.add(consumer)
                    stack.append(consumer)
                elif node.op == "StridedSlice":
                    slices.add(consumer)
                elif _takes_splits(node, name):
                    return True
        # The lengths of rows are splits[1:] - splits[:-1].
        return any(
            self._nodes[consumer].op == "Sub"
            and {node_of(edge) for edge in self._nodes[consumer].input} <= slices
            for name in slices
            for consumer in self._consumers.get(name, ())
            if len(set(self._nodes[consumer].input)) > 1
        )


def _takes_splits(node: Any, producer: str) -> bool:
    """Whether the op calls an input row splits that comes from `producer`."""
    op = definition(node.op)
    if op is None or not any(_SPLITS_ARGUMENT.search(argument.name) for argument in op.inputs):
        return False
    position = 0
    for argument in op.inputs:
        count = tensor_count(op, node.attr, argument)
        edges = node.input[position : position + count]
        if _SPLITS_ARGUMENT.search(argument.name) and producer in map(node_of, edges):
            return True
        position += count
    return False
