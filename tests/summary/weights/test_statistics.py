"""Statistics of weights against numpy, on checkpoints that TensorFlow wrote."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from hubexplore import errors
from hubexplore.summary.files.filesystem import LocalFilesystem
from hubexplore.summary.model import VariableSummary
from hubexplore.summary.reading.directory import read_module
from hubexplore.summary.source import Weights
from hubexplore.summary.weights import number_encoding
from hubexplore.summary.weights import statistics as subject
from hubexplore.summary.weights.checkpoint_index import CheckpointEntry, CheckpointIndex, Extent, shard_name
from hubexplore.summary.weights.statistics import VariableStats, variable_stats
from tests.summary.checkpoints import WatchedFilesystem, merge, save, variables_of, weights_at
from tests.work import memory_below

GENERATOR = np.random.default_rng(5)
Numbers = npt.NDArray[Any]


def stats_of(prefix: str) -> dict[str, VariableStats]:
    weights = weights_at(prefix)
    return {
        variable_stat.name: variable_stat for variable_stat in variable_stats(variables_of(weights), weights)
    }


def stats_of_one(tmp_path: Path, tensor: object) -> VariableStats:
    return stats_of(save(tmp_path / "one", {"x": tensor}))["x"]


def assert_like_numpy(stats: VariableStats, values: Numbers) -> None:
    """All facts of `found` follow from the finite ones of `values`."""
    numbers = values.astype(np.float64).ravel()
    finite = numbers[np.isfinite(numbers)]
    assert stats.count == numbers.size
    assert stats.zeros == np.count_nonzero(numbers == 0)
    assert stats.nans == np.count_nonzero(np.isnan(numbers))
    assert stats.infs == np.count_nonzero(np.isinf(numbers))
    assert stats.minimum == finite.min()
    assert stats.maximum == finite.max()
    assert stats.mean == pytest.approx(finite.mean(), rel=1e-9, abs=1e-12)
    assert stats.std == pytest.approx(finite.std(), rel=1e-9, abs=1e-12)
    assert sum(stats.histogram) == finite.size
    assert len(stats.edges) == len(stats.histogram) + 1
    edges = np.linspace(finite.min(), finite.max(), len(stats.edges))
    assert stats.edges == pytest.approx(edges.tolist(), rel=1e-9, abs=1e-12)
    # A number that lies on an edge may round to either side of it.
    off_edges = finite[np.abs(finite[:, None] - edges[None, 1:-1]).min(axis=1, initial=9) > 1e-9]
    if off_edges.size == finite.size:
        assert list(stats.histogram) == np.histogram(finite, edges)[0].tolist()


FLOATS = GENERATOR.normal(3.0, 2.0, (40, 9))
SPECIAL = np.array([0.0, -0.0, 1.5, math.nan, math.inf, -math.inf, -7.25, math.nan])
DTYPES = ["float32", "float64", "float16", "bfloat16"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("values", [FLOATS, SPECIAL], ids=["random", "special"])
def test_floats(tmp_path: Path, dtype: str, values: Numbers) -> None:
    tensor = tf.cast(values, dtype)
    stats = stats_of_one(tmp_path, tensor)
    assert (stats.dtype, stats.shape) == (dtype, values.shape)
    assert stats.bytes == values.size * tf.as_dtype(dtype).size
    assert_like_numpy(stats, tf.cast(tensor, tf.float64).numpy())


def test_every_half() -> None:
    codes = np.arange(1 << 16, dtype=np.uint16)
    theirs = codes.view(np.float16).astype(np.float32)
    np.testing.assert_array_equal(number_encoding.decode(codes.tobytes(), "float16"), theirs)
    # Without infinity and NaN they are decoded in another way; the bits tell zeros of either sign apart.
    finite = codes[np.isfinite(theirs)]
    decoded = number_encoding.decode(finite.tobytes(), "float16")
    np.testing.assert_array_equal(decoded.view(np.uint32), theirs[np.isfinite(theirs)].view(np.uint32))


@pytest.mark.parametrize("dtype", ["float8_e5m2", "float8_e4m3fn"])
def test_every_float8(dtype: str) -> None:
    codes = np.arange(256, dtype=np.uint8)
    theirs = codes.view(tf.as_dtype(dtype).as_numpy_dtype).astype(np.float32)
    np.testing.assert_array_equal(number_encoding.decode(codes.tobytes(), dtype), theirs)


@pytest.mark.parametrize(
    "dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"]
)
def test_integers(tmp_path: Path, dtype: str) -> None:
    values = GENERATOR.integers(0, 2 if dtype == "bool" else 100, 77).astype(dtype)
    stats = stats_of_one(tmp_path, values)
    assert stats.dtype == dtype
    assert_like_numpy(stats, values)


@pytest.mark.parametrize("dtype", [tf.qint8, tf.quint8, tf.qint32])
def test_quantised_integers(tmp_path: Path, dtype: tf.DType) -> None:
    values = np.array([0, 3, 5, 5], dtype.as_numpy_dtype)
    stats = stats_of_one(tmp_path, tf.constant(values, dtype))
    assert stats.dtype == dtype.name
    assert_like_numpy(stats, np.array([0, 3, 5, 5]))


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_numbers_by_magnitude(tmp_path: Path, dtype: str) -> None:
    values = np.array([3 + 4j, 0, -1j, 6 - 8j, complex(math.nan, 0), complex(0, -math.inf)], dtype)
    stats = stats_of_one(tmp_path, values)
    assert stats.note == "magnitudes"
    assert_like_numpy(stats, np.abs(values))


def test_large_integers_stay_exact(tmp_path: Path) -> None:
    stats = stats_of_one(tmp_path, np.array([2**64 - 1, 1], np.uint64))
    assert (stats.minimum, stats.maximum) == (1, 2**64 - 1)
    stats = stats_of_one(tmp_path, np.array([-(2**63), 2**63 - 1], np.int64))
    assert (stats.minimum, stats.maximum) == (-(2**63), 2**63 - 1)
    assert stats.std == pytest.approx(2.0**63)


def test_a_scalar_step_counter(tmp_path: Path) -> None:
    stats = stats_of_one(tmp_path, tf.constant(12345, tf.int64))
    assert stats == VariableStats(
        "x", "int64", (), 1, 8, 12345, 12345, 12345.0, 0.0, 0, 0, 0, (1,), (12345.0, 12345.0)
    )


def test_a_constant_has_one_bin(tmp_path: Path) -> None:
    stats = stats_of_one(tmp_path, np.full(100, 0.1, np.float32))
    assert stats.histogram == (100,)
    assert stats.std == pytest.approx(0, abs=1e-9)


def test_no_elements(tmp_path: Path) -> None:
    assert stats_of_one(tmp_path, np.zeros((3, 0), np.float32)) == VariableStats(
        "x", "float32", (3, 0), 0, 0, zeros=0, nans=0, infs=0
    )


def test_nothing_but_nan(tmp_path: Path) -> None:
    stats = stats_of_one(tmp_path, np.full(7, math.nan, np.float32))
    assert (stats.nans, stats.zeros, stats.minimum, stats.mean, stats.histogram) == (7, 0, None, None, ())


def test_strings_are_counted(tmp_path: Path) -> None:
    stats = stats_of_one(tmp_path, ["a", "longer"])
    assert (stats.dtype, stats.count, stats.zeros, stats.note) == ("string", 2, None, "text")


@pytest.mark.parametrize(
    "values",
    [[1e308, -1e308, 1.7e308], [5e-324, 1e-320, 0.0], [1e300, 1e-300], [1.0, 1.0 + 2**-52], [1e155] * 3],
)
def test_numbers_at_the_ends_of_the_range(tmp_path: Path, values: list[float]) -> None:
    stats = stats_of_one(tmp_path, np.array(values))
    exponent = math.frexp(max(map(abs, values)))[1]
    scaled = np.ldexp(np.array(values), -exponent)
    assert stats.mean == pytest.approx(math.ldexp(scaled.mean(), exponent), abs=0)
    assert stats.std == pytest.approx(math.ldexp(scaled.std(), exponent), abs=0)
    assert sum(stats.histogram) == len(values)
    assert list(stats.edges) == sorted(stats.edges)


def test_a_small_deviation_around_a_large_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "PIECE", 97)
    values = 1e9 + GENERATOR.normal(0, 1e-3, 5000)
    assert stats_of_one(tmp_path, values).std == pytest.approx(values.std(), rel=1e-4)


@pytest.mark.parametrize("piece", [1, 7, 360, 361])
def test_the_size_of_the_pieces_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(subject, "PIECE", piece)
    values = FLOATS.copy()
    values[3, 3:6] = [math.nan, 0, math.inf]
    assert_like_numpy(stats_of_one(tmp_path, values), values)


def test_a_partitioned_variable_is_one(tmp_path: Path) -> None:
    first = save(tmp_path / "first", {"p": FLOATS[:30], "other": [True]}, ["40 9 0,30:0,9", ""])
    second = save(tmp_path / "second", {"p": FLOATS[30:]}, ["40 9 30,10:0,9"])
    stats = stats_of(merge(tmp_path / "both", [first, second]))
    assert stats["p"].shape == (40, 9)
    assert_like_numpy(stats["p"], FLOATS)


def test_reads_in_the_order_of_the_files(tmp_path: Path) -> None:
    shards = [save(tmp_path / name, {f"{name}{n}": FLOATS for n in range(3)}) for name in "ba"]
    files = WatchedFilesystem()
    weights = weights_at(merge(tmp_path / "both", shards), files)
    backwards = variables_of(weights)[::-1]
    assert [variable_stat.name for variable_stat in variable_stats(backwards, weights)] == [
        "b0",
        "b1",
        "b2",
        "a0",
        "a1",
        "a2",
    ]
    assert files.ranges == sorted(files.ranges)
    assert len(files.ranges) == 6


def test_memory_is_bounded(tmp_path: Path) -> None:
    """A tensor of 48 MB in pieces of 2 MB; all that is alive at once is a few pieces in float64."""
    values = np.linspace(-1, 1, 12_000_000, dtype=np.float32)
    files = WatchedFilesystem()
    weights = weights_at(save(tmp_path / "large", {"x": values}), files)
    with memory_below(30 << 20):
        (stats,) = variable_stats(variables_of(weights), weights)
    assert max(size for _, _, size in files.ranges) == 4 * subject.PIECE
    assert sum(size for _, _, size in files.ranges) == 2 * values.nbytes
    assert stats.std == pytest.approx(values.std(dtype=np.float64))


def test_what_the_checkpoint_does_not_hold(tmp_path: Path) -> None:
    weights = weights_at(save(tmp_path / "c", {"x": FLOATS}))
    absent = VariableSummary("local", "float32", (2, 3), trainable=False)
    (stats,) = variable_stats([absent], weights)
    assert (stats.count, stats.note, stats.zeros) == (6, "not in the checkpoint", None)


def test_no_weights_at_all() -> None:
    with pytest.raises(errors.HubError, match="none that can be read"):
        variable_stats([VariableSummary("x", "float32", (), trainable=True)], None)
    assert list(variable_stats([], None)) == []


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        (None, ["dense/bias", "dense/kernel", "step"]),
        ("dense", ["dense/bias", "dense/kernel"]),
        ("*/kernel", ["dense/kernel"]),
        ("s?ep", ["step"]),
        ("dense/kernel", ["dense/kernel"]),
    ],
)
def test_patterns(tmp_path: Path, pattern: str | None, names: list[str]) -> None:
    weights = weights_at(save(tmp_path / "c", {"dense/kernel": 1.0, "dense/bias": 2.0, "step": 3}))
    stats = variable_stats(variables_of(weights), weights, pattern)
    assert sorted(entry.name for entry in stats) == names


def test_a_pattern_that_matches_nothing(tmp_path: Path) -> None:
    weights = weights_at(save(tmp_path / "c", {"dense/kernel": 1.0}))
    with pytest.raises(errors.HubError, match=r"No variable matches 'dense/kernal'.*mean 'dense/kernel'"):
        variable_stats(variables_of(weights), weights, "dense/kernal")


def test_missing_and_cut_data(tmp_path: Path) -> None:
    weights = weights_at(save(tmp_path / "c", {"x": FLOATS}))
    shard = Path(shard_name(weights.prefix, 0, 1))
    content = shard.read_bytes()
    shard.write_bytes(content[:-1])
    with pytest.raises(
        errors.DamagedModuleError, match=rf"{shard}.* is truncated: .* byte 2,880, which 'x' needs"
    ):
        list(variable_stats(variables_of(weights), weights))
    shard.unlink()
    with pytest.raises(errors.DamagedModuleError, match=rf"{shard}.* is missing"):
        list(variable_stats(variables_of(weights), weights))
    shard.mkdir()
    with pytest.raises(errors.UnreadableModuleError, match=rf"{shard}.* cannot be read"):
        list(variable_stats(variables_of(weights), weights))


@pytest.mark.parametrize(
    ("shape", "sizes"), [((1 << 40, 9), [2880]), ((40, 8), [2880]), ((40, 9), [2875, 5])]
)
def test_an_index_that_contradicts_itself(tmp_path: Path, shape: tuple[int, ...], sizes: list[int]) -> None:
    weights = weights_at(save(tmp_path / "c", {"x": FLOATS}))
    extents = tuple(Extent(0, 0, size, 0) for size in sizes)
    entry = CheckpointEntry(weights.index.entries["x"].dtype, shape, (), extents)
    damaged = dataclasses.replace(weights, index=CheckpointIndex(1, {"x": entry}, {}))
    with pytest.raises(
        errors.DamagedModuleError, match=r"'x' is float64 .*but 2,880 bytes are stored for it"
    ):
        list(variable_stats(variables_of(weights), damaged))


@pytest.mark.parametrize(
    "name", ["vae3dshapes", "dm21", "penguin-tf2-savedmodel", "taxi-estimator-savedmodel"]
)
def test_real_modules(name: str, real_modules: Path) -> None:
    summary = read_module(str(real_modules / name), LocalFilesystem())
    theirs = tf.train.load_checkpoint(str(real_modules / name / "variables" / "variables"))
    assert summary.source is not None
    variables = {variable.name: variable for variable in summary.variants[0].variables}
    stats = list(variable_stats(variables.values(), summary.source.weights))
    assert {entry.name for entry in stats} == set(variables)
    for each in stats:
        if each.dtype != "string":
            assert_like_numpy(each, np.asarray(theirs.get_tensor(variables[each.name].key)))


def _weights(tmp_path: Path, entries: dict[str, CheckpointEntry], size: int, head: bytes = b"") -> Weights:
    """A checkpoint of these entries, whose one data file begins with `head` and is sparse behind."""
    with Path(f"{tmp_path}/v.data-00000-of-00001").open("wb") as file:
        file.write(head)
        file.truncate(size)
    return Weights(str(tmp_path / "v"), CheckpointIndex(1, entries, {}), WatchedFilesystem())


def _entry(shape: tuple[int, ...], offset: int, size: int, dtype: int = 1) -> CheckpointEntry:
    return CheckpointEntry(dtype, shape, (), (Extent(0, offset, size, 0),))


def test_what_was_never_written_is_not_read(tmp_path: Path) -> None:
    count = 1 << 36
    values = np.arange(1, 1 << 14, dtype=np.float32)
    weights = _weights(tmp_path, {"w": _entry((count,), 0, 4 * count)}, 4 * count, values.tobytes())
    (stats,) = variable_stats(variables_of(weights), weights)
    watched = weights.filesystem
    assert isinstance(watched, WatchedFilesystem)
    assert sum(size for _, _, size in watched.ranges) < 1 << 20
    assert stats.zeros == count - len(values)
    assert (stats.minimum, stats.maximum) == (0.0, values[-1])
    mean = float(values.sum(dtype=np.float64)) / count
    assert stats.mean == pytest.approx(mean)
    square = float(np.square(values, dtype=np.float64).sum()) / count
    assert stats.std == pytest.approx(math.sqrt(square - mean**2))
    assert sum(stats.histogram) == count
    assert stats.histogram[1] == np.histogram(values, 16, (0, values[-1]))[0][1]


def test_a_sparse_tensor_that_begins_within_a_number(tmp_path: Path) -> None:
    """Written parts begin at pages, which need not be where numbers do."""
    size = 1 << 26
    weights = _weights(tmp_path, {"w": _entry((size // 8 - 1,), 3, size - 8, 2)}, size)
    with Path(f"{tmp_path}/v.data-00000-of-00001").open("r+b") as file:
        file.seek(3 + 8 * 1_000_000)
        file.write(np.float64(-7.5).tobytes())
    (stats,) = variable_stats(variables_of(weights), weights)
    assert (stats.minimum, stats.maximum, stats.zeros) == (-7.5, 0.0, size // 8 - 2)


def test_what_variables_share_is_read_once(tmp_path: Path) -> None:
    entries = {f"v{number}": _entry((4, 256), 0, 4096) for number in range(500)}
    weights = _weights(tmp_path, entries, 4096, np.full(1024, 2.0, np.float32).tobytes())
    stats = list(variable_stats(variables_of(weights), weights))
    assert [(entry.name, entry.mean) for entry in stats] == [(name, 2.0) for name in entries]
    watched = weights.filesystem
    assert isinstance(watched, WatchedFilesystem)
    assert len(watched.ranges) == 1


def test_what_variables_share_in_part_is_damage(tmp_path: Path) -> None:
    entries = {f"v{number}": _entry((1000,), 4 * number, 4000) for number in range(500)}
    entries["own"] = _entry((10,), 8000, 40)
    weights = _weights(tmp_path, entries, 8040)
    found = {
        variable_stat.name: variable_stat for variable_stat in variable_stats(variables_of(weights), weights)
    }
    assert found["own"].zeros == 10
    assert found["v0"].note == "shares a part of its bytes with 'v1': the index is damaged"
    assert {each.mean for name, each in found.items() if name != "own"} == {None}
    watched = weights.filesystem
    assert isinstance(watched, WatchedFilesystem)
    assert len(watched.ranges) == 1
