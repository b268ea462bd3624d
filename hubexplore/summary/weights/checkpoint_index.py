"""Reads the index of a TensorFlow V2 checkpoint: which tensors there are, and where.

An index `PREFIX.index` is an immutable sorted table (the format of LevelDB; see
tensorflow/core/lib/io/table_format.txt) from names to protobuf messages: BundleHeaderProto under
the empty name, BundleEntryProto for each tensor. Each block carries a CRC-32C, and all of them are
verified here. The data itself lies in shards `PREFIX.data-00000-of-00001`.

A partitioned variable has an entry with its whole shape and the slices it is stored in, and one more
entry per slice, under a name that starts with a zero byte.
"""

from __future__ import annotations

import functools
import itertools
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from hubexplore import errors
from hubexplore.summary.files import wire
from hubexplore.summary.files.filesystem import Filesystem, SpecialFileError, read_message
from hubexplore.summary.weights import crc32c, snappy

_FOOTER: Final = 48  # two handles padded to 40 bytes, then the magic number
_TRAILER: Final = 5  # one byte for the compression, then the checksum
_MAGIC: Final = struct.pack("<Q", 0xDB4775248B80FB57)
# Names share their beginnings, so a made-up table could stand for far more than its size. True ones
# repeat a whole name every 16 entries.
_LARGEST_EXPANSION: Final = 64

# Bytes of an index, far more than `_MOST_TENSORS` entries take.
_LARGEST: Final = 1 << 28
# Several times as many as the largest published models have, with the slots of their optimizers.
_MOST_TENSORS: Final = 150_000

# What follows dtype and shape in an entry: shard, offset and size, where they are not 0, and the checksum.
_PLAIN: Final = re.compile(
    rb"(?:\x18([\x80-\xff]{0,7}[\x00-\x7f]))?(?:\x20([\x80-\xff]{0,7}[\x00-\x7f]))?"
    rb"(?:\x28([\x80-\xff]{0,7}[\x00-\x7f]))?(?:\x35(.{4}))?",
    re.DOTALL,
)

MSG_DAMAGED: Final = (
    "The checkpoint index is damaged: {reason}. Get a fresh copy of the module's 'variables' directory."
)

OBJECT_GRAPH: Final = "_CHECKPOINTABLE_OBJECT_GRAPH"
"""Entry of a checkpoint whose other entries are named by objects, as those of TF2 are."""
BOOKKEEPING: Final = frozenset({OBJECT_GRAPH, "save_counter/.ATTRIBUTES/VARIABLE_VALUE"})
"""What such a checkpoint has besides the variables of the model."""


class Extent(NamedTuple):
    """Where a run of bytes lies: shard number, and offset and size in bytes, with its masked CRC-32C."""

    shard: int
    offset: int
    size: int
    crc32c: int


Slice = tuple[tuple[int, int | None], ...]
"""Per dimension (start, length); a length of None is the whole dimension."""


class CheckpointEntry(NamedTuple):
    """One tensor.

    Attributes:
      dtype: Number of the type in TensorFlow's DataType enum.
      shape: The whole shape, also of a partitioned variable.
      slices: How a partitioned variable is cut up; empty for all others.
      extents: Where the data is: one extent, or one per slice of a partitioned variable.
    """

    dtype: int
    shape: tuple[int, ...]
    slices: tuple[Slice, ...]
    extents: tuple[Extent, ...]

    @property
    def size(self) -> int:
        """Bytes that the tensor takes in the shards."""
        extents = self.extents
        return extents[0].size if len(extents) == 1 else sum(extent.size for extent in extents)


@dataclass(frozen=True)
class CheckpointIndex:
    """What a checkpoint holds.

    Attributes:
      num_shards: Number of data files.
      entries: Each tensor by name, in the order of the names; partitioned variables once.
      slice_entries: The stored slices of partitioned variables, by the names of those.
    """

    num_shards: int
    entries: Mapping[str, CheckpointEntry]
    slice_entries: Mapping[str, tuple[CheckpointEntry, ...]]


