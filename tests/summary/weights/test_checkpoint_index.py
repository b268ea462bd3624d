"""The reader of checkpoint indexes against TensorFlow's own, and against damage."""

from __future__ import annotations

import functools
import math
import random
import struct
from pathlib import Path

import pytest
import tensorflow as tf

from hubexplore import errors
from hubexplore.summary.files import wire
from hubexplore.summary.files.filesystem import LocalFilesystem
from hubexplore.summary.weights import checkpoint_index, crc32c, snappy
from tests.summary.saved_models import every_real_model
from tests.work import calls

LOCAL = LocalFilesystem()


def read(prefix: Path | str) -> checkpoint_index.CheckpointIndex:
    return checkpoint_index.read_index(Path(f"{prefix}.index").read_bytes())


def assert_like_tensorflow(prefix: str) -> checkpoint_index.CheckpointIndex:
    index = read(prefix)
    theirs = tf.train.load_checkpoint(prefix)
    shapes = theirs.get_variable_to_shape_map()
    types = theirs.get_variable_to_dtype_map()
    assert {name: list(entry.shape) for name, entry in index.entries.items()} == shapes
    assert {name: entry.dtype for name, entry in index.entries.items()} == {
        name: dtype.as_datatype_enum for name, dtype in types.items()
    }
    for name, entry in index.entries.items():
        if types[name] != tf.string:
            assert entry.size == math.prod(entry.shape) * types[name].size
    return index


def save(prefix: Path, names: list[str], slices: list[str], tensors: list[object]) -> str:
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=names,
        shape_and_slices=slices,
        tensors=[tf.convert_to_tensor(tensor) for tensor in tensors],
    )
    return str(prefix)


@pytest.fixture
def partitioned(tmp_path: Path) -> str:
    """A checkpoint with a variable in two slices, a scalar, strings and a second shard."""
    first = save(
        tmp_path / "first",
        ["part", "scalar", "text"],
        ["6 4 0,4:0,4", "", ""],
        [tf.ones([4, 4]), tf.constant(3, tf.int64), ["a", "longer"]],
    )
    second = save(tmp_path / "second", ["part", "other"], ["6 4 4,2:0,4", ""], [tf.ones([2, 4]), [True]])
    merged = str(tmp_path / "merged")
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=[first, second], destination_prefix=merged)
    return merged


@every_real_model
def test_real_checkpoints(name: str, real_modules: Path) -> None:
    """Among them one whose blocks are compressed, as TensorFlow 1 did."""
    prefix = str(real_modules / name / "variables" / "variables")
    assert checkpoint_index.check_shards(assert_like_tensorflow(prefix), prefix, LOCAL) is None


def test_shards_and_partitions(partitioned: str) -> None:
    index = assert_like_tensorflow(partitioned)
    assert index.num_shards == 2
    part = index.entries["part"]
    assert part.shape == (6, 4)
    assert sorted(part.slices) == [((0, 4), (0, 4)), ((4, 2), (0, 4))]
    assert sorted((extent.shard, extent.size) for extent in part.extents) == [(0, 64), (1, 32)]
    assert part.size == 96
    assert [entry.shape for entry in index.slice_entries["part"]] == [(4, 4), (2, 4)]
    assert set(index.slice_entries) == {"part"}
    assert index.entries["scalar"].extents[0].size == 8
    assert checkpoint_index.check_shards(index, partitioned, LOCAL) is None


def test_a_slice_whose_dimension_is_whole(tmp_path: Path) -> None:
    prefix = save(tmp_path / "c", ["p\xff", "p\xff"], ["2 3 0,1:-", "2 3 1,1:-"], [tf.ones([1, 3])] * 2)
    entry = assert_like_tensorflow(prefix).entries["p\xff"]
    assert sorted(entry.slices) == [((0, 1), (0, None)), ((1, 1), (0, None))] or len(entry.slices) == 2
    assert entry.size == 24


def test_missing_and_short_shards(partitioned: str) -> None:
    index = read(partitioned)
    shard = Path(checkpoint_index.shard_name(partitioned, 1, 2))
    content = shard.read_bytes()
    shard.write_bytes(content[:-1])
    message = checkpoint_index.check_shards(index, partitioned, LOCAL)
    sizes = f"it has {len(content) - 1} bytes and needs at least {len(content)}"
    assert message == f"The data file {str(shard)!r} is truncated: {sizes}."
    shard.unlink()
    assert (
        checkpoint_index.check_shards(index, partitioned, LOCAL)
        == f"The data file {str(shard)!r} is missing."
    )


