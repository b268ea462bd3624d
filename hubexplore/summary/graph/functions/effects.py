"""Which ops do more than compute: they write, assert, print, or move something on."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any, Final

from hubexplore.summary.graph.ops.op_definitions import definition
from hubexplore.summary.graph.traversal import calls_of_attr

# TensorFlow calls an op stateful as well if it only makes or reads something with state. Whether one of these
# runs is seen by nobody but who uses its result. Random numbers of an op with a seed of its own belong here:
# an op that nobody uses draws none that another one would have drawn.
_HARMLESS: Final = re.compile(
    r"VarHandleOp|ReadVariableOp|ResourceGather(Nd)?|VariableShape|VarIsInitializedOp|_?ReadVariablesOp|"
    r"VariableV?2?|TemporaryVariable|IsVariableInitialized|Placeholder\w*|Const|"
    r"\w*HashTable\w*|LookupTable(Find|Size|Export)(V2)?|"
    r"Random(Uniform|StandardNormal|Gamma|Poisson|Shuffle|Crop)\w*|(Parameterized)?TruncatedNormal|"
    r"Multinomial|\w*CandidateSampler|"
    r"\w*(Dataset|DatasetV\d)|(OneShot|Anonymous)?Iterator(V\d)?|"
    r"\w*QueueV?2?|StackV2|TensorArrayV3|ReadFile|MatchingFiles|Empty(TensorList)?|Timestamp"
)
# Ops that run functions at once; what they do is what the functions do.
_RUNNING: Final = frozenset({
    "PartitionedCall", "StatefulPartitionedCall", "If", "StatelessIf", "While", "StatelessWhile", "Case",
    "StatelessCase", "SymbolicGradient", "For", "RemoteCall",
})  # fmt: skip


class OpEffects:
    """Knows of each op and function of a library whether it has an effect.

    Args:
      library: FunctionDefLibrary-shaped message. Linear in its nodes, also where functions call themselves.
    """

    def __init__(self, library: Any) -> None:
        self._names = {function.signature.name for function in library.function}
        callers: dict[str, list[str]] = {}
        effective = []
        for function in library.function:
            for node in function.node_def:
                callees = self._callees(node)
                if callees is None:
                    if _has_own_effect(node.op):
                        effective.append(function.signature.name)
                        break
                else:
                    for callee in callees:
                        callers.setdefault(callee, []).append(function.signature.name)
        # Whoever calls a function with an effect has one, too.
        self._functions = set(effective)
        while effective:
            for caller in callers.get(effective.pop(), ()):
                if caller not in self._functions:
                    self._functions.add(caller)
                    effective.append(caller)

    def of_node(self, node: Any) -> bool:
        """Whether a NodeDef-shaped message has an effect."""
        callees = self._callees(node)
        if callees is None:
            return _has_own_effect(node.op)
        return any(callee in self._functions for callee in callees)

    def has_state(self, node: Any) -> bool:
        """Whether it matters when a node runs: it has an effect, or reads what others write."""
        known = definition(node.op)
        return self.of_node(node) or known is None or known.stateful

    def _callees(self, node: Any) -> Iterable[str] | None:
        """The functions that a node runs; None for an op that runs none."""
        if node.op in self._names:
            return (node.op,)
        if node.op not in _RUNNING:
            return None
        return [call.name for attr in node.attr.values() for call in calls_of_attr(attr)]


@functools.lru_cache(maxsize=4096)
def _has_own_effect(op: str) -> bool:
    known = definition(op)
    # An op of another package may do anything.
    return known is None or (known.stateful and _HARMLESS.fullmatch(op) is None)
