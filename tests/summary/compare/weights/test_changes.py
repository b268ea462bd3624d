"""Weights of two checkpoints that TensorFlow wrote, compared number by number."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from hubexplore.errors import HubError
from hubexplore.summary.compare.weights import texts
from hubexplore.summary.compare.weights.changes import Side, compare_weights, plan
from hubexplore.summary.compare.weights.reading import read_changes
from hubexplore.summary.compare.weights.records import VariableChange
from hubexplore.summary.compare.weights.scopes import scope_changes
from hubexplore.summary.model import VariableSummary
from hubexplore.summary.source import Source
from tests.summary.checkpoints import save
from tests.summary.compare.weights.checkpoints import Compare, Numbers, compared, flip, only, side


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
