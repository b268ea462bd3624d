"""Rules for ops that compute element by element, reduce, and make values.

Contents of small tensors of integers are computed too: most of them are shapes, which a later Reshape or
Slice reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.sizes import polynomials
from hubexplore.summary.sizes.polynomials import Number
from hubexplore.summary.sizes.shape_inference import Dims, Op, Rule, Value, constant


def _unchanged(op: Op) -> Dims:
    """The same content: an op that only hands on, or converts, its input."""
    op.set_value(op.value(0))
    return op.shape(0)


def _same_shape(op: Op) -> Dims:
    """Other content of the same shape."""
    return op.shape(0)


def _mapped(op: Op) -> Dims:
    """Each entry by itself, whose content is followed too: `-(-size // step)` is how sizes are rounded up."""
    value = op.value(0)
    if isinstance(value, tuple):
        op.set_value(tuple(None if entry is None else _ENTRIES[op.type](entry) for entry in value))
    elif value is not None:
        op.set_value(_ENTRIES[op.type](value))
    return op.shape(0)


_ENTRIES: Final[dict[str, Callable[[Any], Number | None]]] = {
    "Neg": lambda entry: -entry,
    "OnesLike": lambda _: 1,
    "Square": lambda entry: entry * entry,
    "ZerosLike": lambda _: 0,
    # Sizes are not negative; of an unknown one that is taken for granted.
    "Abs": lambda entry: abs(entry) if isinstance(entry, int) else entry,
}


def _rounded_up(op: Op) -> Dims:
    """A quotient that is rounded up: `ceil(size / 2)` of numbers that were converted to floats."""
    quotient = op.source(0)
    operands = op.values_behind(0)
    if quotient is None or quotient.op not in ("RealDiv", "Div") or len(operands) != 2:
        op.set_value(op.value(0))
    elif operands[0] is not None and operands[1] is not None:
        op.set_value(_elementwise(lambda one, other: -(-one // other), operands[0], operands[1]))
    return op.shape(0)


def _reversed(op: Op) -> Dims:
    value = op.vector(0)
    if value is not None and op.numbers(1) in ([0], [-1]):
        op.set_value(value[::-1])
    return op.shape(0)


def _all_unchanged(op: Op) -> list[Dims]:
    for index in range(len(op.edges)):
        op.set_value(op.value(index), index)
    return [op.shape(index) for index in range(len(op.edges))]


def _constant(op: Op) -> Dims:
    content = constant(op.node)
    if content is not None and content.ndim < 3:
        op.set_value(int(content) if not content.ndim else tuple(map(int, content.ravel())))
    return shape_of(op.attr["value"].tensor.tensor_shape)


def _declared(op: Op) -> Dims:
    return shape_of(op.attr["shape"].shape) if "shape" in op.attr else None


def _read(op: Op) -> Dims:
    return op.shape(0)


def _switch(op: Op) -> list[Dims]:
    op.ranked(1, 0)
    for index in range(2):
        op.set_value(op.value(0), index)
    return [op.shape(0)] * 2


def _shape(op: Op) -> list[Dims]:
    shapes: list[Dims] = []
    for index in range(len(op.edges)):
        dims = op.shape(index)
        op.set_value(dims, index)
        shapes.append((None if dims is None else len(dims),))
    return shapes


def _size(op: Op) -> Dims:
    dims = op.shape(0)
    op.set_value(None if dims is None else polynomials.product(dims))
    return ()


def _rank(op: Op) -> Dims:
    dims = op.shape(0)
    op.set_value(None if dims is None else len(dims))
    return ()


def broadcast(op: Op, *indices: int) -> Dims:
    """Returns the shape of inputs that are combined element by element.

    Args:
      op: the op.
      indices: which inputs; all if none is named.
    """
    shapes = [op.shape(index) for index in indices or range(len(op.edges))]
    # Most operands have the same shape, and then there is nothing to find out.
    if len(shapes) == 2 and shapes[0] == shapes[1]:
        return shapes[0]
    known = [dims for dims in shapes if dims is not None]
    if len(known) < len(shapes):
        return None
    rank = max(map(len, known))
    # Missing leading dimensions count as 1 (NumPy's rules of broadcasting).
    padded = [(*(1 for _ in range(rank - len(dims))), *dims) for dims in known]
    return tuple(_broadcast_size(op, sizes) for sizes in zip(*padded, strict=True))


def _broadcast_size(op: Op, sizes: Sequence[Number | None]) -> Number | None:
    sizes_but_1 = [size for size in sizes if size != 1]
    if not sizes_but_1:
        return 1
    if any(size is None for size in sizes_but_1):
        # An unknown size may be 1 or equal to the others; a known size decides.
        return next((size for size in sizes_but_1 if isinstance(size, int)), None)
    merged: Number | None = None
    for size in sizes_but_1:
        merged = op.constraints.equal(merged, size)
    return merged


_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Number]]] = {
    "Add": lambda one, other: one + other,
    "AddV2": lambda one, other: one + other,
    "Sub": lambda one, other: one - other,
    "Mul": lambda one, other: one * other,
    "FloorDiv": lambda one, other: one // other,
    "RealDiv": lambda one, other: one // other,
    "Div": lambda one, other: one // other,
    "TruncateDiv": lambda one, other: one // other,
    "FloorMod": lambda one, other: one - other * (one // other),
}


def _arithmetic(op: Op) -> Dims:
    return _computed(op, _ARITHMETIC[op.type])


def _computed(op: Op, compute: Callable[[Any, Any], Number | None]) -> Dims:
    """Follows the content of two inputs that are combined element by element."""
    one, other = op.value(0), op.value(1)
    dims = broadcast(op)
    if one is not None and other is not None:
        content = _elementwise(compute, one, other)
        # Entries of a column and a row are combined to a matrix, which is not followed.
        if not isinstance(content, tuple) or dims is None or polynomials.product(dims) == len(content):
            op.set_value(content)
    return dims


def _bounded(op: Op) -> Dims:
    return _computed(op, lambda one, other: _extremum(op, one, other))


def _extremum(op: Op, one: Number, other: Number) -> Number | None:
    """Returns the larger, or the smaller, of two sizes; None if that is not known."""
    if isinstance(one, int) and isinstance(other, int):
        return max(one, other) if op.type == "Maximum" else min(one, other)
    size, bound = (other, one) if isinstance(one, int) else (one, other)
    # `maximum(0, size)` is for inputs that are too short. The size of an open input is taken to be larger.
    if op.type == "Maximum" and isinstance(bound, int) and bound <= 1:
        op.constraints.at_least(size, bound, firm=False)
        return size
    return one if one == other else None


def _elementwise(
    compute: Callable[[Any, Any], Number | None], value: Value, other_value: Value
) -> Value | None:
    if not isinstance(value, tuple) and not isinstance(other_value, tuple):
        return compute(value, other_value)
    lengths = {len(operand) for operand in (value, other_value) if isinstance(operand, tuple)}
    count = max(lengths)
    if not lengths <= {1, count}:
        return None
    pairs = zip(_repeated(value, count), _repeated(other_value, count), strict=True)
    return tuple(
        None if first is None or second is None else compute(first, second) for first, second in pairs
    )


def _repeated(value: Value, count: int) -> Sequence[Number | None]:
    if not isinstance(value, tuple):
        return [value] * count
    return value * count if len(value) == 1 else value


def _fill(op: Op) -> Dims:
    op.ranked(1, 0)
    dims, entry = op.vector(0), op.value(1)
    count = polynomials.product(dims) if dims else None
    if isinstance(count, int) and 0 <= count <= 64 and entry is not None:
        op.set_value((entry if not isinstance(entry, tuple) else None,) * count)
    return dims


def _range(op: Op) -> Dims:
    start, end, step = (op.value(index) for index in range(3))
    if isinstance(start, int) and isinstance(end, int) and isinstance(step, int) and step:
        # Long ranges are positions, not shapes, so their entries are not followed.
        entries = range(start, end, step)
        if len(entries) <= 64:
            op.set_value(tuple(entries))
        return (len(entries),)
    if start is None or end is None or isinstance(start, tuple) or isinstance(end, tuple) or step != 1:
        return (None,)
    return (end - start,)


def _reduce(op: Op) -> Dims:
    dims, axes = op.shape(0), op.numbers(1)
    value = op.vector(0)
    if op.type == "Prod" and value is not None:
        op.set_value(polynomials.product(value))
    if dims is None:
        return None
    if axes is None:
        return (None,) * len(dims) if op.flag("keep_dims") else None
    if any(not -len(dims) <= axis < len(dims) for axis in axes):
        op.constraints.refuse()
        return None
    reduced = {axis % len(dims) for axis in axes} if dims else set()
    if op.flag("keep_dims"):
        return tuple(1 if axis in reduced else size for axis, size in enumerate(dims))
    return tuple(size for axis, size in enumerate(dims) if axis not in reduced)


def _arg_extremum(op: Op) -> Dims:
    dims, axis = op.shape(0), op.number(1)
    if dims is None or axis is None:
        return None
    if not -len(dims) <= axis < len(dims):
        op.constraints.refuse()
        return None
    return (*dims[: axis % len(dims)], *dims[axis % len(dims) + 1 :])


def _top_k(op: Op) -> list[Dims]:
    dims = op.shape(0)
    count = op.number(1) if op.type == "TopKV2" else op.integer("k")
    if not dims:
        if dims is not None:
            op.constraints.refuse()
        return [None, None]
    if count is not None:
        op.constraints.at_least(dims[-1], count)
    return [(*dims[:-1], count)] * 2


def _where(op: Op) -> Dims:
    dims = op.shape(0)
    return (None, None if dims is None else len(dims))


def _select(op: Op) -> Dims:
    if op.type == "SelectV2":
        return broadcast(op)
    dims, other, condition = op.shape(1), op.shape(2), op.shape(0)
    if dims is not None and other is not None and len(dims) == len(other):
        dims = tuple(
            op.constraints.equal(size, other_size) for size, other_size in zip(dims, other, strict=True)
        )
    # Select of TF1 takes a condition per row, or one of the full shape; SelectV2 broadcasts.
    if dims and condition and len(condition) == 1:
        op.constraints.equal(condition[0], dims[0])
    elif dims is not None and condition and len(condition) == len(dims):
        dims = tuple(
            op.constraints.equal(size, other_size) for size, other_size in zip(dims, condition, strict=True)
        )
    elif dims is not None and condition:
        op.constraints.refuse()
    return dims if dims is not None else other


def _add_n(op: Op) -> Dims:
    shapes = [dims for index in range(len(op.edges)) if (dims := op.shape(index)) is not None]
    if not shapes:
        return None
    return op.constraints.equal_shapes(shapes)


_UNCHANGED: Final = frozenset({
    "Cast", "CheckNumerics", "EnsureShape", "Enter", "Exit", "Floor", "Identity", "LoopCond", "Merge",
    "NextIteration", "PlaceholderWithDefault", "PreventGradient", "Real", "RefEnter", "RefIdentity", "Rint",
    "Round", "Snapshot", "StopGradient",
})  # fmt: skip
_SAME_SHAPE: Final = frozenset({
    "Acos", "Acosh", "AdjustContrastv2", "AdjustHue", "AdjustSaturation", "AsString", "Asin", "Asinh", "Atan",
    "Atanh", "Bitcast", "Bucketize", "Cholesky", "ComplexAbs", "Conj", "Cos", "Cosh", "Cumprod", "Cumsum",
    "DecodeBase64", "Dequantize", "Digamma", "Elu", "EncodeBase64", "Erf", "Erfc", "Exp", "Expm1", "FFT",
    "FFT2D", "FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars", "HSVToRGB", "IFFT", "IFFT2D", "Imag",
    "Inv", "InvertPermutation", "IsFinite", "IsInf", "IsNan", "L2Loss", "LRN", "LeakyRelu", "Lgamma", "Log",
    "Log1p", "LogSoftmax", "LogicalNot", "MatrixBandPart", "MatrixInverse", "RGBToHSV", "Reciprocal",
    "RegexReplace", "Relu", "Relu6", "ReverseSequence", "Rsqrt", "Selu", "Sigmoid", "Sign", "Sin", "Sinh",
    "Softmax", "Softplus", "Softsign", "Sqrt", "StaticRegexReplace", "StringLength", "StringLower",
    "StringStrip", "StringToHashBucket", "StringToHashBucketFast", "StringToHashBucketStrong",
    "StringToNumber", "StringUpper", "Substr", "Tan", "Tanh",
})  # fmt: skip
_BROADCAST: Final = frozenset({
    "ApproximateEqual", "Atan2", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Complex", "DivNoNan", "Equal",
    "Greater", "GreaterEqual", "Igamma", "Igammac", "Less", "LessEqual", "LogicalAnd", "LogicalOr", "Mod",
    "MulNoNan", "NotEqual", "Polygamma", "Pow", "SquaredDifference", "TruncateMod", "Xdivy", "Xlogy", "Zeta",
})  # fmt: skip

RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(_UNCHANGED, _unchanged),
    **dict.fromkeys(_SAME_SHAPE, _same_shape),
    **dict.fromkeys(_ENTRIES, _mapped),
    **dict.fromkeys(_BROADCAST, broadcast),
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    **dict.fromkeys(("Sum", "Mean", "Prod", "Max", "Min", "All", "Any", "EuclideanNorm"), _reduce),
    **dict.fromkeys(("Placeholder", "VariableV2", "Variable", "VarHandleOp"), _declared),
    **dict.fromkeys(("Shape", "ShapeN"), _shape),
    **dict.fromkeys(("ArgMax", "ArgMin"), _arg_extremum),
    **dict.fromkeys(("Maximum", "Minimum"), _bounded),
    **dict.fromkeys(("TopK", "TopKV2"), _top_k),
    **dict.fromkeys(("Select", "SelectV2"), _select),
    **dict.fromkeys(("Switch", "RefSwitch"), _switch),
    "AddN": _add_n,
    "Ceil": _rounded_up,
    "Const": _constant,
    "Fill": _fill,
    "IdentityN": _all_unchanged,
    "Range": _range,
    "Rank": _rank,
    "ReadVariableOp": _read,
    "ReverseV2": _reversed,
    "Size": _size,
    "Where": _where,
}
