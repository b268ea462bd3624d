"""Multiply-adds of an op: one multiplication of two numbers whose product is added to a sum.

Products of arrays, convolutions and recurrent cells are counted, which are nearly all arithmetic of a
network. Element-wise ops, sums, activations, normalisation and comparisons are not. Each rule states the sum
that the op computes, by its definition (https://www.tensorflow.org/api_docs/python/tf/raw_ops).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from hubexplore.summary.sizes import polynomials
from hubexplore.summary.sizes.polynomials import Number
from hubexplore.summary.sizes.shape_inference import Dims, Op

Count = Callable[[Op, Sequence[Dims]], Number | None]
"""Returns the multiply-adds of an op from it and the shapes of its outputs; None if a size is not known."""

_GATES: Final = {"lstm": 4, "gru": 3, "rnn_relu": 1, "rnn_tanh": 1}
"""Mode of a recurrent op of cuDNN -> number of its gates."""


def _size(dims: Dims) -> Number | None:
    """Returns the number of elements."""
    return None if dims is None else polynomials.product(dims)


def _product(*factors: Number | None) -> Number | None:
    return polynomials.product(factors)


def _output(outputs: Sequence[Dims]) -> Number | None:
    return _size(outputs[0]) if outputs else None


def _total(*terms: Number | None) -> Number | None:
    return polynomials.total(terms)


# ---- convolutions: each output is a sum over the window and the input channels of its group


def _conv(op: Op, outputs: Sequence[Dims], weights: int = 1) -> Number | None:
    kernel = op.shape(weights)
    return None if not kernel else _product(_output(outputs), *kernel[:-1])


def _depthwise(op: Op, outputs: Sequence[Dims]) -> Number | None:
    kernel = op.shape(1)
    return None if not kernel or len(kernel) != 4 else _product(_output(outputs), *kernel[:2])


def _padded_conv(op: Op, outputs: Sequence[Dims]) -> Number | None:
    """A convolution after a padding, whose weights are input 2, or input 3 after a resize."""
    return _conv(op, outputs, 3 if "Resize" in op.type else 2)


def _conv_transpose(op: Op, _: Sequence[Dims]) -> Number | None:
    """Each number of the small image, input 2, is multiplied into a window of the large one's channels."""
    kernel = op.shape(1)
    return None if not kernel else _product(_size(op.shape(2)), *kernel[:-1])


def _kernel_gradient(op: Op, outputs: Sequence[Dims]) -> Number | None:
    """Each number of the gradient, input 2, is multiplied with a window of the image."""
    kernel = outputs[0] if outputs else None
    if not kernel:
        return None
    window = kernel[:2] if op.type.startswith("Depthwise") else kernel[:-1]
    return _product(_size(op.shape(2)), *window)


def _depthwise_transpose(op: Op, _: Sequence[Dims]) -> Number | None:
    kernel = op.shape(1)
    return None if not kernel else _product(_size(op.shape(2)), *kernel[:2])


# ---- products of matrices: each output is a sum over the size that both operands share


def _matmul(op: Op, outputs: Sequence[Dims]) -> Number | None:
    left, right = op.shape(0), op.shape(1)
    shared = None
    if left is not None and len(left) > 1:
        is_turned = op.flag("transpose_a") or op.flag("adj_x") or op.flag("adjoint_a")
        shared = left[-2] if is_turned else left[-1]
    if shared is None and right is not None and len(right) > 1:
        is_turned = op.flag("transpose_b") or op.flag("adj_y") or op.flag("adjoint_b")
        shared = right[-1] if is_turned else right[-2]
    return _product(_output(outputs), shared)


def _sparse_matmul(op: Op, outputs: Sequence[Dims]) -> Number | None:
    """Each stored number, input 1, is multiplied into a row of the result."""
    result = outputs[0] if outputs else None
    return None if not result else _product(_size(op.shape(1)), result[-1])


def _einsum(op: Op, outputs: Sequence[Dims]) -> Number | None:
    """Each output is a sum over the letters that the result lacks; nothing is multiplied for one operand."""
    operands, _, result = op.text("equation").replace(" ", "").partition("->")
    terms = operands.split(",")
    if len(terms) < 2:
        return 0
    sizes: dict[str, Number | None] = {}
    for index, letters in enumerate(terms):
        dims = op.shape(index)
        before, dots, after = letters.partition("...")
        if dims is None or len(dims) < len(before) + len(after):
            return None
        # The ellipsis stands for the dimensions between those with letters; the result has them too.
        ends = zip((*before, *after), (*dims[: len(before)], *dims[len(dims) - len(after) :]), strict=False)
        if not dots and len(dims) != len(letters):
            return None
        sizes.update((letter, size) for letter, size in ends if sizes.get(letter) in (None, 1))
    return _product(_output(outputs), *(size for letter, size in sizes.items() if letter not in result))


# ---- recurrent cells: input and state are multiplied with the weights of each gate


