"""Rules for ops that join arrays, change their rank and order, and repeat them."""

from __future__ import annotations

from typing import Final

from hubexplore.summary.sizes import polynomials
from hubexplore.summary.sizes.polynomials import Number
from hubexplore.summary.sizes.shape_inference import MAX_ENTRIES, Dims, Op, Rule


def _reshape(op: Op) -> Dims:
    dims, target = op.shape(0), op.vector(1)
    value = op.value(0)
    if value is not None and target is not None:
        entries = value if isinstance(value, tuple) else (value,)
        op.set_value(entries[0] if target == () else entries)
    if target is None:
        return None
    total = None if dims is None else polynomials.product(dims)
    open_axes = [axis for axis, entry in enumerate(target) if entry in (-1, None)]
    if not open_axes:
        if total is not None:
            op.constraints.equal(total, polynomials.product(target))
        return target
    # Two open entries come from a content that is only partly known; then nothing can be inferred.
    if len(open_axes) > 1 or total is None:
        return tuple(None if entry == -1 else entry for entry in target)
    known_product = polynomials.product([entry for axis, entry in enumerate(target) if axis != open_axes[0]])
    if known_product is None or known_product == 0:
        return tuple(None if entry == -1 else entry for entry in target)
    return tuple(
        _remaining_size(op, dims, total, known_product) if entry in (-1, None) else entry for entry in target
    )


