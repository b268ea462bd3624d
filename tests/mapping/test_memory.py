"""Data in memory: data frames, series, arrays, lists, iterables and datasets."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import GraphError, MapError, RowError, RowLeakWarning, SignatureError
from hubexplore.session.session import NotebookSession


def expected(vectors: Any) -> Any:
    return vectors @ np.array([[1, 2], [3, 4], [5, 6]], np.float32)


class TestKinds:
    def test_a_frame_keeps_its_index_and_order(self, shared: NotebookSession, vectors: Any) -> None:
        frame = pd.DataFrame({"x": list(vectors)}, index=[f"r{number}" for number in range(50)])
        result = shared.map("dense", frame, batch_size=7)
        assert list(result.columns) == ["default", "total"]
        assert result.index.equals(frame.index)
        np.testing.assert_allclose(np.stack(result["default"]), expected(vectors), rtol=1e-6)
        assert result["total"].dtype == np.float32

    def test_results_are_those_of_single_rows(self, shared: NotebookSession, vectors: Any) -> None:
        result = shared.map("dense", {"x": vectors}, batch_size=16)
        alone = [shared.call("dense", {"x": vectors[row : row + 1]}) for row in range(50)]
        np.testing.assert_allclose(result["default"], np.concatenate(alone), rtol=1e-6)

    def test_a_series_gives_a_series(self, shared: NotebookSession) -> None:
        result = shared.map("texts", pd.Series(["a", "b"], index=[7, 3], name="words"))
        assert isinstance(result, pd.Series)
        assert result.to_dict() == {7: b"A", 3: b"B"}

    def test_an_array_gives_an_array(self, shared: NotebookSession, vectors: Any) -> None:
        result = shared.map("dense", vectors, outputs="default", batch_size=9)
        np.testing.assert_allclose(result, expected(vectors), rtol=1e-6)

    def test_a_list_gives_a_list_of_dicts(self, shared: NotebookSession) -> None:
        assert shared.map("texts", ["a", "b"]) == [{"default": b"A"}, {"default": b"B"}]
        assert shared.map("lookup", [{"id": 2}, {"id": 3}]) == [{"default": 4}, {"default": 9}]

    def test_an_iterable_is_read_only_as_far_as_its_result(self, shared: NotebookSession) -> None:
        read = []

        def rows() -> Iterator[dict[str, int]]:
            for number in range(1000):
                read.append(number)
                yield {"id": number % 10}

        results = shared.map("lookup", rows(), batch_size=10)
        assert next(results) == {"default": 0}
        assert len(read) < 100
        assert [row["default"] for row in results][:3] == [1, 4, 9]
        assert len(read) == 1000

    def test_a_dataset_gives_a_dataset_that_can_be_read_twice(
        self, shared: NotebookSession, vectors: Any
    ) -> None:
        dataset = tf.data.Dataset.from_tensor_slices({"x": vectors})
        for data in (dataset, dataset.batch(8)):
            result = shared.map("dense", data, batch_size=16)
            for _ in range(2):
                rows = list(result.as_numpy_iterator())
                np.testing.assert_allclose([row["default"] for row in rows], expected(vectors), rtol=1e-6)

    def test_pairs_of_features_and_label(self, shared: NotebookSession, vectors: Any) -> None:
        dataset = tf.data.Dataset.from_tensor_slices((vectors, np.arange(50))).batch(4)
        result = shared.map("dense", dataset, inputs={"x": "value"}, outputs=["total"])
        assert len(list(result)) == 50

    def test_no_rows(self, shared: NotebookSession) -> None:
        result = shared.map("dense", pd.DataFrame({"x": pd.Series([], dtype=object)}))
        assert list(result.columns) == ["default", "total"]
        assert result["total"].dtype == np.float32
        assert len(result) == 0

    def test_a_handle_is_loaded_for_one_call(self) -> None:
        images, labels = hub.samples.digit_images(40)
        scores = hub.map("sample:digits", {"images": images}, outputs=["probabilities"])
        assert (scores["probabilities"].argmax(1) == labels).mean() > 0.9


class TestColumns:
    def test_columns_side_by_side(self, shared: NotebookSession, vectors: Any) -> None:
        frame = pd.DataFrame(vectors.astype(np.float64), columns=["a", "b", "c"])
        for inputs in (None, {"x": ["a", "b", "c"]}):
            result = shared.map("dense", frame, inputs=inputs, outputs={"default": "y"})
            np.testing.assert_allclose(np.stack(result["y"]), expected(vectors), rtol=1e-6)

    def test_flat_rows_get_the_shape_of_the_input(self, shared: NotebookSession) -> None:
        flat = np.ones((5, 48), np.float32)
        result = shared.map("pictures", {"image": flat})
        assert result["default"].shape == (5, 3)

    def test_kept_columns(self, shared: NotebookSession) -> None:
        frame = pd.DataFrame({"id": [1, 2], "label": ["a", "b"]})
        result = shared.map("lookup", frame, keep=["label"], outputs={"default": "square"})
        assert result.to_dict("list") == {"label": ["a", "b"], "square": [1, 4]}
        assert list(shared.map("lookup", frame, keep=True).columns) == ["id", "label", "default"]

    def test_a_value_for_all_rows(self, shared: NotebookSession) -> None:
        frame = pd.DataFrame({"a": [1.0, 2.0], "b": [10.0, 20.0]})
        result = shared.map("pairs", frame, inputs={"rate": 3.0})
        assert result["default"].tolist() == [13.0, 26.0]
        with pytest.raises(MapError, match=r"'rate' is a single value .* inputs=\{'rate': 1\.0\}"):
            shared.map("pairs", frame)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({}, r"no column \"?'?id.* it has the columns \"idd\", \"n\"\. Did you mean 'idd'"),
            ({"inputs": {"id": "iddd"}}, r"has no column 'iddd', which input 'id' is to take"),
            ({"inputs": {"ids": "idd"}}, r"no input 'ids'; it has \['id'\]\. Did you mean 'id'\?"),
            ({"inputs": "idd", "outputs": ["defalt"]}, r"no output 'defalt'.*Did you mean 'default'\?"),
            ({"inputs": "idd", "keep": ["x"]}, r"no column 'x' to keep"),
            ({"inputs": "idd", "keep": ["n"], "outputs": {"default": "n"}}, r"a column 'n', and so would"),
            ({"inputs": "idd", "batch_size": 0}, r"batch_size must be 'auto' or a number of rows"),
            ({"inputs": "idd", "errors": "ignore"}, r"errors must be 'raise' or 'collect'"),
            ({"inputs": "idd", "engine": "ray"}, r"engine must be"),
        ],
    )
    def test_what_does_not_fit(self, options: Any, words: str, shared: NotebookSession) -> None:
        frame = pd.DataFrame({"idd": [1, 2], "n": [3, 4]})
        with pytest.raises(MapError, match=words):
            shared.map("lookup", frame, **options)

    def test_outputs_without_a_row_per_row(self, shared: NotebookSession, vectors: Any) -> None:
        with pytest.raises(MapError, match=r"\['sum'\].* Leave them out: outputs=\['default', 'firsts'\]"):
            shared.map("reduced", vectors)
        with pytest.raises(SignatureError, match=r"'firsts' has the shape \(2,\) for .* rows"):
            shared.map("reduced", vectors, outputs=["default", "firsts"], batch_size=10)


class TestShapes:
    ROWS = [[5, 1], [7], [1, 2, 3], [9], [4, 4]]

    def test_rows_of_different_lengths_are_not_padded(self, shared: NotebookSession) -> None:
        frame = pd.DataFrame({"ids": [np.array(row, np.int32) for row in self.ROWS]})
        result = shared.map("lengths", frame, batch_size=5)
        assert result["mean"].tolist() == [3.0, 7.0, 2.0, 9.0, 4.0]
        assert [row.tolist() for row in result["twice"]] == [[2 * x for x in row] for row in self.ROWS]

    def test_ragged_rows(self, shared: NotebookSession) -> None:
        frame = pd.DataFrame({"ids": self.ROWS})
        result = shared.map("ragged", frame, batch_size=2)
        assert [list(row) for row in result["default"]] == [[x + 1 for x in row] for row in self.ROWS]
        assert result["count"].tolist() == [2, 1, 3, 1, 2]

    def test_a_fixed_number_of_rows(self, shared: NotebookSession, vectors: Any) -> None:
        result = shared.map("pairs", {"x": vectors}, signature="four")
        np.testing.assert_allclose(result["default"], vectors + vectors.sum(1, keepdims=True), rtol=1e-6)
        with pytest.raises(MapError, match="takes exactly 4 rows"):
            shared.map("pairs", {"x": vectors}, signature="four", batch_size=5)


class TestLeaks:
    def test_rows_that_depend_on_each_other_run_alone(self, shared: NotebookSession, vectors: Any) -> None:
        with pytest.warns(RowLeakWarning, match=r"\['default'\].*run one by one"):
            result = shared.map("mixed", vectors)
        assert not result.any()

    def test_a_batch_size_accepts_it(self, shared: NotebookSession, vectors: Any) -> None:
        with pytest.warns(RowLeakWarning, match="those of batches of 50 rows"):
            result = shared.map("mixed", vectors, batch_size=50)
        np.testing.assert_allclose(result, vectors - vectors.mean(0), rtol=1e-4, atol=1e-5)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            shared.map("mixed", vectors, batch_size=1)

    def test_what_is_random(self, shared: NotebookSession, vectors: Any) -> None:
        with pytest.warns(RowLeakWarning, match="is random"):
            shared.map("random", vectors)


class TestFailures:
    IDS = [1, 2, 30, 4, 50, 6]

    def test_the_first_row_is_named(self, shared: NotebookSession) -> None:
        frame = pd.DataFrame({"id": self.IDS}, index=list("abcdef"))
        with pytest.raises(RowError, match=r"^Row 2 of the DataFrame \(index 'c'\): .*id too large") as error:
            shared.map("lookup", frame, batch_size=4)
        assert error.value.row == 2

    def test_failed_rows_are_collected(self, shared: NotebookSession) -> None:
        frame = pd.DataFrame({"id": self.IDS}, index=list("abcdef"))
        result, failed = shared.map("lookup", frame, batch_size=4, errors="collect", keep=["id"])
        assert result["default"].to_dict() == {"a": 1, "b": 4, "d": 16, "f": 36}
        assert result["id"].tolist() == [1, 2, 4, 6]
        assert failed["row"].to_dict() == {"c": 2, "e": 4}
        assert failed["reason"].str.contains("id too large").all()

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            (pd.Series([1.0, float("nan"), 3.0]), r"Row 1 .*nan among values of dtype float64, which int32"),
            (pd.Series([1, None, 3], dtype="Int64"), r"Row 1 .*A value is missing"),
            (pd.Series([1, "x", 3], dtype=object), r"Row 1 .*expected <TensorInfo"),
            (pd.Series([1, 2, 2**40]), r"Row 2 .*1099511627776, which int32 cannot hold"),
        ],
    )
    def test_values_that_do_not_fit(self, values: Any, words: str, shared: NotebookSession) -> None:
        with pytest.raises(RowError, match=words):
            shared.map("lookup", pd.DataFrame({"id": values}))

    def test_shapes_that_do_not_fit(self, shared: NotebookSession) -> None:
        rows = [np.ones(3), np.ones(3), np.ones(2), None]
        result, failed = shared.map("dense", pd.DataFrame({"x": rows}), errors="collect")
        assert (len(result), failed["row"].tolist()) == (2, [2, 3])
        assert failed["reason"].str.contains(r"shape \(1, 2\)|missing").all()

    def test_a_stream_cannot_collect(self, shared: NotebookSession) -> None:
        with pytest.raises(MapError, match="Add to=FOLDER, or pass a list"):
            shared.map("lookup", iter([{"id": 1}]), errors="collect")

    def test_a_row_of_an_iterable_without_a_value(self, shared: NotebookSession) -> None:
        with pytest.raises(MapError, match="Row 1 of the data has no value 'id'"):
            list(shared.map("lookup", iter([{"id": 1}, {"idd": 2}]), batch_size=5))


class TestModules:
    def test_a_module_without_its_session(self, shared: NotebookSession, vectors: Any) -> None:
        with pytest.raises(MapError, match=r"Pass the NotebookSession.*session\.map"):
            hub.map(shared.module("dense"), vectors)

    def test_a_name_that_is_not_loaded(self, shared: NotebookSession, vectors: Any) -> None:
        with pytest.raises(KeyError, match="Did you mean 'dense'"):
            shared.map("dens", vectors)

    def test_no_data(self, shared: NotebookSession) -> None:
        with pytest.raises(FileNotFoundError, match=r"no file or folder at 'a text'.*\['a text'\]"):
            shared.map("texts", "a text")
        with pytest.raises(MapError, match="Data of type int cannot be mapped"):
            shared.map("texts", 3)

    def test_a_session_that_is_closed(
        self, vectors: Any, layers: hub.Module, session: NotebookSession
    ) -> None:
        session.close()
        with pytest.raises(GraphError, match="is closed"):
            session.map(layers, vectors)

    def test_nothing_is_logged_and_nothing_grows(self, shared: NotebookSession, vectors: Any) -> None:
        shared.map("dense", vectors)
        calls, ops = len(shared.log), len(shared.graph.get_operations())
        shared.map("dense", vectors, batch_size=3)
        assert (len(shared.log), len(shared.graph.get_operations())) == (calls, ops)


class TestRecords:
    FRAME = pd.DataFrame({"size": [1.5, None, 3.0], "name": ["a", "b", "c"], "other": [1, 2, 3]})

    def test_features_are_columns(self, shared: NotebookSession, tmp_path: Path) -> None:
        result = shared.map("records", self.FRAME)
        assert result["size"].tolist() == [3.0, -2.0, 6.0]
        assert result["name"].tolist() == [b"a", b"b", b"c"]
        self.FRAME.to_csv(tmp_path / "data.csv", index=False)
        self.FRAME.to_json(tmp_path / "data.jsonl", orient="records", lines=True)
        for path in ("data.csv", "data.jsonl"):
            pd.testing.assert_frame_equal(shared.map("records", str(tmp_path / path)), result)

    def test_a_bad_feature(self, shared: NotebookSession) -> None:
        frame = self.FRAME.astype({"size": object})
        frame.loc[2, "size"] = "large"
        with pytest.raises(
            RowError, match=r"^Row 2 of the DataFrame: Input '\w+', feature 'size': found 'large'"
        ):
            shared.map("records", frame)
