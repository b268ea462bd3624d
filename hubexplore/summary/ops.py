"""Which op types a graph uses, how often, and which of them TensorFlow may lack."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from hubexplore.summary.model import OpSummary
from hubexplore.summary.op_packages import provider

# The names of all ops of TensorFlow 2.21, one per line; made by tools/list_ops.py.
_LIST: Final = Path(__file__).with_name("ops.txt")


@functools.cache
def known_ops() -> frozenset[str]:
    """The op types that TensorFlow itself registers."""
    return frozenset(_LIST.read_text("ascii").split())


def count_ops(used: Counter[str], functions: Iterable[Any]) -> tuple[OpSummary, ...]:
    """The op types of a graph, most frequent first, equal ones by name.

    Args:
      used: op type -> number of nodes of the graph.
      functions: its library: FunctionDef-shaped messages. A call of one of them by name is no op type.
    """
    inside: Counter[str] = Counter()
    own = set()
    for function in functions:
        own.add(function.signature.name)
        inside.update(node.op for node in function.node_def)
    known = known_ops()
    found = []
    for op in used | inside:
        unknown = op not in known and op not in own
        package = (provider(op) or "") if unknown else ""
        found.append(OpSummary(op, used[op], inside[op], unknown, package))
    return tuple(sorted(found, key=lambda each: (-each.count - each.in_functions, each.op)))
