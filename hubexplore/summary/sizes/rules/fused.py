"""Rules for ops that are several layers in one, for quantised ops, and for gradients of convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubexplore.summary.sizes.polynomials import Number
from hubexplore.summary.sizes.rules.layers import conv, matmul
from hubexplore.summary.sizes.shape_inference import Dims, Op, Rule


def _quantised_conv(op: Op) -> list[Dims]:
    """Quantised ops also return the lowest and the highest number that their output stands for."""
    return [conv(op), (), ()]


def _quantised_matmul(op: Op) -> list[Dims]:
    return [matmul(op), (), ()]


def _with_range(op: Op) -> list[Dims]:
    return [op.shape(0), (), ()]


def _kernel_gradient(op: Op) -> Dims:
    """The gradient of the weights of a convolution; input 1 is their shape."""
    return op.vector(1)


def _image_gradient(op: Op) -> Dims:
    """The gradient of the image of a depthwise convolution; input 0 is its shape."""
    return op.vector(0)


def _pairs(op: Op, index: int) -> Sequence[tuple[int, int]] | None:
    """Returns an input of shape (n, 2), if it is known."""
    array = op.array(index)
    if array is None or array.ndim != 2 or array.shape[1] != 2:
        return None
    return [(int(before), int(after)) for before, after in array]


def _space_to_batch(op: Op) -> Dims:
    """Cuts sides into blocks that become rows, as dilated convolutions do."""
    dims, blocks, paddings = op.shape(0), op.numbers(1), _pairs(op, 2)
    if dims is None or blocks is None or paddings is None or len(dims) <= len(blocks):
        return None if dims is None else (None,) * len(dims)
    rows, sides = dims[0], list[Number | None]()
    for size, block, (before, after) in zip(dims[1:], blocks, paddings, strict=False):
        sides.append(None if size is None else (size + before + after) // block)
        rows = None if rows is None else rows * block
    return (rows, *sides, *dims[1 + len(blocks) :])


def _batch_to_space(op: Op) -> Dims:
    dims, blocks, crops = op.shape(0), op.numbers(1), _pairs(op, 2)
    if dims is None or blocks is None or crops is None or len(dims) <= len(blocks):
        return None if dims is None else (None,) * len(dims)
    rows, sides = dims[0], list[Number | None]()
    for size, block, (before, after) in zip(dims[1:], blocks, crops, strict=False):
        sides.append(None if size is None else size * block - before - after)
        rows = None if rows is None else rows // block
    return (rows, *sides, *dims[1 + len(blocks) :])


def _cudnn(op: Op) -> list[Dims]:
    """All layers of a recurrent network: states are (layers x directions, batch, units)."""
    dims, state = op.ranked(0, 3), op.ranked(1, 3)
    both = 2 if op.text("direction", "unidirectional") == "bidirectional" else 1
    units = None if state[2] is None else state[2] * both
    return [(dims[0], dims[1], units), state, op.shape(2), None]


def _gradient_of_bias(op: Op) -> Dims:
    dims = op.shape(0)
    return dims[-1:] if dims else None


RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(("_FusedConv2D", "_FusedDepthwiseConv2dNative"), conv),
    "_FusedMatMul": matmul,
    "SparseMatMul": matmul,
    **dict.fromkeys(
        (
            "QuantizedConv2D",
            "QuantizedConv2DPerChannel",
            "QuantizedConv2DWithBias",
            "QuantizedConv2DWithBiasAndRelu",
            "QuantizedConv2DWithBiasAndReluAndRequantize",
            "QuantizedConv2DAndRelu",
            "QuantizedConv2DAndRequantize",
            "QuantizedDepthwiseConv2D",
            "QuantizedDepthwiseConv2DWithBias",
            "QuantizedDepthwiseConv2DWithBiasAndRelu",
        ),
        _quantised_conv,
    ),
    **dict.fromkeys(
        ("QuantizedMatMul", "QuantizedMatMulWithBias", "QuantizedMatMulWithBiasAndRelu"), _quantised_matmul
    ),
    **dict.fromkeys(
        ("QuantizeV2", "QuantizedRelu", "QuantizedRelu6", "QuantizeDownAndShrinkRange", "Requantize"),
        _with_range,
    ),
    **dict.fromkeys(
        ("Conv2DBackpropFilter", "Conv3DBackpropFilterV2", "DepthwiseConv2dNativeBackpropFilter"),
        _kernel_gradient,
    ),
    "DepthwiseConv2dNativeBackpropInput": _image_gradient,
    "BiasAddGrad": _gradient_of_bias,
    "SpaceToBatchND": _space_to_batch,
    "BatchToSpaceND": _batch_to_space,
    **dict.fromkeys(("CudnnRNN", "CudnnRNNV2", "CudnnRNNV3"), _cudnn),
}
