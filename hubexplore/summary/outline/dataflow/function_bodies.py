"""Inlines function bodies: a call becomes a scope that holds the nodes of the called function.

An op that chooses between bodies, or runs them in a loop, stays a node beside its bodies.

A body has its own name space, a `Frame`. Its arguments stand for the inputs of the call, and the outputs of
the call for its results. `Inliner.producers` follows both, without recursion, when an edge is resolved.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hubexplore.summary.graph.functions.bodies import (
    bodies_of,
    needed_nodes,
    passed_to,
    runs_functions,
    takes_elements,
)
from hubexplore.summary.graph.traversal import tensor_of
from hubexplore.summary.outline.dataflow.node_kinds import CONTROL_OPS

MAX_NODES: Final = 100_000
"""Maximum number of nodes of function bodies that are inlined; further calls stay single boxes."""
MAX_NESTING: Final = 12
"""Maximum depth of functions that call functions; a deeper call stays a single box."""

InputRef = tuple["Frame", str]
"""(frame, node input as it is written there)."""


@dataclass(eq=False)
class Frame:
    """The name space of the graph, or of one call of a function.

    Attributes:
      prefix: what the paths of its nodes begin with: "" or "call/".
      definitions: name of a node in it -> its number in the flow, or the inlined call that replaces the node.
      arguments: name of an argument -> what the call passes for it; None if it passes nothing.
      feeds: full name of a tensor that is fed -> number of the signature input that feeds it.
      callers: names of the functions that the frame is nested in.
    """

    prefix: str = ""
    definitions: dict[str, int | InlinedCall] = field(default_factory=dict)
    arguments: Mapping[str, InputRef | None] = field(default_factory=dict)
    feeds: Mapping[str, int] = field(default_factory=dict)
    callers: tuple[str, ...] = ()


@dataclass(eq=False)
class InlinedCall:
    """A call that is replaced by the bodies of the called functions: (frame, FunctionDef) of each."""

    bodies: list[tuple[Frame, Any]]


@dataclass
class Inliner:
    """Inlines calls.

    Attributes:
      functions: function name -> FunctionDef-shaped message.
      add_nodes: adds nodes to the flow from (frame, messages by name, their ops); returns the first number.
      add_missing: returns the number of the node that stands for a name that the graph lacks.
      budget: how many nodes of bodies may still be added.
      function_scopes: path of a scope that is a function body -> name of the function.
      control_calls: (frame, node name, its bodies) of branches and loops; they stay nodes, fed by the bodies.
      body_nodes: function name -> the nodes of its body that its results need.
    """

    functions: Mapping[str, Any]
    add_nodes: Callable[[Frame, dict[str, Any], list[str]], int]
    add_missing: Callable[[str], int]
    budget: int = MAX_NODES
    function_scopes: dict[str, str] = field(default_factory=dict)
    control_calls: list[tuple[Frame, str, InlinedCall]] = field(default_factory=list)
    body_nodes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def inline(self, frame: Frame, nodes: dict[str, Any]) -> None:
        """Adds the nodes of a frame, and all bodies that they call, within the budget.

        Each body costs its own nodes once per call. The walk is breadth-first, so that the budget is spent on
        outer calls before it is spent on what these call.
        """
        queue = deque([(frame, nodes)])
        while queue:
            frame, nodes = queue.popleft()
            ops = [node.op for node in nodes.values()]
            control_calls: dict[str, InlinedCall] = {}
            calling_ops = {op for op in set(ops) if self._may_call(op)}
            for name, op in zip(list(nodes), list(ops), strict=True) if calling_ops else ():
                if op in calling_ops and (bodies := list(self._inlined_bodies(frame, name, nodes[name]))):
                    call = InlinedCall([(inner_frame, function) for inner_frame, function, _ in bodies])
                    queue.extend((inner_frame, body) for inner_frame, _, body in bodies)
                    # A branch or loop is more than its bodies: which of them runs, or how often, is its own.
                    if op in CONTROL_OPS or takes_elements(op):
                        control_calls[name] = call
                    else:
                        frame.definitions[name] = call
            if frame.definitions:
                nodes = {name: node for name, node in nodes.items() if name not in frame.definitions}
                ops = [node.op for node in nodes.values()]
            first = self.add_nodes(frame, nodes, ops)
            frame.definitions.update(zip(nodes, range(first, first + len(nodes)), strict=True))
            for name, call in control_calls.items():
                self.control_calls.append((frame, name, call))

    def _may_call(self, op: str) -> bool:
        return bool(self.functions) and (op in self.functions or runs_functions(op))

    def _inlined_bodies(
        self, frame: Frame, name: str, node: Any
    ) -> Iterator[tuple[Frame, Any, dict[str, Any]]]:
        """Yields (frame, function, needed nodes) of what a node calls; nothing if the call stays closed."""
        bodies = bodies_of(node, self.functions)
        names = [body.function.signature.name for body in bodies]
        # A recursive function would be inlined without end.
        if len(frame.callers) >= MAX_NESTING or any(callee in frame.callers for callee in names):
            return
        node_count = sum(len(body.function.node_def) for body in bodies)
        if node_count > self.budget:
            return
        self.budget -= node_count
        for body, callee in zip(bodies, names, strict=True):
            signature = body.function.signature
            passed = zip(signature.input_arg, passed_to(node, body), strict=True)
            arguments = {argument.name: None if edge is None else (frame, edge) for argument, edge in passed}
            path = body.path(frame.prefix + name)
            self.function_scopes.setdefault(path, callee)
            if callee not in self.body_nodes:
                self.body_nodes[callee] = needed_nodes(body.function)
            yield (
                Frame(f"{path}/", {}, arguments, {}, (*frame.callers, callee)),
                body.function,
                self.body_nodes[callee],
            )

    def producers(self, frame: Frame, edge: str) -> Iterator[tuple[int, str]]:
        """Yields the (node, output) pairs that a node input stands for: several after a branch."""
        # Invariant: the stack holds references whose values reach the input unchanged. Each (frame, name) is
        # expanded at most once, so the cost is linear in the calls between the input and its producers.
        stack: list[InputRef] = [(frame, edge)]
        seen: set[tuple[int, str]] = set()
        while stack:
            frame, edge = stack.pop()
            if edge in frame.feeds:
                yield frame.feeds[edge], tensor_of(edge)
                continue
            producer, _, port = edge.partition(":")
            definition = frame.definitions.get(producer)
            if isinstance(definition, int):
                yield definition, port
            elif (id(frame), edge) in seen:
                continue  # a damaged graph: a result that depends on nothing but itself
            elif definition is not None:
                seen.add((id(frame), edge))
                stack.extend(_call_results(definition, port))
            elif producer in frame.arguments:
                seen.add((id(frame), edge))
                target = frame.arguments[producer]
                if target is not None:
                    stack.append(target)
            else:
                yield self.add_missing(frame.prefix + producer), port


def _call_results(call: InlinedCall, port: str) -> Iterator[InputRef]:
    """Yields what an output of a call is inside each body. The port is "2" in a graph, "name:0" in a body."""
    name, _, number = port.rpartition(":")
    # int() refuses more than 4300 digits, and no op has a billion outputs.
    index = int(number) if number.isdecimal() and len(number) < 9 else 0
    for frame, function in call.bodies:
        results = [argument.name for argument in function.signature.output_arg]
        result = name if name in function.ret else results[index] if index < len(results) else ""
        if result in function.ret:
            yield frame, function.ret[result]