def read_index(data: bytes) -> CheckpointIndex:
    """Reads the content of an index file.

    Raises:
      DamagedModuleError: It is cut, altered, or no index at all.
    """
    try:
        return _read(data)
    except (ValueError, struct.error, UnicodeDecodeError) as error:
        raise errors.DamagedModuleError(MSG_DAMAGED.format(reason=error)) from error


def open_index(path: str, filesystem: Filesystem) -> CheckpointIndex:
    """Reads an index file.

    Raises:
      DamagedModuleError: It is cut, altered, no index at all, or larger than that of any model.
      OSError: It cannot be read.
    """
    return read_index(read_message(filesystem, path, _LARGEST))


def _read(data: bytes) -> CheckpointIndex:
    table = _table(data)
    first, content = next(table, (b"?", b""))
    if first:
        raise ValueError("it has no header")
    num_shards = _num_shards(content)
    whole: dict[str, CheckpointEntry] = {}
    slices: dict[str, list[CheckpointEntry]] = {}
    for key, value in table:
        entry = _entry(value, num_shards)
        if key.startswith(b"\0"):
            slices.setdefault(_name_of_slice(key), []).append(entry)
        else:
            whole[key.decode()] = entry
            if len(whole) > _MOST_TENSORS:
                raise ValueError(f"it lists more than {_MOST_TENSORS:,} tensors")
    # Keys of slices sort before all names, but the entry of the whole variable says how many there must be.
    # Without this check an incomplete index would fail much later, when the variable is restored.
    for name, entry in whole.items():
        if entry.slices:
            parts = slices.get(name, [])
            if len(parts) != len(entry.slices):
                raise ValueError(f"{name!r} has {len(entry.slices)} slices, of which {len(parts)} are stored")
            extents = tuple(extent for part in parts for extent in part.extents)
            whole[name] = CheckpointEntry(entry.dtype, entry.shape, entry.slices, extents)
    return CheckpointIndex(num_shards, whole, {name: tuple(parts) for name, parts in slices.items()})


def shard_name(prefix: str, shard: int, num_shards: int) -> str:
    """Returns the path of a data file of the checkpoint `prefix`."""
    return f"{prefix}.data-{shard:05d}-of-{num_shards:05d}"


def check_shards(index: CheckpointIndex, prefix: str, filesystem: Filesystem) -> str | None:
    """Finds a data file that is missing or shorter than the index says.

    Args:
      index: The index of the checkpoint.
      prefix: Path of the checkpoint, for example `DIR/variables/variables`.
      filesystem: What reads `prefix`.

    Returns:
      A sentence naming the file, or None if all are there. Their content is not read.
    """
    return next(lost_shards(index, prefix, filesystem), None)


def lost_shards(index: CheckpointIndex, prefix: str, filesystem: Filesystem) -> Iterator[str]:
    """Yields a sentence for each such file; see `check_shards`."""
    # The size is all that can be checked without reading gigabytes: a copy that broke off is shorter.
    ends = dict.fromkeys(range(index.num_shards), 0)
    for entry in index.entries.values():
        for extent in entry.extents:
            ends[extent.shard] = max(ends[extent.shard], extent.offset + extent.size)
    for shard, end in ends.items():
        path = shard_name(prefix, shard, index.num_shards)
        try:
            size = filesystem.size(path)
        except (FileNotFoundError, NotADirectoryError):
            # Nothing is lost with a shard in which no tensor has a byte. If it is the only one, the copy is
            # incomplete all the same: `BundleWriter` always creates the file of its shard.
            if end or index.num_shards == 1:
                yield f"The data file {path!r} is missing."
            continue
        except SpecialFileError as error:
            yield f"{error.strerror}."
            continue
        if size < end:
            yield f"The data file {path!r} is truncated: it has {size:,} bytes and needs at least {end:,}."