def test_every_flipped_bit_is_noticed(partitioned: str) -> None:
    data = Path(f"{partitioned}.index").read_bytes()
    for position in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            with pytest.raises(errors.DamagedModuleError, match="index is damaged"):
                checkpoint_index.read_index(bytes(flipped))


@every_real_model
def test_every_changed_byte_of_real_indexes_is_noticed(name: str, real_modules: Path) -> None:
    data = (real_modules / name / "variables" / "variables.index").read_bytes()
    for position in range(len(data)):
        changed = data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]
        with pytest.raises(errors.DamagedModuleError):
            checkpoint_index.read_index(changed)


def test_every_cut_is_noticed(partitioned: str) -> None:
    data = Path(f"{partitioned}.index").read_bytes()
    for length in range(len(data)):
        with pytest.raises(errors.DamagedModuleError, match="index is damaged"):
            checkpoint_index.read_index(data[:length])


def table(pairs: list[tuple[bytes, bytes]], *, block: bytes | None = None, compression: int = 0) -> bytes:
    """Returns a table with right checksums, whatever is in it."""
    data = b""

    def add(content: bytes, kind: int) -> bytes:
        nonlocal data
        offset, body = len(data), content + bytes([kind])
        data += body + struct.pack("<I", crc32c.masked(body))
        return number(offset) + number(len(content))

    handle = add(entries(pairs) if block is None else block, compression)
    meta = add(entries([]), 0)
    index = add(entries([(b"\xff", handle)]), 0)
    return data + (meta + index).ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def number(value: int) -> bytes:
    result = b""
    while value > 0x7F:
        result += bytes([value & 0x7F | 0x80])
        value >>= 7
    return result + bytes([value])


def entries(pairs: list[tuple[bytes, bytes]]) -> bytes:
    body = b"".join(b"\0" + number(len(key)) + number(len(value)) + key + value for key, value in pairs)
    return body + struct.pack("<II", 0, 1)


HEADER = (b"", b"\x08\x01")
ENTRY = b"\x08\x01\x12\x00\x28\x04"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (table([(b"a", ENTRY)]), "no header"),
        (table([]), "no header"),
        (table([(b"", b"")]), "0 shards"),
        (table([(b"", b"\x08\x01\x10\x01")]), "big-endian"),
        (table([HEADER, (b"b", ENTRY), (b"a", ENTRY)]), "out of order"),
        (table([HEADER, (b"a", ENTRY), (b"a", ENTRY)]), "out of order"),
        (table([HEADER, (b"a", b"\x18\x05")]), "shard 5 of 1"),
        (table([HEADER, (b"a", b"\x28" + b"\xff" * 9 + b"\x01")]), "negative number"),
        (table([HEADER, (b"a", b"\x28" + b"\xff" * 11)]), "64 bits"),
        (table([HEADER, (b"a", b"\x0a\x05")]), "ends within"),
        (table([HEADER, (b"a", b"\x0b")]), "wire type"),
        (table([HEADER, (b"a", b"\x12\x02\x18\x01")]), "no known rank"),
        (table([HEADER, (b"a", b"\x3a\x00")]), "1 slices, of which 0"),
        (table([HEADER, (b"\xfe", ENTRY)]), "decode"),
        (table([HEADER, (b"\0name", ENTRY)]), "does not end"),
        (table([], block=b"\0\0\0\x01"), "restart"),
        (table([], block=b"\x05\x01\x00a" + struct.pack("<II", 0, 1)), "beyond its block"),
        (table([], block=b"\x00\x7f\x00a" + struct.pack("<II", 0, 1)), "beyond its block"),
        (table([HEADER], compression=7), "compression 7"),
        (table([], block=b"\xff\xff\xff\xff\x0f\x00\x00", compression=1), "impossible length"),
    ],
)
def test_tables_with_right_checksums_and_wrong_content(data: bytes, says: str) -> None:
    with pytest.raises(errors.DamagedModuleError, match=says):
        checkpoint_index.read_index(data)


def test_names_that_unfold_without_bound() -> None:
    """Each name repeats the one before and adds a byte: 20,000 of them would take 200 MB."""
    first = b"\0\0\x02" + HEADER[1]
    growing = b"".join(number(n) + b"\x01\x00" + b"a" for n in range(20_000))
    with pytest.raises(errors.DamagedModuleError, match="larger than it can hold"):
        checkpoint_index.read_index(table([], block=first + growing + struct.pack("<II", 0, 1)))


