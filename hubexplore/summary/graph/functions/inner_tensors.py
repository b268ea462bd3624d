"""Ops inside of called functions by their names, and which of their values a run can fetch.

The ops of a call have values of their own as soon as the call is inlined (see `inlining.py`). The ops in a
branch, in a loop or in a function of a dataset have none outside: only what the function hands on has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, Final, NamedTuple

from hubexplore.errors import DamagedModuleError
from hubexplore.summary.graph.functions.bodies import Body, bodies_of, flattened, needed_nodes
from hubexplore.summary.graph.functions.function_nesting import find_endless, unfolded_nodes
from hubexplore.summary.graph.functions.inlining import CALLS, Inlined, inline
from hubexplore.summary.graph.ops.op_definitions import definition, definition_of
from hubexplore.summary.graph.ops.op_outputs import output_dtypes, output_of
from hubexplore.summary.graph.traversal import node_of, reached_functions

MAX_INLINED: Final = 100_000
"""Maximum number of nodes that a graph may have with all its calls unfolded, to be inlined for the reader."""
LOOPS: Final = frozenset({"While", "StatelessWhile"})
_BRANCHES: Final = frozenset({"If", "StatelessIf", "Case", "StatelessCase"})
_SHOWN: Final = 4

MSG_LOOP: Final = (
    "{tensor!r} is inside the loop {node!r}, which computes it in each pass. Only what the loop hands to its "
    "next pass has a value after the last one: fetch {choice}."
)
MSG_BRANCH: Final = (
    "{tensor!r} is in a branch of {node!r}, which may not run, so it has no value outside of the branch. "
    "Fetch what the branch returns: {choice}."
)
MSG_ELSEWHERE: Final = (
    "{tensor!r} is in the function {function!r}, which the op {node!r} ({op}) runs by itself, as often as it "
    "needs, so it has no single value. Fetch what that op returns: {choice}."
)


class CalledBody(NamedTuple):
    """A place in a function that an op runs.

    Attributes:
      node: name of the op in the graph.
      body: the function.
      rest: name of an op in that function, or of one in what it calls.
    """

    node: str
    body: Body
    rest: str


def flat_view(graph_def: Any) -> Inlined | None:
    """The graph with its calls inlined, for readers.

    None if it has no calls, if inlining would make more than `MAX_INLINED` nodes of it, and if it is damaged.

    Args:
      graph_def: GraphDef-shaped message; it is not changed.
    """
    library = graph_def.library
    names = {function.signature.name for function in library.function}
    if not names:
        return None
    bodies = (function.node_def for function in reached_functions(graph_def.node, library))
    if not any(node.op in CALLS or node.op in names for node in chain(graph_def.node, *bodies)):
        return None
    if find_endless(graph_def.node, library) is not None:
        return None
    if unfolded_nodes(graph_def.node, library, MAX_INLINED) > MAX_INLINED:
        return None
    try:
        flat = inline(graph_def)
        return replace(flat, functions=flattened(flat.functions, library, MAX_INLINED))
    except DamagedModuleError:
        # A call that does not fit its function: what is there can still be drawn, and TensorFlow will say.
        return None


class InnerTensors:
    """Looks up names of tensors inside of functions that stay functions.

    Args:
      nodes: node name -> NodeDef-shaped message, of a graph without calls.
      functions: FunctionDef-shaped messages.
    """

    def __init__(self, nodes: Mapping[str, Any], functions: Any) -> None:
        self._nodes = nodes
        self._functions = {function.signature.name: function for function in functions}

    def inner_ops(self) -> Iterator[tuple[str, Any]]:
        """Yields (name, NodeDef-shaped message) of the ops that the results of functions need.

        Those in outer functions come first; a function that contains itself, and more than `MAX_INLINED`
        ops, are left out.
        """
        level: list[tuple[str, Any, tuple[str, ...]]] = [
            (name, node, ()) for name, node in self._nodes.items()
        ]
        needed: dict[str, Mapping[str, Any]] = {}
        count = 0
        while level:
            inner: list[tuple[str, Any, tuple[str, ...]]] = []
            for path, node, around in level:
                for body in bodies_of(node, self._functions):
                    called = body.function.signature.name
                    if called not in needed:
                        needed[called] = needed_nodes(body.function)
                    count += len(needed[called])
                    if called in around or count > MAX_INLINED:
                        continue
                    inner += [
                        (f"{body.path(path)}/{name}", op, (*around, called))
                        for name, op in needed[called].items()
                    ]
            yield from ((path, node) for path, node, _ in inner)
            level = inner

    def body_of(self, name: str) -> CalledBody | None:
        """Where the op of a name like "while/body/add" is; None if it is in no function."""
        for node_name in _beginnings(name):
            node = self._nodes.get(node_name)
            if node is None:
                continue
            for body in bodies_of(node, self._functions):
                inner = name.removeprefix(f"{body.path(node_name)}/")
                if inner != name and _has_op(body.function, inner):
                    return CalledBody(node_name, body, inner)
        return None

    def after_loop(self, tensor: str) -> str | None:
        """The output of a loop that has the value which a tensor of its body had in the last pass.

        None if the tensor is in no loop, or is not handed on.
        """
        place = self.body_of(node_of(tensor))
        if place is None or place.body.role != "body" or self._nodes[place.node].op not in LOOPS:
            return None
        position = tensor.partition(":")[2] or "0"
        for index, argument in enumerate(place.body.function.signature.output_arg):
            if f"{place.rest}:{position}" in self._results(place.body.function, argument.name):
                return f"{place.node}:{index}"
        return None

    def why_not(self, tensor: str) -> str | None:
        """Why a tensor inside of a function cannot be fetched, and what can; None if it is in no function."""
        place = self.body_of(node_of(tensor))
        if place is None:
            return None
        op, function = self._nodes[place.node].op, place.body.function
        if op in LOOPS:
            message, choice = MSG_LOOP, self._handed_on(place.node)
        else:
            message, choice = MSG_BRANCH if op in _BRANCHES else MSG_ELSEWHERE, self._returned(place.node)
        return message.format(
            tensor=tensor, node=place.node, op=op, function=function.signature.name, choice=choice
        )

    def _returned(self, name: str) -> str:
        """What has the value of an op: its output, or, of a dataset, an output of an op that uses it."""
        seen = {name}
        while "Dataset" in self._nodes[name].op and not self._is_value(name):
            users = [
                user.name
                for user in self._nodes.values()
                if user.name not in seen and name in map(node_of, user.input)
            ]
            if not users:
                break
            name = users[0]
            seen.add(name)
        return repr(f"{name}:0")

    def _is_value(self, name: str) -> bool:
        op = definition(self._nodes[name].op)
        return op is None or next(iter(output_dtypes(op, self._nodes[name].attr)), "") != "variant"

    def _handed_on(self, node: str) -> str:
        """The tensors in the body of a loop that have a value after it, and the outputs of the loop."""
        bodies = bodies_of(self._nodes[node], self._functions)
        body = next((body for body in bodies if body.role == "body"), None)
        results = [] if body is None else body.function.signature.output_arg
        handed_on = [self._results(body.function, result.name)[-1:] for result in results if body is not None]
        prefix = f"{body.path(node)}/" if body is not None else ""
        names = [repr(prefix + name) for name in dict.fromkeys(chain.from_iterable(handed_on))]
        shown = names[:_SHOWN] + ([f"... ({len(names) - _SHOWN:,} more)"] if len(names) > _SHOWN else [])
        outputs = f"an output of the loop, {node + ':0'!r} to {f'{node}:{len(results) - 1}'!r}"
        return f"{', '.join(shown)}, or {outputs}" if shown else outputs

    def _results(self, function: Any, output: str) -> list[str]:
        """The tensors of a body ("add:0") that have the value of an output; empty for an argument.

        Each is handed to the one before it by an op `Identity`, of which TensorFlow writes many.
        """
        nodes = {node.name: node for node in function.node_def}
        edge = function.ret.get(output, "")
        found: list[str] = []
        while (name := node_of(edge)) in nodes:
            node = nodes.pop(name)  # so that this ends also where a damaged body has a cycle
            called = self._functions.get(node.op)
            op = definition(node.op) if called is None else definition_of(called.signature)
            position = None if op is None else output_of(op, node.attr, edge.partition(":")[2])[0]
            if position is None:
                break
            found.append(f"{name}:{position}")
            if node.op != "Identity" or not node.input:
                break
            edge = node.input[0]
        return found


def _beginnings(name: str) -> Iterator[str]:
    """The scopes around a name, the outermost first."""
    end = name.find("/")
    while end >= 0:
        yield name[:end]
        end = name.find("/", end + 1)


def _has_op(function: Any, name: str) -> bool:
    """Whether a function has an op of a name, or a call that `name` is inside of."""
    names = {node.name for node in function.node_def}
    return name in names or any(scope in names for scope in _beginnings(name))
