"""Inlines calls of functions: a graph of calls becomes one flat graph, in which each op has its own name.

A call is a `PartitionedCall`, a `StatefulPartitionedCall`, or an op with the name of a function (`Defun` of
TF1). Bodies of branches, loops, datasets and gradients stay functions, with the calls in them: what they
compute has no single value.

**Names.** An op gets the path of calls before its name: "dense/MatMul" for `MatMul` in the function that
"dense/StatefulPartitionedCall" calls. A component that says no more than "StatefulPartitionedCall_3" is left
out. Where names would meet, the later call gets a number: "dense_1/MatMul".

**Edges.** Whoever uses an output of a call uses the tensor that the function returns; a body uses the
tensors that the call is given. A call that does more than return values (it assigns, asserts, prints, ...)
leaves a `NoOp` of its name, which waits for all that it does; its outputs pass through an `Identity` that
waits for the `NoOp`, so that nobody can use one without the other. What waits for a call waits for the
`NoOp`, or for the results of a call that only computes. What a call waits for, its ops with state wait for
as well.

tensorflow/core/common_runtime/inline_function_utils.{h,cc} does the same when a graph runs, and is the
source of these rules.

Everything is linear in the nodes and edges of the result, and without recursion; `function_nesting` bounds
how many these may be.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hubexplore.errors import DamagedModuleError
from hubexplore.summary.graph.functions import function_nesting
from hubexplore.summary.graph.functions.effects import OpEffects
from hubexplore.summary.graph.functions.function_body import BodySource, FunctionBody
from hubexplore.summary.graph.traversal import node_of, reached_functions, tensor_of
from hubexplore.summary.without_gc import without_gc

CALLS: Final = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_ANONYMOUS: Final = re.compile(r"(Stateful)?PartitionedCall(_\d+)*")
# Nodes of TF1 control flow: what is between these runs in a frame or branch, and what is outside does not.
_FRAMES: Final = frozenset({"Enter", "RefEnter", "Switch", "RefSwitch"})
_PASSING: Final = frozenset({"Identity", "IdentityN", "NoOp"})
_COLOCATION: Final = b"loc:@"
_HANDLES: Final = frozenset({20, 21})  # DT_RESOURCE, DT_VARIANT
# A call that only computes is done when its results are. Those that wait for more than these wait for a NoOp.
_MOST_WAITS: Final = 2

MSG_CYCLE: Final = "The graph cannot be used: the results of the call {name!r} are its own arguments."
MSG_ARGUMENTS: Final = (
    "The graph cannot be used: the function {function!r} takes {expected} tensors, but the call {name!r} "
    "gives it {count}."
)
MSG_NO_OUTPUT: Final = (
    "The graph cannot be used: it refers to {tensor!r}, but the call {name!r} has {count} outputs."
)


@dataclass(frozen=True)
class Inlined:
    """A flat graph.

    Attributes:
      nodes: its nodes; those that did not change are the same objects as before.
      tensors: tensor of an inlined call of the graph ("call:1") -> the tensor that is its value.
      controls: name of an inlined call of the graph -> names of the nodes that have run when it is done.
      scopes: scope of an inlined call in the flat graph -> name of the function.
      owners: name of a node that was added -> name of the call in the graph that it is a part of.
      functions: the FunctionDefs that are still called.
    """

    nodes: list[Any]
    tensors: Mapping[str, str]
    controls: Mapping[str, tuple[str, ...]]
    scopes: Mapping[str, str]
    functions: list[Any]
    owners: Mapping[str, str] = field(default_factory=dict)


@without_gc()
def inline(graph_def: Any, scopes: Mapping[str, str] | None = None) -> Inlined:
    """Inlines all calls of a graph.

    Args:
      graph_def: GraphDef-shaped message, which is not changed.
      scopes: name of a call in the graph -> scope of its ops, "" for none; by default as its name says.

    Raises:
      DamagedModuleError: (a ValueError) functions call themselves, or more than TensorFlow could run; a call
        does not fit its function; results of a call are its own arguments.
    """
    endless = function_nesting.find_endless(graph_def.node, graph_def.library)
    if endless is not None:
        raise DamagedModuleError(endless)
    return _Inliner(graph_def, scopes or {}).result()


@dataclass
class _InlinedCall:
    """A call that is inlined.

    Attributes:
      name: in the flat graph; its `NoOp` has it.
      node: as it is written, the attributes of the function around it filled in.
      body: of the function.
      scope: what the names of its ops begin with, without a slash at the end.
      inputs: data inputs, as edges of the flat graph that may still lead to calls.
      controls: what it waits for, likewise ("^node").
      works: flat names of what has effects in it: ops, or further calls.
      results: what the function returns, likewise.
      renamed: flat names of nodes that share their scope with others of their name.
      owner: name of the call in the graph that it is, or is a part of.
    """

    name: str
    node: Any
    body: FunctionBody
    scope: str
    inputs: list[str]
    controls: list[str]
    works: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    renamed: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""

    def flat(self, name: str) -> str:
        """The flat name of a node of the body."""
        return self.renamed.get(name) or (f"{self.scope}/{name}" if self.scope else name)

    def edge(self, source: BodySource) -> str:
        """The flat edge from a source in the body."""
        if not source.node:
            return self.inputs[source.position]
        return f"{self.flat(source.node)}:{source.position}" if source.position else self.flat(source.node)


class _Inliner:
    def __init__(self, graph_def: Any, scopes: Mapping[str, str]) -> None:
        self._graph = graph_def
        self._given_scopes = scopes
        self._functions = {function.signature.name: function for function in graph_def.library.function}
        self._effects = OpEffects(graph_def.library)
        self._has_frames = any(node.op in _FRAMES for node in graph_def.node)
        self._names = {node.name for node in graph_def.node}
        self._numbers: dict[str, int] = {}
        self._bodies: dict[str, FunctionBody] = {}
        self._calls: dict[str, _InlinedCall] = {}
        self._scopes: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        self._nodes: list[Any] = []
        # Made while edges are followed: only what somebody uses. They are kept by name, in order.
        self._added: dict[str, Any] = {}
        self._waiting: dict[str, tuple[str, ...]] = {}
        self._unfinished: list[str] = []

    def result(self) -> Inlined:
        """Inlines everything."""
        top = [node for node in self._graph.node if self._is_call(node)] if self._functions else []
        if not top:
            functions = reached_functions(self._graph.node, self._graph.library)
            return Inlined(list(self._graph.node), {}, {}, {}, functions)
        self._nodes.extend(node for node in self._graph.node if not self._is_call(node))
        # Breadth-first, so that outer calls get the plain names.
        queue = deque(
            self._new_call(node, node.name, self._given_scopes.get(node.name), *_split(node.input))
            for node in top
        )
        while queue:
            queue.extend(self._expand(queue.popleft()))
        nodes = [self._connected(node) for node in self._nodes]
        tensors = {
            f"{node.name}:{index}": self._tensor(f"{node.name}:{index}")
            for node in top
            for index in range(len(self._calls[node.name].results))
        }
        controls = {node.name: self._completion(node.name) for node in top}
        self._finish()
        nodes.extend(self._added.values())
        functions = reached_functions(nodes, self._graph.library)
        return Inlined(nodes, tensors, controls, self._scopes, functions, self._owners)

    # Names and bodies

    def _is_call(self, node: Any) -> bool:
        if node.op in CALLS:
            return node.attr["f"].func.name in self._functions
        return node.op in self._functions

    def _new_call(  # noqa: PLR0917 - two callers
        self,
        node: Any,
        name: str,
        scope: str | None,
        inputs: list[str],
        controls: list[str],
        owner: str = "",
    ) -> _InlinedCall:
        body = self._body(node)
        if len(inputs) != body.argument_count:
            function = body.function.signature.name
            raise DamagedModuleError(
                MSG_ARGUMENTS.format(
                    function=function, expected=body.argument_count, name=name, count=len(inputs)
                )
            )
        head, _, last = name.rpartition("/")
        preferred = (head if _ANONYMOUS.fullmatch(last) else name) if scope is None else scope
        scope, renamed = self._free_scope(preferred, body)
        call = _InlinedCall(name, node, body, scope, inputs, controls, renamed=renamed, owner=owner or name)
        self._scopes.setdefault(call.scope, body.function.signature.name)
        self._calls[name] = call
        return call

    def _body(self, node: Any) -> FunctionBody:
        name, values = (
            (node.attr["f"].func.name, node.attr["f"].func.attr) if node.op in CALLS else (node.op, node.attr)
        )
        function = self._functions[name]
        if function.signature.attr:
            return FunctionBody(function, self._functions, dict(values.items()))
        # Without attributes a body is the same in each call.
        if name not in self._bodies:
            self._bodies[name] = FunctionBody(function, self._functions, {})
        return self._bodies[name]

    def _free_scope(self, preferred: str, body: FunctionBody) -> tuple[str, Mapping[str, str]]:
        """The scope, or that with a number, in which no name of the body is in use; takes these names.

        Nodes that only pass on what others computed, and calls, get a number themselves: a function that
        wraps another one has an "Identity" for each of its results and a "StatefulPartitionedCall", as the
        inner one does, and both belong to one scope.
        """
        scope = preferred
        while True:
            flat = {name: f"{scope}/{name}" if scope else name for name in body.nodes}
            taken = [name for name in flat if flat[name] in self._names]
            if all(self._may_be_numbered(body.nodes[name]) for name in taken):
                self._names.update(flat.values())
                return scope, {name: self._numbered(flat[name]) for name in taken}
            scope = self._next(preferred or "call")

    def _may_be_numbered(self, node: Any) -> bool:
        return node.op in _PASSING or self._is_call(node)

    def _numbered(self, taken: str) -> str:
        name = taken
        while name in self._names:
            name = self._next(taken)
        self._names.add(name)
        return name

    def _next(self, name: str) -> str:
        # Counted per name, so that the thousandth call of a layer finds its number at once.
        number = self._numbers[name] = self._numbers.get(name, 0) + 1
        return f"{name}_{number}"

    def _expand(self, call: _InlinedCall) -> Iterator[_InlinedCall]:
        """Adds the nodes of a call's body; yields the calls in it."""
        body = call.body
        for node in body.nodes.values():
            name = call.flat(node.name)
            data, controls = _split(node.input)
            data = [call.edge(body.source(edge)) for edge in data]
            controls = [f"^{node_of(call.edge(body.control(edge)))}" for edge in controls]
            if self._effects.of_node(node):
                call.works.append(name)
            if self._is_call(node):
                inner = _copy(node, body.attributes(node))
                # What the outer call waits for, everything with state in the inner one waits for.
                yield self._new_call(inner, name, None, data, [*controls, *call.controls], call.owner)
                continue
            if call.controls and (self._effects.has_state(node) or (self._has_frames and not data)):
                controls.extend(call.controls)
            elif self._has_frames and not data and not controls and call.inputs:
                # A constant in a loop or branch of TF1 must be in the frame of what it is used with.
                controls.append(f"^{node_of(call.inputs[0])}")
            flat = _copy(node, body.attributes(node))
            flat.name = name
            self._owners[name] = call.owner
            del flat.input[:]
            flat.input.extend([*data, *controls])
            self._mend_colocation(flat, call)
            self._nodes.append(flat)
        call.results = [call.edge(source) for source in body.results()]

    def _mend_colocation(self, node: Any, call: _InlinedCall) -> None:
        if "_class" not in node.attr:
            return
        companions = [
            group.removeprefix(_COLOCATION).decode(errors="replace")
            for group in node.attr["_class"].list.s
            if group.startswith(_COLOCATION)
        ]
        del node.attr["_class"]
        remaining = [
            name
            for name in companions
            if name in call.body.nodes and not self._is_call(call.body.nodes[name])
        ]
        if remaining:
            node.attr["_class"].list.s.extend(_COLOCATION + call.flat(name).encode() for name in remaining)

    # Edges

    def _connected(self, node: Any) -> Any:
        """The node with its inputs followed through calls."""
        if not any(node_of(edge) in self._calls for edge in node.input):
            return self._apart(node)
        data, controls = _split(node.input)
        waits = (
            wait
            for edge in controls
            for wait in (self._completion(edge[1:]) if edge[1:] in self._calls else (edge[1:],))
        )
        flat = _copy(node)
        del flat.input[:]
        flat.input.extend([*map(self._edge, data), *(f"^{name}" for name in dict.fromkeys(waits))])
        return self._apart(flat)

    def _apart(self, node: Any) -> Any:
        """The node without colocation with a call, which is no node any more."""
        if "_class" not in node.attr:
            return node
        groups = list(node.attr["_class"].list.s)
        remaining = [
            group
            for group in groups
            if group.removeprefix(_COLOCATION).decode(errors="replace") not in self._calls
        ]
        if len(remaining) == len(groups):
            return node
        flat = _copy(node)
        del flat.attr["_class"]
        if remaining:
            flat.attr["_class"].list.s.extend(remaining)
        return flat

    def _edge(self, edge: str) -> str:
        tensor = self._tensor(edge)
        return tensor.removesuffix(":0")

    def _tensor(self, edge: str) -> str:
        """The tensor, of an op of the flat graph, that an edge leads to."""
        tensor = tensor_of(edge)
        passed: set[str] = set()
        while (name := node_of(tensor)) in self._calls:
            call, position = self._calls[name], int(tensor.rpartition(":")[2])
            if position >= len(call.results):
                raise DamagedModuleError(
                    MSG_NO_OUTPUT.format(tensor=tensor, name=name, count=len(call.results))
                )
            if tensor in passed:
                raise DamagedModuleError(MSG_CYCLE.format(name=name))
            passed.add(tensor)
            dtype = _output_dtype(call, position)
            if call.works and dtype not in _HANDLES:
                return f"{self._passing(call, position, dtype)}:0"
            tensor = tensor_of(call.results[position])
        return tensor

    def _passing(self, call: _InlinedCall, position: int, dtype: int) -> str:
        """The name of the Identity through which an output of a call with effects passes."""
        # The name of the call itself is that of its NoOp, and below the name of a node no other is in use.
        name = f"{call.name}/output_{position}"
        if name not in self._added:
            node = self._added[name] = type(call.node)(name=name, op="Identity")
            self._owners[name] = call.owner
            node.attr["T"].type = dtype
            # Connected at the end: to follow the edge now would be a recursion.
            node.input.extend([call.results[position], f"^{call.name}"])
            self._unfinished.append(name)
        return name

    def _completion(self, name: str) -> tuple[str, ...]:
        """Names of the nodes that have run when a call is done."""
        call = self._calls[name]
        if name not in self._waiting:
            if call.works:
                self._waiting[name] = (name,)
            else:
                results = dict.fromkeys(node_of(self._tensor(result)) for result in call.results)
                self._waiting[name] = tuple(results) if len(results) <= _MOST_WAITS else (name,)
            if self._waiting[name] == (name,):
                node = self._added[name] = type(call.node)(name=name, op="NoOp")
                self._owners[name] = call.owner
                node.input.extend(f"^{work}" for work in call.works or results)
                self._unfinished.append(name)
        return self._waiting[name]

    def _finish(self) -> None:
        """Connects the nodes that were added, which may add further ones."""
        while self._unfinished:
            name = self._unfinished.pop()
            node = self._added[name]
            data, controls = _split(node.input)
            waits = dict.fromkeys(
                wait
                for edge in controls
                # A NoOp waits for the works of its own call, and an Identity for the NoOp.
                for wait in (self._completion(edge[1:]) if edge[1:] in self._calls else (edge[1:],))
            )
            del node.input[:]
            node.input.extend([*map(self._edge, data), *(f"^{wait}" for wait in waits)])


def _split(edges: Any) -> tuple[list[str], list[str]]:
    """Data inputs and control inputs."""
    data: list[str] = []
    controls: list[str] = []
    for edge in edges:
        (controls if edge[:1] == "^" else data).append(edge)
    return data, controls


def _copy(node: Any, attributes: Mapping[str, Any] | None = None) -> Any:
    """A copy of a node, with other values for its attributes if they are passed."""
    copy = type(node)()
    copy.CopyFrom(node)
    if attributes is not None and attributes is not node.attr:
        for key, value in attributes.items():
            if copy.attr[key] != value:
                copy.attr[key].CopyFrom(value)
    return copy


def _output_dtype(call: _InlinedCall, position: int) -> int:
    """The number of the dtype of an output."""
    if call.node.op in CALLS:
        types = call.node.attr["Tout"].list.type
        return int(types[position]) if position < len(types) else 0
    return call.body.output_dtypes()[position]
