"""Variables of strings: how many of their texts are not equal.

Format: tensorflow/core/util/tensor_bundle/tensor_bundle.cc. The lengths of all texts as varints, a masked
CRC-32C of these, and the texts, one after the other. The checksum of the whole takes each length as a number
of 32 bits, or of 64 bits where it needs them, and not as it is stored.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from hubexplore.summary.compare.weights.one_side import OneSide
from hubexplore.summary.compare.weights.stored import Bytes, Part
from hubexplore.summary.compare.weights.sums import Sums
from hubexplore.summary.model import elements
from hubexplore.summary.weights.constant_values import stored_values

MAX_TEXTS: Final = 1 << 22
"""Maximum number of texts of a variable that are compared one by one: their lengths are held in memory."""
_LONGEST_VARINT: Final = 10
_CHECKSUM: Final = 4

NOTE_MANY: Final = f"more than {MAX_TEXTS:,} texts: not compared"
NOTE_SLICES: Final = "texts in other slices: not compared"
NOTE_LENGTHS: Final = "the lengths of its texts do not fit its size"

Lengths = npt.NDArray[np.int64]


class _Texts(Protocol):
    """The texts of one part.

    Attributes:
      ends: int64 [texts + 1]: where each text begins, and the last one ends, in the bytes of all.
    """

    ends: Lengths

    def read(self, start: int, stop: int) -> Bytes:
        """Returns bytes of the texts; reads go from front to back, each byte once."""

    def is_damaged(self) -> bool:
        """Returns whether what was read does not have its checksum."""


def add_texts(sums: Sums, first: OneSide, second: OneSide) -> tuple[tuple[bool, bool], str]:
    """Adds a pair of variables; returns which side is damaged, and why they were not compared, or "".

    Raises:
      DamagedModuleError: a file is missing or truncated.
    """
    sides = first, second
    if first.stored.count > MAX_TEXTS:
        return (False, False), NOTE_MANY
    bounds = [[part.bounds for part in side.stored.parts] for side in sides]
    if bounds[0] != bounds[1]:
        return (False, False), NOTE_SLICES
    damaged = [False, False]
    for parts in zip(first.stored.parts, second.stored.parts, strict=True):
        one, other = (_texts(side, part) for side, part in zip(sides, parts, strict=True))
        if one is None or other is None:
            return (damaged[0] or one is None, damaged[1] or other is None), NOTE_LENGTHS
        sums.changed += _changed(one, other, first.piece)
        damaged = [damaged[0] or one.is_damaged(), damaged[1] or other.is_damaged()]
    return (damaged[0], damaged[1]), ""


def _changed(first: _Texts, second: _Texts, limit: int) -> int:
    changed, at, count = 0, 0, len(first.ends) - 1
    while at < count:
        stop = count
        for texts in (first, second):
            stop = min(stop, int(np.searchsorted(texts.ends, texts.ends[at] + limit, "right")) - 1)
        if stop > at:
            changed += _changed_in(first, second, at, stop)
        else:
            stop = at + 1
            changed += not _is_equal(first, second, at, limit)
        at = stop
    return changed


def _changed_in(first: _Texts, second: _Texts, at: int, stop: int) -> int:
    """The number of texts that are not equal, of those that are read at once."""
    ends, others = (texts.ends[at : stop + 1] - texts.ends[at] for texts in (first, second))
    data, other_data = (texts.read(int(texts.ends[at]), int(texts.ends[stop])) for texts in (first, second))
    lengths = np.diff(ends)
    same = np.flatnonzero(lengths == np.diff(others))
    changed = len(lengths) - len(same)
    if not changed:
        places = np.flatnonzero(data != other_data)
        return len(np.unique(np.searchsorted(ends, places, "right")))
    return changed + sum(
        not np.array_equal(data[ends[text] : ends[text + 1]], other_data[others[text] : others[text + 1]])
        for text in same.tolist()
    )


def _is_equal(first: _Texts, second: _Texts, at: int, limit: int) -> bool:
    """Compares one text that is too large to be read at once."""
    starts, ends = ([int(texts.ends[at + end]) for texts in (first, second)] for end in (0, 1))
    equal = ends[0] - starts[0] == ends[1] - starts[1]
    for done in range(0, max(ends[0] - starts[0], ends[1] - starts[1]), limit):
        data, other_data = (
            texts.read(min(start + done, end), min(start + done + limit, end))
            for texts, start, end in zip((first, second), starts, ends, strict=True)
        )
        equal = equal and np.array_equal(data, other_data)
    return equal


def _texts(side: OneSide, part: Part) -> _Texts | None:
    """Returns the texts of a part; None if their lengths make no sense."""
    shape = side.stored.shape
    if part.bounds:
        cuts = zip(part.bounds, shape, strict=False)
        shape = tuple(size if length is None else length for (_, length), size in cuts)
    count = elements(shape) or 0
    if part.extent is None:
        return _constant_texts(side.stored.constant, count)
    return _StoredTexts.open(side, part, count)


class _StoredTexts:
    """Texts in a checkpoint."""

    def __init__(self, side: OneSide, part: Part, lengths: Lengths, start: int) -> None:
        self._side, self._part = side, part
        self.ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        self._start = start + _CHECKSUM
        numbers = [length.to_bytes(4 if length < 1 << 32 else 8, "little") for length in lengths.tolist()]
        self._side.check(np.frombuffer(b"".join(numbers), np.uint8))
        self._side.check(side.copy(part, start, _CHECKSUM))

    @classmethod
    def open(cls, side: OneSide, part: Part, count: int) -> _StoredTexts | None:
        lengths, start = _lengths(side, part, count)
        # As Python's integers, since made-up lengths may add up to more than 64 bits.
        if len(lengths) != count or start + _CHECKSUM + sum(lengths.tolist()) != part.size:
            return None
        side.advance(start + _CHECKSUM)
        return cls(side, part, lengths, start)

    def read(self, start: int, stop: int) -> Bytes:
        data = self._side.copy(self._part, self._start + start, stop - start)
        self._side.advance(stop - start)
        self._side.check(data)
        return data

    def is_damaged(self) -> bool:
        return not self._side.has_checksum(self._part)


def _lengths(side: OneSide, part: Part, count: int) -> tuple[Lengths, int]:
    """Returns the lengths in front of the texts, int64 [count] or fewer, and the number of their bytes."""
    found: list[Lengths] = []
    start = 0
    while count and start < part.size:
        data = side.copy(part, start, min(side.piece, part.size - start, count * _LONGEST_VARINT))
        ends = np.flatnonzero(data < 0x80)[:count]
        if not len(ends):
            break
        found.append(_varints(data, ends))
        if found[-1].min() < 0:
            return np.empty(0, np.int64), 0
        start += int(ends[-1]) + 1
        count -= len(ends)
    return np.concatenate(found) if found else np.empty(0, np.int64), start


def _varints(data: Bytes, ends: npt.NDArray[np.intp]) -> Lengths:
    """Returns the numbers that end at these places, int64; -1 for one that is longer than that."""
    starts = np.concatenate([np.zeros(1, ends.dtype), ends[:-1] + 1])
    sizes = ends - starts + 1
    numbers = np.zeros(len(ends), np.int64)
    for byte in range(int(min(sizes.max(), _LONGEST_VARINT - 1))):
        has = sizes > byte
        numbers[has] |= (data[starts[has] + byte].astype(np.int64) & 0x7F) << 7 * byte
    numbers[sizes >= _LONGEST_VARINT] = -1
    return numbers


class _ConstantTexts:
    """Texts in a graph, which is in memory. The last one stands for all that follow."""

    def __init__(self, texts: tuple[bytes, ...], count: int) -> None:
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        self._last = len(texts[-1]) if texts else 0
        repeated = np.full(count - len(texts), self._last, np.int64)
        self.ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate([lengths, repeated]))])
        self._data = np.frombuffer(b"".join(texts), np.uint8)

    def read(self, start: int, stop: int) -> Bytes:
        data = self._data[start:stop]
        if len(data) == stop - start:
            return data
        first = len(self._data) - self._last
        places = np.arange(max(start, len(self._data)), stop) - first
        return np.concatenate([data, self._data[first + places % self._last]])

    def is_damaged(self) -> bool:
        return False


def _constant_texts(proto: Any, count: int) -> _ConstantTexts | None:
    values = stored_values(proto)
    if not isinstance(values, tuple) or len(values) > count or (count and not values):
        return None
    return _ConstantTexts(values, count)
