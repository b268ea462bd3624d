"""Rules for ops that take parts of arrays."""

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
    position = axis % len(dims)
    size = dims[position]
    if by_sizes:
        sizes = op.numbers(1)
        if sizes is None:
            return [(*dims[:position], None, *dims[position + 1 :])] * count
        # One part may be -1: what the others leave.
        if -1 in sizes:
            known_sum = sum(part_size for part_size in sizes if part_size != -1)
            sizes_out = [
                (None if size is None else size - known_sum) if part_size == -1 else part_size
                for part_size in sizes
            ]
        else:
            op.constraints.equal(size, sum(sizes))
            sizes_out = list(sizes)
    else:
        part = None if size is None else size // count
        if part is not None and size is not None:
            op.constraints.equal(part * count, size)
            op.constraints.at_least(part, 1)
        sizes_out = [part] * count
    _set_split_values(op, sizes_out)
    return [(*dims[:position], part, *dims[position + 1 :]) for part in sizes_out]


def _set_split_values(op: Op, sizes: list[Number | None]) -> None:
    """Cuts a content as the vector is cut: `split(shape, ...)` is how `tf.signal.frame` reads sizes."""
    value = op.vector(0 if op.type == "SplitV" else 1)
    lengths = [size for size in sizes if isinstance(size, int) and size >= 0]
    if value is None or len(lengths) != len(sizes) or sum(lengths) != len(value):
        return
    start = 0
    for index, length in enumerate(lengths):
        op.set_value(value[start : start + length], index)
        start += length


def _slice(op: Op) -> Dims:
    begin, sizes = op.numbers(1), op.vector(2)
    value = op.vector(0)
    # Contents are followed too: `shape[:2]` is how models read sizes.
    if value is not None and begin and sizes and isinstance(sizes[0], int):
        op.set_value(value[begin[0] : None if sizes[0] < 0 else begin[0] + sizes[0]])
    dims = op.shape(0)
    if dims is None or sizes is None:
        return None
    sizes_out: list[Number | None] = []
    for axis, size in enumerate(dims):
        length, start = sizes[axis], begin[axis] if begin else None
        if length == -1:
            sizes_out.append(size - start if size is not None and start is not None else None)
            continue
        if size is not None and isinstance(length, int) and start is not None:
            op.constraints.at_least(size, start + length)
        sizes_out.append(length)
    return tuple(sizes_out)


def _strided(op: Op) -> Dims:
    begins, ends, strides = op.numbers(1), _entries(op, 2), op.numbers(3)
    dims = op.shape(0)
    if strides is None:
        return None
    value = op.vector(0)
    if value is not None and begins and ends and isinstance(ends[0], int):
        _set_slice_value(op, value, begins[0], ends[0], strides[0])
    if dims is None:
        return None
    sizes: list[Number | None] = []
    axis = 0
    count = len(strides)
    new_axes, ellipsis = op.integer("new_axis_mask"), op.integer("ellipsis_mask")
    # An ellipsis stands for as many dimensions as the other entries leave.
    read_axes = sum(1 for index in range(count) if not (new_axes | ellipsis) >> index & 1)
    for index in range(count):
        if ellipsis >> index & 1:
            skipped = len(dims) - read_axes
            sizes += dims[axis : axis + skipped]
            axis += skipped
        elif new_axes >> index & 1:
            sizes.append(1)
        else:
            begin = None if begins is None else begins[index]
            end = None if ends is None else ends[index]
            sizes += _sliced_sizes(op, index, dims[axis], (begin, end, strides[index]))
            axis += 1
    return (*sizes, *dims[axis:])


def _entries(op: Op, index: int) -> tuple[Number | None, ...] | None:
    """Returns the content of a vector, in which sizes may be open."""
    value = op.value(index)
    return value if value is None or isinstance(value, tuple) else (value,)


def _set_slice_value(op: Op, value: tuple[Number | None, ...], begin: int, end: int, stride: int) -> None:
    if op.integer("shrink_axis_mask") & 1:
        op.set_value(value[begin])
    elif not op.integer("new_axis_mask") & 1:
        start = None if op.integer("begin_mask") & 1 else begin
        op.set_value(value[start : None if op.integer("end_mask") & 1 else end : stride])


def _sliced_sizes(
    op: Op, index: int, whole: Number | None, part: tuple[int | None, Number | None, int]
) -> list[Number | None]:
    """Returns the size of a dimension after slicing, in a list; an empty list if a single entry is taken."""
    begin, end, stride = part
    if op.integer("shrink_axis_mask") >> index & 1:
        if begin is not None:
            op.constraints.at_least(whole, begin + 1 if begin >= 0 else -begin)
        return []
    start = (0 if stride > 0 else None) if op.integer("begin_mask") >> index & 1 else begin
    is_open = bool(op.integer("end_mask") >> index & 1)
    # `x[::-1]` keeps the size; other negative strides are not followed.
    if stride == -1 and op.integer("begin_mask") >> index & 1 and is_open:
        return [whole]
    if whole is None or start is None or stride < 1 or (end is None and not is_open):
        return [None]
    # A known size needs no equation: Python's slices have the same semantics.
    if isinstance(whole, int) and (is_open or isinstance(end, int)):
        return [len(range(*slice(start, None if is_open else end, stride).indices(whole)))]
    # The size is open: bounds are taken to lie within it, and that is required of it.
    first = start if start >= 0 else whole + start
    if is_open or (isinstance(end, int) and end < 0):
        last = whole if is_open or end is None else whole + end
        op.constraints.at_least(last - first, 1)
    else:
        last = end if end is not None else whole
        op.constraints.at_least(whole - last, 0)
    return [polynomials.rounded_up(last - first, stride)]


def _gather(op: Op) -> Dims:
    has_axis = op.type == "GatherV2"
    axis = op.number(2) if has_axis else 0
    value, picked = op.vector(0), op.value(1)
    if value is not None and picked is not None and axis == 0:
        indices = picked if isinstance(picked, tuple) else (picked,)
        entries = tuple(value[index] if isinstance(index, int) else None for index in indices)
        op.set_value(entries if isinstance(picked, tuple) else entries[0])
    dims, ids = op.shape(0), op.shape(1)
    if dims is None or ids is None or axis is None:
        return None
    # Batch dimensions are shared by values and indices and appear once in the result.
    position, batch = axis % max(len(dims), 1), op.integer("batch_dims")
    for one, other in zip(dims[:batch], ids, strict=False):
        op.constraints.equal(one, other)
    return (*dims[:position], *ids[batch:], *dims[position + 1 :])


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
