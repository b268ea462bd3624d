"""Function bodies laid into the graph: a call becomes a scope that holds the nodes of the body.

What chooses between bodies, or runs them in a loop, stays a node beside them.

A body has a name space of its own, its frame. Its arguments stand for the inputs of the call, and the
outputs of the call for its results; that is followed by `Frames.sources`, without recursion, when an edge
is asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hubexplore.summary.graph.traversal import calls_of_attr, index_nodes, node_of, reach, tensor_of
from hubexplore.summary.outline.dataflow.node_kinds import CONTROL_OPS

MAX_NODES: Final = 100_000
"""So many nodes of bodies are laid into a graph; calls beyond stay single boxes."""
MAX_NESTING: Final = 12
CALLING: Final = ("Call", "If", "While", "Case", "CallOp")
"""How ops that compute by calling functions end."""

Target = tuple["Frame", str]
"""An input as written in some frame."""


@dataclass(eq=False)
class Frame:
    """The graph, or one call of a function.

    Attributes:
      prefix: of the names of its nodes: "" or "call/".
      places: name of a node in it -> its number, or the call that stands there.
      arguments: name of an argument -> what the call hands over; None where it hands nothing.
      cut: full tensor name -> number of the node that stands for it.
      callers: names of the functions it lies in.
    """

    prefix: str = ""
    places: dict[str, int | Call] = field(default_factory=dict)
    arguments: Mapping[str, Target | None] = field(default_factory=dict)
    cut: Mapping[str, int] = field(default_factory=dict)
    callers: tuple[str, ...] = ()


@dataclass(eq=False)
class Call:
    """A node that calls functions, laid open: their bodies and, for each, its FunctionDef."""

    bodies: list[tuple[Frame, Any]]


@dataclass
class Frames:
    """Lays calls open.

    Attributes:
      functions: of the library, by name.
      add: makes nodes of (frame, messages by name, their ops); returns the number of the first.
      missing: the number of the node that stands for a name that is not there.
      room: so many nodes of bodies may still be added.
      opened: name of a scope that is a body -> the function.
      choices: (frame, node, its bodies) of branches and loops, which stay nodes: they take what bodies give.
      bodies: function -> the nodes of its body that its results need.
    """

    functions: Mapping[str, Any]
    add: Callable[[Frame, dict[str, Any], list[str]], int]
    missing: Callable[[str], int]
    room: int = MAX_NODES
    opened: dict[str, str] = field(default_factory=dict)
    choices: list[tuple[Frame, str, Call]] = field(default_factory=list)
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)

    def fill(self, frame: Frame, nodes: dict[str, Any]) -> None:
        """Adds the nodes to the frame, and all bodies they call, outer ones first, while there is room."""
        queue = deque([(frame, nodes)])
        while queue:
            frame, nodes = queue.popleft()
            ops = [node.op for node in nodes.values()]
            chosen: dict[str, Call] = {}
            calling = {op for op in set(ops) if self._may_call(op)}
            for name, op in zip(list(nodes), list(ops), strict=True) if calling else ():
                if op in calling and (bodies := list(self._bodies(frame, name, nodes[name]))):
                    call = Call([(inner, function) for inner, function, _ in bodies])
                    queue.extend((inner, body) for inner, _, body in bodies)
                    if op in CONTROL_OPS:
                        chosen[name] = call
                    else:
                        frame.places[name] = call
            if frame.places:
                nodes = {name: node for name, node in nodes.items() if name not in frame.places}
                ops = [node.op for node in nodes.values()]
            first = self.add(frame, nodes, ops)
            frame.places.update(zip(nodes, range(first, first + len(nodes)), strict=True))
            for name, call in chosen.items():
                self.choices.append((frame, name, call))

    def _may_call(self, op: str) -> bool:
        return bool(self.functions) and (op in self.functions or op.endswith(CALLING))

    def _bodies(self, frame: Frame, name: str, node: Any) -> Iterator[tuple[Frame, Any, dict[str, Any]]]:
        """Yields (frame, function, needed nodes) of what a node calls; nothing where it stays closed."""
        called = called_functions(node, self.functions)
        if len(frame.callers) >= MAX_NESTING or any(each in frame.callers for _, each in called):
            return
        taken = sum(len(self.functions[each].node_def) for _, each in called)
        if taken > self.room:
            return
        self.room -= taken
        for index, (role, callee) in enumerate(called):
            function = self.functions[callee]
            # The first input of a branch is its condition, or its index.
            skip = 1 if role in ("then_branch", "else_branch", "branches") else 0
            given = [each for each in node.input if not each.startswith("^")][skip:]
            arguments = {
                argument.name: (frame, given[place]) if place < len(given) else None
                for place, argument in enumerate(function.signature.input_arg)
            }
            prefix = f"{frame.prefix}{name}/" + (f"{role}/" if len(called) > 1 else "")
            if prefix[:-1] in self.opened:
                prefix = f"{prefix}{index}/"  # one of several branches
            self.opened.setdefault(prefix[:-1], callee)
            if callee not in self.bodies:
                self.bodies[callee] = _needed(function)
            yield Frame(prefix, {}, arguments, {}, (*frame.callers, callee)), function, self.bodies[callee]

    def sources(self, frame: Frame, written: str) -> Iterator[tuple[int, str]]:
        """Yields (node, output) that an input, as written in a frame, stands for; several after a branch."""
        stack: list[Target] = [(frame, written)]
        seen: set[tuple[int, str]] = set()
        while stack:
            frame, written = stack.pop()
            if written in frame.cut:
                yield frame.cut[written], tensor_of(written)
                continue
            producer, _, port = written.partition(":")
            place = frame.places.get(producer)
            if isinstance(place, int):
                yield place, port
            elif (id(frame), written) in seen:
                continue  # a result that is handed round in a circle
            elif place is not None:
                seen.add((id(frame), written))
                stack.extend(_results(place, port))
            elif producer in frame.arguments:
                seen.add((id(frame), written))
                target = frame.arguments[producer]
                if target is not None:
                    stack.append(target)
            else:
                yield self.missing(frame.prefix + producer), port


def called_functions(node: Any, functions: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns (attribute, function) of what a node calls; the attribute is "" if the op is the function."""
    if node.op in functions:
        return [("", node.op)]
    # Only an op that computes by calling is its bodies; a dataset merely keeps them.
    if not node.op.endswith(CALLING):
        return []
    return [
        (name, call.name)
        for name in sorted(node.attr)
        for call in calls_of_attr(node.attr[name])
        if call.name in functions
    ]


def _needed(function: Any) -> dict[str, Any]:
    """The nodes of a body that its results need, by name, in its order."""
    nodes = index_nodes(function.node_def)
    found = reach(nodes, [node_of(result) for result in function.ret.values()])
    return {name: node for name, node in nodes.items() if name in found.nodes}


def _results(call: Call, port: str) -> Iterator[Target]:
    """What an output of a call is inside of its bodies: by number in a graph, `name:0` in a body."""
    name, _, number = port.rpartition(":")
    index = int(number) if number.isdecimal() and len(number) < 9 else 0
    for frame, function in call.bodies:
        results = [argument.name for argument in function.signature.output_arg]
        result = name if name in function.ret else results[index] if index < len(results) else ""
        if result in function.ret:
            yield frame, function.ret[result]
