"""What a graph says of the tensors of a signature, where the signature says nothing or something else.

TensorFlow 1.0 wrote signatures without shapes, which read as scalars. Other writers leave out the dtype of
composite tensors, or edit one of the two. A placeholder takes what its own attributes say, so these count.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hubexplore.summary.dtypes import DTYPES
from hubexplore.summary.graph.messages import TensorShapeProto
from hubexplore.summary.graph.ops.op_definitions import definition
from hubexplore.summary.graph.ops.op_outputs import output_of
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.model import Shape

# Up to this version of graphs an empty shape of a Placeholder means any (tensorflow/core/ops/array_ops.cc).
_SCALAR_IS_UNKNOWN: Final = 21
_PLACEHOLDERS: Final = frozenset({"Placeholder", "PlaceholderV2", "PlaceholderWithDefault"})
_SHAPES: Final = "_output_shapes"
# Bytes of a TensorShapeProto that is remembered; a dimension takes some ten, so this is a rank of 25.
_LONGEST_KEPT: Final = 256


def shape_of(proto: Any) -> Shape:
    """The sizes in a TensorShapeProto."""
    # Few shapes occur many times. To write one takes a fifth of the time in which its parts are read.
    content = proto.SerializeToString()
    return _parsed_shape(content) if len(content) <= _LONGEST_KEPT else _sizes(proto)


@functools.lru_cache(maxsize=4096)
def _parsed_shape(content: bytes) -> Shape:
    return _sizes(TensorShapeProto.FromString(content))


def _sizes(proto: Any) -> Shape:
    if proto.unknown_rank:
        return None
    return tuple([None if size < 0 else size for size in [dim.size for dim in proto.dim]])


def sparse_shape(info: Any) -> Shape:
    """The dense shape of a sparse tensor by its TensorInfo; unknown where that says none."""
    return shape_of(info.tensor_shape) if info.HasField("tensor_shape") else None


def component_names(info: Any) -> Iterator[str]:
    """Yields the names of the dense tensors that a TensorInfo message describes."""
    match info.WhichOneof("encoding"):
        case "coo_sparse":
            coo = info.coo_sparse
            yield from (coo.indices_tensor_name, coo.values_tensor_name, coo.dense_shape_tensor_name)
        case "composite_tensor":
            for component in info.composite_tensor.components:
                yield from component_names(component)
        case _:
            yield info.name


class Declared:
    """The dtypes and shapes of tensors by the attributes of their nodes.

    Args:
      meta_graph: MetaGraphDef-shaped message.
      nodes: its index, node name -> node.
    """

    def __init__(self, meta_graph: Any, nodes: Mapping[str, Any]) -> None:
        self._nodes = nodes
        self._version = meta_graph.graph_def.versions.producer
        self._has_shapes = any(
            info.HasField("tensor_shape")
            for signature in meta_graph.signature_def.values()
            for infos in (signature.inputs, signature.outputs)
            for info in infos.values()
        )

    def dtype(self, declared: int, tensor: str) -> int:
        """The dtype of a tensor: by its placeholder, else as declared, else by its op; 0 where none says.

        Args:
          declared: what the signature says.
          tensor: its name in the graph.
        """
        node = self._nodes.get(node_of(tensor))
        if node is None:
            return declared
        if node.op in _PLACEHOLDERS and "dtype" in node.attr:
            return int(node.attr["dtype"].type)
        return declared or _by_definition(node, tensor)

    def default(self, tensor: str) -> Any | None:
        """The TensorProto of the constant that a placeholder has as its default; None without one."""
        node = self._nodes.get(node_of(tensor))
        if node is None or node.op != "PlaceholderWithDefault" or not node.input:
            return None
        constant = self._nodes.get(node_of(node.input[0]))
        if constant is None or constant.op != "Const" or "value" not in constant.attr:
            return None
        return constant.attr["value"].tensor

    def shape(self, info: Any) -> Shape:
        """The shape of a dense tensor: as its TensorInfo says, unless the graph contradicts it."""
        in_graph = self._shapes(info.name)
        if not info.HasField("tensor_shape"):
            # Some writers leave out the shapes of scalars, others all of them.
            return in_graph[0] if in_graph else () if self._has_shapes else None
        shape = shape_of(info.tensor_shape)
        return shape if not in_graph or _are_compatible(shape, in_graph[0]) else in_graph[0]

    def _shapes(self, tensor: str) -> tuple[Shape] | None:
        """The shape that a node says its output has; None where it says nothing."""
        node = self._nodes.get(node_of(tensor))
        if node is None:
            return None
        if node.op in _PLACEHOLDERS and "shape" in node.attr:
            shape = shape_of(node.attr["shape"].shape)
            is_legacy = node.op == "Placeholder" and self._version <= _SCALAR_IS_UNKNOWN
            return (None if is_legacy and shape == () else shape,)
        # Only some writers keep this attribute. On import, TensorFlow refuses a graph in which it contradicts
        # the shapes that are inferred, and then drops it.
        output = tensor.partition(":")[2] or "0"
        shapes = node.attr[_SHAPES].list.shape if _SHAPES in node.attr else ()
        return (shape_of(shapes[int(output)]),) if output.isdecimal() and int(output) < len(shapes) else None


def _by_definition(node: Any, tensor: str) -> int:
    """The dtype of an output of a node by the definition of its op; 0 where that is not known."""
    op = definition(node.op)
    if op is None:
        return 0
    name = output_of(op, node.attr, tensor.partition(":")[2])[1].removesuffix("_ref")
    return next((dtype.number for dtype in DTYPES if dtype.name == name), 0)


def _are_compatible(first: Shape, second: Shape) -> bool:
    if first is None or second is None:
        return True
    return len(first) == len(second) and all(
        a is None or b is None or a == b for a, b in zip(first, second, strict=True)
    )
