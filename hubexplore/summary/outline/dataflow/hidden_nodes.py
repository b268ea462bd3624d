"""Hides what would clutter a diagram: constants, shape arithmetic, reads of variables, control dependencies.

Each pass visits the nodes once, in the order in which values flow, and is linear in nodes and wires.
"""

from __future__ import annotations

from collections.abc import Iterable

from hubexplore.summary.outline.dataflow.flow import CONSTANT, HIDDEN, OP, PASS_THROUGH, DataFlow, Wire
from hubexplore.summary.outline.dataflow.node_kinds import IMPURE_OPS, SHAPE_OPS


def set_order(flow: DataFlow) -> None:
    """Sets `flow.order` and `flow.rank`: a topological order by depth-first search, outputs first."""
    # Invariant: rank is -1 for a node that was not reached, -2 while its inputs are on the stack above it,
    # and its final position afterwards. An edge that closes a cycle leads to a node of rank -2 and is
    # ignored, so a cyclic graph gets an order too. Linear in nodes and wires; an explicit stack, since a
    # chain of ops may be longer than Python's recursion limit.
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
                # Most nodes of a deep network have one input: no list is built for these.
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


def hide_static(flow: DataFlow) -> None:
    """Marks nodes as HIDDEN whose values follow from constants and shapes alone.

    Exceptions are nodes that feed an output only by such nodes, and nodes that the reader asked to see.
    """
    expand, kinds = flow.expand, flow.kinds
    static = _static_nodes(flow)
    named: set[int] = set()
    requested: set[int] = set()
    if expand:
        named = {number for number, name in enumerate(flow.names) if name in expand}
        requested = named | {
            number for number, name in enumerate(flow.names) if _parent_scope(name) in expand
        }
    # Constants of a requested scope stay hidden; those of a requested op are shown, as they are its
    # parameters.
    visible = _static_feeding_outputs(flow, static)
    visible.update(number for number in requested if kinds[number] != CONSTANT)
    visible.update(named)
    visible.update(
        source for number in named for source, _ in flow.wires[number] if kinds[source] == CONSTANT
    )
    for number in static:
        if number not in visible:
            kinds[number] = HIDDEN
    for number in requested:
        if kinds[number] == PASS_THROUGH and (flow.ops[number] == "Identity" or number in named):
            kinds[number] = OP


def _static_nodes(flow: DataFlow) -> set[int]:
    """Returns constants, shapes, and the nodes whose values follow from nothing else."""
    # Invariant: when the loop reaches a node, all its sources are decided, as `flow.order` is topological.
    # Only in a cycle a source may be undecided; it counts as not static, which merely shows more than
    # necessary.
    ops, kinds, wires = flow.ops, flow.kinds, flow.wires
    is_pure = {op: not IMPURE_OPS.search(op) for op in set(ops)}
    static: set[int] = set()
    # What waits for a marked node is shown as well, which is the way from there to an output.
    waiting: set[int] = set()
    for number in flow.order:
        kind = kinds[number]
        if flow.marked and (
            flow.names[number] in flow.marked or any(source in waiting for source, _ in wires[number])
        ):
            waiting.add(number)
        elif kind == CONSTANT or ops[number] in SHAPE_OPS:
            static.add(number)
        elif kind in (OP, PASS_THROUGH):
            sources = wires[number]
            if not sources or sources[0][0] not in static:
                continue  # decides most nodes without a generator
            if is_pure[ops[number]] and all(source in static for source, _ in sources):
                static.add(number)
    return static


def _parent_scope(name: str) -> str:
    return name.rpartition("/")[0]


def _static_feeding_outputs(flow: DataFlow, static: set[int]) -> set[int]:
    """Returns the static nodes that an output depends on; a constant only if it is the output itself."""
    stack = [source for output in flow.outputs for source, _ in flow.wires[output] if source in static]
    visible = set(stack)
    # The list grows in the loop: several pass-through nodes may stand between a value and the output.
    for number in stack:
        if flow.kinds[number] == PASS_THROUGH:
            origins = [source for source, _ in flow.wires[number] if source not in visible]
            visible.update(origins)
            stack.extend(origins)
    while stack:
        for source, _ in flow.wires[stack.pop()]:
            if source in static and source not in visible and flow.kinds[source] != CONSTANT:
                visible.add(source)
                stack.append(source)
    return visible


def bypass_pass_through(flow: DataFlow) -> None:
    """Replaces wires from pass-through nodes by wires from where these get their value."""
    # Invariant: `origins` never maps to a pass-through node that has an origin itself, because nodes are
    # visited in topological order and their wires are replaced before they are noted. One look-up per wire
    # suffices.
    kinds, wires = flow.kinds, flow.wires
    origins: dict[int, Wire] = {}
    if PASS_THROUGH not in kinds:
        return
    for number in flow.order:
        sources = wires[number]
        for source, _ in sources:
            if source in origins:
                wires[number] = sources = [origins.get(wire[0], wire) for wire in sources]
                break
        if kinds[number] == PASS_THROUGH and sources:
            origins[number] = sources[0]


def hide_control_only(flow: DataFlow) -> None:
    """Marks nodes as HIDDEN from which no output gets a value: the slice has them for control edges only."""
    if not flow.outputs:
        return
    # `set_order` starts at the outputs, so what they depend on has lower ranks than the last of them.
    last_rank = max(flow.rank[number] for number in flow.outputs)
    for number in flow.order[last_rank + 1 :]:
        name = flow.names[number]
        if name in flow.marked:
            continue
        if flow.kinds[number] in (OP, CONSTANT) and _parent_scope(name) not in flow.expand:
            flow.kinds[number] = HIDDEN


def paths_ending_in(names: Iterable[str], label: str) -> set[str]:
    """Returns the paths that end in a label, as diagrams show it; the empty set if a path begins with it."""
    infix = f"/{label.partition('..')[0]}/"
    suffix = label[len(infix) - 2 :]
    paths = set()
    for name in names:
        if name.startswith(infix[1:]) or name == infix[1:-1]:
            return set()
        # The appended slash makes `a/b` match the infix `/b/`, and not `a/bc`.
        start = f"{name}/".find(infix)
        if start >= 0:
            paths.add(name[: start + len(infix) - 1] + suffix)
    return paths
