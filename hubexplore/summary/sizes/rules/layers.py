"""Rules for layers of neural networks: what the shapes of weights tell about the sizes of inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubexplore.summary.sizes import polynomials
from hubexplore.summary.sizes.polynomials import Number
from hubexplore.summary.sizes.rules.elements import broadcast
from hubexplore.summary.sizes.shape_inference import Dims, Op, Rule


def matmul(op: Op) -> Dims:
    """Returns the shape of the product of two matrices."""
    left, right = op.ranked(0, 2), op.ranked(1, 2)
    left = left[::-1] if op.flag("transpose_a") else left
    right = right[::-1] if op.flag("transpose_b") else right
    op.constraints.equal(left[1], right[0])
    return (left[0], right[1])


def _batch_matmul(op: Op) -> Dims:
    left, right = op.shape(0), op.shape(1)
    if left is None or right is None:
        return None
    if min(len(left), len(right)) < 2:
        op.constraints.refuse()
        return None
    left = (*left[:-2], left[-1], left[-2]) if op.flag("adj_x") else left
    right = (*right[:-2], right[-1], right[-2]) if op.flag("adj_y") else right
    op.constraints.equal(left[-1], right[-2])
    # BatchMatMulV2 and later broadcast the batch dimensions.
    longer, shorter = (left, right) if len(left) >= len(right) else (right, left)
    batch = list(longer[:-2])
    for axis in range(1, len(shorter) - 1):
        long_size, short_size = longer[-2 - axis], shorter[-2 - axis]
        batch[-axis] = (
            short_size
            if long_size == 1
            else long_size
            if short_size == 1
            else op.constraints.equal(long_size, short_size)
        )
    return (*batch, left[-2], right[-1])


def _einsum(op: Op) -> Dims:
    operands, arrow, result = op.text("equation").replace(" ", "").partition("->")
    # An implicit result is not followed.
    if not arrow:
        return None
    sizes: dict[str, Number | None] = {}
    skipped: tuple[Number | None, ...] = ()
    for index, letters in enumerate(operands.split(",")):
        before, dots, after = letters.partition("...")
        dims = op.shape(index)
        if dots and dims is None:
            return None
        # An ellipsis stands for as many dimensions as the letters leave; they broadcast.
        count = len(dims) - len(before) - len(after) if dots and dims is not None else 0
        dims = op.ranked(index, len(before) + max(count, 0) + len(after))
        middle = dims[len(before) : len(before) + count] if dots else ()
        skipped = middle if len(middle) > len(skipped) else skipped
        named = zip((*before, *after), (*dims[: len(before)], *dims[len(dims) - len(after) :]), strict=True)
        for letter, size in named:
            sizes[letter] = op.constraints.equal(sizes.get(letter), size)
    before, dots, after = result.partition("...")
    return (*map(sizes.get, before), *(skipped if dots else ()), *map(sizes.get, after))


# ---- convolutions


def _is_channels_first(op: Op) -> bool:
    """Returns whether the channels come before the sides of an image."""
    return op.text("data_format", "N_C").startswith("NC")


def _sides(op: Op, dims: Sequence[Number | None]) -> tuple[list[Number | None], Number | None]:
    """Returns the sides and the channels of an image."""
    return (list(dims[2:]), dims[1]) if _is_channels_first(op) else (list(dims[1:-1]), dims[-1])


def _image_shape(
    op: Op, batch: Number | None, sides: Sequence[Number | None], channels: Number | None
) -> Dims:
    return (batch, channels, *sides) if _is_channels_first(op) else (batch, *sides, channels)


def _sides_attribute(op: Op, name: str, count: int) -> list[int]:
    """Returns the entries for the sides of an attribute that has an entry for each dimension."""
    values = op.integers(name) or [1] * (count + 2)
    return values[2:] if _is_channels_first(op) else values[1:-1]


def _window_positions(
    op: Op, sides: Sequence[Number | None], windows: Sequence[Number | None]
) -> list[Number | None]:
    """Returns the number of positions of a window along each side."""
    # Padding: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
    strides = _sides_attribute(op, "strides", len(sides))
    dilations = _sides_attribute(op, "dilations", len(sides))
    padding = op.text("padding")
    paddings = op.integers("explicit_paddings")
    positions: list[Number | None] = []
    for axis, (side, window) in enumerate(zip(sides, windows, strict=True)):
        if side is None or not isinstance(window, int):
            positions.append(None)
            continue
        if padding == "SAME":
            positions.append(polynomials.rounded_up(side, strides[axis]))
            continue
        first = 2 * (axis + (2 if _is_channels_first(op) else 1))
        padded = side + sum(paddings[first : first + 2])
        count = (padded - ((window - 1) * dilations[axis] + 1)) // strides[axis] + 1
        op.constraints.at_least(count, 1)
        # A window that is larger than the image has no position; a negative number would go on.
        positions.append(None if isinstance(count, int) and count < 1 else count)
    return positions


def conv(op: Op) -> Dims:
    """Returns the shape of what a convolution gives."""
    count = 3 if op.type == "Conv3D" else 2
    weights = op.ranked(1, count + 2)
    dims = op.ranked(0, count + 2)
    sides, channels = _sides(op, dims)
    if "DepthwiseConv2" in op.type:
        op.constraints.equal(channels, weights[2])
        # Each channel has as many filters as the last dimension of the weights.
        filters = polynomials.product(weights[2:])
    else:
        _match_channels(op, channels, weights[-2])
        filters = weights[-1]
    return _image_shape(op, dims[0], _window_positions(op, sides, weights[:count]), filters)


def _match_channels(op: Op, channels: Number | None, expected: Number | None) -> None:
    """Requires as many channels as the weights take; known channels may be a multiple, which are groups."""
    is_grouped = (
        isinstance(channels, int) and isinstance(expected, int) and expected and channels % expected == 0
    )
    if not is_grouped:
        op.constraints.equal(channels, expected)


def _conv_transpose(op: Op) -> Dims:
    """Transposed convolution: the gradient of a convolution whose input has the shape that is input 0."""
    count = 3 if op.type.startswith("Conv3D") else 2
    weights, small = op.ranked(1, count + 2), op.ranked(2, count + 2)
    large = op.vector(0) or (None,) * (count + 2)
    # Only the sides are given; then there is no batch or channel to compare.
    if len(large) == count:
        return None
    sides, channels = _sides(op, small)
    op.constraints.equal(channels, weights[-1])
    large_sides, large_channels = _sides(op, large)
    op.constraints.equal(large_channels, weights[-2])
    for position, side in zip(_window_positions(op, large_sides, weights[:count]), sides, strict=True):
        op.constraints.equal(position, side)
    op.constraints.equal(large[0], small[0])
    return tuple(large)


def _pool(op: Op) -> Dims:
    dims = op.ranked(0, 5 if "3D" in op.type else 4)
    sides, channels = _sides(op, dims)
    return _image_shape(
        op, dims[0], _window_positions(op, sides, _sides_attribute(op, "ksize", len(sides))), channels
    )


def _resize(op: Op) -> Dims:
    dims, sides = op.ranked(0, 4), op.vector(1) or (None, None)
    return (dims[0], *sides, dims[3])


def _crop_and_resize(op: Op) -> Dims:
    dims, boxes, box_images = op.ranked(0, 4), op.ranked(1, 2), op.ranked(2, 1)
    op.constraints.equal(boxes[1], 4)
    count = op.constraints.equal(boxes[0], box_images[0])
    return (count, *(op.vector(3) or (None, None)), dims[3])


def _non_max_suppression(op: Op) -> Dims:
    boxes, scores = op.ranked(0, 2), op.ranked(1, 1)
    op.constraints.equal(boxes[1], 4)
    op.constraints.equal(boxes[0], scores[0])
    return (None,)


def _block_rearranged(op: Op) -> Dims:
    block, dims = op.integer("block_size", 1), op.ranked(0, 4)
    sides, channels = _sides(op, dims)
    if op.type == "DepthToSpace":
        if channels is not None:
            op.constraints.equal(channels // (block * block) * (block * block), channels)
        channels_out = None if channels is None else channels // (block * block)
        return _image_shape(
            op, dims[0], [None if side is None else side * block for side in sides], channels_out
        )
    for side in sides:
        if side is not None:
            op.constraints.equal(side // block * block, side)
    sides_out = [None if side is None else side // block for side in sides]
    return _image_shape(op, dims[0], sides_out, None if channels is None else channels * block * block)


def _decoded_image(op: Op) -> Dims:
    op.ranked(0, 0)
    return (None, None, op.integer("channels") or None)


# ---- scales and sums along the channels


def _bias_add(op: Op) -> Dims:
    dims, bias = op.shape(0), op.ranked(1, 1)
    if not dims:
        return None
    position = 1 if _is_channels_first(op) and len(dims) > 2 else len(dims) - 1
    return (*dims[:position], op.constraints.equal(dims[position], bias[0]), *dims[position + 1 :])


def _batch_norm(op: Op) -> list[Dims]:
    dims, scale = op.shape(0), op.ranked(1, 1)
    if dims is not None and len(dims) > 2:
        op.constraints.equal(dims[1] if _is_channels_first(op) else dims[-1], scale[0])
    return [dims, *[scale] * 5]


# ---- recurrent cells


def _lstm(op: Op) -> list[Dims]:
    weights = op.ranked(3, 2)
    dims, state = op.ranked(0, 2), op.ranked(1, 2)
    units = None if weights[1] is None else weights[1] // 4
    op.constraints.equal(state[1], units)
    _match_widths(op, dims[1], units, weights[0])
    state_out: Dims = (op.constraints.equal(dims[0], state[0]), units)
    return [state_out] * 7


def _lstm_block(op: Op) -> list[Dims]:
    weights, dims = op.ranked(4, 2), op.ranked(1, 3)
    units = None if weights[1] is None else weights[1] // 4
    _match_widths(op, dims[2], units, weights[0])
    op.constraints.equal(op.ranked(2, 2)[0], dims[1])
    return [(dims[0], dims[1], units)] * 7


def _gru(op: Op) -> list[Dims]:
    weights, dims = op.ranked(2, 2), op.ranked(0, 2)
    # The weights of update and reset gate stand side by side.
    units = None if weights[1] is None else weights[1] // 2
    double = None if units is None else units * 2
    _match_widths(op, dims[1], units, weights[0])
    op.constraints.equal(op.ranked(1, 2)[1], units)
    return [*[(dims[0], double)] * 2, *[(dims[0], units)] * 2]


def _match_widths(op: Op, width: Number | None, units: Number | None, weights: Number | None) -> None:
    """Requires that the weights take input and state side by side."""
    if width is not None and units is not None:
        op.constraints.equal(width + units, weights)


# ---- sparse


def _sparse_matmul(op: Op) -> Dims:
    sizes, dense = op.vector(2), op.ranked(3, 2)
    if sizes is None or len(sizes) != 2:
        return (None, dense[1])
    left = sizes[::-1] if op.flag("adjoint_a") else sizes
    right = dense[::-1] if op.flag("adjoint_b") else dense
    op.constraints.equal(left[1], right[0])
    return (left[0], right[1])


def _segment_reduced(op: Op) -> Dims:
    dims = op.shape(0)
    is_sparse = op.type.startswith("Sparse")
    if dims:
        ids, indices = op.ranked(2 if is_sparse else 1, 1), op.ranked(1, 1)
        op.constraints.equal(ids[0], indices[0] if is_sparse else dims[0])
        return (None, *dims[1:])
    return None


def _cross_entropy(op: Op) -> list[Dims]:
    """Cross entropy of logits and labels: a class or a distribution for each row."""
    logits, labels = op.ranked(0, 2), op.ranked(1, 1 if op.type.startswith("Sparse") else 2)
    for logit_size, label_size in zip(logits, labels, strict=False):
        op.constraints.equal(logit_size, label_size)
    return [(logits[0],), logits]


def _lookup(op: Op) -> Dims:
    return op.shape(1)


def _scalar_string(op: Op) -> None:
    op.ranked(0, 0)


def _string_vector(op: Op) -> None:
    op.ranked(0, 1)


def _decode_raw(op: Op) -> Dims:
    """Returns an unknown for the numbers that a string holds, the same for each string."""
    count = op.constraints.decoded_counts.setdefault(
        op.node.name, polynomials.size_of(polynomials.decoded_unknown(op.node.name))
    )
    dims = op.shape(0)
    return None if dims is None else (*dims, count)


RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(("Conv2D", "Conv3D", "DepthwiseConv2dNative"), conv),
    **dict.fromkeys(("Conv2DBackpropInput", "Conv3DBackpropInputV2", "Conv3DBackpropInput"), _conv_transpose),
    **dict.fromkeys(("MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D"), _pool),
    **dict.fromkeys(("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea"), _resize),
    **dict.fromkeys(
        ("NonMaxSuppression", "NonMaxSuppressionV2", "NonMaxSuppressionV3"), _non_max_suppression
    ),
    **dict.fromkeys(("SpaceToDepth", "DepthToSpace"), _block_rearranged),
    **dict.fromkeys(("DecodeJpeg", "DecodePng"), _decoded_image),
    **dict.fromkeys(("BiasAdd", "BiasAddV1"), _bias_add),
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), _batch_norm),
    **dict.fromkeys(("BlockLSTM", "BlockLSTMV2"), _lstm_block),
    **dict.fromkeys(("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), _batch_matmul),
    **dict.fromkeys(("LookupTableFind", "LookupTableFindV2"), _lookup),
    **dict.fromkeys(
        (
            "SegmentSum",
            "SegmentMean",
            "SegmentMax",
            "SparseSegmentSum",
            "SparseSegmentMean",
            "SparseSegmentSqrtN",
        ),
        _segment_reduced,
    ),
    **dict.fromkeys(
        (
            "ReadFile",
            "DecodeBmp",
            "DecodeGif",
            "DecodeImage",
            "DecodeAndCropJpeg",
            "DecodeWav",
            "ParseSingleExample",
            "ParseSingleSequenceExample",
        ),
        _scalar_string,
    ),
    **dict.fromkeys(("ParseExample", "StringSplit"), _string_vector),
    **dict.fromkeys(("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits"), _cross_entropy),
    "Betainc": broadcast,
    "CropAndResize": _crop_and_resize,
    "DecodeRaw": _decode_raw,
    "Einsum": _einsum,
    "GRUBlockCell": _gru,
    "LSTMBlockCell": _lstm,
    "MatMul": matmul,
    "SparseTensorDenseMatMul": _sparse_matmul,
}
