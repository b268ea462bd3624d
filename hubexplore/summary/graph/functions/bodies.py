"""Functions that stay functions, since an op runs them by itself: in branches, in loops and in datasets.

What readers see of them: their names below that of the op, their arguments, and calls in them inlined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

from hubexplore.errors import DamagedModuleError
from hubexplore.summary.graph.functions.function_body import BodySource, FunctionBody
from hubexplore.summary.graph.functions.function_nesting import unfolded_nodes
from hubexplore.summary.graph.functions.inlining import CALLS, inline
from hubexplore.summary.graph.ops.op_definitions import definition
from hubexplore.summary.graph.ops.op_outputs import tensor_count
from hubexplore.summary.graph.traversal import calls_of_attr, index_nodes, node_of, reach, tensor_of

CALLING: Final = ("Call", "If", "While", "Case", "CallOp")
"""Endings of the types of ops that compute by calling functions."""
_ELEMENTWISE: Final = ("Dataset", "MapDefun")
# A branch is not given the condition, or the index.
_BRANCH_ROLES: Final = frozenset({"then_branch", "else_branch", "branches"})
_REMOTE: Final = "RemoteCall"
_ARGUMENT: Final = "argument"


@dataclass(frozen=True)
class Body:
    """A function that an op runs.

    Attributes:
      scope: what follows the name of the op in the paths of its ops: "" or "body".
      role: the attribute of the op that names it ("body", "f"); "" where the type of the op is the function.
      function: FunctionDef-shaped message.
    """

    scope: str
    role: str
    function: Any

    def path(self, node: str) -> str:
        """What the paths of its ops begin with, without a slash at the end."""
        return f"{node}/{self.scope}" if self.scope else node


def runs_functions(op: str) -> bool:
    """Whether an op of this type runs the functions in its attributes on values."""
    return op.endswith(CALLING) or takes_elements(op)


def takes_elements(op: str) -> bool:
    """Whether an op of this type runs its functions on each element of a dataset or tensor."""
    return any(word in op for word in _ELEMENTWISE)


def bodies_of(node: Any, functions: Mapping[str, Any]) -> list[Body]:
    """The functions that an op runs; none for an op that does not."""
    if node.op in functions:
        return [Body("", "", functions[node.op])]
    if not runs_functions(node.op):
        return []
    called = [
        (role, functions[call.name])
        for role in sorted(node.attr)
        for call in calls_of_attr(node.attr[role])
        if call.name in functions
    ]
    bodies: list[Body] = []
    for index, (role, function) in enumerate(called):
        scope = role if len(called) > 1 else ""
        if any(body.scope == scope for body in bodies):
            scope = f"{scope}/{index}"  # `branches` of a Case is one attribute with several functions
        bodies.append(Body(scope, role, function))
    return bodies


def passed_to(node: Any, body: Body) -> list[str | None]:
    """The inputs of an op that the arguments of one of its functions stand for; None for no input.

    The elements of a dataset are what the dataset, its first input, yields.
    """
    edges = [edge for edge in node.input if not edge.startswith("^")]
    count = len(body.function.signature.input_arg)
    if not takes_elements(node.op):
        # Nor is a function on another device given the name of the device.
        skips = body.role in _BRANCH_ROLES or node.op == _REMOTE
        passed: list[str | None] = list(edges[1:] if skips else edges)
        return (passed + [None] * count)[:count]
    groups = _groups(node, edges)
    captured = groups.get(f"{body.role}_other_arguments", groups.get(f"{body.role}_other_args"))
    if captured is None:
        captured = groups.get("other_arguments", groups.get("captured_inputs", []))
    first = groups.get("initial_state", groups.get("arguments", []))
    middle = max(count - len(first) - len(captured), 0)
    return [*first, *(edges[:1] or [None]) * middle, *captured][:count]


def _groups(node: Any, edges: list[str]) -> dict[str, list[str]]:
    """The inputs of a node by the names that its definition gives them."""
    op = definition(node.op)
    groups: dict[str, list[str]] = {}
    begin = 0
    for argument in op.inputs if op is not None else ():
        count = tensor_count(op, node.attr, argument) if op is not None else 0
        groups[argument.name] = edges[begin : begin + count]
        begin += count
    return groups


def needed_nodes(function: Any) -> dict[str, Any]:
    """The nodes of a body that its results need, by name, in the order of the body."""
    nodes = index_nodes(function.node_def)
    needed = reach(nodes, [node_of(result) for result in function.ret.values()])
    return {name: node for name, node in nodes.items() if name in needed.nodes}


def flattened(functions: Iterable[Any], library: Any, limit: int) -> list[Any]:
    """The functions with the calls in them inlined, as `inlining.inline` does it for a graph.

    Edges of a changed body are written as those of a graph ("node:1"). A function stays as it is if it has no
    calls or is damaged, and all of them if there would be more than `limit` nodes.

    Args:
      functions: FunctionDef-shaped messages; they are not changed.
      library: FunctionDefLibrary-shaped message with all functions.
      limit: maximum number of nodes of all bodies that are inlined.
    """
    functions = list(functions)
    by_name = {function.signature.name: function for function in library.function}
    calling = [
        function
        for function in functions
        # How many arguments a function with attributes has depends on the call.
        if not function.signature.attr
        and any(node.op in CALLS or node.op in by_name for node in function.node_def)
    ]
    nodes = [node for function in calling for node in function.node_def]
    if not nodes or unfolded_nodes(nodes, library, limit) > limit:
        return functions
    # All in one graph, each in a scope with its number: to index the library for each of them would cost
    # the square of their number.
    bodies = {}
    graph = SimpleNamespace(node=[], library=library)
    for number, function in enumerate(calling):
        try:
            body = _ScopedBody(f"{number}/", function, by_name)
            graph.node.extend(body.nodes())
            bodies[function.signature.name] = body
        except DamagedModuleError:
            continue
    try:
        flat = inline(graph)
    except DamagedModuleError:
        return functions
    inlined: dict[str, list[Any]] = {}
    for node in flat.nodes:
        inlined.setdefault(node.name.partition("/")[0], []).append(node)
    return [
        bodies[function.signature.name].flat(inlined, flat.tensors)
        if function.signature.name in bodies
        else function
        for function in functions
    ]


class _ScopedBody:
    """A function as nodes of a graph, all in one scope.

    Args:
      scope: with a slash at the end.
      function: FunctionDef-shaped message without attributes.
      functions: all of its library, by name.
    """

    def __init__(self, scope: str, function: Any, functions: Mapping[str, Any]) -> None:
        self._scope, self._function = scope, function
        self._body = FunctionBody(function, functions, {})
        self._arguments = [argument.name for argument in function.signature.input_arg]
        self._results = [self._edge(source) for source in self._body.results()]

    def _edge(self, source: BodySource) -> str:
        name = self._scope + (source.node or self._arguments[source.position])
        return f"{name}:{source.position}" if source.node and source.position > 0 else name

    def nodes(self) -> list[Any]:
        """The arguments and the nodes of the body.

        Raises:
          DamagedModuleError: an edge leads nowhere.
        """
        make = type(self._function.node_def[0])
        nodes = [make(name=self._scope + name, op=_ARGUMENT) for name in self._arguments]
        for written in self._function.node_def:
            node = make()
            node.CopyFrom(written)
            node.name = self._scope + written.name
            del node.input[:]
            node.input.extend(
                f"^{self._edge(self._body.control(edge))}"
                if edge.startswith("^")
                else self._edge(self._body.source(edge))
                for edge in written.input
            )
            nodes.append(node)
        return nodes

    def flat(self, inlined: Mapping[str, list[Any]], tensors: Mapping[str, str]) -> Any:
        """The function with the nodes that inlining made of it."""
        new = type(self._function)()
        new.signature.CopyFrom(self._function.signature)
        for node in inlined[self._scope[:-1]]:
            if node.op != _ARGUMENT:
                added = new.node_def.add()
                added.CopyFrom(node)
                added.name = self._local(node.name)
                del added.input[:]
                added.input.extend(map(self._local, node.input))
        for argument, result in zip(self._function.signature.output_arg, self._results, strict=True):
            new.ret[argument.name] = self._local(tensors.get(tensor_of(result), result))
        return new

    def _local(self, edge: str) -> str:
        control = edge[:1] == "^"
        return ("^" if control else "") + edge.lstrip("^").removeprefix(self._scope)