def test_a_shard_without_tensors_need_not_exist(tmp_path: Path) -> None:
    index = checkpoint_index.read_index(table([(b"", b"\x08\x02"), (b"a", ENTRY)]))
    Path(checkpoint_index.shard_name(f"{tmp_path}/v", 0, 2)).write_bytes(b"1234")
    assert checkpoint_index.check_shards(index, f"{tmp_path}/v", LOCAL) is None


def unmask(value: int) -> int:
    """The plain CRC-32C of a masked one."""
    rotated = (value - 0xA282EAD8) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF


def test_checksums_of_every_length() -> None:
    """CRC-32C of RFC 3720, B.4, and odd lengths against even ones."""
    assert unmask(crc32c.masked(bytes(32))) == 0x8A9136AA
    assert unmask(crc32c.masked(b"\xff" * 32)) == 0x62A8AB43
    assert unmask(crc32c.masked(bytes(range(32)))) == 0x46DD794E
    assert unmask(crc32c.masked(b"123456789")) == 0xE3069283


@pytest.mark.parametrize("length", [*range(66, 76), 140, 141, 142, 1000, 10_007])
@pytest.mark.parametrize("piece", [100, 4096])
def test_checksums_of_long_data_are_those_of_its_bits_one_by_one(
    length: int, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crc32c, "_PIECE", piece)
    data = (b"\0\0" + b"A checkpoint's index and its shards. \xff\x80" * (length // 30 + 1))[:length]
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    assert unmask(crc32c.masked(data)) == crc ^ 0xFFFFFFFF


def test_it_is_linear(tmp_path: Path) -> None:
    def index_of(count: int) -> bytes:
        names = [f"module/block_{n // 7}/conv/layer_{n:04}/weights" for n in range(count)]
        prefix = save(tmp_path / str(count), names, [""] * count, [tf.ones([1, n % 5]) for n in range(count)])
        return Path(f"{prefix}.index").read_bytes()

    indexes = {count: index_of(count) for count in (350, 3500)}
    assert [len(checkpoint_index.read_index(data).entries) for data in indexes.values()] == [350, 3500]
    work = {
        count: calls(functools.partial(checkpoint_index.read_index, data)) for count, data in indexes.items()
    }
    assert work[3500] < 11 * work[350]
    assert work[350] < 350 * 100


# ---- snappy


def test_snappy_elements() -> None:
    long = bytes(range(256)) * 2
    cases = [
        (b"\x00", b""),
        (b"\x03\x08abc", b"abc"),
        (b"\x08\x08abc\x05\x03", b"abcabcab"),
        (b"\x08\x08abc\x12\x03\x00", b"abcabcab"),
        (b"\x08\x08abc\x13\x03\x00\x00\x00", b"abcabcab"),
        (number(512) + b"\xf4\xff\x01" + long, long),
        (number(61) + b"\xf0\x3c" + long[:61], long[:61]),
    ]
    for data, content in cases:
        assert snappy.decompress(data) == content


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x03\x08ab",
        b"\x04\x08abc",
        b"\x02\x08abc",
        b"\x08\x08abc\x05\x04",
        b"\x08\x08abc\x05\x00",
        b"\x08\x08abc\x05",
        b"\xff\xff\xff\xff\xff\x0f",
        b"\x08\xfc\xff\xff",
    ],
)
def test_damaged_snappy(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"block|number"):
        snappy.decompress(data)


def test_random_snappy_ends() -> None:
    generator = random.Random(3)
    for _ in range(3000):
        try:
            snappy.decompress(bytes([40]) + generator.randbytes(20))
        except ValueError:
            continue


# ---- the wire format


def test_fields() -> None:
    data = b"\x08\x96\x01\x12\x02hi\x1d\x01\x00\x00\x00\x21\x02" + bytes(7) + b"\x82\x01\x00"
    assert list(wire.fields(data)) == [(1, 150), (2, b"hi"), (3, 1), (4, 2), (16, b"")]
    assert wire.signed(2**64 - 1) == -1


@pytest.mark.parametrize(
    "data", [b"\x08", b"\x12\x05hi", b"\x1d\x00", b"\x00\x00", b"\x0c", b"\x08" + b"\xff" * 10]
)
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"ends|number|wire type"):
        list(wire.fields(data))
