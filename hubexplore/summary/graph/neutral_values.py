"""Values for inputs that switch parts of a graph on: those with which it gives its usual results.

Frozen graphs and old SavedModels often take the probability of dropout, a flag for training, or a number that
has a default. Random values there would make the results of an example random, or useless.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable
from typing import Any, Final

from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.graph.traversal import consumers_of, index_nodes, node_of
from hubexplore.summary.model import TensorSummary

# Ops that pass the probability on; the control flow is that of conditions and recurrent networks.
_SAME: Final = frozenset({
    "Cast", "Enter", "Identity", "Merge", "PlaceholderWithDefault", "Reshape", "Snapshot", "StopGradient",
    "Switch",
})  # fmt: skip
_SUMS: Final = frozenset({"Add", "AddV2"})
_COMPARISONS: Final = frozenset({"Greater", "GreaterEqual"})
_UNIFORM: Final = frozenset({"RandomUniform", "StatelessRandomUniform", "StatelessRandomUniformV2"})
_SCALING: Final = frozenset({"Add", "AddV2", "Cast", "Identity", "Mul", "Sub"})
_LONGEST_SCALING: Final = 6
_FOR_TRAINING: Final = re.compile(r"(?<!cons)train|learning.?phase|drop", re.IGNORECASE)
_FOR_USE: Final = re.compile(r"infer|predict|(?<![a-z])(eval|test)", re.IGNORECASE)

# dtype -> the field of TensorProto with its values, and the code of one for `struct`.
_KINDS: Final = {
    "bool": ("bool_val", "<?"),
    "float32": ("float_val", "<f"),
    "float64": ("double_val", "<d"),
    "int32": ("int_val", "<i"),
    "int64": ("int64_val", "<q"),
}


def may_be_neutral(tensor: TensorSummary) -> bool:
    """Whether an input takes a single number or flag."""
    return tensor.kind == "dense" and tensor.dtype in _KINDS and tensor.shape in (None, (), (1,))


class NeutralValues:
    """Finds the values in one graph.

    Args:
      meta_graph: MetaGraphDef-shaped message; not changed.
    """

    def __init__(self, meta_graph: Any) -> None:
        self._nodes = index_nodes(meta_graph.graph_def.node)
        self._consumers = consumers_of(self._nodes)

    def of(self, tensor: TensorSummary) -> Any:
        """The number or flag for an input; None if the graph shows none, or if it takes other values."""
        node = self._nodes.get(node_of(tensor.tensor))
        if node is None or not may_be_neutral(tensor):
            return None
        value = self._without_dropout(node.name)
        if value is None:
            value = self._default(node)
        return _by_name(tensor.name) if value is None and tensor.dtype == "bool" else value

    def _without_dropout(self, start: str) -> float | None:
        """The probability with which dropout drops nothing: to keep is 1, to drop is 0; None without dropout.

        Dropout keeps what `floor(keep + uniform)` or `uniform >= drop` says, and either probability may be
        made from the other one.
        """
        seen = {(start, False)}
        stack = [(start, False)]
        while stack:
            name, is_subtracted = stack.pop()
            for consumer in self._consumers.get(name, ()):
                node = self._nodes[consumer]
                data = [node_of(edge) for edge in node.input if edge[:1] != "^"]
                others = [other for other in data if other != name]
                if node.op in _SUMS and name in data and any(map(self._is_uniform, others)):
                    return 0.0 if is_subtracted else 1.0
                if node.op in _COMPARISONS and data[-1:] == [name] and any(map(self._is_uniform, others)):
                    return 1.0 if is_subtracted else 0.0
                flips = node.op == "Sub" and data[-1:] == [name]
                state = (consumer, is_subtracted != flips)
                if name in data and (flips or node.op in _SAME) and state not in seen:
                    seen.add(state)
                    stack.append(state)
        return None

    def _is_uniform(self, name: str) -> bool:
        """Whether a tensor has random numbers from 0 to 1, which old graphs scale from minimum to maximum."""
        for _ in range(_LONGEST_SCALING):
            node = self._nodes.get(name)
            if node is None or node.op in _UNIFORM:
                return node is not None
            if node.op not in _SCALING or not node.input:
                break
            name = node_of(node.input[0])
        return False

    def _default(self, node: Any) -> Any:
        """The number that a placeholder has by default; None without one."""
        if node.op != "PlaceholderWithDefault" or not node.input:
            return None
        constant = self._nodes.get(node_of(node.input[0]))
        is_known = constant is not None and constant.op == "Const" and "value" in constant.attr
        return number_of(constant.attr["value"].tensor) if is_known and constant is not None else None


def neutral_values(meta_graph: Any, tensors: Iterable[TensorSummary]) -> dict[str, Any]:
    """The values by name of those inputs that have one; linear in the graph, if one of them may have."""
    candidates = [tensor for tensor in tensors if may_be_neutral(tensor)]
    if not candidates:
        return {}
    values = NeutralValues(meta_graph)
    found = {tensor.name: values.of(tensor) for tensor in candidates}
    return {name: value for name, value in found.items() if value is not None}


def _by_name(name: str) -> bool | None:
    """What a flag with this name says when a model is used; None where the name does not tell."""
    if _FOR_TRAINING.search(name):
        return False
    return True if _FOR_USE.search(name) else None


def number_of(proto: Any) -> Any:
    """Returns the number or flag in a TensorProto of one entry; None for others."""
    dims = shape_of(proto.tensor_shape)
    kind = _KINDS.get(dtype_name(proto.dtype))
    if kind is None or dims is None or any(size != 1 for size in dims):
        return None
    values, code = getattr(proto, kind[0]), kind[1]
    if proto.tensor_content:
        is_whole = len(proto.tensor_content) == struct.calcsize(code)
        values = struct.unpack(code, proto.tensor_content) if is_whole else ()
    return values[0] if len(values) == 1 and math.isfinite(values[0]) else None
