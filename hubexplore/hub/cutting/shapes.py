"""`CutVariant`: a graph variant whose new inputs and outputs get the shapes that TensorFlow infers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import DamagedModuleError
from hubexplore.hub.cutting.region import Region, Sides
from hubexplore.hub.graph.gc_pause import gc_paused
from hubexplore.hub.graph.plan import close_over_contexts
from hubexplore.hub.graph.slice import slice_graph
from hubexplore.hub.op_internals import static_shapes
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.summary.formats.converted import Converted
from hubexplore.summary.graph.traversal import NO_CUT

_FAILURES: Final = (tf.errors.OpError, ValueError, TypeError, KeyError, DamagedModuleError)


class CutVariant(GraphVariant):
    """A graph that was cut out of another one.

    The shapes of tensors that no signature of the original declares are inferred when they are first needed:
    that imports the part of the original graph which they need, and so takes longer than the cut.

    Args:
      meta_graph: of the cut.
      converted: see `GraphVariant`; None if the original was not converted.
      original: the graph that it was cut out of.
      name: of the new signature.
      sides: it, in the original.
      region: what stayed.
    """

    def __init__(  # noqa: PLR0917 - one caller
        self,
        meta_graph: Any,
        converted: Converted | None,
        original: GraphVariant,
        name: str,
        sides: Sides,
        region: Region,
    ) -> None:
        super().__init__(meta_graph, converted)
        self._original: GraphVariant | None = original
        self._name = name
        self._sides = sides
        self._region = region

    @property
    def meta_graph(self) -> Any:
        """The MetaGraphDef, with the shapes of its new signature."""
        if self._original is not None:
            # First, so that nothing below comes back here.
            original, self._original = self._original, None
            self._infer(original)
        return super().meta_graph

    def _infer(self, original: GraphVariant) -> None:
        signature = self.as_read.signature_def[self._name]
        unknown = {
            tensor
            for side in (self._sides.inputs, self._sides.outputs)
            for found in side.values()
            if found.info.WhichOneof("encoding") == "name" and not found.info.HasField("tensor_shape")
            for tensor in found.tensors
        } | self._region.replaced.keys()
        shapes = inferred_shapes(original, sorted(unknown)) if unknown else {}
        for name, found in self._sides.inputs.items():
            _complete(signature.inputs[name], found.tensors, shapes)
        for name, found in self._sides.outputs.items():
            _complete(signature.outputs[name], found.tensors, shapes)
        for tensor, placeholder in self._region.replaced.items():
            if tensor in shapes:
                self.nodes[placeholder].attr["shape"].shape.CopyFrom(shapes[tensor].as_proto())


def _complete(info: Any, tensors: Iterable[str], shapes: Mapping[str, tf.TensorShape]) -> None:
    """Says the shape of a dense argument, which is unknown if nothing says it."""
    if info.WhichOneof("encoding") != "name" or info.HasField("tensor_shape"):
        return
    (tensor,) = tensors
    shape = shapes.get(tensor, tf.TensorShape(None))
    info.tensor_shape.CopyFrom(shape.as_proto())
    info.tensor_shape.SetInParent()


def inferred_shapes(variant: GraphVariant, tensors: Iterable[str]) -> dict[str, tf.TensorShape]:
    """The static shapes of tensors, by an import of what they need into a graph of its own; nothing runs.

    Those that TensorFlow cannot import are left out.
    """
    names = list(tensors)
    region, _ = close_over_contexts(variant, NO_CUT, names)
    if region.missing or any(variant.nodes[name].op in variant.unknown_ops for name in region.nodes):
        return {}
    graph_slice = slice_graph(variant, region.nodes)
    graph_slice.graph_def.library.CopyFrom(graph_slice.library)
    try:
        with gc_paused():
            return static_shapes(graph_slice.graph_def.SerializeToString(), names)
    except _FAILURES:
        # Whoever uses the module gets the error, with its explanation.
        return {}
