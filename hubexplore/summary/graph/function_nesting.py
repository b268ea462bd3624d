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
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from hubexplore.summary.graph.op_definitions import definition
from hubexplore.summary.graph.traversal import calls_of_attr

MAX_DEPTH: Final = 100
"""How many functions may be called one inside the other; 100 take a second."""
MAX_CALLS: Final = 5_000
"""How many calls, beyond those that are written, may become of them; 4,094 in branches take 2.5 seconds."""
MAX_NODES: Final = 2_000_000
"""How many nodes, beyond those that are written, may become of them."""
_GRAPH: Final = ""
# Op -> the attributes with functions of which a run may call none.
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
    "{what} unfolds to {count} {kind}, of which {written:,} are written, because functions call others "
    "several times: {chain}. TensorFlow unfolds all calls before it runs them, and at most {limit:,} may "
    "become of these. Write the repetition as a loop, with tf.while_loop."
)


class _Call(NamedTuple):
    """Who is called, and how: as an op of the function's name, and in a branch that need not run."""

    callee: str
    by_name: bool
    conditional: bool


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
    gradients = {each.function_name: each.gradient_func for each in library.gradient}
    calling: dict[str, bool] = {}
    calls = {
        name: Counter(
            call for node in _callers(body, bodies, calling) for call in _calls(node, bodies, gradients)
        )
        for name, body in bodies.items()
    }
    found = _walk({name: dict.fromkeys(each.callee for each in calls[name]) for name in calls})
    if found.back:
        # Without the calls that are unfolded when they run; without those that a branch may spare.
        for spared in ("by_name", "conditional"):
            kept = {
                name: dict.fromkeys(each.callee for each in calls[name] if not getattr(each, spared))
                for name in calls
            }
            cycle = _walk(kept).cycle
            if cycle:
                return MSG_CYCLE.format(name=cycle[0], chain=_chain(cycle))
    too_deep = _too_deep(calls, found)
    if too_deep:
        return too_deep
    sizes = {name: len(body) for name, body in bodies.items()}
    if _GRAPH not in bodies:
        callers = _callers(nodes, bodies, calling)
        calls[_GRAPH] = Counter(call for node in callers for call in _calls(node, bodies, gradients))
        sizes[_GRAPH] = 0
        found.order.append(_GRAPH)
    written = {name: sum(each.values()) for name, each in calls.items()}
    return _too_many(calls, found, "calls", written, MAX_CALLS) or _too_many(
        calls, found, "nodes", sizes, MAX_NODES
    )


def _callers(nodes: Iterable[Any], names: Container[str], calling: dict[str, bool]) -> Iterator[Any]:
    """Yields the few nodes whose op may call a function; `calling` remembers that by op."""
    for node in nodes:
        op = node.op
        if op not in calling:
            calling[op] = op in names or _function_attributes(op) != ()
        if calling[op]:
            yield node


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
class _Found:
    """What a walk along the calls found.

    Attributes:
      order: functions, those that are called before their callers.
      back: (caller, callee) of calls that lead back to a function that is being called.
      cycle: the names along the first of these, the first name once more at the end.
    """

    order: list[str] = field(default_factory=list)
    back: set[tuple[str, str]] = field(default_factory=set)
    cycle: list[str] = field(default_factory=list)


def _walk(edges: Mapping[str, Iterable[str]]) -> _Found:
    found = _Found()
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
                found.order.append(name)
            elif callee in path:
                found.back.add((name, callee))
                if not found.cycle:
                    names = list(path)
                    found.cycle = [*names[names.index(callee) :], callee]
            elif callee not in seen:
                seen.add(callee)
                path[callee] = iter(edges[callee])
    return found


def _too_deep(calls: Mapping[str, Counter[_Call]], found: _Found) -> str | None:
    """Says which functions are too deep, if any; a recursion that works counts once."""
    depth: dict[str, int] = {}
    deepest: dict[str, str] = {}
    for name in found.order:
        depth[name] = 1
        for callee, _ in _inner(calls, found, name):
            if depth[callee] >= depth[name]:
                depth[name], deepest[name] = depth[callee] + 1, callee
    name = max(depth, key=depth.__getitem__)
    if depth[name] <= MAX_DEPTH:
        return None
    return MSG_DEPTH.format(depth=depth[name], limit=MAX_DEPTH, chain=_chain(_along(name, deepest)))


def _too_many(
    calls: Mapping[str, Counter[_Call]], found: _Found, kind: str, own: Mapping[str, int], limit: int
) -> str | None:
    """Says which function, or the graph, becomes too much when all calls are unfolded.

    Args:
      calls: of each function.
      found: a walk along them.
      kind: what is counted, "nodes" or "calls".
      own: how many of these each function has itself.
      limit: of those that are added to all that are written.
    """
    written = sum(own.values())
    total: dict[str, int] = {}
    widest: dict[str, str] = {}
    for name in found.order:
        total[name], most = own[name], -1
        for callee, times in _inner(calls, found, name):
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


def _inner(calls: Mapping[str, Counter[_Call]], found: _Found, name: str) -> Iterator[tuple[str, int]]:
    """The functions that one calls, and how often, without calls that lead back."""
    for call, times in calls[name].items():
        if (name, call.callee) not in found.back:
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
