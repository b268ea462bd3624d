"""Functions that call functions: whether TensorFlow can run them, found before it tries.

It unfolds a function that is called in the place of the call, and those called there, before anything runs.
With TensorFlow 2.21 a function that calls itself ends the process (a stack without end), as do 20,000
functions one inside the other; 300 of them take five seconds, and 16,382 calls in branches more than 100.

One kind of recursion works: a function that is called by its name as an op is unfolded when it runs, so a
branch or the body of a loop may decide whether it does.

Everything here is linear in the nodes of the graph and the functions.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from hubexplore.summary.graph.ops.op_definitions import definition
from hubexplore.summary.graph.traversal import calls_of_attr

MAX_DEPTH: Final = 100
"""Maximum number of functions that are called one inside the other; 100 take a second."""
MAX_CALLS: Final = 5_000
"""Maximum number of calls that unfolding adds to those in the graph; 4,094 in branches take 2.5 seconds."""
MAX_NODES: Final = 2_000_000
"""Maximum number of nodes that unfolding adds to those in the graph."""
_GRAPH: Final = ""
# Op -> the attributes whose functions a run need not call.
_CONDITIONAL: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("If", "StatelessIf"), frozenset({"then_branch", "else_branch"})),
    **dict.fromkeys(("Case", "StatelessCase"), frozenset({"branches"})),
    **dict.fromkeys(("While", "StatelessWhile"), frozenset({"body"})),
}
_SHOWN: Final = 4

MSG_CYCLE: Final = (
    "The function {name!r} calls itself: {chain}. TensorFlow unfolds all calls before it runs them, which "
    "would never end. Write the repetition as a loop, with tf.while_loop."
)
MSG_DEPTH: Final = (
    "{depth:,} functions call one another in a chain: {chain}. TensorFlow unfolds all calls before it runs "
    "them, and at most {limit:,} may be nested here. Write it with fewer functions, or with tf.while_loop."
)
MSG_UNFOLDED: Final = (
    "{what} unfolds to {count} {kind} from {written:,}, because functions call others several times: "
    "{chain}. TensorFlow unfolds all calls before it runs them, and that may add at most {limit:,} "
    "{kind}. Write the repetition as a loop, with tf.while_loop."
)


class _Call(NamedTuple):
    """A function that is called, and how: by an op of its name, and in a branch that need not run."""

    callee: str
    by_name: bool
    conditional: bool


_Calls = Mapping[_Call, int]
_NONE: Final[_Calls] = {}


def find_endless(nodes: Iterable[Any], library: Any) -> str | None:
    """Finds functions that call themselves, or too many others, for TensorFlow to unfold.

    Args:
      nodes: those of the graph.
      library: its FunctionDefLibrary-shaped message.

    Returns:
      What is wrong and the chain of names, as sentences; None if nothing is.
    """
    if not library.function:
        return None
    bodies = {function.signature.name: function.node_def for function in library.function}
    gradients = {gradient.function_name: gradient.gradient_func for gradient in library.gradient}
    calling: dict[str, bool] = {}
    calls = {name: _counted(body, bodies, gradients, calling) for name, body in bodies.items()}
    walk = _walk({name: dict.fromkeys(call.callee for call in calls[name]) for name in calls})
    if walk.back:
        # Without the calls that are unfolded when they run; without those that a branch may spare.
        for spared in ("by_name", "conditional"):
            unfolded = {
                name: dict.fromkeys(call.callee for call in calls[name] if not getattr(call, spared))
                for name in calls
            }
            cycle = _walk(unfolded).cycle
            if cycle:
                return MSG_CYCLE.format(name=cycle[0], chain=_chain(cycle))
    too_deep = _too_deep(calls, walk)
    if too_deep:
        return too_deep
    sizes = {name: len(body) for name, body in bodies.items()}
    if _GRAPH not in bodies:
        calls[_GRAPH] = _counted(nodes, bodies, gradients, calling)
        sizes[_GRAPH] = 0
        walk.order.append(_GRAPH)
    written = {name: sum(counts.values()) for name, counts in calls.items()}
    return _too_many(calls, walk, "calls", written, MAX_CALLS) or _too_many(
        calls, walk, "nodes", sizes, MAX_NODES
    )


def unfolded_nodes(nodes: Collection[Any], library: Any, limit: int) -> int:
    """The number of nodes of a graph after every call in it, and in what it calls, is unfolded.

    Args:
      nodes: those of the graph.
      library: its FunctionDefLibrary-shaped message, for which `find_endless` finds nothing.
      limit: where counting ends: `limit + 1` stands for all that is more.
    """
    bodies = {function.signature.name: function.node_def for function in library.function}
    calling: dict[str, bool] = {}
    calls = {name: _counted(body, bodies, {}, calling) for name, body in bodies.items()}
    total: dict[str, int] = {}
    for name in _walk({name: dict.fromkeys(call.callee for call in calls[name]) for name in calls}).order:
        inner = sum(times * total.get(call.callee, 0) for call, times in calls[name].items())
        total[name] = min(len(bodies[name]) + inner, limit + 1)
    called = _counted(nodes, bodies, {}, calling)
    return min(len(nodes) + sum(times * total[call.callee] for call, times in called.items()), limit + 1)


def _counted(
    nodes: Iterable[Any], names: Container[str], gradients: Mapping[str, str], calling: dict[str, bool]
) -> _Calls:
    """The calls of some nodes; `calling` remembers by op which may call a function."""
    callers = []
    for node in nodes:
        op = node.op
        if op not in calling:
            calling[op] = op in names or _function_attributes(op) != ()
        if calling[op]:
            callers.append(node)
    # Most functions call none. To make and walk a counter for each of them took half of the time.
    return Counter(call for node in callers for call in _calls(node, names, gradients)) if callers else _NONE


def _calls(node: Any, names: Container[str], gradients: Mapping[str, str]) -> Iterator[_Call]:
    if node.op in names:
        yield _Call(node.op, by_name=True, conditional=False)
    attributes = _function_attributes(node.op)
    for key in node.attr if attributes is None else attributes:
        if key not in node.attr:
            continue
        conditional = key in _CONDITIONAL.get(node.op, ())
        for call in calls_of_attr(node.attr[key]):
            callees = [call.name]
            if node.op == "SymbolicGradient" and call.name in gradients:
                callees.append(gradients[call.name])
            for callee in callees:
                if callee in names:
                    yield _Call(callee, by_name=False, conditional=conditional)


@functools.cache
def _function_attributes(op: str) -> tuple[str, ...] | None:
    """The attributes of an op that hold functions; None where all may, as the op is not known here."""
    op_definition = definition(op)
    if op_definition is None:
        return None
    return tuple(
        name
        for name, attribute in op_definition.attributes.items()
        if attribute.kind in ("func", "list(func)")
    )


@dataclass
class _NestingWalk:
    """Result of a walk along the calls.

    Attributes:
      order: functions, those that are called before their callers.
      back: (caller, callee) of calls that lead back to a function that is being called.
      cycle: the names along the first of these, the first name once more at the end.
    """

    order: list[str] = field(default_factory=list)
    back: set[tuple[str, str]] = field(default_factory=set)
    cycle: list[str] = field(default_factory=list)


def _walk(edges: Mapping[str, Iterable[str]]) -> _NestingWalk:
    # A depth-first walk without recursion: a chain of 10,000 functions would exceed Python's own limit.
    # Invariant: `path` holds exactly the functions that are being called, in the order of the calls, and
    # `walk.order` those whose callees are all in it. Each call is followed once, so it takes linear time.
    walk = _NestingWalk()
    seen: set[str] = set()
    for start in edges:
        if start in seen:
            continue
        seen.add(start)
        # A dict keeps the order in which they were entered, and knows its names.
        path: dict[str, Iterator[str]] = {start: iter(edges[start])}
        while path:
            name = next(reversed(path))
            callee = next(path[name], None)
            if callee is None:
                del path[name]
                walk.order.append(name)
            elif callee in path:
                walk.back.add((name, callee))
                if not walk.cycle:
                    names = list(path)
                    walk.cycle = [*names[names.index(callee) :], callee]
            elif callee not in seen:
                seen.add(callee)
                path[callee] = iter(edges[callee])
    return walk


def _too_deep(calls: Mapping[str, _Calls], walk: _NestingWalk) -> str | None:
    """Says which functions are too deep, if any; a recursion that works counts once."""
    # Callees come before their callers in `walk.order`, so their depth is known already.
    depth: dict[str, int] = {}
    deepest: dict[str, str] = {}
    for name in walk.order:
        depth[name] = 1
        for callee, _ in _inner(calls, walk, name):
            if depth[callee] >= depth[name]:
                depth[name], deepest[name] = depth[callee] + 1, callee
    name = max(depth, key=depth.__getitem__)
    if depth[name] <= MAX_DEPTH:
        return None
    return MSG_DEPTH.format(depth=depth[name], limit=MAX_DEPTH, chain=_chain(_along(name, deepest)))


def _too_many(
    calls: Mapping[str, _Calls], walk: _NestingWalk, kind: str, sizes: Mapping[str, int], limit: int
) -> str | None:
    """Says which function, or the graph, becomes too much when all calls are unfolded.

    Args:
      calls: of each function.
      walk: along them.
      kind: what is counted, "nodes" or "calls".
      sizes: how many of these each function has itself.
      limit: of those that are added to all that are written.
    """
    # Totals double with every function that calls another one twice, and Python's integers grow with them;
    # the first total above the limit ends the loop, so no number becomes longer than a few words.
    written = sum(sizes.values())
    total: dict[str, int] = {}
    widest: dict[str, str] = {}
    for name in walk.order:
        total[name], most = sizes[name], -1
        for callee, times in _inner(calls, walk, name):
            total[name] += times * total[callee]
            if times * total[callee] > most:
                most, widest[name] = times * total[callee], callee
        if total[name] > written + limit:
            count = f"{total[name]:,}" if total[name] < limit * limit else "far more than a billion"
            return MSG_UNFOLDED.format(
                what=f"The function {name!r}" if name != _GRAPH else "The graph",
                count=count,
                kind=kind,
                written=written,
                limit=limit,
                chain=_chain(_along(name, widest)),
            )
    return None


def _inner(calls: Mapping[str, _Calls], walk: _NestingWalk, name: str) -> Iterator[tuple[str, int]]:
    """The functions that one calls, and how often, without calls that lead back."""
    for call, times in calls[name].items():
        if (name, call.callee) not in walk.back:
            yield call.callee, times


def _along(name: str, following: Mapping[str, str]) -> list[str]:
    names = [name]
    while name in following:
        name = following[name]
        names.append(name)
    return names


def _chain(names: list[str]) -> str:
    shown = [repr(name) for name in names]
    if len(shown) > 2 * _SHOWN:
        shown[_SHOWN:-_SHOWN] = [f"... ({len(shown) - 2 * _SHOWN:,} more)"]
    return " -> ".join(shown)
