"""Rules of ops that take parts of arrays."""

from __future__ import annotations

from typing import Final

from hubexplore.summary.sizes import polynomials
from hubexplore.summary.sizes.polynomials import Number
from hubexplore.summary.sizes.shape_inference import Dims, Op, Rule


def _split(op: Op) -> list[Dims]:
    count = op.count("num_split")
    by_sizes = op.type == "SplitV"
    dims, axis = op.shape(0 if by_sizes else 1), op.number(2 if by_sizes else 0)
    if dims is None or axis is None:
        return [None] * count
    place = axis % len(dims)
    whole = dims[place]
    if by_sizes:
        sizes = op.numbers(1)
        if sizes is None:
            return [(*dims[:place], None, *dims[place + 1 :])] * count
        if -1 in sizes:
            known = sum(each for each in sizes if each != -1)
            parts = [(None if whole is None else whole - known) if each == -1 else each for each in sizes]
        else:
            op.notes.equal(whole, sum(sizes))
            parts = list(sizes)
    else:
        part = None if whole is None else whole // count
        if part is not None and whole is not None:
            op.notes.equal(part * count, whole)
            op.notes.at_least(part, 1)
        parts = [part] * count
    return [(*dims[:place], part, *dims[place + 1 :]) for part in parts]


def _slice(op: Op) -> Dims:
    begin, sizes = op.numbers(1), op.vector(2)
    value = op.vector(0)
    if value is not None and begin and sizes and isinstance(sizes[0], int):
        op.put(value[begin[0] : None if sizes[0] < 0 else begin[0] + sizes[0]])
    dims = op.shape(0)
    if dims is None or sizes is None:
        return None
    found: list[Number | None] = []
    for place, each in enumerate(dims):
        wanted, start = sizes[place], begin[place] if begin else None
        if wanted == -1:
            found.append(each - start if each is not None and start is not None else None)
            continue
        if each is not None and isinstance(wanted, int) and start is not None:
            op.notes.at_least(each, start + wanted)
        found.append(wanted)
    return tuple(found)


def _strided(op: Op) -> Dims:
    begins, ends, strides = op.numbers(1), op.numbers(2), op.numbers(3)
    dims = op.shape(0)
    if strides is None:
        return None
    value = op.vector(0)
    if value is not None and begins and ends:
        _put_part(op, value, begins[0], ends[0], strides[0])
    if dims is None:
        return None
    found: list[Number | None] = []
    place = 0
    count = len(strides)
    new, ellipsis = op.integer("new_axis_mask"), op.integer("ellipsis_mask")
    taken = sum(1 for index in range(count) if not (new | ellipsis) >> index & 1)
    for index in range(count):
        if ellipsis >> index & 1:
            skipped = len(dims) - taken
            found += dims[place : place + skipped]
            place += skipped
        elif new >> index & 1:
            found.append(1)
        else:
            begin = None if begins is None else begins[index]
            end = None if ends is None else ends[index]
            found += _cut(op, index, dims[place], (begin, end, strides[index]))
            place += 1
    return (*found, *dims[place:])


def _put_part(op: Op, value: tuple[Number | None, ...], begin: int, end: int, stride: int) -> None:
    if op.integer("shrink_axis_mask") & 1:
        op.put(value[begin])
    elif not op.integer("new_axis_mask") & 1:
        start = None if op.integer("begin_mask") & 1 else begin
        op.put(value[start : None if op.integer("end_mask") & 1 else end : stride])


def _cut(
    op: Op, index: int, whole: Number | None, part: tuple[int | None, int | None, int]
) -> list[Number | None]:
    """The size of a dimension of which a part is taken; none where a single entry is."""
    begin, end, stride = part
    if op.integer("shrink_axis_mask") >> index & 1:
        if begin is not None:
            op.notes.at_least(whole, begin + 1 if begin >= 0 else -begin)
        return []
    start = (0 if stride > 0 else None) if op.integer("begin_mask") >> index & 1 else begin
    is_open = bool(op.integer("end_mask") >> index & 1)
    if stride == -1 and op.integer("begin_mask") >> index & 1 and is_open:
        return [whole]
    if whole is None or start is None or stride < 1 or (end is None and not is_open):
        return [None]
    if isinstance(whole, int) and not is_open and end is not None:
        return [len(range(*slice(start, end, stride).indices(whole)))]
    first = start if start >= 0 else whole + start
    if is_open or (end is not None and end < 0):
        last = whole if is_open or end is None else whole + end
        op.notes.at_least(last - first, 1)
    else:
        last = end if end is not None else whole
        op.notes.at_least(whole - last, 0)
    return [polynomials.rounded_up(last - first, stride)]


def _gather(op: Op) -> Dims:
    has_axis = op.type == "GatherV2"
    axis = op.number(2) if has_axis else 0
    value, picked = op.vector(0), op.value(1)
    if value is not None and picked is not None and axis == 0:
        places = picked if isinstance(picked, tuple) else (picked,)
        entries = tuple(value[place] if isinstance(place, int) else None for place in places)
        op.put(entries if isinstance(picked, tuple) else entries[0])
    dims, ids = op.shape(0), op.shape(1)
    if dims is None or ids is None or axis is None:
        return None
    place, batch = axis % max(len(dims), 1), op.integer("batch_dims")
    for one, other in zip(dims[:batch], ids, strict=False):
        op.notes.equal(one, other)
    return (*dims[:place], *ids[batch:], *dims[place + 1 :])


def _gather_nd(op: Op) -> Dims:
    dims, ids = op.shape(0), op.shape(1)
    if dims is None or not ids or not isinstance(ids[-1], int):
        return None
    return (*ids[:-1], *dims[ids[-1] :])


RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(("Gather", "GatherV2", "ResourceGather"), _gather),
    **dict.fromkeys(("GatherNd", "ResourceGatherNd"), _gather_nd),
    **dict.fromkeys(("Split", "SplitV"), _split),
    "Slice": _slice,
    "StridedSlice": _strided,
}
