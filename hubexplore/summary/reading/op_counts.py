"""Which op types a graph uses, how often, and which of them TensorFlow may lack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from hubexplore.summary.graph.ops.op_definitions import known_ops
from hubexplore.summary.graph.ops.op_packages import provider
from hubexplore.summary.model import OpSummary


def count_ops(used: Counter[str], functions: Iterable[Any]) -> tuple[OpSummary, ...]:
    """The op types of a graph, most frequent first, equal ones by name.

    Args:
      used: op type -> number of nodes of the graph.
      functions: its library: FunctionDef-shaped messages. A call of one of them by name is no op type.
    """
    inside: Counter[str] = Counter()
    function_names = set()
    for function in functions:
        function_names.add(function.signature.name)
        inside.update(node.op for node in function.node_def)
    # A call by name looks like an op of that type; it is counted, but TensorFlow does not lack it.
    known = known_ops()
    summaries = []
    for op in used | inside:
        unknown = op not in known and op not in function_names
        package = (provider(op) or "") if unknown else ""
        summaries.append(OpSummary(op, used[op], inside[op], unknown, package))
    return tuple(sorted(summaries, key=lambda summary: (-summary.count - summary.in_functions, summary.op)))
