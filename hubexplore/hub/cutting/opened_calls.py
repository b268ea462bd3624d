"""Puts the bodies of called functions in place of those calls that a cut goes through.

Other calls stay calls: a function may have a gradient of its own, which its ops do not have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.errors import CutError
from hubexplore.hub.graph.contexts import read_contexts
from hubexplore.hub.graph.inlined_calls import FlatVariant
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.summary.graph.functions.inlining import CALLS, Inlined
from hubexplore.summary.graph.traversal import node_of, tensor_of

_GRADIENT: Final = "_gradient_op_type"
_COLOCATION: Final = b"loc:@"
MSG_IN_CONTEXT: Final = (
    "{tensor!r} is inside a function that is called in a cond or loop, so it has no single value. Name a "
    "tensor that leaves the cond or loop."
)
MSG_GRADIENT: Final = (
    "The call {call!r} has a gradient of its own, which its ops, now part of the graph, do not have: "
    "gradients through the cut may differ from those of the module."
)


@dataclass(frozen=True, eq=False)
class OpenedVariant:
    """A variant in which some calls became their bodies.

    Attributes:
      variant: the new one; the given one if no call was opened.
      tensors: tensor of a call that was opened -> the tensor that has its value.
      notes: what is different afterwards.
    """

    variant: GraphVariant
    tensors: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def tensor(self, name: str) -> str:
        """The name of a tensor of the module in the new variant."""
        return self.tensors.get(name, name)


def open_calls(variant: GraphVariant, flat: FlatVariant, tensors: Collection[str]) -> OpenedVariant:
    """Opens the calls that hold some tensors of the flat graph.

    Linear in the nodes of the flat graph.

    Args:
      variant: of the module.
      flat: the same with all calls inlined.
      tensors: those that must be in the graph; one that is in no call needs none to be opened.

    Raises:
      CutError: (a ValueError) a call is in a TF1 cond or loop.
    """
    inlined = flat.inlined
    opened = {inlined.owners[node_of(tensor)] for tensor in tensors if node_of(tensor) in inlined.owners}
    if not opened:
        return OpenedVariant(variant, {})
    inside = {name for context in read_contexts(variant.meta_graph) for name in context.nodes}
    for tensor in tensors:
        if inlined.owners.get(node_of(tensor)) in inside:
            raise CutError(MSG_IN_CONTEXT.format(tensor=tensor))
    edges = _Edges(inlined, opened)
    new = type(variant.meta_graph)()
    new.CopyFrom(variant.meta_graph)
    del new.graph_def.node[:]
    for name, node in variant.nodes.items():
        if name in opened:
            continue
        uses_opened = any(node_of(edge) in opened for edge in node.input)
        # A call that stays was inlined in the flat graph, so it is connected here.
        if not uses_opened:
            new.graph_def.node.append(node)
        elif name in flat.variant.nodes and name not in inlined.owners:
            edges.add(new.graph_def, flat.variant.nodes[name])
        else:
            edges.add(new.graph_def, node)
    for name, owner in inlined.owners.items():
        if owner in opened:
            edges.add(new.graph_def, flat.variant.nodes[name])
    results = {
        tensor: edges.data(result) for tensor, result in inlined.tensors.items() if node_of(tensor) in opened
    }
    _rename_elements(new, results, inlined, opened)
    notes = tuple(
        MSG_GRADIENT.format(call=call)
        for call in sorted(opened)
        if _has_own_gradient(variant.nodes[call], variant.library)
    )
    return OpenedVariant(GraphVariant(new, variant.converted), results, notes)


class _Edges:
    """Connects nodes of the flat graph to the calls that stay."""

    def __init__(self, inlined: Inlined, opened: Collection[str]) -> None:
        self._inlined = inlined
        self._opened = opened
        self._results: dict[str, str] = {}
        for result, tensor in inlined.tensors.items():
            if self._is_closed(tensor):
                self._results.setdefault(tensor, result)

    def _is_closed(self, tensor: str) -> bool:
        """Whether a tensor of the flat graph is inside of a call that stays."""
        owner = self._inlined.owners.get(node_of(tensor))
        return owner is not None and owner not in self._opened

    def data(self, tensor: str) -> str:
        """The tensor of the new graph that has the value of one of the flat graph, or of a call."""
        flat = self._inlined.tensors.get(tensor, tensor) if node_of(tensor) in self._opened else tensor
        return self._results[flat] if self._is_closed(flat) else flat

    def _controls(self, name: str) -> Iterable[str]:
        if name in self._opened:
            for wait in self._inlined.controls[name]:
                # The NoOp of a call has its name.
                yield from (wait,) if wait == name else self._controls(wait)
            return
        yield self._inlined.owners[name] if self._is_closed(name) else name

    def add(self, graph_def: Any, node: Any) -> None:
        """Adds a copy of a node with its edges as they are in the new graph."""
        copy = graph_def.node.add()
        copy.CopyFrom(node)
        data = [self.data(tensor_of(edge)).removesuffix(":0") for edge in node.input if edge[:1] != "^"]
        waits = [wait for edge in node.input if edge[:1] == "^" for wait in self._controls(edge[1:])]
        del copy.input[:]
        copy.input.extend([*data, *(f"^{wait}" for wait in dict.fromkeys(waits))])


def _rename_elements(new: Any, results: Mapping[str, str], inlined: Inlined, opened: Collection[str]) -> None:
    """Makes signatures and collections name the tensors that the results of opened calls became."""
    from hubexplore.hub.cutting.tensors import with_names

    for signature in new.signature_def.values():
        for side in (signature.inputs, signature.outputs):
            for info in side.values():
                info.CopyFrom(with_names(info, lambda name: results.get(name, name)))
    for collection in new.collection_def.values():
        elements = list(collection.node_list.value)
        if not any(node_of(element) in opened for element in elements):
            continue
        renamed: list[str] = []
        for element in elements:
            if element in opened:
                renamed.extend(inlined.controls[element])
            else:
                renamed.append(results.get(element, element))
        collection.node_list.value[:] = list(dict.fromkeys(renamed))


def _has_own_gradient(node: Any, library: Any) -> bool:
    """Whether TensorFlow differentiates a call by other means than by its ops."""
    name = node.attr["f"].func.name if node.op in CALLS else node.op
    return _GRADIENT in node.attr or any(gradient.function_name == name for gradient in library.gradient)
