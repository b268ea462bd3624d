"""How often the body of a loop runs, where the graph says so: `for` loops count up to a limit.

Loops of TF1 are frames: what is between `Enter` and `Exit` runs once for each pass, and `LoopCond` has the
condition. A `While` has it in a function. In both, a loop that counts has a condition `Less(counter, limit)`,
maybe joined with others by `LogicalAnd`, and adds a constant to the counter in each pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from hubexplore.summary.graph.traversal import index_nodes, node_of
from hubexplore.summary.sizes import polynomials
from hubexplore.summary.sizes.polynomials import Number
from hubexplore.summary.sizes.shape_inference import Op, constant, full_name

_PASSING: Final = frozenset({"Identity", "Enter", "RefEnter", "Switch", "RefSwitch", "NextIteration", "Cast"})
_ADDING: Final = frozenset({"Add", "AddV2"})
_LESS: Final = frozenset({"Less", "LessEqual"})
_MAX_CONDITIONS: Final = 16
"""Maximum number of comparisons of a condition that are looked at."""


class _Loop(NamedTuple):
    """A While: nodes and arguments of its condition, and those of its body with what this returns."""

    nodes: Mapping[str, Any]
    body_nodes: Mapping[str, Any]
    arguments: list[str]
    body_arguments: list[str]
    returned: list[str]


def passes_of_while(op: Op) -> Number | None:
    """Returns how often the body of a While runs; None if the graph does not say."""
    condition, body = op.called("cond"), op.called("body")
    if condition is None or body is None:
        return None
    loop = _Loop(
        index_nodes(condition.node_def),
        index_nodes(body.node_def),
        [argument.name for argument in condition.signature.input_arg],
        [argument.name for argument in body.signature.input_arg],
        [body.ret[argument.name] for argument in body.signature.output_arg],
    )
    counts = []
    for less in _comparisons(loop.nodes, next(iter(condition.ret.values()), "")):
        counter, limit = (full_name(edge) for edge in less.input[:2])
        place = _position(loop.arguments, _behind(loop.nodes, counter))
        if place is None or not place < min(len(loop.returned), len(loop.body_arguments)):
            continue
        step = _step(loop.body_nodes, loop.returned[place], loop.body_arguments[place])
        if step is None or not _is_kept(loop, limit):
            continue
        start, end = op.values_inside(condition, (counter, limit))
        counts.append(_passes(start, end, step, less.op))
    return _fewest(counts)


def passes_of_frame(
    nodes: Mapping[str, Any], values: Mapping[str, Any], loop_condition: Any
) -> Number | None:
    """Returns how often a loop of TF1 runs; None if the graph does not say.

    Args:
      nodes: of the graph by name.
      values: contents of small tensors of integers.
      loop_condition: the node LoopCond of the loop.
    """
    counts = []
    for less in _comparisons(nodes, loop_condition.input[0] if loop_condition.input else ""):
        counter, limit = (full_name(edge) for edge in less.input[:2])
        merge = nodes.get(node_of(_behind(nodes, counter)))
        if merge is None or merge.op != "Merge" or len(merge.input) < 2:
            continue
        again = next(
            (edge for edge in merge.input if getattr(nodes.get(node_of(edge)), "op", "") == "NextIteration"),
            "",
        )
        begin = next((edge for edge in merge.input if edge != again), "")
        step = _step(nodes, again, merge.name)
        # A limit that changes in the loop comes through a Merge too.
        source = nodes.get(node_of(_behind(nodes, limit)))
        if step is None or source is None or source.op == "Merge":
            continue
        counts.append(_passes(values.get(full_name(begin)), values.get(limit), step, less.op))
    return _fewest(counts)


def _comparisons(nodes: Mapping[str, Any], result: str) -> Iterator[Any]:
    """Yields the comparisons that all have to hold for a loop to go on."""
    stack, seen = [node_of(result)], set[str]()
    while stack and len(seen) < _MAX_CONDITIONS:
        name = stack.pop()
        node = nodes.get(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        if node.op in ("LogicalAnd", "Identity"):
            stack += [node_of(edge) for edge in node.input if edge[:1] != "^"]
        elif node.op in _LESS and len(node.input) >= 2:
            yield node


def _behind(nodes: Mapping[str, Any], tensor: str) -> str:
    """Returns the tensor that comes out of ops that hand it on unchanged, or the argument of a function."""
    seen = set[str]()
    while (node := nodes.get(node_of(tensor))) is not None and node.op in _PASSING and node.input:
        if node.name in seen:
            break
        seen.add(node.name)
        tensor = full_name(node.input[0])
    return tensor


def _position(arguments: list[str], tensor: str) -> int | None:
    name = node_of(tensor)
    return arguments.index(name) if name in arguments else None


def _step(nodes: Mapping[str, Any], again: str, counter: str) -> int | None:
    """Returns what a pass adds to a counter; None if that is no positive constant."""
    added = nodes.get(node_of(_behind(nodes, full_name(again)))) if again else None
    if added is None or added.op not in _ADDING or len(added.input) < 2:
        return None
    operands = [node_of(_behind(nodes, full_name(edge))) for edge in added.input[:2]]
    if counter not in operands:
        return None
    other = nodes.get(operands[1 - operands.index(counter)])
    content = constant(other) if other is not None and other.op == "Const" else None
    return int(content) if content is not None and content.size == 1 and int(content) > 0 else None


def _is_kept(loop: _Loop, limit: str) -> bool:
    """Whether a limit is the same in each pass: it is no argument, or the body returns it as it is."""
    place = _position(loop.arguments, _behind(loop.nodes, limit))
    if place is None:
        return True
    if not place < min(len(loop.returned), len(loop.body_arguments)):
        return False
    again = _behind(loop.body_nodes, full_name(loop.returned[place]))
    return node_of(again) == loop.body_arguments[place]


def _passes(start: Any, end: Any, step: int, comparison: str) -> Number | None:
    if isinstance(start, tuple) or isinstance(end, tuple) or start is None or end is None:
        return None
    distance = end - start + (1 if comparison == "LessEqual" else 0)
    passes = polynomials.rounded_up(distance, step)
    return max(passes, 0) if isinstance(passes, int) else passes


def _fewest(counts: list[Number | None]) -> Number | None:
    """Returns the smallest of the limits that are known: the loop ends at the first that is met."""
    known = [count for count in counts if count is not None]
    numbers = [count for count in known if isinstance(count, int)]
    symbols = [count for count in known if not isinstance(count, int)]
    # Limits of one loop are nearly always the same, or one of them is only a bound: the length decides.
    return symbols[0] if symbols else min(numbers, default=None)