# ---- the table


def _table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields (key, value) of the whole table in ascending order of the keys."""
    if len(data) < _FOOTER:
        raise ValueError(f"it has only {len(data)} bytes")
    footer = data[-_FOOTER:]
    if not footer.endswith(_MAGIC):
        raise ValueError("it does not end like an index, so it is truncated or something else")
    meta_offset, meta_size, position = _handle(footer, 0)
    index_offset, index_size, position = _handle(footer, position)
    if footer[position:-8].strip(b"\0"):
        raise ValueError("its footer has unexpected content")
    _block(data, meta_offset, meta_size)
    # Invariants: blocks do not overlap and keys ascend over all blocks. A table that breaks them was altered
    # although its checksums fit, and could make one block be read a million times.
    block_end, last, expanded = 0, None, 0
    for _, handle in _pairs(_block(data, index_offset, index_size)):
        offset, size, _ = _handle(handle, 0)
        if offset < block_end:
            raise ValueError("its blocks overlap")
        block_end = offset + size + _TRAILER
        for key, value in _pairs(_block(data, offset, size)):
            if last is not None and key <= last:
                raise ValueError("its names are out of order")
            last = key
            expanded += len(key)
            if expanded > _LARGEST_EXPANSION * len(data):
                raise ValueError("its names are larger than it can hold")
            yield key, value


def _handle(data: bytes, position: int) -> tuple[int, int, int]:
    numbers: list[int] = []
    for _ in range(2):
        start = position
        number, position = wire.varint(data, start)
        # The footer has no checksum: a number in more bytes than it needs is a flipped bit too.
        if position - start > 1 and data[position - 1] == 0:
            raise ValueError("a number in its footer is encoded in more bytes than it needs")
        numbers.append(number)
    return numbers[0], numbers[1], position


def _block(data: bytes, offset: int, size: int) -> bytes:
    """Returns the content of a block, its checksum verified."""
    end = offset + size
    if end + _TRAILER > len(data) - _FOOTER or size < 4:
        raise ValueError("a block lies outside of it")
    (stored,) = struct.unpack_from("<I", data, end + 1)
    if crc32c.masked(data[offset : end + 1]) != stored:
        raise ValueError(f"the checksum of its bytes {offset} to {end} is wrong")
    if data[end] > 1:
        raise ValueError(f"a block has the unknown compression {data[end]}")
    block = data[offset:end]
    # TensorFlow from 1.2 on writes blocks uncompressed, but its readers take both.
    return snappy.decompress(block) if data[end] else block


def _pairs(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields (key, value) of one block. A key is stored as the length shared with the last, and the rest."""
    (restarts,) = struct.unpack_from("<I", block, len(block) - 4)
    end = len(block) - 4 - 4 * restarts
    if end < 0:
        raise ValueError("a block is too short for its restart points")
    position, key = 0, b""
    while position < end:
        # The three lengths are of one byte each in nearly all entries, so that one slice reads them.
        shared, unshared, length = block[position : position + 3].ljust(3, b"\0")
        if shared | unshared | length < 0x80:
            position += 3
        else:
            shared, position = wire.varint(block, position)
            unshared, position = wire.varint(block, position)
            length, position = wire.varint(block, position)
        middle = position + unshared
        after = middle + length
        if shared > len(key) or after > end:
            raise ValueError("an entry reaches beyond its block")
        key = key[:shared] + block[position:middle]
        yield key, block[middle:after]
        position = after


# ---- the messages


def _int(value: wire.Value) -> int:
    if isinstance(value, bytes):
        raise ValueError("a message has text in place of a number")
    # Sizes and offsets are int64 in the format: a negative one has the sign bit of its 64 bits set.
    if value >> 63:
        raise ValueError("a message has a negative number")
    return value


def _bytes(value: wire.Value) -> bytes:
    if isinstance(value, int):
        raise ValueError("a message has a number in place of text")
    return value