def _remaining_size(op: Op, dims: Dims, total: Number, known_product: Number) -> Number:
    """Returns the size of the dimension that a reshape infers."""
    quotient = total // known_product
    # The product does not divide: most likely a layer is flattened, and each row stays one. That gives a size
    # where the exact equation would only say that a product of open sizes is a multiple.
    if polynomials.is_rounded(quotient) and dims and dims[0] is not None and polynomials.is_rows(dims[0]):
        op.constraints.equal(total // dims[0], known_product, firm=False)
        return dims[0]
    op.constraints.equal(quotient * known_product, total)
    return quotient


def _expand(op: Op) -> Dims:
    dims, axis = op.shape(0), op.number(1)
    value = op.value(0)
    if value is not None and not isinstance(value, tuple):
        op.set_value((value,))
    if dims is None or axis is None:
        return None
    position = axis + len(dims) + 1 if axis < 0 else axis
    return (*dims[:position], 1, *dims[position:])


def _squeeze(op: Op) -> Dims:
    dims = op.shape(0)
    if dims is None:
        return None
    value = op.value(0)
    if isinstance(value, tuple) and len(value) == 1:
        op.set_value(value[0])
    squeezed = {axis % len(dims) for axis in op.integers("squeeze_dims")} if dims else set()
    if not squeezed:
        # All dimensions of size 1 are dropped; an open one is taken to have another size.
        return tuple(size for size in dims if size != 1)
    for axis in squeezed:
        op.constraints.equal(dims[axis], 1)
    return tuple(size for axis, size in enumerate(dims) if axis not in squeezed)


def _transpose(op: Op) -> Dims:
    # Without the permutation only the rank is known.
    order = op.numbers(1)
    if order is None:
        dims = op.shape(0)
        return None if dims is None else (None,) * len(dims)
    dims = op.ranked(0, len(order))
    return tuple(dims[axis] for axis in order)


def _pack(op: Op) -> Dims:
    values = [op.value(index) for index in range(len(op.edges))]
    shapes = [op.shape(index) for index in range(len(op.edges))]
    if not any(isinstance(value, tuple) for value in values) and any(value is not None for value in values):
        op.set_value(tuple(value if not isinstance(value, tuple) else None for value in values))
    elif op.integer("axis") == 0 and all(isinstance(value, tuple) for value in values):
        op.set_value(tuple(entry for value in values if isinstance(value, tuple) for entry in value))
    known = [dims for dims in shapes if dims is not None]
    if not known:
        return None
    merged = op.constraints.equal_shapes(known)
    if merged is None:
        return None
    position = op.integer("axis") % (len(merged) + 1)
    return (*merged[:position], len(shapes), *merged[position:])


def _unpack(op: Op) -> list[Dims]:
    count = op.count("num")
    value = op.vector(0)
    for index in range(count if isinstance(value, tuple) and len(value) == count else 0):
        entry = value[index] if isinstance(value, tuple) else None
        op.set_value(entry, index)
    dims = op.shape(0)
    if not dims:
        return [None] * count
    position = op.integer("axis") % len(dims)
    op.constraints.equal(dims[position], count)
    return [(*dims[:position], *dims[position + 1 :])] * count


def _concat(op: Op) -> Dims:
    # Concat of TF1 takes the axis first, ConcatV2 last.
    first = op.type == "Concat"
    axis = op.number(0 if first else len(op.edges) - 1)
    indices = list(range(1, len(op.edges)) if first else range(len(op.edges) - 1))
    values = [op.value(index) for index in indices]
    shapes = [op.shape(index) for index in indices]
    if axis == 0 and any(value is not None for value in values):
        parts = [
            value if isinstance(value, tuple) else (None,) * _vector_length(dims)
            for value, dims in zip(values, shapes, strict=True)
        ]
        op.set_value(tuple(entry for part in parts for entry in part))
    known = [dims for dims in shapes if dims is not None]
    if not known or axis is None:
        return None
    if any(len(dims) != len(known[0]) for dims in known):
        op.constraints.refuse()
        return None
    merged = list(known[0])
    for dims in known[1:]:
        merged = [op.constraints.equal(size, other_size) if position != axis % len(merged) else size
                  for position, (size, other_size) in enumerate(zip(merged, dims, strict=True))]  # fmt: skip
    merged[axis] = polynomials.total([dims[axis] for dims in known]) if len(known) == len(shapes) else None
    return tuple(merged)


def _vector_length(dims: Dims) -> int:
    """Returns the number of entries of a vector whose content is not known."""
    if dims is None or len(dims) != 1 or not isinstance(dims[0], int) or dims[0] > MAX_ENTRIES:
        raise ValueError("a vector of unknown length")
    return dims[0]


def _tile(op: Op) -> Dims:
    times = op.vector(1)
    if times is None:
        return None
    dims = op.ranked(0, len(times))
    return tuple(
        None if size is None or factor is None else size * factor
        for size, factor in zip(dims, times, strict=True)
    )


def _pad(op: Op) -> Dims:
    paddings = op.value(1)
    if not isinstance(paddings, tuple) or len(paddings) % 2:
        dims = op.shape(0)
        return None if dims is None else (None,) * len(dims)
    # Two entries for each dimension: what is added before and behind it.
    added = [polynomials.total(paddings[at : at + 2]) for at in range(0, len(paddings), 2)]
    dims = op.ranked(0, len(added))
    return tuple(
        None if size is None or more is None else size + more for size, more in zip(dims, added, strict=True)
    )


def _broadcast_to(op: Op) -> Dims:
    return op.vector(1)


def _random(op: Op) -> Dims:
    """Random numbers, of the shape that is the first input; dropout multiplies layers with them."""
    return op.vector(0)


def _one_hot(op: Op) -> Dims:
    dims, depth, axis = op.shape(0), op.value(1), op.integer("axis", -1)
    if dims is None:
        return None
    position = len(dims) if axis == -1 else axis
    return (*dims[:position], depth if not isinstance(depth, tuple) else None, *dims[position:])


def _sparse_to_dense(op: Op) -> Dims:
    return op.vector(1)


RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(("Pad", "PadV2", "MirrorPad"), _pad),
    **dict.fromkeys(("Concat", "ConcatV2"), _concat),
    **dict.fromkeys(
        (
            "ParameterizedTruncatedNormal",
            "RandomStandardNormal",
            "RandomUniform",
            "RandomUniformInt",
            "StatelessRandomNormal",
            "StatelessRandomNormalV2",
            "StatelessRandomUniform",
            "StatelessRandomUniformV2",
            "StatelessTruncatedNormal",
            "StatelessTruncatedNormalV2",
            "TruncatedNormal",
        ),
        _random,
    ),
    "BroadcastTo": _broadcast_to,
    "ExpandDims": _expand,
    "OneHot": _one_hot,
    "Pack": _pack,
    "Reshape": _reshape,
    "SparseToDense": _sparse_to_dense,
    "Squeeze": _squeeze,
    "Tile": _tile,
    "Transpose": _transpose,
    "Unpack": _unpack,
}
