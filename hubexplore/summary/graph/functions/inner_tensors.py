"""Ops inside of called functions by their names, and which of their values a run can fetch.

The ops of a call have values of their own as soon as the call is inlined (see `inlining.py`). The ops in a
branch, in a loop or in a function of a dataset have none outside: only what the function hands on has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final, NamedTuple

from hubexplore.errors import DamagedModuleError
from hubexplore.summary.graph.functions.function_nesting import find_endless, unfolded_nodes
from hubexplore.summary.graph.functions.inlining import CALLS, Inlined, inline
from hubexplore.summary.graph.ops.op_definitions import definition, definition_of
from hubexplore.summary.graph.ops.op_outputs import output_of
from hubexplore.summary.graph.traversal import calls_of_attr, node_of

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
      role: attribute of the op that holds the function ("body", "then_branch").
      function: FunctionDef-shaped message.
      rest: name of an op in that function, or of one in what it calls.
    """

    node: str
    role: str
    function: Any
    rest: str


def flat_view(graph_def: Any) -> Inlined | None:
    """The graph with its calls inlined, for readers.

    None if it has no calls, if inlining would make more than `MAX_INLINED` nodes of it, and if it is damaged.

    Args:
      graph_def: GraphDef-shaped message; it is not changed.
    """
    library = graph_def.library
    names = {function.signature.name for function in library.function}
    if not names or not any(node.op in CALLS or node.op in names for node in graph_def.node):
        return None
    if find_endless(graph_def.node, library) is not None:
        return None
    if unfolded_nodes(graph_def.node, library, MAX_INLINED) > MAX_INLINED:
        return None
    try:
        return inline(graph_def)
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

    def body_of(self, name: str) -> CalledBody | None:
        """Where the op of a name like "while/body/add" is; None if it is in no function."""
        for node_name in _beginnings(name):
            node = self._nodes.get(node_name)
            if node is None:
                continue
            rest = name[len(node_name) + 1 :]
            bodies = self._bodies(node)
            for index, (role, function) in enumerate(bodies):
                # As the diagram names them: the role is left out where it is the only one, and a number is
                # added where several functions have one role.
                for prefix in (f"{role}/{index}/", f"{role}/") if len(bodies) > 1 else ("",):
                    inner = rest[len(prefix) :]
                    if rest.startswith(prefix) and _has_op(function, inner):
                        return CalledBody(node_name, role, function, inner)
        return None

    def after_loop(self, tensor: str) -> str | None:
        """The output of a loop that has the value which a tensor of its body had in the last pass.

        None if the tensor is in no loop, or is not handed on.
        """
        body = self.body_of(node_of(tensor))
        if body is None or body.role != "body" or self._nodes[body.node].op not in LOOPS:
            return None
        position = tensor.partition(":")[2] or "0"
        for index, argument in enumerate(body.function.signature.output_arg):
            if f"{body.rest}:{position}" in self._results(body.function, argument.name):
                return f"{body.node}:{index}"
        return None

    def why_not(self, tensor: str) -> str | None:
        """Why a tensor inside of a function cannot be fetched, and what can; None if it is in no function."""
        body = self.body_of(node_of(tensor))
        if body is None:
            return None
        op = self._nodes[body.node].op
        if op in LOOPS:
            message, choice = MSG_LOOP, self._handed_on(body)
        else:
            message, choice = MSG_BRANCH if op in _BRANCHES else MSG_ELSEWHERE, repr(f"{body.node}:0")
        return message.format(
            tensor=tensor, node=body.node, op=op, function=body.function.signature.name, choice=choice
        )

    def _handed_on(self, body: CalledBody) -> str:
        """The tensors in the body of a loop that have a value after it, and the outputs of the loop."""
        prefix = f"{body.node}/body/"
        loop_body = next((f for role, f in self._bodies(self._nodes[body.node]) if role == "body"), None)
        results = [] if loop_body is None else loop_body.signature.output_arg
        handed_on = [self._results(loop_body, argument.name)[-1:] for argument in results]
        names = [repr(prefix + name) for name in dict.fromkeys(chain.from_iterable(handed_on))]
        shown = names[:_SHOWN] + ([f"... ({len(names) - _SHOWN:,} more)"] if len(names) > _SHOWN else [])
        outputs = f"an output of the loop, {body.node + ':0'!r} to {f'{body.node}:{len(results) - 1}'!r}"
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

    def _bodies(self, node: Any) -> list[tuple[str, Any]]:
        return [
            (role, self._functions[call.name])
            for role in sorted(node.attr)
            for call in calls_of_attr(node.attr[role])
            if call.name in self._functions
        ]


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