def _cell(op: Op, _: Sequence[Dims]) -> Number | None:
    """One step of an LSTM: `x` is (batch, width), and the weights are (width + units, 4 units)."""
    dims, weights = op.shape(0), op.shape(3)
    if not dims or not weights or len(weights) != 2:
        return None
    peepholes = 3 if op.flag("use_peephole") else 0
    units = None if weights[1] is None else weights[1] // 4
    return _total(_product(dims[0], *weights), _product(dims[0], units, peepholes) if peepholes else 0)


def _cells(op: Op, _: Sequence[Dims]) -> Number | None:
    """All steps of an LSTM: `x` is (time, batch, width)."""
    dims, weights = op.shape(1), op.shape(4)
    if not dims or len(dims) != 3 or not weights or len(weights) != 2:
        return None
    peepholes = 3 if op.flag("use_peephole") else 0
    units = None if weights[1] is None else weights[1] // 4
    steps = _product(*dims[:2])
    return _total(_product(steps, *weights), _product(steps, units, peepholes) if peepholes else 0)


def _gru(op: Op, _: Sequence[Dims]) -> Number | None:
    """One step of a GRU: weights (width + units, 2 units) of two gates and (width + units, units) of one."""
    dims, gates, candidate = op.shape(0), op.shape(2), op.shape(3)
    if not dims or not gates or not candidate:
        return None
    return _total(_product(dims[0], *gates), _product(dims[0], *candidate))


def _cudnn(op: Op, _: Sequence[Dims]) -> Number | None:
    """All layers, directions and steps; the state is (layers x directions, batch, units)."""
    dims, state = op.shape(0), op.shape(1)
    gates = _GATES.get(op.text("rnn_mode", "lstm"))
    if not dims or len(dims) != 3 or not state or len(state) != 3 or gates is None:
        return None
    directions = 2 if op.text("direction", "unidirectional") == "bidirectional" else 1
    stacked, units = state[0], state[2]
    if not isinstance(stacked, int) or units is None:
        return None
    layers = stacked // directions
    # The first layer takes the input, each further one what all directions below it give.
    widths = [dims[2], *[units * directions] * (layers - 1)] if layers else []
    steps = _product(*dims[:2])
    per_layer = [
        None if width is None else _product(steps, width + units, units, gates * directions)
        for width in widths
    ]
    return _total(*per_layer)


_COUNTS: Final[dict[str, Count]] = {
    **dict.fromkeys(("Conv2D", "Conv3D", "_FusedConv2D", "_FusedConv3D", "Conv"), _conv),
    **dict.fromkeys(("DepthwiseConv2dNative", "_FusedDepthwiseConv2dNative"), _depthwise),
    **dict.fromkeys(("FusedResizeAndPadConv2D", "FusedPadConv2D"), _padded_conv),
    **dict.fromkeys(("Conv2DBackpropInput", "Conv3DBackpropInput", "Conv3DBackpropInputV2"), _conv_transpose),
    **dict.fromkeys(
        (
            "Conv2DBackpropFilter",
            "Conv3DBackpropFilter",
            "Conv3DBackpropFilterV2",
            "DepthwiseConv2dNativeBackpropFilter",
        ),
        _kernel_gradient,
    ),
    "DepthwiseConv2dNativeBackpropInput": _depthwise_transpose,
    **dict.fromkeys(("MatMul", "_FusedMatMul", "SparseMatMul", "BatchMatMul", "BatchMatMulV2"), _matmul),
    **dict.fromkeys(("BatchMatMulV3", "_FusedBatchMatMulV2"), _matmul),
    **dict.fromkeys(("Einsum", "XlaEinsum", "_FusedEinsum"), _einsum),
    "SparseTensorDenseMatMul": _sparse_matmul,
    "LSTMBlockCell": _cell,
    **dict.fromkeys(("BlockLSTM", "BlockLSTMV2"), _cells),
    "GRUBlockCell": _gru,
    **dict.fromkeys(("CudnnRNN", "CudnnRNNV2", "CudnnRNNV3"), _cudnn),
}
_QUANTIZED: Final = (
    (re.compile(r"_?QuantizedDepthwiseConv2D"), _depthwise),
    (re.compile(r"_?(Quantized(Fused)?|Fused?Quantized)Conv[23]D"), _conv),
    (re.compile(r"_?(Quantized(Fused)?|Fused?Quantized)(Batch)?MatMul"), _matmul),
)
"""Beginnings of the names of quantised ops, which have many endings (`QuantizedConv2DWithBiasAndRelu`)."""


def count_of(op_type: str) -> Count | None:
    """Returns the rule for an op type; None for one whose multiply-adds are not counted."""
    if op_type in _COUNTS:
        return _COUNTS[op_type]
    if "Quantized" not in op_type:
        return None
    return next((count for pattern, count in _QUANTIZED if pattern.match(op_type)), None)


_OPAQUE: Final = re.compile(
    r"(Xla(CallModule|Launch|Conv|Dot|CustomCall)|TPU|TRTEngine|UniformQuantized(Conv|Dot)|(Eager)?PyFunc"
    r"|RemoteFusedGraphExecute)"
)


def is_opaque(op_type: str) -> bool:
    """Returns whether an op may compute products that no rule here counts, such as a compiled program."""
    return bool(_OPAQUE.match(op_type))
