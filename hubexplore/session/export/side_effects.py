"""The side effects of a signature: whether it changes state, is random, or writes files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from hubexplore.hub import tf_internals
from hubexplore.hub.graph.plan import ApplyPlan
from hubexplore.summary.capabilities.model import Capability
from hubexplore.summary.capabilities.op_effects import effect_of
from hubexplore.summary.graph.randomness import draws

# Stateful ops that only read, or only call functions: the ops of the functions are checked themselves.
_READS: Final = frozenset(
    {
        "ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VarIsInitializedOp", "VariableShape",
        "IsVariableInitialized", "LookupTableFind", "LookupTableFindV2", "LookupTableSize",
        "LookupTableSizeV2", "LookupTableExport", "LookupTableExportV2", "RefIdentity", "RefEnter",
        "RefSwitch", "RefMerge", "RefExit", "RefNextIteration", "RefSelect", "StatefulPartitionedCall", "If",
        "While", "Case", "Assert",
    }
)  # fmt: skip
# What no copy can undo; reading a file changes nothing.
_OUTSIDE: Final = frozenset({Capability.WRITES, Capability.NETWORK, Capability.CODE})


@dataclass(frozen=True)
class Effects:
    """The side effects of a signature.

    Attributes:
      stateful: whether a run may change the result of a later one.
      random: whether it draws random numbers.
      outside: types of the ops that write files, use the network or run code.
    """

    stateful: bool
    random: bool
    outside: tuple[str, ...]


def effects(plan: ApplyPlan) -> Effects:
    """The side effects of the ops of a call, including those in functions; linear in the ops."""
    nodes: Iterable[Any] = chain(
        plan.graph_slice.graph_def.node,
        *(function.node_def for function in plan.graph_slice.library.function),
    )
    stateful = is_random = False
    outside = set()
    for node in nodes:
        if _acts_outside(node):
            outside.add(node.op)
        op_def = tf_internals.op_def(node.op)
        if op_def is None or node.op in _READS:
            continue
        is_random |= draws(node.op)
        # A reference input is a variable of TF1 that the op may write to.
        writes = any(argument.is_ref for argument in op_def.input_arg)
        stateful |= writes or (op_def.is_stateful and bool(op_def.input_arg))
    return Effects(stateful, is_random, tuple(sorted(outside)))


def _acts_outside(node: Any) -> bool:
    """Whether a node writes files, uses the network or runs Python or native code."""
    effect = effect_of(node.op)
    if effect is None or _OUTSIDE.isdisjoint(effect.capabilities):
        return False
    arguments = effect.arguments
    # The values of inputs are only known when it runs.
    return not arguments or not all(
        argument.is_attribute and argument.is_harmless(node.attr[argument.name].s) for argument in arguments
    )
