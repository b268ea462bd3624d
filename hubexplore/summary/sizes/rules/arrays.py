"""Rules of ops that join arrays, change their rank and order, and repeat them."""

from __future__ import annotations

from typing import Final

from hubexplore.summary.sizes import polynomials
from hubexplore.summary.sizes.polynomials import Number
from hubexplore.summary.sizes.shape_inference import MOST_VALUES, Dims, Op, Rule


def _reshape(op: Op) -> Dims:
    dims, target = op.shape(0), op.vector(1)
    value = op.value(0)
    if value is not None and target is not None:
        entries = value if isinstance(value, tuple) else (value,)
        op.put(entries[0] if target == () else entries)
    if target is None:
        return None
    total = None if dims is None else polynomials.product(dims)
    open_places = [place for place, each in enumerate(target) if each in (-1, None)]
    if not open_places:
        if total is not None:
            op.notes.equal(total, polynomials.product(target))
        return target
    if len(open_places) > 1 or total is None:
        return tuple(None if each == -1 else each for each in target)
    rest = polynomials.product([each for place, each in enumerate(target) if place != open_places[0]])
    if rest is None or rest == 0:
        return tuple(None if each == -1 else each for each in target)
    return tuple(_left(op, dims, total, rest) if each in (-1, None) else each for each in target)


def _left(op: Op, dims: Dims, total: Number, rest: Number) -> Number:
    """What the dimension that takes the rest gets."""
    found = total // rest
    # A layer that is flattened: each row stays one.
    if polynomials.is_rounded(found) and dims and dims[0] is not None and polynomials.is_rows(dims[0]):
        op.notes.equal(total // dims[0], rest, firm=False)
        return dims[0]
    op.notes.equal(found * rest, total)
    return found


def _expand(op: Op) -> Dims:
    dims, axis = op.shape(0), op.number(1)
    value = op.value(0)
    if value is not None and not isinstance(value, tuple):
        op.put((value,))
    if dims is None or axis is None:
        return None
    place = axis + len(dims) + 1 if axis < 0 else axis
    return (*dims[:place], 1, *dims[place:])


def _squeeze(op: Op) -> Dims:
    dims = op.shape(0)
    if dims is None:
        return None
    value = op.value(0)
    if isinstance(value, tuple) and len(value) == 1:
        op.put(value[0])
    places = {place % len(dims) for place in op.integers("squeeze_dims")} if dims else set()
    if not places:
        # All dimensions of size 1 go; one that is open is taken to have another size.
        return tuple(each for each in dims if each != 1)
    for place in places:
        op.notes.equal(dims[place], 1)
    return tuple(each for place, each in enumerate(dims) if place not in places)


def _transpose(op: Op) -> Dims:
    order = op.numbers(1)
    if order is None:
        dims = op.shape(0)
        return None if dims is None else (None,) * len(dims)
    dims = op.ranked(0, len(order))
    return tuple(dims[place] for place in order)


def _pack(op: Op) -> Dims:
    values = [op.value(index) for index in range(len(op.edges))]
    shapes = [op.shape(index) for index in range(len(op.edges))]
    if not any(isinstance(each, tuple) for each in values) and any(each is not None for each in values):
        op.put(tuple(each if not isinstance(each, tuple) else None for each in values))
    known = [dims for dims in shapes if dims is not None]
    if not known:
        return None
    if any(len(dims) != len(known[0]) for dims in known):
        op.notes.refuse()
        return None
    merged = known[0]
    for dims in known[1:]:
        merged = tuple(op.notes.equal(one, other) for one, other in zip(merged, dims, strict=True))
    place = op.integer("axis") % (len(merged) + 1)
    return (*merged[:place], len(shapes), *merged[place:])


def _unpack(op: Op) -> list[Dims]:
    count = op.count("num")
    value = op.value(0)
    for index in range(count if isinstance(value, tuple) and len(value) == count else 0):
        entry = value[index] if isinstance(value, tuple) else None
        op.put(entry, index)
    dims = op.shape(0)
    if not dims:
        return [None] * count
    place = op.integer("axis") % len(dims)
    op.notes.equal(dims[place], count)
    return [(*dims[:place], *dims[place + 1 :])] * count


def _concat(op: Op) -> Dims:
    first = op.type == "Concat"
    axis = op.number(0 if first else len(op.edges) - 1)
    places = list(range(1, len(op.edges)) if first else range(len(op.edges) - 1))
    values = [op.vector(index) for index in places]
    shapes = [op.shape(index) for index in places]
    if axis == 0 and any(each is not None for each in values):
        parts = [
            each if each is not None else (None,) * _length(dims)
            for each, dims in zip(values, shapes, strict=True)
        ]
        op.put(tuple(entry for part in parts for entry in part))
    known = [dims for dims in shapes if dims is not None]
    if not known or axis is None:
        return None
    if any(len(dims) != len(known[0]) for dims in known):
        op.notes.refuse()
        return None
    merged = list(known[0])
    for dims in known[1:]:
        merged = [op.notes.equal(one, other) if place != axis % len(merged) else one
                  for place, (one, other) in enumerate(zip(merged, dims, strict=True))]  # fmt: skip
    joined = [dims[axis] for dims in known]
    whole: Number | None = 0
    for each in joined if len(known) == len(shapes) else [None]:
        whole = None if whole is None or each is None else whole + each
    merged[axis] = whole
    return tuple(merged)


def _length(dims: Dims) -> int:
    """Entries of a vector whose content is not known."""
    if dims is None or len(dims) != 1 or not isinstance(dims[0], int) or dims[0] > MOST_VALUES:
        raise ValueError("a vector of unknown length")
    return dims[0]


def _tile(op: Op) -> Dims:
    times = op.vector(1)
    if times is None:
        return None
    dims = op.ranked(0, len(times))
    return tuple(None if one is None or by is None else one * by for one, by in zip(dims, times, strict=True))


def _pad(op: Op) -> Dims:
    around = op.array(1)
    if around is None or around.ndim != 2:
        dims = op.shape(0)
        return None if dims is None else (None,) * len(dims)
    dims = op.ranked(0, len(around))
    return tuple(None if one is None else one + int(sum(by)) for one, by in zip(dims, around, strict=True))


def _broadcast_to(op: Op) -> Dims:
    return op.vector(1)


def _one_hot(op: Op) -> Dims:
    dims, depth, axis = op.shape(0), op.value(1), op.integer("axis", -1)
    if dims is None:
        return None
    place = len(dims) if axis == -1 else axis
    return (*dims[:place], depth if not isinstance(depth, tuple) else None, *dims[place:])


def _sparse_to_dense(op: Op) -> Dims:
    return op.vector(1)


RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(("Pad", "PadV2", "MirrorPad"), _pad),
    **dict.fromkeys(("Concat", "ConcatV2"), _concat),
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
