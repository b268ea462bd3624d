"""Variables that the two sides cut into other slices: compared block by block, each within one slice."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from hubexplore import errors
from hubexplore.errors import MSG_AGAIN
from hubexplore.summary.compare.weights.one_side import OneSide
from hubexplore.summary.compare.weights.stored import Bytes, Part, Stored
from hubexplore.summary.compare.weights.sums import Summing, Sums

Ranges = tuple[tuple[int, int], ...]
"""(start, stop) in each dimension."""

MSG_SLICES = "The checkpoint is damaged: the slices of {name!r} do not cover its shape {shape}. " + MSG_AGAIN


class _Placed(NamedTuple):
    """A part, and where it is in the variable."""

    part: Part
    ranges: Ranges


def add_other_layouts(
    sums: Sums, first: OneSide, second: OneSide, summing: Summing
) -> tuple[tuple[bool, bool], str]:
    """Adds a pair of variables; returns which side is damaged, and "".

    Either side is read once for its checksums and once more for the numbers. What a block needs of a slice is
    read in one piece, so that columns of which few are needed are read as well.

    Raises:
      DamagedModuleError: a file is missing or truncated, or slices do not cover the variable.
    """
    sides = first, second
    damaged = first.is_damaged(), second.is_damaged()
    placed = [_placed(side.stored) for side in sides]
    dtype, width = first.stored.dtype, first.stored.width
    for box in _boxes(first.stored.shape, [place.ranges for places in placed for place in places]):
        holders = [_holder(side.stored, places, box) for side, places in zip(sides, placed, strict=True)]
        for block, fixed in _blocks(box, [place.ranges for place in holders], width, first.piece):
            numbers = [_read(side, place, block, fixed) for side, place in zip(sides, holders, strict=True)]
            summing.add(sums, dtype, width, numbers[0], numbers[1])
    return damaged, ""


def _placed(stored: Stored) -> list[_Placed]:
    found = []
    for part in stored.parts:
        bounds = part.bounds or tuple((0, None) for _ in stored.shape)
        ranges = tuple(
            (start, size if length is None else start + length)
            for (start, length), size in zip(bounds, stored.shape, strict=False)
        )
        inside = all(
            0 <= start <= stop <= size for (start, stop), size in zip(ranges, stored.shape, strict=False)
        )
        if len(ranges) != len(stored.shape) or not inside or part.size != _count(ranges) * stored.width:
            raise errors.DamagedModuleError(MSG_SLICES.format(name=stored.name, shape=stored.shape))
        found.append(_Placed(part, ranges))
    return found


def _count(ranges: Ranges) -> int:
    return math.prod(stop - start for start, stop in ranges)


def _boxes(shape: tuple[int, ...], slices: list[Ranges]) -> Iterator[Ranges]:
    """Yields boxes that no slice of either side cuts, and that make up the whole."""
    edges = [
        sorted({0, size, *(edge for ranges in slices for edge in ranges[at])})
        for at, size in enumerate(shape)
    ]
    return itertools.product(*(itertools.pairwise(places) for places in edges))


def _holder(stored: Stored, placed: list[_Placed], box: Ranges) -> _Placed:
    for place in placed:
        if all(
            first <= start and stop <= last
            for (start, stop), (first, last) in zip(box, place.ranges, strict=True)
        ):
            return place
    raise errors.DamagedModuleError(MSG_SLICES.format(name=stored.name, shape=stored.shape))


def _blocks(box: Ranges, slices: list[Ranges], width: int, limit: int) -> Iterator[tuple[Ranges, int]]:
    """Yields parts of a box for which at most `limit` bytes of any slice have to be read.

    Yields:
      The part, and the dimension that it is cut in: it has one index in all dimensions before, and the whole
      range of the box in all that follow.
    """
    if not box:
        yield box, 0
        return
    fixed = 0
    while fixed < len(box) - 1 and _row(slices, fixed, width) > limit:
        fixed += 1
    step = max(1, limit // max(1, _row(slices, fixed, width)))
    start, stop = box[fixed]
    for indices in itertools.product(*(range(*ends) for ends in box[:fixed])):
        for begin in range(start, stop, step):
            singles = tuple((index, index + 1) for index in indices)
            yield (*singles, (begin, min(begin + step, stop)), *box[fixed + 1 :]), fixed


def _row(slices: list[Ranges], fixed: int, width: int) -> int:
    """Bytes of the largest slice for one index in the dimension `fixed`."""
    return max(_count(ranges[fixed + 1 :]) for ranges in slices) * width


def _read(side: OneSide, place: _Placed, block: Ranges, fixed: int) -> Bytes:
    """Reads a block out of the slice that holds it; uint8, row by row."""
    width = side.stored.width
    if not block:
        return side.copy(place.part, 0, width)
    sizes = [stop - start for start, stop in place.ranges]
    row = math.prod(sizes[fixed + 1 :]) * width
    # The number of rows in front of the block, counted within the slice.
    before = 0
    for at in range(fixed + 1):
        before = before * sizes[at] + block[at][0] - place.ranges[at][0]
    rows = block[fixed][1] - block[fixed][0]
    data = side.copy(place.part, before * row, rows * row)
    inner = tuple(
        slice(start - first, stop - first)
        for (start, stop), (first, _) in zip(block[fixed + 1 :], place.ranges[fixed + 1 :], strict=True)
    )
    cut = data.reshape(rows, *sizes[fixed + 1 :], width)[(slice(None), *inner)]
    return np.ascontiguousarray(cut).reshape(-1)
