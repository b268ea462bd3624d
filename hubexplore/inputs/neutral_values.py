"""Values for inputs that switch parts of a graph on: those with which it gives its usual results.

Frozen graphs and old SavedModels often take the probability of dropout, a flag for training, or a number that
has a default. Random values there would make the results of an example random, or useless.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from hubexplore.summary.dtypes import DTYPES
from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.graph.traversal import node_of

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


class NeutralValues:
    """Finds the values in one graph.

    Args:
      nodes: node name -> node.
      consumers: node name -> names of the nodes that take its outputs.
    """

    def __init__(self, nodes: Mapping[str, Any], consumers: Mapping[str, list[str]]) -> None:
        self._nodes = nodes
        self._consumers = consumers

    def of(self, name: str, tensor: str) -> Any:
        """The number or flag for an input; None if the graph shows none.

        Args:
          name: of the input.
          tensor: its name in the graph.
        """
        node = self._nodes.get(node_of(tensor))
        if node is None:
            return None
        value = self._without_dropout(node.name)
        if value is None:
            value = self._default(node)
        is_flag = dtype_name(node.attr["dtype"].type) == "bool" if "dtype" in node.attr else False
        return _by_name(name) if value is None and is_flag else value

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
        return _number(constant.attr["value"].tensor) if is_known and constant is not None else None


def _by_name(name: str) -> bool | None:
    """What a flag with this name says when a model is used; None where the name does not tell."""
    if _FOR_TRAINING.search(name):
        return False
    return True if _FOR_USE.search(name) else None


def _number(proto: Any) -> Any:
    """The number or flag in a TensorProto of one entry; None for others."""
    dims = shape_of(proto.tensor_shape)
    kind = next((each for each in DTYPES if each.name == dtype_name(proto.dtype)), None)
    if kind is None or dims is None or any(size != 1 for size in dims):
        return None
    if proto.tensor_content:
        values = np.frombuffer(proto.tensor_content, kind.stored) if kind.stored else ()
    else:
        values = getattr(proto, kind.field) if kind.field else ()
    is_plain = kind.name in ("bool", "float32", "float64", "int32", "int64")
    return values[0] if is_plain and len(values) == 1 else None
