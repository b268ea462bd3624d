"""The name by which a diagram, in which calls are inlined, knows an op of a function."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from hubexplore.summary.analysis.program import Program
from hubexplore.summary.analysis.reachability import Call
from hubexplore.summary.graph.functions.bodies import bodies_of
from hubexplore.summary.graph.functions.inlining import CALLS

# As `inlining` leaves out names of calls that say no more than that they are calls.
_ANONYMOUS: Final = re.compile(r"(Stateful)?PartitionedCall(_\d+)*")


def drawn_path(program: Program, way: Sequence[Call], function: str, node: Any) -> str:
    """The name of an op with the calls around it; where names meet, diagrams may give it a number.

    Args:
      program: the graph with its functions.
      way: the calls that lead to the op, the outermost first; they begin in the graph.
      function: that holds the op; empty for the graph.
      node: the op.
    """
    if function and (not way or way[0].region):
        return ""  # not called by the graph, so it is in no diagram
    path = ""
    callees = [*(call.region for call in way[1:]), function]
    for call, callee in zip(way, callees, strict=False):
        caller = program.regions[call.region].nodes[call.node]
        name = f"{path}/{call.node}" if path else call.node
        if caller.op in CALLS or caller.op in program.functions:
            head, _, last = name.rpartition("/")
            path = head if _ANONYMOUS.fullmatch(last) else name
            continue
        body = next(
            (body for body in bodies_of(caller, program.functions) if body.function.signature.name == callee),
            None,
        )
        if body is None:
            return ""
        path = body.path(name)
    return f"{path}/{node.name}" if path else str(node.name)
