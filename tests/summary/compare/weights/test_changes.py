"""Weights of two checkpoints that TensorFlow wrote, compared number by number."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from hubexplore.errors import DamagedModuleError, HubError, UnreadableModuleError
from hubexplore.summary.compare.weights import feed, reading, texts
from hubexplore.summary.compare.weights.changes import Side, compare_weights, plan
from hubexplore.summary.compare.weights.reading import read_changes
from hubexplore.summary.compare.weights.records import VariableChange, WeightChanges
from hubexplore.summary.compare.weights.scopes import scope_changes
from hubexplore.summary.files.filesystem import LocalFilesystem
from hubexplore.summary.model import VariableSummary
from hubexplore.summary.source import Source
from hubexplore.summary.weights.checkpoint_index import shard_name
from tests.summary.checkpoints import merge, save, variables_of, weights_at
from tests.work import memory_below

Numbers = npt.NDArray[Any]
Tensors = Mapping[str, object]


def side(prefix: str, filesystem: Any = None) -> Side:
    weights = weights_at(prefix, filesystem)
    return Side(Path(prefix).name, tuple(variables_of(weights)), Source({}, weights))


def compared(first: str, second: str) -> WeightChanges:
    return compare_weights(plan(side(first), side(second)))


Compare = Callable[..., WeightChanges]


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    """Writes two checkpoints and compares them."""

    def run(
        first: Tensors,
        second: Tensors,
        slices: tuple[Sequence[str] | None, Sequence[str] | None] = (None, None),
    ) -> WeightChanges:
        return compared(
            save(tmp_path / "first", first, slices[0]), save(tmp_path / "second", second, slices[1])
        )

    return run


def only(changes: WeightChanges) -> VariableChange:
    (change,) = changes.variables
    return change


def flip(prefix: str, position: int) -> None:
    path = Path(shard_name(prefix, 0, 1))
    data = bytearray(path.read_bytes())
    data[position] ^= 0x40
    path.write_bytes(data)


def test_by_hand(compare: Compare) -> None:
    changes = compare(
        {
            "a/kernel": np.array([[3, 4]], np.float32),
            "a/bias": np.array([0, 0], np.float32),
            "b": np.array([1], np.float32),
        },
        {
            "a/kernel": np.array([[3, 0]], np.float32),
            "a/bias": np.array([0, 2], np.float32),
            "b": np.array([1], np.float32),
        },
    )
    # What came from zero is first, since no ratio tells how much it is.
    assert [change.name for change in changes.variables] == ["a/bias", "a/kernel", "b"]
    bias, kernel, same = changes.variables
    assert (bias.norm, bias.relative, bias.cosine, bias.changed) == (2.0, None, None, 1)
    assert bias.note == "zero before: no relative change"
    assert (kernel.norm, kernel.first_norm, kernel.second_norm) == (4.0, 5.0, 3.0)
    assert (kernel.relative, kernel.cosine, kernel.share) == pytest.approx((0.8, 0.6, 0.5))
    assert (same.norm, same.relative, same.cosine, same.changed) == (0.0, 0.0, 1.0, 0)
    assert not changes.same

    whole, scope = scope_changes(changes.variables)
    assert (whole.name, whole.variables, whole.count, whole.changed) == ("", 3, 5, 2)
    assert (scope.name, scope.variables) == ("a", 2)
    # sqrt(16 + 4) of 5; the product is 9, the second norm sqrt(9 + 4).
    assert scope.norm == pytest.approx(math.sqrt(20))
    assert scope.relative == pytest.approx(math.sqrt(20) / 5)
    assert scope.cosine == pytest.approx(9 / 5 / math.sqrt(13))


def test_equal_checkpoints(tmp_path: Path) -> None:
    prefix = save(tmp_path / "one", {"a": np.array([1, 2], np.float32), "b": tf.constant(["x"])})
    assert compared(prefix, prefix).same


def test_what_is_not_compared(compare: Compare) -> None:
    changes = compare(
        {"gone": [1.0], "shape": [1.0], "dtype": [1.0], "same": [1.0]},
        {"new": [1.0], "shape": [1.0, 2.0], "dtype": np.array([1.0], np.float64), "same": [1.0]},
    )
    assert [change.name for change in changes.variables] == ["same"]
    assert [(item.name, item.first, item.second, item.reason) for item in changes.uncompared] == [
        ("dtype", "float32 (1,)", "float64 (1,)", "other dtype"),
        ("gone", "float32 (1,)", None, "only in first"),
        ("new", None, "float32 (1,)", "only in second"),
        ("shape", "float32 (1,)", "float32 (2,)", "other shape"),
    ]
    assert not changes.same


@pytest.mark.parametrize("dtype", [tf.bool, tf.qint8, tf.quint8, tf.qint32, tf.qint16, tf.quint16])
def test_dtypes_without_fractions(compare: Compare, dtype: tf.DType) -> None:
    numbers = [np.array(values, dtype.as_numpy_dtype) for values in ([0, 1, 1, 0], [1, 1, 0, 0])]
    change = only(compare(*({"x": tf.constant(values, dtype)} for values in numbers)))
    assert (change.dtype, change.changed) == (dtype.name, 2)
    assert change.norm == pytest.approx(math.sqrt(2))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float8_e5m2", "float8_e4m3fn"])
def test_small_floats(compare: Compare, dtype: str) -> None:
    change = only(compare(*({"x": tf.cast(values, dtype)} for values in ([3.0, 4.0], [3.0, 0.0]))))
    assert (change.norm, change.first_norm, change.relative) == pytest.approx((4.0, 5.0, 0.8))


def as_dtype(found: Side, number: int) -> Side:
    """The same bytes, said to be of another dtype by the index."""
    assert found.source is not None
    assert found.source.weights is not None
    index = found.source.weights.index
    entries = {name: entry._replace(dtype=number) for name, entry in index.entries.items()}
    weights = replace(found.source.weights, index=replace(index, entries=entries))
    return replace(found, source=Source({}, weights))


def test_numbers_without_decoding_are_counted(tmp_path: Path) -> None:
    paths = [save(tmp_path / str(at), {"x": np.array([1, at, 3], np.uint8)}) for at in (2, 4)]
    float8_e4m3fnuz = 26
    change = only(compare_weights(plan(*(as_dtype(side(path), float8_e4m3fnuz) for path in paths))))
    assert (change.changed, change.norm) == (1, None)
    assert change.note == "float8_e4m3fnuz: compared, but not decoded"


def test_elements_of_unknown_size(tmp_path: Path) -> None:
    path = save(tmp_path / "one", {"x": np.array([[1, 2, 3]], np.uint8)})
    found = as_dtype(side(path), 26)
    assert found.source is not None
    assert found.source.weights is not None
    index = found.source.weights.index
    entries = {name: entry._replace(shape=(2,)) for name, entry in index.entries.items()}
    weights = replace(found.source.weights, index=replace(index, entries=entries))
    odd = replace(found, source=Source({}, weights))
    assert [item.reason for item in plan(odd, odd).uncompared] == ["unknown coding"]


def test_nan_everywhere(compare: Compare) -> None:
    change = only(compare({"x": np.full(9, np.nan, np.float32)}, {"x": np.ones(9, np.float32)}))
    assert (change.nans, change.changed, change.norm) == ((9, 0), 9, None)
    assert change.note == "no number is finite on both sides"


def test_empty_variables(compare: Compare) -> None:
    changes = compare({"x": np.zeros((0, 3), np.float32)}, {"x": np.zeros((0, 3), np.float32)})
    change = only(changes)
    assert (change.count, change.changed, change.share, change.note) == (0, 0, None, "no elements")
    assert changes.same


def test_scalars(compare: Compare) -> None:
    change = only(compare({"step": np.int64(3)}, {"step": np.int64(5)}))
    assert (change.shape, change.norm) == ((), 2.0)
    assert change.relative == pytest.approx(2 / 3)


def test_no_variables() -> None:
    nothing = Side("nothing", (), None)
    changes = compare_weights(plan(nothing, nothing))
    assert (changes.variables, changes.same) == ((), True)
    assert [scope.name for scope in scope_changes(())] == [""]


def test_variables_without_values(tmp_path: Path) -> None:
    variable = VariableSummary("x", "float32", (1,), trainable=True)
    lacking = Side("built here", (variable,), Source({}))
    with pytest.raises(HubError, match=r"'built here' has none that can be read\. Export it first"):
        plan(side(save(tmp_path / "one", {"x": [1.0]})), lacking)


def test_a_variable_that_one_side_does_not_store(tmp_path: Path) -> None:
    first, second = (side(save(tmp_path / name, {"x": [1.0], "y": [2.0]})) for name in ("one", "two"))
    lost = replace(second.variables[1], key="")
    planned = plan(first, replace(second, variables=(second.variables[0], lost)))
    assert [(item.name, item.reason) for item in planned.uncompared] == [("y", "not stored")]


def test_variables_of_one_name_are_told_apart_by_their_objects(tmp_path: Path) -> None:
    keys = [f"{name}/.ATTRIBUTES/VARIABLE_VALUE" for name in ("head", "tail")]
    sides = []
    for name, numbers in (("one", [1.0, 2.0]), ("two", [1.0, 4.0])):
        found = side(save(tmp_path / name, dict(zip(keys, numbers, strict=True))))
        variables = (replace(variable, name="kernel") for variable in found.variables)
        sides.append(replace(found, variables=tuple(variables)))
    changes = compare_weights(plan(sides[0], sides[1]))
    assert [(change.name, change.changed) for change in changes.variables] == [("tail", 1), ("head", 0)]


def test_tied_variables_are_read_once(tmp_path: Path) -> None:
    sides = []
    for name, numbers in (("one", [3.0, 4.0]), ("two", [3.0, 0.0])):
        found = side(save(tmp_path / name, {"x": numbers}))
        tied = replace(found.variables[0], name="tied")
        sides.append(replace(found, variables=(*found.variables, tied)))
    told: list[int] = []
    changes = compare_weights(plan(sides[0], sides[1]), told.append)
    assert sum(told) == 16
    assert [change.name for change in changes.variables] == ["tied", "x"]
    assert [change.relative for change in changes.variables] == pytest.approx([0.8, 0.8])


class TestSlices:
    """Partitioned variables."""

    VALUES = np.random.default_rng(3).normal(size=(10, 6)).astype(np.float32)
    CUTS = {
        "rows": ["10 6 0,4:-", "10 6 4,6:-"],
        "other rows": ["10 6 0,7:-", "10 6 7,3:-"],
        "columns": ["10 6 -:0,2", "10 6 -:2,4"],
        "both": ["10 6 0,5:0,3", "10 6 0,5:3,3", "10 6 5,5:0,3", "10 6 5,5:3,3"],
    }

    def write(self, prefix: Path, values: Numbers, cut: str) -> str:
        if not cut:
            return save(prefix, {"x": values})
        names, parts = [], []
        for text in self.CUTS[cut]:
            ends = []
            for place in text.split(" ")[2].split(":"):
                start, _, size = place.partition(",")
                ends.append(slice(None) if start == "-" else slice(int(start), int(start) + int(size)))
            names.append("x")
            parts.append(tf.constant(values[tuple(ends)]))
        tf.raw_ops.SaveV2(
            prefix=str(prefix), tensor_names=names, shape_and_slices=self.CUTS[cut], tensors=parts
        )
        return str(prefix)

    @pytest.mark.parametrize("first", ["", *CUTS])
    @pytest.mark.parametrize("second", ["", *CUTS])
    def test_every_pair_of_layouts(self, tmp_path: Path, first: str, second: str) -> None:
        other = self.VALUES.copy()
        other[7, 4] += 2
        paths = self.write(tmp_path / "a", self.VALUES, first), self.write(tmp_path / "b", other, second)
        change = only(compared(*paths))
        assert (change.changed, change.damaged) == (1, (False, False))
        assert change.norm == pytest.approx(2.0)
        assert change.first_norm == pytest.approx(float(np.linalg.norm(self.VALUES)), rel=1e-6)
        # The product depends on which number meets which.
        norms = np.linalg.norm(self.VALUES) * np.linalg.norm(other)
        assert change.cosine == pytest.approx(float(np.vdot(self.VALUES, other) / norms), abs=1e-6)
        flip(paths[1], 3)
        assert only(compared(*paths)).damaged == (False, True)

    @pytest.mark.parametrize("piece", [16, 32, 48, 4096])
    def test_blocks_of_any_size(self, tmp_path: Path, piece: int) -> None:
        paths = [self.write(tmp_path / cut, self.VALUES, cut) for cut in ("columns", "both")]
        (change,) = read_changes(plan(side(paths[0]), side(paths[1])).pairs, piece=piece)
        assert change.changed == 0
        assert change.cosine == pytest.approx(1.0)


class TestTexts:
    """Variables of strings: only which of them changed."""

    def test_share(self, compare: Compare) -> None:
        change = only(compare({"x": [["a", "bb"], ["", "d"]]}, {"x": [["a", "bc"], ["e", "d"]]}))
        assert (change.dtype, change.changed, change.share, change.norm) == ("string", 2, 0.5, None)
        assert (change.note, change.damaged) == ("texts", (False, False))

    def test_equal_lengths(self, compare: Compare) -> None:
        words = [f"word {number}" for number in range(1000)]
        others = [*words[:500], "WORD 500", *words[501:998], "WORD 998", words[999]]
        assert only(compare({"x": words}, {"x": others})).changed == 2

    @pytest.mark.parametrize("piece", [16, 64, 1 << 16])
    def test_long_texts_in_pieces(self, tmp_path: Path, piece: int) -> None:
        first = ["", "a" * 300, "b" * 1000, "same" * 200, "c"]
        second = ["", "a" * 299 + "!", "b" * 1001, "same" * 200, "c"]
        paths = [save(tmp_path / str(at), {"x": words}) for at, words in enumerate((first, second))]
        (change,) = read_changes(plan(side(paths[0]), side(paths[1])).pairs, piece=piece)
        assert (change.changed, change.damaged) == (2, (False, False))

    def test_no_texts(self, compare: Compare) -> None:
        nothing = tf.zeros([0], tf.string)
        change = only(compare({"x": nothing}, {"x": nothing}))
        assert (change.changed, change.damaged) == (0, (False, False))

    @pytest.mark.parametrize("position", [-1, 3])
    def test_damage(self, tmp_path: Path, position: int) -> None:
        paths = [save(tmp_path / name, {"x": ["ab", "cd", "ef"]}) for name in ("one", "two")]
        # The first bytes are lengths, then follow four of their checksum.
        flip(paths[1], position)
        assert only(compared(*paths)).damaged == (False, True)

    def test_lengths_that_make_no_sense(self, tmp_path: Path) -> None:
        paths = [save(tmp_path / name, {"x": ["ab", "cd", "ef"]}) for name in ("one", "two")]
        flip(paths[1], 0)
        change = only(compared(*paths))
        assert (change.damaged, change.changed) == ((False, True), None)
        assert change.note == "the lengths of its texts do not fit its size"

    def test_too_many(self, compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(texts, "MAX_TEXTS", 2)
        change = only(compare({"x": ["a", "b", "c"]}, {"x": ["a", "b", "c"]}))
        assert (change.changed, "not compared" in change.note) == (None, True)

    def test_varints(self) -> None:
        data = np.frombuffer(b"\x00\x7f\x80\x01\xff\xff\x03", np.uint8)
        ends = np.flatnonzero(data < 0x80)
        assert texts._varints(data, ends).tolist() == [0, 127, 128, 65535]
        endless = np.frombuffer(b"\xff" * 9 + b"\x01", np.uint8)
        assert texts._varints(endless, np.array([9])).tolist() == [-1]


class TestDamage:
    """The checksums of the data, and files that are not whole."""

    @pytest.mark.parametrize("damaged", [0, 1])
    def test_one_bit(self, tmp_path: Path, damaged: int) -> None:
        values = {"a": np.ones(100, np.float32), "b": np.ones(50_000, np.float32)}
        paths = [save(tmp_path / name, values) for name in ("one", "two")]
        flip(paths[damaged], 4 * 100 + 7)
        changes = compared(*paths)
        assert [change.name for change in changes.variables] == ["b", "a"]
        assert changes.variables[0].damaged == (damaged == 0, damaged == 1)
        assert changes.variables[1].damaged == (False, False)
        assert not changes.same

    def test_damage_in_a_later_piece(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading.read_changes, "__defaults__", (lambda size: None, 1 << 12))
        values = {"x": np.arange(10_000, dtype=np.float32)}
        paths = [save(tmp_path / name, values) for name in ("one", "two")]
        assert compared(*paths).same
        flip(paths[0], 39_999)
        assert only(compared(*paths)).damaged == (True, False)

    def test_an_index_without_checksums(self, tmp_path: Path) -> None:
        paths = [save(tmp_path / name, {"x": [1.0, 2.0]}) for name in ("one", "two")]
        flip(paths[1], 0)
        sides = [side(path) for path in paths]
        source = sides[1].source
        assert source is not None
        assert source.weights is not None
        index = source.weights.index
        entries = {
            name: entry._replace(extents=tuple(extent._replace(crc32c=0) for extent in entry.extents))
            for name, entry in index.entries.items()
        }
        weights = replace(source.weights, index=replace(index, entries=entries))
        change = only(compare_weights(plan(sides[0], replace(sides[1], source=Source({}, weights)))))
        assert (change.damaged, change.changed) == ((False, False), 1)

    def test_a_truncated_file(self, tmp_path: Path) -> None:
        paths = [save(tmp_path / name, {"x": np.ones(100, np.float32)}) for name in ("one", "two")]
        data = Path(shard_name(paths[1], 0, 1))
        data.write_bytes(data.read_bytes()[:-1])
        with pytest.raises(DamagedModuleError, match="is truncated: it has 399 bytes and needs at least 400"):
            compared(*paths)
        data.unlink()
        with pytest.raises(DamagedModuleError, match=r"two.data-00000-of-00001' is missing"):
            compared(*paths)

    def test_a_file_that_is_cut_while_it_is_read(self, tmp_path: Path) -> None:
        paths = [save(tmp_path / name, {"x": np.ones(100, np.float32)}) for name in ("one", "two")]
        planned = plan(side(paths[0]), side(paths[1]))
        data = Path(shard_name(paths[1], 0, 1))
        data.write_bytes(data.read_bytes()[:40])
        with pytest.raises(DamagedModuleError, match="ends before byte 400, which 'x' needs"):
            compare_weights(planned)
        data.unlink()
        with pytest.raises(DamagedModuleError, match="missing"):
            compare_weights(planned)
        data.mkdir()
        with pytest.raises(UnreadableModuleError, match="cannot be read"):
            compare_weights(planned)

    def test_a_size_that_does_not_fit_the_shape(self, tmp_path: Path) -> None:
        found = side(save(tmp_path / "one", {"x": [1.0, 2.0]}))
        source = found.source
        assert source is not None
        assert source.weights is not None
        index = source.weights.index
        entries = {name: entry._replace(shape=(3,)) for name, entry in index.entries.items()}
        weights = replace(source.weights, index=replace(index, entries=entries))
        with pytest.raises(DamagedModuleError, match=r"'x' is float32 \(3,\), but 8 bytes are stored"):
            plan(found, replace(found, source=Source({}, weights)))


class TestReading:
    """Threads, pieces, progress and memory."""

    def test_several_shards(self, tmp_path: Path) -> None:
        prefixes = []
        for name, scale in (("one", 1.0), ("two", 2.0)):
            parts = [save(tmp_path / f"{name}-{at}", {f"v{at}": [scale, at + 1.0]}) for at in range(3)]
            prefixes.append(merge(tmp_path / name, parts))
        changes = compared(*prefixes)
        assert [change.changed for change in changes.variables] == [1, 1, 1]
        assert [change.relative for change in changes.variables] == pytest.approx(
            [1 / math.hypot(1, at) for at in (1, 2, 3)]
        )

    @pytest.mark.parametrize("piece", [64, 192, 4096, 1 << 20])
    @pytest.mark.parametrize("processors", [1, 2])
    def test_sizes_of_pieces_do_not_matter(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int, processors: int
    ) -> None:
        generator = np.random.default_rng(5)
        first = {
            f"v{at}": generator.normal(size=size).astype(np.float32) for at, size in enumerate((1, 37, 5000))
        }
        second = {name: values + np.float32(0.5) for name, values in first.items()}
        paths = save(tmp_path / "one", first), save(tmp_path / "two", second)
        monkeypatch.setattr(feed, "_processors", lambda: processors)
        pairs = plan(side(paths[0]), side(paths[1])).pairs
        for change in read_changes(pairs, piece=piece):
            values, others = first[change.name].astype(float), second[change.name].astype(float)
            assert change.damaged == (False, False)
            assert change.norm == pytest.approx(np.linalg.norm(others - values), rel=1e-6)
            assert change.first_norm == pytest.approx(np.linalg.norm(values), rel=1e-6)

    @pytest.fixture
    def large(self, tmp_path: Path) -> tuple[str, str]:
        """Two checkpoints of 48 MB, which several threads read."""
        values = np.random.default_rng(1).standard_normal(6 << 20, np.float32)
        tensors = {"large": values, **{f"small/{at}": values[at : at + 9] for at in range(50)}}
        paths = [save(tmp_path / "one", tensors)]
        paths.append(
            save(tmp_path / "two", {name: value * np.float32(1.5) for name, value in tensors.items()})
        )
        return paths[0], paths[1]

    def test_progress_in_the_callers_thread(self, large: tuple[str, str]) -> None:
        planned = plan(side(large[0]), side(large[1]))
        told: list[int] = []
        here = threading.get_ident()

        def advance(size: int) -> None:
            assert threading.get_ident() == here
            told.append(size)

        changes = compare_weights(planned, advance)
        assert sum(told) == planned.size
        assert all(change.relative == pytest.approx(0.5, rel=1e-5) for change in changes.variables)
        assert not any(any(change.damaged) for change in changes.variables)

    @pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
    def test_stopping_leaves_no_thread(self, large: tuple[str, str], error: type[BaseException]) -> None:
        planned = plan(side(large[0]), side(large[1]))

        def advance(size: int) -> None:
            raise error

        with pytest.raises(error):
            compare_weights(planned, advance)
        assert not [
            thread for thread in threading.enumerate() if thread.name.startswith("hubexplore-weights")
        ]

    def test_memory_is_bounded(self, large: tuple[str, str]) -> None:
        planned = plan(side(large[0]), side(large[1]))
        # The buffers and some scratch memory: far less than the 24 MB of the large variable.
        with memory_below((2 * feed.AHEAD + 2) << 20):
            assert len(list(read_changes(planned.pairs, piece=1 << 20))) == len(planned.pairs)

    def test_other_filesystems(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from hubexplore.summary.files import ranges

        class Elsewhere:
            def __getattr__(self, name: str) -> Any:
                return getattr(LocalFilesystem(), name)

        monkeypatch.setattr(ranges, "_BLOCK", 64)
        values = np.arange(1000, dtype=np.float32)
        paths = [save(tmp_path / name, {"x": values}) for name in ("one", "two")]
        sides = [side(path, Elsewhere()) for path in paths]
        (change,) = read_changes(plan(*sides).pairs, piece=128)
        assert (change.changed, change.damaged) == (0, (False, False))


class TestConstants:
    """Weights in the graph."""

    def sides(self, tmp_path: Path, first: Any, second: Any) -> list[Side]:
        found = []
        for values in (first, second):
            with tf.Graph().as_default() as graph:
                tf.constant(values, name="w")
            meta_graph = tf.compat.v1.MetaGraphDef(graph_def=graph.as_graph_def())
            variable = VariableSummary("w", "?", None, trainable=False, node="w", kind="constant")
            found.append(Side("graph", (variable,), Source({(): meta_graph})))
        return found

    def test_numbers(self, tmp_path: Path) -> None:
        values = np.arange(6, dtype=np.float32).reshape(2, 3)
        change = only(compare_weights(plan(*self.sides(tmp_path, values, values * 2))))
        assert (change.name, change.shape, change.dtype) == ("w", (2, 3), "float32")
        assert change.relative == pytest.approx(1.0)

    def test_repeated_values(self, tmp_path: Path) -> None:
        # TensorFlow stores one number for all of them.
        first = np.full((50, 40), 3.0, np.float32)
        second = first.copy()
        second[0, 0] = 4.0
        sides = self.sides(tmp_path, first, second)
        (change,) = read_changes(plan(*sides).pairs, piece=64)
        assert (change.changed, change.norm) == (1, 1.0)
        assert change.first_norm == pytest.approx(3 * math.sqrt(2000))

    def test_texts(self, tmp_path: Path) -> None:
        change = only(compare_weights(plan(*self.sides(tmp_path, ["a", "b", "b"], ["a", "b", "c"]))))
        assert (change.changed, change.count, change.dtype) == (1, 3, "string")

    def test_against_a_checkpoint(self, tmp_path: Path) -> None:
        graph = self.sides(tmp_path, np.array([1, 2], np.float32), np.array([1, 2], np.float32))[0]
        change = only(compare_weights(plan(graph, side(save(tmp_path / "one", {"w": [1.0, 3.0]})))))
        assert (change.changed, change.norm) == (1, 1.0)


def test_hostile_names_of_scopes() -> None:
    slashes = VariableChange("/" * 5000 + "x", "float32", (1,), 1, 4, 0, 0.0, 1.0, 1.0, 0.0, 1.0)
    found = scope_changes([slashes])
    assert len(found) <= 34
    assert found[0].variables == 1
