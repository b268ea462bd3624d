"""Rules of lists of tensors, of which a loop takes one after the other."""

from __future__ import annotations

from typing import Final

from hubexplore.summary.sizes.shape_inference import Dims, Op, Rule


def _array_of(op: Op) -> str:
    node = op.source(0)
    return node.name if node is not None else op.edges[0]


def _scatter(op: Op) -> Dims:
    dims = op.shape(2)
    op.notes.elements[_array_of(op)] = dims[1:] if dims else None
    return ()


def _write(op: Op) -> Dims:
    op.notes.elements.setdefault(_array_of(op), op.shape(2))
    return ()


def _array_read(op: Op) -> Dims:
    return op.notes.elements.get(_array_of(op))


def _array_gather(op: Op) -> Dims:
    inner, count = op.notes.elements.get(_array_of(op)), op.shape(1)
    return (*(count or (None,)), *inner) if inner is not None else None


def _list_from(op: Op) -> Dims:
    dims = op.shape(0)
    op.notes.elements[f"{op.node.name}:0"] = dims[1:] if dims else None
    return ()


def _list_item(op: Op) -> Dims:
    return op.notes.elements.get(op.edges[0])


RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(("TensorArrayReadV3", "TensorArrayReadV2"), _array_read),
    "TensorArrayGatherV3": _array_gather,
    "TensorArrayScatterV3": _scatter,
    "TensorArrayWriteV3": _write,
    "TensorListFromTensor": _list_from,
    "TensorListGetItem": _list_item,
}
