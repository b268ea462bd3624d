"""Rules for TensorArrays and lists of tensors, which loops read and write element by element."""

from __future__ import annotations

from typing import Final

from hubexplore.summary.sizes.shape_inference import Dims, Op, Rule


def _array_name(op: Op) -> str:
    """Returns the name of the op that makes a TensorArray, however many loops its handle runs through."""
    node = op.source(0)
    return node.name if node is not None else op.edges[0]


def _scatter(op: Op) -> Dims:
    dims = op.shape(2)
    op.constraints.element_shapes[_array_name(op)] = dims[1:] if dims else None
    return ()


def _write(op: Op) -> Dims:
    # An array may be written in several places; its elements have one shape, so the first one is kept.
    op.constraints.element_shapes.setdefault(_array_name(op), op.shape(2))
    return ()


def _array_read(op: Op) -> Dims:
    return op.constraints.element_shapes.get(_array_name(op))


def _array_gather(op: Op) -> Dims:
    element, count = op.constraints.element_shapes.get(_array_name(op)), op.shape(1)
    return (*(count or (None,)), *element) if element is not None else None


def _list_from(op: Op) -> Dims:
    dims = op.shape(0)
    op.constraints.element_shapes[f"{op.node.name}:0"] = dims[1:] if dims else None
    return ()


def _list_item(op: Op) -> Dims:
    return op.constraints.element_shapes.get(op.edges[0])


RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(("TensorArrayReadV3", "TensorArrayReadV2"), _array_read),
    "TensorArrayGatherV3": _array_gather,
    "TensorArrayScatterV3": _scatter,
    "TensorArrayWriteV3": _write,
    "TensorListFromTensor": _list_from,
    "TensorListGetItem": _list_item,
}
