"""What keeps a signature from being converted: the ops that its outputs need and the format lacks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hubexplore.errors import DamagedModuleError
from hubexplore.summary.graph.functions.inlining import inline
from hubexplore.summary.graph.ops.op_definitions import definition
from hubexplore.summary.graph.traversal import (
    Cut,
    calls_of_attr,
    consumers_of,
    follow,
    index_nodes,
    node_of,
    reach,
    reached_functions,
    tensor_of,
)
from hubexplore.summary.model import SignatureSummary

Reason = Callable[[Any], str]
"""Says why a node cannot be converted; empty if it may be."""
MOST_NODES: Final = 5
"""Maximum number of nodes that are kept of one op."""
# Stateful ops that become constants, or hold what does.
_STATE: Final = frozenset({
    "VarHandleOp", "Variable", "VariableV2", "ReadVariableOp", "Placeholder", "PlaceholderV2",
    "VarIsInitializedOp", "HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2",
    "MutableDenseHashTableV2", "AnonymousHashTable", "Assert", "NoOp", "ResourceGather",
    "ResourceGatherNd", "TensorArrayV3",
})  # fmt: skip


@dataclass(frozen=True)
class Obstacle:
    """An op that the format lacks.

    Attributes:
      op: its type.
      reason: why.
      count: how many nodes of it there are.
      nodes: names of the first ones, as `spec.cut` takes them.
    """

    op: str
    reason: str
    count: int
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class SignatureGraph:
    """What the outputs of a signature need, without calls of functions.

    Attributes:
      nodes: name -> node, of those that the outputs need.
      inputs: name of an input -> its tensor.
      outputs: name of an output -> its tensor.
      active: names of the nodes that compute at each call: what depends on inputs, or draws numbers.
      library: FunctionDefs of branches, loops and others.
      fed: the nodes of the inputs.
    """

    nodes: Mapping[str, Any]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    active: Collection[str]
    library: Any = field(repr=False)
    fed: Mapping[str, Any] = field(default_factory=dict)


def signature_graph(meta_graph: Any, signature: SignatureSummary) -> SignatureGraph | None:
    """The graph of a signature; None if its functions cannot be inlined.

    Args:
      meta_graph: MetaGraphDef-shaped message.
      signature: of its graph variant.
    """
    graph_def = meta_graph.graph_def
    try:
        flat = inline(graph_def)
    except DamagedModuleError:
        return None

    def flat_tensors(tensors: Iterable[Any]) -> dict[str, str]:
        found = {}
        for tensor in tensors:
            for number, name in enumerate(tensor.tensors):
                key = tensor.name if not number else f"{tensor.name}_{number}"
                found[key] = flat.tensors.get(tensor_of(name), tensor_of(name))
        return found

    inputs, outputs = flat_tensors(signature.inputs), flat_tensors(signature.outputs)
    every = index_nodes(flat.nodes)
    cut = Cut(tensors=frozenset(inputs.values()))
    reached = reach(every, outputs.values(), cut)
    # In the order of the graph, so that the same module gets the same advice.
    nodes = {name: node for name, node in every.items() if name in reached.nodes}
    fed = {name for name, node in nodes.items() if any(tensor_of(edge) in cut.tensors for edge in node.input)}
    drawing = {name for name, node in nodes.items() if _is_active(node)}
    active = follow(consumers_of(nodes), fed | drawing)
    sources = {node_of(tensor) for tensor in inputs.values()}
    fed_nodes = {name: every[name] for name in sources if name in every}
    return SignatureGraph(nodes, inputs, outputs, active, graph_def.library, fed_nodes)


def _is_active(node: Any) -> bool:
    """Whether a node gives something else at each call, even without inputs."""
    if node.op in _STATE:
        return False
    described = definition(node.op)
    return described is None or described.stateful


def find_obstacles(graph: SignatureGraph, reason: Reason) -> tuple[tuple[Obstacle, ...], frozenset[str]]:
    """Finds the ops that a format lacks; linear in the nodes.

    Args:
      graph: of a signature.
      reason: of the format.

    Returns:
      Each op, the most frequent first; and the names of the nodes in the graph that have them, or that run
      functions that have them.
    """
    found: dict[tuple[str, str], list[str]] = {}
    anchors = set()
    bodies: dict[tuple[str, ...], list[tuple[str, str, str]]] = {}
    for name in graph.nodes:
        if name not in graph.active:
            continue
        node = graph.nodes[name]
        why = reason(node)
        if why:
            found.setdefault((node.op, why), []).append(name)
            anchors.add(name)
        called = tuple(call.name for attr in node.attr.values() for call in calls_of_attr(attr))
        if not called:
            continue
        if called not in bodies:
            bodies[called] = [
                (inner.op, reason(inner), inner.name)
                for function in reached_functions([node], graph.library)
                for inner in function.node_def
            ]
        for op, inner_why, inner in bodies[called]:
            if inner_why:
                found.setdefault((op, inner_why), []).append(f"{name}/{inner}")
                anchors.add(name)
    obstacles = [
        Obstacle(op, why, len(names), tuple(names[:MOST_NODES])) for (op, why), names in found.items()
    ]
    return tuple(sorted(obstacles, key=lambda one: (-one.count, one.op))), frozenset(anchors)
