"""What steps aside, so that a picture shows what computes: constants, shape arithmetic, reads, control.

All of it goes once through the nodes in the order in which values flow.
"""

from __future__ import annotations

from collections.abc import Iterable

from hubexplore.summary.outline.dataflow.flow import ASIDE, CONSTANT, OP, PASSING, Flow, Wire
from hubexplore.summary.outline.dataflow.node_kinds import SHAPE_OPS, UNSTABLE_OPS


def set_order(flow: Flow) -> None:
    """Finds the order in which values flow; where there is a circle, as it comes."""
    wires = flow.wires
    rank = [-1] * len(wires)
    order: list[int] = []
    for start in (*flow.outputs, *range(len(wires))):
        if rank[start] != -1:
            continue
        stack = [start]
        while stack:
            number = stack[-1]
            if rank[number] == -1:
                rank[number] = -2
                sources = wires[number]
                if len(sources) == 1:
                    source = sources[0][0]
                    if rank[source] == -1:
                        stack.append(source)
                else:
                    stack.extend([source for source, _ in reversed(sources) if rank[source] == -1])
                continue
            stack.pop()
            # A node is on the stack once for each consumer that came by before it was reached.
            if rank[number] == -2:
                rank[number] = len(order)
                order.append(number)
    flow.order, flow.rank = order, rank


def step_aside(flow: Flow) -> None:
    """Marks as ASIDE what follows from constants and shapes alone, except what feeds an output."""
    expand, kinds = flow.expand, flow.kinds
    settled = _settled(flow)
    named: set[int] = set()
    asked: set[int] = set()
    if expand:
        named = {number for number, name in enumerate(flow.names) if name in expand}
        asked = named | {number for number, name in enumerate(flow.names) if _scope(name) in expand}
    kept = _feeding_outputs(flow, settled)
    kept.update(number for number in asked if kinds[number] != CONSTANT)
    kept.update(named)
    kept.update(source for number in named for source, _ in flow.wires[number] if kinds[source] == CONSTANT)
    for number in settled:
        if number not in kept:
            kinds[number] = ASIDE
    for number in asked:
        if kinds[number] == PASSING and (flow.ops[number] == "Identity" or number in named):
            kinds[number] = OP


def _settled(flow: Flow) -> set[int]:
    """Constants, shapes, and what follows from nothing else."""
    ops, kinds, wires = flow.ops, flow.kinds, flow.wires
    follows = {op: not UNSTABLE_OPS.search(op) for op in set(ops)}
    settled: set[int] = set()
    for number in flow.order:
        kind = kinds[number]
        if kind == CONSTANT or ops[number] in SHAPE_OPS:
            settled.add(number)
        elif kind in (OP, PASSING):
            sources = wires[number]
            if not sources or sources[0][0] not in settled:
                continue
            if follows[ops[number]] and all(source in settled for source, _ in sources):
                settled.add(number)
    return settled


def _scope(name: str) -> str:
    return name.rpartition("/")[0]


def _feeding_outputs(flow: Flow, settled: set[int]) -> set[int]:
    """Those of `settled` that an output follows from; constants only where they are the output."""
    stack = [source for output in flow.outputs for source, _ in flow.wires[output] if source in settled]
    shown = set(stack)
    for number in stack:  # grows: an output may be handed on several times
        if flow.kinds[number] == PASSING:
            handed = [source for source, _ in flow.wires[number] if source not in shown]
            shown.update(handed)
            stack.extend(handed)
    while stack:
        for source, _ in flow.wires[stack.pop()]:
            if source in settled and source not in shown and flow.kinds[source] != CONSTANT:
                shown.add(source)
                stack.append(source)
    return shown


def skip_passing(flow: Flow) -> None:
    """Replaces wires from passing nodes by wires from where these get their value."""
    kinds, wires = flow.kinds, flow.wires
    origin: dict[int, Wire] = {}
    if PASSING not in kinds:
        return
    for number in flow.order:
        sources = wires[number]
        for source, _ in sources:
            if source in origin:
                wires[number] = sources = [origin.get(wire[0], wire) for wire in sources]
                break
        if kinds[number] == PASSING and sources:
            origin[number] = sources[0]


def drop_control(flow: Flow) -> None:
    """Marks as ASIDE what no output gets a value from: it is there for control edges only."""
    if not flow.outputs:
        return
    reached = max(flow.rank[number] for number in flow.outputs)
    for number in flow.order[reached + 1 :]:
        if flow.kinds[number] in (OP, CONSTANT) and _scope(flow.names[number]) not in flow.expand:
            flow.kinds[number] = ASIDE


def ending(names: Iterable[str], wanted: str) -> set[str]:
    """Scopes and nodes that end in what a picture calls them, where no name begins with it."""
    inner = f"/{wanted.partition('..')[0]}/"
    rest = wanted[len(inner) - 2 :]
    found = set()
    for name in names:
        if name.startswith(inner[1:]) or name == inner[1:-1]:
            return set()
        at = f"{name}/".find(inner)
        if at >= 0:
            found.add(name[: at + len(inner) - 1] + rest)
    return found
