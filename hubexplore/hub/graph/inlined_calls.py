"""The ops inside called functions, as nodes that can be added to a call of the module.

TensorFlow runs a function as a whole, so its inner tensors cannot be fetched. What can: ops that compute the
same, added beside the call and connected to its own inputs. A call that was made keeps its results, which
these ops take where they need them, so no call runs a second time for the sake of another one.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.errors import NoSuchTensorError, closest
from hubexplore.hub.graph.contexts import read_contexts
from hubexplore.hub.graph.slice import GraphSlice
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.summary.graph.functions.effects import OpEffects
from hubexplore.summary.graph.functions.inlining import Inlined
from hubexplore.summary.graph.functions.inner_tensors import InnerTensors, flat_view
from hubexplore.summary.graph.ops.op_definitions import definition
from hubexplore.summary.graph.randomness import draws
from hubexplore.summary.graph.traversal import Reach, node_of

MSG_NOT_AGAIN: Final = (
    "{tensor!r} is inside a called function, and a call shows only its results. To get an inner value, ops "
    "that compute it are added beside the call, but {node!r} ({op}) {reason}. Fetch a result of a call "
    "instead: {results}."
)
MSG_IN_CONTEXT: Final = (
    "{tensor!r} is inside a function that is called in a cond or loop ({node!r} is in it), so it has no "
    "value outside of it. Fetch a tensor that leaves the cond or loop."
)
_EFFECT: Final = "has an effect, which would happen twice"
_DRAWS: Final = "draws random numbers, which would be others than those of the call"
_STATE: Final = "makes state of its own, which would be another than that of the call"
_LEAVES: Final = frozenset({"Exit", "RefExit", "Merge", "RefMerge"})
_SHOWN: Final = 4


@dataclass(frozen=True, eq=False)
class FlatVariant:
    """A variant with its calls inlined.

    Attributes:
      variant: its nodes are those of the module without the calls, and those inside the calls.
      inlined: what became of the calls.
      results: tensor of the flat graph -> tensor of a call ("call:1") that has its value.
      added: names of the nodes that the module itself lacks.
    """

    variant: GraphVariant
    inlined: Inlined
    results: Mapping[str, str]
    added: frozenset[str]

    def results_of(self, imported: Container[str]) -> dict[str, str]:
        """Tensor of the flat graph -> the result that has its value, of the calls that were made."""
        return {tensor: result for tensor, result in self.results.items() if node_of(result) in imported}

    def check(self, name: str, region: Reach) -> None:
        """Checks that the ops of a region compute the same as they do in the call.

        Raises:
          NoSuchTensorError: (a KeyError) one of them has an effect, draws random numbers or has state.
        """
        effects = OpEffects(self.variant.library)
        for inner in sorted(region.nodes & self.added):
            node = self.variant.nodes[inner]
            reason = _DRAWS if draws(node.op) else _EFFECT if effects.of_node(node) else _state(node)
            if reason:
                calls = list(self.inlined.tensors)
                results = ", ".join(map(repr, calls[:_SHOWN])) + (", ..." if len(calls) > _SHOWN else "")
                raise NoSuchTensorError(
                    MSG_NOT_AGAIN.format(tensor=name, node=inner, op=node.op, reason=reason, results=results)
                )
        around = {
            node
            for context in read_contexts(self.variant.meta_graph)
            for node in context.nodes
            if node in self.variant.nodes and self.variant.nodes[node].op not in _LEAVES
        }
        used = (
            node_of(edge) for inner in region.nodes & self.added for edge in self.variant.nodes[inner].input
        )
        inside = sorted(around.intersection(used)) if around else []
        if inside:
            raise NoSuchTensorError(MSG_IN_CONTEXT.format(tensor=name, node=inside[0]))

    def shared_names(self, graph_slice: GraphSlice, scope: str) -> dict[str, bytes]:
        """Node of a function -> the shared name under which its call finds a resource, below a scope."""
        return {
            node.name: f"{scope}/".encode() + node.attr["shared_name"].s
            for node in graph_slice.graph_def.node
            if node.name in self.added and "shared_name" in node.attr and node.attr["shared_name"].s
        }


class Interior:
    """What is inside the functions of a variant, read when it is first asked for.

    Args:
      variant: the graph variant.
    """

    def __init__(self, variant: GraphVariant) -> None:
        self._variant = variant
        self._flat: FlatVariant | None = None
        self._is_read = False
        self._inner: InnerTensors | None = None

    @property
    def flat(self) -> FlatVariant | None:
        """The variant with its calls inlined; None if it has none, or if they are too large to be inlined."""
        if not self._is_read:
            self._is_read = True
            self._flat = _flat_variant(self._variant)
        return self._flat

    @property
    def nodes(self) -> Mapping[str, Any]:
        """The nodes of the module, and those inside its calls."""
        flat = self.flat
        return self._variant.nodes if flat is None else flat.variant.nodes | self._variant.nodes

    def locate(self, name: str) -> str:
        """The name of a tensor that has the value of `name`, an inner tensor or the output of a loop.

        Raises:
          NoSuchTensorError: (a KeyError) there is no such op, or its value does not leave a function.
        """
        node, nodes = name.partition(":")[0], self.nodes
        if node in nodes:
            return name
        if self._inner is None:
            self._inner = InnerTensors(nodes, self._variant.library.function)
        after = self._inner.after_loop(name)
        if after is not None:
            return after
        why_not = self._inner.why_not(name)
        raise NoSuchTensorError(why_not or f"The module has no op {node!r}.{closest(node, nodes)}")


def _flat_variant(variant: GraphVariant) -> FlatVariant | None:
    inlined = flat_view(variant.meta_graph.graph_def)
    if inlined is None:
        return None
    old = variant.meta_graph
    new = type(old)()
    new.meta_info_def.CopyFrom(old.meta_info_def)
    for key, collection in old.collection_def.items():
        new.collection_def[key].CopyFrom(collection)
    new.graph_def.versions.CopyFrom(old.graph_def.versions)
    new.graph_def.node.extend(inlined.nodes)
    new.graph_def.library.CopyFrom(old.graph_def.library)
    flat = GraphVariant(new)
    added = frozenset(flat.nodes.keys() - variant.nodes.keys())
    results: dict[str, str] = {}
    for result, tensor in inlined.tensors.items():
        # An argument that a call returns as it is belongs to the caller: there is nothing to replace.
        if node_of(tensor) in added:
            results.setdefault(tensor, result)
    return FlatVariant(flat, inlined, results, added)


def _state(node: Any) -> str:
    """What is wrong with a node that makes state nobody else can find; "" if it does not."""
    known = definition(node.op)
    makes = known is not None and known.stateful and not known.inputs
    return _STATE if makes and not ("shared_name" in node.attr and node.attr["shared_name"].s) else ""