def _num_shards(header: bytes) -> int:
    count = 0
    for number, value in wire.fields(header):
        if number == 1:
            count = _int(value)
        elif number == 2 and value:
            raise ValueError("it was written on a big-endian machine, which is not supported")
    # The names of shards have five digits.
    if not 0 < count < 100_000:
        raise ValueError(f"it states that it has {count} shards")
    return count


def _entry(message: bytes, num_shards: int) -> CheckpointEntry:
    # Nearly all entries are written with their fields in order, which takes half as long to read.
    start = 4 + message[3] if len(message) > 4 else 0
    is_plain = 0 < start <= len(message) and message[0] == 0x08 and message[2] == 0x12
    plain = _PLAIN.fullmatch(message, start) if is_plain and message[1] | message[3] < 0x80 else None
    if plain is not None:
        in_shard, at, long, checksum = plain.groups(b"")
        shard = _number(in_shard) if in_shard else 0
        if shard < num_shards:
            crc = int.from_bytes(checksum, "little")
            extent = Extent(shard, _number(at), _number(long), crc)
            return CheckpointEntry(message[1], _shape(message[4:start]), (), (extent,))
    return _any_entry(message, num_shards)


def _number(value: bytes) -> int:
    """The number of a whole varint of at most eight bytes."""
    result = 0
    for byte in reversed(value):
        result = result << 7 | byte & 0x7F
    return result


def _any_entry(message: bytes, num_shards: int) -> CheckpointEntry:
    dtype = shard = offset = size = crc = 0
    shape: tuple[int, ...] = ()
    slices: list[Slice] = []
    for number, value in wire.fields(message):
        if number == 1:
            dtype = _int(value)
        elif number == 2:
            shape = _shape(_bytes(value))
        elif number == 3:
            shard = _int(value)
        elif number == 4:
            offset = _int(value)
        elif number == 5:
            size = _int(value)
        elif number == 6:
            crc = _int(value)
        elif number == 7:
            slices.append(_slice(_bytes(value)))
    if shard >= num_shards:
        raise ValueError(f"an entry lies in shard {shard} of {num_shards}")
    extents = () if slices else (Extent(shard, offset, size, crc),)
    return CheckpointEntry(dtype, shape, tuple(slices), extents)


@functools.lru_cache(maxsize=1024)
def _shape(message: bytes) -> tuple[int, ...]:
    """Returns the sizes in a TensorShapeProto. Few shapes occur many times."""
    sizes: list[int] = []
    for number, value in wire.fields(message):
        if number == 2:
            sizes.append(next((_int(size) for field, size in wire.fields(_bytes(value)) if field == 1), 0))
        elif number == 3 and value:
            raise ValueError("an entry has no known rank")
    return tuple(sizes)


def _slice(message: bytes) -> Slice:
    """Returns the extents in a TensorSliceProto."""
    extents: list[tuple[int, int | None]] = []
    for number, value in wire.fields(message):
        if number == 1:
            extent = {field: _int(part) for field, part in wire.fields(_bytes(value))}
            extents.append((extent.get(1, 0), extent.get(2)))
    return tuple(extents)


def _name_of_slice(key: bytes) -> str:
    """Returns the variable's name in the key of a slice.

    Format: tensorflow/core/util/saved_tensor_slice_util.cc and core/lib/strings/ordered_code.cc. A zero
    byte, the name, which ends with 00 01, and the slice. The escapes for 00 and FF within a name are
    not undone, since names are UTF-8 text, which has neither.
    """
    name, end, _ = key[1:].partition(b"\0\x01")
    if not end:
        raise ValueError("the name of a slice does not end")
    return name.decode()


def total_size(index: CheckpointIndex) -> int:
    """Returns the bytes of all tensors of the checkpoint."""
    return sum(
        extent.size for extent in itertools.chain.from_iterable(e.extents for e in index.entries.values())
    )
