"""Graph algorithms on GraphDef-shaped messages; needs no TensorFlow.

Names follow the GraphDef format: a node input is `"node"` (output 0), `"node:2"` (output 2) or
`"^node"` (control dependency). In function bodies outputs are `"node:arg:0"`; those bodies are
not walked here. Every algorithm is linear in the nodes and edges it visits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

PLACEHOLDERS: Final = frozenset({"Placeholder", "PlaceholderV2"})
"""Ops without a value unless they are fed or replaced."""
MOST_WALKED: Final = 400_000
"""Maximum number of nodes that are walked for facts beside the summary: 20 signatures of large models."""


def node_of(tensor: str) -> str:
    """The node name of a tensor name, node input or control input."""
    return tensor.partition(":")[0].lstrip("^")


def tensor_of(node_input: str) -> str:
    """The full tensor name (`"node:0"`) of a data input of a node."""
    return node_input if ":" in node_input else node_input + ":0"


def index_nodes(nodes: Iterable[Any]) -> dict[str, Any]:
    """Maps node names to the nodes; the last one wins where a name is repeated."""
    return {node.name: node for node in nodes}


@dataclass(frozen=True)
class Cut:
    """Where a walk along the edges stops, because something else takes the place of what is there.

    Attributes:
      tensors: full names (`"node:1"`) of tensors that come from elsewhere.
      nodes: names of nodes all of whose outputs come from elsewhere.
      controls: names of nodes for which other nodes need not wait themselves.
    """

    tensors: frozenset[str] = frozenset()
    nodes: frozenset[str] = frozenset()
    controls: frozenset[str] = frozenset()


NO_CUT: Final = Cut()


@dataclass(frozen=True)
class Reach:
    """What a backward walk found.

    Attributes:
      nodes: names of the visited nodes.
      cut_tensors: full names of the tensors from elsewhere that visited nodes use.
      cut_controls: names of cut nodes that visited nodes wait for.
      missing: names that the graph refers to but does not hold.
      waited: names of the nodes, not cut, that visited nodes wait for.
    """

    nodes: set[str] = field(default_factory=set)
    cut_tensors: set[str] = field(default_factory=set)
    cut_controls: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    waited: set[str] = field(default_factory=set)


def reach(nodes: Mapping[str, Any], targets: Iterable[str], cut: Cut = NO_CUT) -> Reach:
    """Walks backwards from `targets` along data and control inputs.

    Args:
      nodes: node name -> NodeDef-shaped message (`name`, `input`).
      targets: tensor names (`"node:0"`), which may be cut, or node names, for example of initialisers.
      cut: where to stop.
    """
    # Depth-first with a stack of its own: graphs are deeper than Python's recursion limit. Invariant: every
    # node in `seen` has had its inputs pushed or cut, so each edge is looked at once.
    result = Reach()
    seen, missing = result.nodes, result.missing
    stack = [
        node_of(target)
        for target in targets
        if ":" not in target or not (target in cut.tensors or node_of(target) in cut.nodes)
    ]
    while stack:
        name = stack.pop()
        if name in seen:
            continue
        if name not in nodes:
            missing.add(name)
            continue
        seen.add(name)
        # The hot loop of planning: each edge is split once, and sets are asked inline.
        for edge in nodes[name].input:
            if edge[:1] == "^":
                producer = edge[1:]
                if producer in cut.controls:
                    result.cut_controls.add(producer)
                    continue
                result.waited.add(producer)
            else:
                producer, colon, _ = edge.partition(":")
                tensor = edge if colon else f"{edge}:0"
                if tensor in cut.tensors or producer in cut.nodes:
                    result.cut_tensors.add(tensor)
                    continue
            if producer not in seen:
                stack.append(producer)
    return result


def downstream(nodes: Mapping[str, Any], sources: Iterable[str], cut: Cut = NO_CUT) -> set[str]:
    """Names of `sources` and of all nodes that depend on one of them, over edges that are not cut.

    Args:
      nodes: node name -> NodeDef-shaped message.
      sources: node names.
      cut: edges to ignore.
    """
    return follow(consumers_of(nodes, cut), (source for source in sources if source in nodes))


def consumers_of(nodes: Mapping[str, Any], cut: Cut = NO_CUT) -> dict[str, list[str]]:
    """Name of a node -> those of the nodes that have it as an input, over edges that are not cut."""
    consumers: dict[str, list[str]] = {}
    for name, node in nodes.items():
        for edge in node.input:
            producer = node_of(edge)
            if edge[:1] == "^":
                is_cut = producer in cut.controls
            else:
                is_cut = producer in cut.nodes or tensor_of(edge) in cut.tensors
            if not is_cut:
                consumers.setdefault(producer, []).append(name)
    return consumers


def follow(consumers: Mapping[str, Iterable[str]], sources: Iterable[str]) -> set[str]:
    """Names of `sources` and of all that comes behind one of them, by what `consumers_of` says."""
    # A node is pushed when it enters the set, so it is expanded once, also in a loop.
    reached = set(sources)
    stack = list(reached)
    while stack:
        for consumer in consumers.get(stack.pop(), ()):
            if consumer not in reached:
                reached.add(consumer)
                stack.append(consumer)
    return reached


def calls_of_attr(attr: Any) -> Iterator[Any]:
    """The NameAttrList messages (function calls) in an AttrValue-shaped message, nested ones included."""
    # Asked by name first: to read `attr.func` of another kind would make an empty message each time.
    kind = attr.WhichOneof("value")
    calls = [attr.func] if kind == "func" else attr.list.func if kind == "list" else ()
    for call in calls:
        yield call
        for inner in call.attr.values():
            yield from calls_of_attr(inner)


def reached_functions(nodes: Iterable[Any], library: Any) -> list[Any]:
    """The FunctionDefs that `nodes` call, directly or through other functions, in library order.

    A function is called by an attribute (`f`, `then_branch`, ...), as the type of a node, or as the
    gradient of a function that is called.
    """
    by_name = {function.signature.name: function for function in library.function}
    if not by_name:
        return []
    # A SymbolicGradient op names the function, not its gradient: the library says which that is.
    gradient_of = {gradient.function_name: gradient.gradient_func for gradient in library.gradient}
    called: set[str] = set()
    stack: list[str] = []

    def want(name: str) -> None:
        if name in by_name and name not in called:
            called.add(name)
            stack.append(name)

    def scan(node: Any) -> None:
        want(node.op)
        for attr in node.attr.values():
            for call in calls_of_attr(attr):
                want(call.name)

    for node in nodes:
        scan(node)
    while stack:
        name = stack.pop()
        want(gradient_of.get(name, ""))
        for attr in by_name[name].attr.values():
            for call in calls_of_attr(attr):
                want(call.name)
        for node in by_name[name].node_def:
            scan(node)
    return [function for name, function in by_name.items() if name in called]
