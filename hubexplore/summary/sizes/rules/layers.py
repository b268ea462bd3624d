"""Rules of the layers of nets: what their weights say of the sizes that go in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubexplore.summary.sizes import polynomials
from hubexplore.summary.sizes.polynomials import Number
from hubexplore.summary.sizes.rules.elements import broadcast
from hubexplore.summary.sizes.shape_inference import Dims, Op, Rule


def _matmul(op: Op) -> Dims:
    one, other = op.ranked(0, 2), op.ranked(1, 2)
    one = one[::-1] if op.flag("transpose_a") else one
    other = other[::-1] if op.flag("transpose_b") else other
    op.notes.equal(one[1], other[0])
    return (one[0], other[1])


def _batch_matmul(op: Op) -> Dims:
    one, other = op.shape(0), op.shape(1)
    if one is None or other is None:
        return None
    if min(len(one), len(other)) < 2:
        op.notes.refuse()
        return None
    one = (*one[:-2], one[-1], one[-2]) if op.flag("adj_x") else one
    other = (*other[:-2], other[-1], other[-2]) if op.flag("adj_y") else other
    op.notes.equal(one[-1], other[-2])
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    batch = list(longer[:-2])
    for place in range(1, len(shorter) - 1):
        a, b = longer[-2 - place], shorter[-2 - place]
        batch[-place] = b if a == 1 else a if b == 1 else op.notes.equal(a, b)
    return (*batch, one[-2], other[-1])


def _einsum(op: Op) -> Dims:
    before, arrow, after = op.text("equation").replace(" ", "").partition("->")
    if not arrow or "." in before:
        return None
    sizes: dict[str, Number | None] = {}
    for index, letters in enumerate(before.split(",")):
        for letter, each in zip(letters, op.ranked(index, len(letters)), strict=True):
            sizes[letter] = op.notes.equal(sizes.get(letter), each)
    return tuple(sizes.get(letter) for letter in after)


# ---- convolutions


def _is_first(op: Op) -> bool:
    """Whether the channels stand before the sides of an image."""
    return op.text("data_format", "N_C").startswith("NC")


def _sides(op: Op, dims: Sequence[Number | None]) -> tuple[list[Number | None], Number | None]:
    """The sides and the channels of an image."""
    return (list(dims[2:]), dims[1]) if _is_first(op) else (list(dims[1:-1]), dims[-1])


def _image(op: Op, batch: Number | None, sides: Sequence[Number | None], channels: Number | None) -> Dims:
    return (batch, channels, *sides) if _is_first(op) else (batch, *sides, channels)


def _along_sides(op: Op, name: str, count: int) -> list[int]:
    """An attribute with a number for each dimension, for the sides."""
    found = op.integers(name) or [1] * (count + 2)
    return found[2:] if _is_first(op) else found[1:-1]


def _shrunk(op: Op, sides: Sequence[Number | None], windows: Sequence[Number | None]) -> list[Number | None]:
    """The sides after a window has moved over them."""
    strides = _along_sides(op, "strides", len(sides))
    dilations = _along_sides(op, "dilations", len(sides))
    padding = op.text("padding")
    around = op.integers("explicit_paddings")
    found: list[Number | None] = []
    for place, (side, window) in enumerate(zip(sides, windows, strict=True)):
        if side is None or not isinstance(window, int):
            found.append(None)
            continue
        if padding == "SAME":
            found.append(polynomials.rounded_up(side, strides[place]))
            continue
        first = 2 * (place + (2 if _is_first(op) else 1))
        wide = side + sum(around[first : first + 2])
        moved = (wide - ((window - 1) * dilations[place] + 1)) // strides[place] + 1
        op.notes.at_least(moved, 1)
        found.append(moved)
    return found


def _conv(op: Op) -> Dims:
    count = 3 if op.type == "Conv3D" else 2
    weights = op.ranked(1, count + 2)
    dims = op.ranked(0, count + 2)
    sides, channels = _sides(op, dims)
    if op.type == "DepthwiseConv2dNative":
        op.notes.equal(channels, weights[2])
        made = polynomials.product(weights[2:])
    else:
        _channels(op, channels, weights[-2])
        made = weights[-1]
    return _image(op, dims[0], _shrunk(op, sides, weights[:count]), made)


def _channels(op: Op, channels: Number | None, wanted: Number | None) -> None:
    """Channels are as many as the weights take; or a multiple, in groups, where they are known to be more."""
    is_grouped = isinstance(channels, int) and isinstance(wanted, int) and wanted and channels % wanted == 0
    if not is_grouped:
        op.notes.equal(channels, wanted)


def _conv_back(op: Op) -> Dims:
    """A convolution that enlarges."""
    count = 3 if op.type.startswith("Conv3D") else 2
    weights, small = op.ranked(1, count + 2), op.ranked(2, count + 2)
    large = op.vector(0) or (None,) * (count + 2)
    if len(large) == count:
        return None
    sides, channels = _sides(op, small)
    op.notes.equal(channels, weights[-1])
    before, given = _sides(op, large)
    op.notes.equal(given, weights[-2])
    for one, other in zip(_shrunk(op, before, weights[:count]), sides, strict=True):
        op.notes.equal(one, other)
    op.notes.equal(large[0], small[0])
    return tuple(large)


def _pool(op: Op) -> Dims:
    dims = op.ranked(0, 5 if "3D" in op.type else 4)
    sides, channels = _sides(op, dims)
    return _image(op, dims[0], _shrunk(op, sides, _along_sides(op, "ksize", len(sides))), channels)


def _resize(op: Op) -> Dims:
    dims, sides = op.ranked(0, 4), op.vector(1) or (None, None)
    return (dims[0], *sides, dims[3])


def _crop_and_resize(op: Op) -> Dims:
    dims, boxes, of = op.ranked(0, 4), op.ranked(1, 2), op.ranked(2, 1)
    op.notes.equal(boxes[1], 4)
    count = op.notes.equal(boxes[0], of[0])
    return (count, *(op.vector(3) or (None, None)), dims[3])


def _best_boxes(op: Op) -> Dims:
    boxes, scores = op.ranked(0, 2), op.ranked(1, 1)
    op.notes.equal(boxes[1], 4)
    op.notes.equal(boxes[0], scores[0])
    return (None,)


def _to_depth(op: Op) -> Dims:
    by, dims = op.integer("block_size", 1), op.ranked(0, 4)
    sides, channels = _sides(op, dims)
    if op.type == "DepthToSpace":
        if channels is not None:
            op.notes.equal(channels // (by * by) * (by * by), channels)
        made = None if channels is None else channels // (by * by)
        return _image(op, dims[0], [None if each is None else each * by for each in sides], made)
    for each in sides:
        if each is not None:
            op.notes.equal(each // by * by, each)
    less = [None if each is None else each // by for each in sides]
    return _image(op, dims[0], less, None if channels is None else channels * by * by)


def _image_file(op: Op) -> Dims:
    op.ranked(0, 0)
    return (None, None, op.integer("channels") or None)


# ---- scales and sums along the channels


def _bias(op: Op) -> Dims:
    dims, bias = op.shape(0), op.ranked(1, 1)
    if not dims:
        return None
    place = 1 if _is_first(op) and len(dims) > 2 else len(dims) - 1
    return (*dims[:place], op.notes.equal(dims[place], bias[0]), *dims[place + 1 :])


def _batch_norm(op: Op) -> list[Dims]:
    dims, scale = op.shape(0), op.ranked(1, 1)
    if dims is not None and len(dims) > 2:
        op.notes.equal(dims[1] if _is_first(op) else dims[-1], scale[0])
    return [dims, *[scale] * 5]


# ---- recurrent cells


def _lstm(op: Op) -> list[Dims]:
    weights = op.ranked(3, 2)
    dims, state = op.ranked(0, 2), op.ranked(1, 2)
    units = None if weights[1] is None else weights[1] // 4
    op.notes.equal(state[1], units)
    _widths(op, dims[1], units, weights[0])
    made: Dims = (op.notes.equal(dims[0], state[0]), units)
    return [made] * 7


def _lstm_block(op: Op) -> list[Dims]:
    weights, dims = op.ranked(4, 2), op.ranked(1, 3)
    units = None if weights[1] is None else weights[1] // 4
    _widths(op, dims[2], units, weights[0])
    op.notes.equal(op.ranked(2, 2)[0], dims[1])
    return [(dims[0], dims[1], units)] * 7


def _gru(op: Op) -> list[Dims]:
    weights, dims = op.ranked(2, 2), op.ranked(0, 2)
    units = None if weights[1] is None else weights[1] // 2
    double = None if units is None else units * 2
    _widths(op, dims[1], units, weights[0])
    op.notes.equal(op.ranked(1, 2)[1], units)
    return [*[(dims[0], double)] * 2, *[(dims[0], units)] * 2]


def _widths(op: Op, width: Number | None, units: Number | None, weights: Number | None) -> None:
    """Input and state go side by side into the weights."""
    if width is not None and units is not None:
        op.notes.equal(width + units, weights)


# ---- sparse


def _sparse_matmul(op: Op) -> Dims:
    sizes, other = op.vector(2), op.ranked(3, 2)
    if sizes is None or len(sizes) != 2:
        return (None, other[1])
    one = sizes[::-1] if op.flag("adjoint_a") else sizes
    two = other[::-1] if op.flag("adjoint_b") else other
    op.notes.equal(one[1], two[0])
    return (one[0], two[1])


def _segments(op: Op) -> Dims:
    dims = op.shape(0)
    is_sparse = op.type.startswith("Sparse")
    if dims:
        ids, picked = op.ranked(2 if is_sparse else 1, 1), op.ranked(1, 1)
        op.notes.equal(ids[0], picked[0] if is_sparse else dims[0])
        return (None, *dims[1:])
    return None


def _losses(op: Op) -> list[Dims]:
    """Logits and labels: a class or a distribution for each row."""
    logits, labels = op.ranked(0, 2), op.ranked(1, 1 if op.type.startswith("Sparse") else 2)
    for one, other in zip(logits, labels, strict=False):
        op.notes.equal(one, other)
    return [(logits[0],), logits]


def _lookup(op: Op) -> Dims:
    return op.shape(1)


def _scalar_text(op: Op) -> None:
    op.ranked(0, 0)


def _texts(op: Op) -> None:
    op.ranked(0, 1)


def _decode_raw(op: Op) -> Dims:
    """As many numbers as the bytes of a string hold, the same for each string."""
    count = op.notes.decoded.setdefault(op.node.name, polynomials.size(polynomials.decoded(op.node.name)))
    dims = op.shape(0)
    return None if dims is None else (*dims, count)


RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(("Conv2D", "Conv3D", "DepthwiseConv2dNative"), _conv),
    **dict.fromkeys(("Conv2DBackpropInput", "Conv3DBackpropInputV2", "Conv3DBackpropInput"), _conv_back),
    **dict.fromkeys(("MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D"), _pool),
    **dict.fromkeys(("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea"), _resize),
    **dict.fromkeys(("NonMaxSuppression", "NonMaxSuppressionV2", "NonMaxSuppressionV3"), _best_boxes),
    **dict.fromkeys(("SpaceToDepth", "DepthToSpace"), _to_depth),
    **dict.fromkeys(("DecodeJpeg", "DecodePng"), _image_file),
    **dict.fromkeys(("BiasAdd", "BiasAddV1"), _bias),
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
        _segments,
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
        _scalar_text,
    ),
    **dict.fromkeys(("ParseExample", "StringSplit"), _texts),
    **dict.fromkeys(("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits"), _losses),
    "Betainc": broadcast,
    "CropAndResize": _crop_and_resize,
    "DecodeRaw": _decode_raw,
    "Einsum": _einsum,
    "GRUBlockCell": _gru,
    "LSTMBlockCell": _lstm,
    "MatMul": _matmul,
    "SparseTensorDenseMatMul": _sparse_matmul,
}
