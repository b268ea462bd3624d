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

from hubexplore.summary.graph.traversal import calls_of_attr, index_nodes, node_of, reach, tensor_of
from hubexplore.summary.outline.dataflow.node_kinds import CONTROL_OPS

MAX_NODES: Final = 100_000
"""Maximum number of nodes of function bodies that are inlined; further calls stay single boxes."""
MAX_NESTING: Final = 12
"""Maximum depth of functions that call functions; a deeper call stays a single box."""
CALLING: Final = ("Call", "If", "While", "Case", "CallOp")
"""Endings of the types of ops that compute by calling functions."""

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
                    if op in CONTROL_OPS:
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
        return bool(self.functions) and (op in self.functions or op.endswith(CALLING))

    def _inlined_bodies(
        self, frame: Frame, name: str, node: Any
    ) -> Iterator[tuple[Frame, Any, dict[str, Any]]]:
        """Yields (frame, function, needed nodes) of what a node calls; nothing if the call stays closed."""
        called = called_functions(node, self.functions)
        # A recursive function would be inlined without end.
        if len(frame.callers) >= MAX_NESTING or any(callee in frame.callers for _, callee in called):
            return
        node_count = sum(len(self.functions[callee].node_def) for _, callee in called)
        if node_count > self.budget:
            return
        self.budget -= node_count
        for index, (role, callee) in enumerate(called):
            function = self.functions[callee]
            # The first input of a branch is its condition, or its index.
            skip = 1 if role in ("then_branch", "else_branch", "branches") else 0
            inputs = [edge for edge in node.input if not edge.startswith("^")][skip:]
            arguments = {
                argument.name: (frame, inputs[position]) if position < len(inputs) else None
                for position, argument in enumerate(function.signature.input_arg)
            }
            prefix = f"{frame.prefix}{name}/" + (f"{role}/" if len(called) > 1 else "")
            if prefix[:-1] in self.function_scopes:
                prefix = f"{prefix}{index}/"  # `branches` of a Case is one attribute with several functions
            self.function_scopes.setdefault(prefix[:-1], callee)
            if callee not in self.body_nodes:
                self.body_nodes[callee] = _needed_nodes(function)
            yield (
                Frame(prefix, {}, arguments, {}, (*frame.callers, callee)),
                function,
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


def called_functions(node: Any, functions: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns (attribute, function) pairs of a call; the attribute is "" if the op type is the function."""
    if node.op in functions:
        return [("", node.op)]
    # A dataset op, for example, has functions as attributes too, but its value is not what they compute.
    if not node.op.endswith(CALLING):
        return []
    return [
        (name, call.name)
        for name in sorted(node.attr)
        for call in calls_of_attr(node.attr[name])
        if call.name in functions
    ]


def _needed_nodes(function: Any) -> dict[str, Any]:
    """Returns the nodes of a body that its results need, by name, in the order of the body."""
    nodes = index_nodes(function.node_def)
    needed = reach(nodes, [node_of(result) for result in function.ret.values()])
    return {name: node for name, node in nodes.items() if name in needed.nodes}


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
