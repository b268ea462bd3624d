"""The lens without a browser: what a pick, a lasso and a choice change."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from PIL import Image

import hubexplore as hub
from hubexplore.errors import ConversionError, HubError, MissingExtraError
from hubexplore.mapped import projection
from hubexplore.mapped.projection import Points
from hubexplore.mapped.tables.row_table import cell, sorted_rows
from hubexplore.notebook.panel.lens import point_map
from hubexplore.notebook.panel.lens.panel import Lens
from hubexplore.notebook.panel.lens.search import ModuleSearch
from tests.hub import modules
from tests.notebook.shells import Run

HOSTILE = "<img src=x onerror=alert(1)>\u202e\x1b[31m"


@pytest.fixture
def frame() -> pd.DataFrame:
    """30 rows of three classes, every tenth of which is wrong."""
    labels = np.arange(30) % 3
    scores = np.full((30, 3), 0.1)
    predicted = np.where(np.arange(30) % 10 == 4, (labels + 1) % 3, labels)
    scores[np.arange(30), predicted] = 0.8
    vectors = np.eye(4)[labels] * 3 + np.random.default_rng(0).normal(size=(30, 4))
    return pd.DataFrame(
        {
            "text": [f"text {at}" for at in range(30)],
            "label": labels,
            "vector": list(vectors),
            "scores": list(scores),
        }
    )


def test_a_cell_of_the_matrix_selects_its_rows(frame: pd.DataFrame) -> None:
    lens = hub.lens(frame, label="label")
    assert "90.0% right, 3 wrong" in repr(lens)
    assert lens.selected.empty
    lens._pick("cell:1,2")
    assert lens.selected.index.tolist() == [4]
    assert "1 predicted as 2: 1 row" in lens._rows.html
    lens._pick("cell:0,0")
    assert len(lens.selected) == 10 - 1
    lens.close()


def test_the_wrong_rows_come_first_and_columns_sort(frame: pd.DataFrame) -> None:
    lens = hub.lens(frame, label="label")
    assert lens._view.rows[:3].tolist() == [4, 14, 24]
    lens._pick("sort:1")
    assert frame["label"].iloc[lens._view.rows].tolist() == sorted(frame["label"], reverse=True)
    lens._pick("sort:1")
    assert frame["label"].iloc[lens._view.rows].tolist() == sorted(frame["label"])
    lens._pick("page:1")
    assert lens._view.page == 1
    lens._pick("page:99")
    assert lens._view.page == lens._view.pages - 1
    lens.close()


def test_a_picked_row_shows_its_neighbours(frame: pd.DataFrame) -> None:
    lens = hub.lens(frame, label="label")
    lens._pick("row:4")
    assert "Row 4" in lens._details.html
    assert "Nearest rows" in lens._details.html
    lens._pick("select:neighbours")
    assert 4 in lens.selected.index
    assert len(lens.selected) == 11
    lens.close()


@pytest.mark.parametrize(
    "key",
    [
        "",
        "row",
        "row:",
        "row:x",
        "row:-1",
        "row:30",
        "sort:99",
        "cell:1",
        "cell:9,9",
        "score:99",
        "slice:99",
        "x:1",
    ],
)
def test_a_key_that_is_not_of_the_lens_changes_nothing(frame: pd.DataFrame, key: str) -> None:
    lens = hub.lens(frame, label="label")
    before = lens._rows.html, lens._details.html
    lens._pick(key)
    assert (lens._rows.html, lens._details.html) == before
    assert lens.selected.empty
    lens.close()


def test_a_lasso_lists_its_rows(frame: pd.DataFrame) -> None:
    lens = hub.lens(frame)
    assert lens._map is not None
    lens._map._scatter.widget.selection = np.array([3, 5], np.uint32)
    assert lens.selected.index.tolist() == [3, 5]
    assert "Selected: 2 rows" in lens._rows.html
    lens._map._scatter.widget.selection = np.array([], np.uint32)
    assert "All rows: 30 rows" in lens._rows.html
    lens.select([7])
    assert lens._map.selected.tolist() == [7]
    with pytest.raises(HubError, match="from 0 to 29: got 7 to 30"):
        lens.select([7, 30])
    lens.close()


def test_the_browser_learns_when_the_rows_of_a_selection_are_listed(frame: pd.DataFrame) -> None:
    lens = hub.lens(frame)
    assert lens._map is not None
    listed: list[str] = []
    lens._map._postponement.observe(lambda _: listed.append(lens._rows.html), "answers")
    lens._map._scatter.widget.selection = np.array([3, 5], np.uint32)
    assert ["Selected: 2 rows" in html for html in listed] == [True]
    # Another map keeps it; rows that code selects are drawn at once.
    lens._map.show(lens._points, lens._colours)
    lens.select([7])
    assert len(listed) == 1
    assert lens._map._postponement in lens._map.children
    assert lens._map._postponement.comm is not None
    lens.close()


@pytest.mark.parametrize("count", [10, 10_000, 200_000])
def test_the_rows_of_a_lasso_are_those_that_the_browser_sent(count: int) -> None:
    rows = 200_000
    lens = hub.lens(np.random.default_rng(0).normal(size=(rows, 3)).astype(np.float32))
    assert lens._map is not None
    chosen = np.random.default_rng(1).permutation(rows)[:count].astype(np.uint32)
    message = {"view": memoryview(chosen.tobytes()), "dtype": "uint32", "shape": [count]}
    lens._map._scatter.widget.set_state({"selection": message})
    assert np.array_equal(lens.selected.index, np.sort(chosen))
    assert f"Selected: {count:,} rows" in lens._rows.html
    lens.close()


def test_rows_without_a_vector_are_not_on_the_map(frame: pd.DataFrame) -> None:
    frame.at[2, "vector"] = None
    lens = hub.lens(frame, vectors="vector")
    assert lens._map is not None
    lens._map._scatter.widget.selection = np.array([2], np.uint32)
    assert lens.selected.index.tolist() == [3]
    assert "1 row without a finite vector" in lens._static_html()
    lens.close()


def test_no_point_lies_at_the_edge_of_the_map(frame: pd.DataFrame) -> None:
    for shown in (frame, pd.DataFrame({"vector": [np.ones(3)] * 2})):
        lens = hub.lens(shown, vectors="vector")
        assert lens._map is not None
        # From -1 at one edge to 1 at the other.
        across, up = np.abs(lens._map._scatter.widget.points[:, :2]).max(axis=0)
        assert across < 0.82
        assert up < 0.96
        lens.close()


def test_slices_scores_and_colours(frame: pd.DataFrame) -> None:
    lens = hub.lens(frame, label="label")
    assert lens._slices.html == ""
    lens._tabs.selected_index = 2
    assert lens._slices.html
    lens._pick("score:16")
    assert len(lens.selected) == 30
    for key in dict(lens._colour.options).values():
        lens._colour.value = key
        assert lens._static_html()
    lens.close()


def test_another_method_shows_its_points(frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    def embedded(matrix: Any, method: str, on_progress: Any, is_cancelled: Any) -> Points:
        on_progress(None)
        on_progress(0.5)
        assert not is_cancelled()
        return Points(np.zeros((len(matrix), 2), np.float32), (f"{method} 1", f"{method} 2"))

    monkeypatch.setattr(projection, "methods", lambda: ("PCA", "UMAP"))
    monkeypatch.setattr(projection, "embedded", embedded)
    lens = hub.lens(frame)
    lens._method.value = "UMAP"
    lens._worker.wait()
    assert lens._points.axes == ("UMAP 1", "UMAP 2")
    lens._method.value = "PCA"
    assert lens._points.axes[0].startswith("component 1")
    lens.close()


def test_a_typed_text_finds_its_rows(frame: pd.DataFrame) -> None:
    vectors = {"known": frame["vector"][8]}
    lens = hub.lens(frame, vectors="vector", find=vectors.__getitem__)
    assert lens._query is not None
    lens._query.text.value = "known"
    assert "1.000" in lens._details.html
    assert "<p" in lens._details.html.split("Nearest to &#x27;known&#x27;.")[0]
    lens._query.text.value = "other"
    assert "hub-error" in lens._status.value
    lens.close()


def test_a_module_finds_the_rows_of_a_text() -> None:
    texts = ["a king sat on his throne", "she wrote a letter", "bread and wine"]
    vectors = hub.map("sample:text-embedding", pd.Series(texts), progress=False)
    frame = pd.DataFrame({"text": texts, "vector": list(vectors)})
    for find in ("sample:text-embedding", hub.Predictor("sample:text-embedding")):
        lens = hub.lens(frame, find=find)
        assert lens._query is not None
        assert lens._query.form is None
        lens._query.text.value = "the queen and her throne"
        assert lens._neighbours[0] == 0
        lens.close()
    lens = hub.lens(frame, find=hub.Predictor("sample:text-embedding", "neighbours"))
    assert lens._query is not None
    lens._query.text.value = "king"
    assert "no output with vectors of 100 numbers" in lens._status.value
    lens.close()
    with pytest.raises(HubError, match="signature"):
        hub.lens(frame, find=hub.Predictor("sample:text-embedding", "neighbors"))


@pytest.fixture(scope="module")
def doubling(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A module from rows of three numbers to rows of six: [x, 2x]."""

    def build() -> None:
        numbers = tf.compat.v1.placeholder(tf.float32, [None, 3])
        hub.add_signature(inputs=numbers, outputs=tf.concat([numbers, 2 * numbers], 1))

    return modules.export(hub.create_module_spec(build), tmp_path_factory.mktemp("modules") / "doubling")


def test_numbers_are_typed_into_the_form_of_the_module(doubling: str) -> None:
    numbers = np.eye(3, dtype=np.float32)[np.arange(9) % 3] * np.arange(1, 10)[:, None]
    result = hub.map(doubling, numbers, progress=False)
    lens = hub.lens(pd.DataFrame({"output": list(result)}), find=doubling)
    assert lens._query is not None
    assert lens._query.form is not None
    assert lens._tabs.titles == ("Rows", "Find")
    # The texts that the browser takes along with Ctrl+Enter.
    lens._monitor._handle_custom_msg({"kind": "run", "texts": ["0 1 0.1"], "edits": []}, [])
    assert sorted(lens._neighbours[:3]) == [1, 4, 7]
    assert "Nearest to the input." in lens._details.html
    lens._monitor._handle_custom_msg({"kind": "run", "texts": ["0 1 0\n1 0 0"]}, [])
    assert "Enter one row: the input has 2 rows" in lens._status.value
    lens._monitor._handle_custom_msg({"kind": "run", "texts": ["a king"]}, [])
    assert "hub-error" in lens._status.value
    lens._monitor._handle_custom_msg({"kind": "run", "texts": [7], "edits": "x"}, [])
    lens.close()


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A module from rows of two numbers to vectors x, x + 10 and x + 20, 3 numbers, and texts."""

    def build() -> None:
        x = tf.compat.v1.placeholder(tf.float32, [None, 2])
        outputs = {"text": tf.strings.as_string(x + 30), "three": tf.concat([x, x[:, :1]], 1)}
        outputs |= {"first": x, "second": x + 10, "third": tf.cast(x + 20, tf.int32)}
        hub.add_signature(inputs={"x": x}, outputs=outputs)

    return modules.export(hub.create_module_spec(build), tmp_path_factory.mktemp("modules") / "several")


@pytest.mark.parametrize(
    ("vectors", "size", "expected"),
    [
        ("second", 2, [11, 12]),
        ("third", 2, [21, 22]),
        # The first that fits, if the column has another name or an output of its name does not fit.
        ("column", 2, [1, 2]),
        ("three", 2, [1, 2]),
        ("text", 2, [1, 2]),
        (7, 2, [1, 2]),
        ("first", 3, [1, 2, 1]),
    ],
)
def test_the_output_of_the_column_is_compared(
    vectors: Any, size: int, expected: list[int], several: str
) -> None:
    vector = ModuleSearch(several, vectors, size).vector({"x": np.array([[1, 2]], np.float32)})
    assert vector.dtype == np.float32
    assert vector.tolist() == expected


def test_no_output_is_like_the_vectors(several: str) -> None:
    with pytest.raises(ConversionError, match=r"no output with vectors of 5 numbers.*first: 2, .*three: 3"):
        ModuleSearch(several, "first", 5).vector({"x": np.array([[1, 2]], np.float32)})
    with pytest.raises(ConversionError, match="Enter one row: the input has 2 rows"):
        ModuleSearch(several, "first", 2).vector({"x": np.array([[1, 2], [3, 4]], np.float32)})


def test_a_picture_is_entered_as_in_the_try_tab() -> None:
    digits = np.random.default_rng(0).random((12, 8, 8, 1)).astype(np.float32)
    result = hub.map("sample:digits", digits, outputs="default", progress=False)
    lens = hub.lens(pd.DataFrame({"scores": list(result)}), find="sample:digits")
    assert lens._query is not None
    form = lens._query.form
    assert form is not None
    form.put(form.values_of(digits[3:4]))
    lens._query.ask()
    assert lens._neighbours[0] == 3, lens._status.value
    lens.close()


def test_names_of_strangers_are_text(frame: pd.DataFrame, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    Image.new("RGB", (8, 4)).save(picture)
    hostile = frame.rename(columns={"text": HOSTILE}).assign(
        label=[HOSTILE, "b", "c"] * 10, file=[str(picture), f"{HOSTILE}.png", "/dev/null.png"] * 10
    )
    lens = hub.lens(hostile, label="label", classes=[HOSTILE, "b", "c"])
    lens._pick("row:0")
    lens._tabs.selected_index = 2
    shown = [lens._rows.html, lens._details.html, lens._mistakes.html, lens._slices.html, lens._static_html()]
    for html in shown:
        assert "<img src=x" not in html
        assert "\u202e" not in html
    assert "not a picture" in lens._rows.html
    lens.close()


def test_a_lens_that_nothing_refers_to_is_collected(frame: pd.DataFrame) -> None:
    lens = hub.lens(frame, label="label")
    reference = weakref.ref(lens)
    lens.close()
    del lens
    gc.collect()
    assert reference() is None


def test_the_map_needs_its_package(frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jscatter", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'hubexplore\[lens\]'"):
        hub.lens(frame)
    assert isinstance(hub.lens(frame[["text"]]), Lens)


def test_the_magic_takes_variables_and_columns(run: Run, frame: pd.DataFrame, shell: Any) -> None:
    shell.user_ns["result"] = frame
    lens = run("%hub_lens result --label label")
    assert lens._subject.prediction == "scores"
    lens.close()


def test_cells_and_sorting_take_all_values() -> None:
    assert cell(b"bytes", "text") == "<span>bytes</span>"
    assert cell(None, "other").startswith("<span")
    assert "1, 2, 3, …] 4" in cell([1, 2, 3, 4], "vectors")
    mixed = pd.DataFrame({"a": ["b", None, 3, b"a"]})
    assert sorted_rows(mixed, np.arange(4), "a", falling=False).tolist() == [2, 3, 0, 1]


@pytest.mark.parametrize("fails", [False, True], ids=["installed", "missing"])
def test_the_map_is_imported_while_the_vectors_are_read(fails: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def imported(name: str) -> None:
        asked.append((name, threading.current_thread().name))
        if fails:
            raise ImportError(name)

    monkeypatch.setattr(point_map, "importlib", SimpleNamespace(import_module=imported))
    monkeypatch.setitem(sys.modules, "jscatter", SimpleNamespace())
    point_map.import_ahead()
    monkeypatch.delitem(sys.modules, "jscatter")
    point_map.import_ahead()
    for thread in threading.enumerate():
        if thread.name == "hubexplore-import":
            thread.join()
    assert asked == [("jscatter", "hubexplore-import")]


def test_a_selection_is_not_sent_back(frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    lens = hub.lens(frame, label="label", vectors="vector")
    assert lens._map is not None
    widget = lens._map._scatter.widget
    sent: list[Any] = []
    monkeypatch.setattr(widget, "_send", lambda message, buffers=None: sent.append(message))
    chosen, buffers = widget.trait_metadata("selection", "to_json")(np.array([1, 2], np.uint32), widget), None
    assert buffers is None
    widget.set_state({"selection": chosen, "mouse_mode": "lasso"})
    assert lens.selected.index.tolist() == [1, 2]
    echoes = [message["state"] for message in sent if message["method"] == "echo_update"]
    assert echoes == [{"mouse_mode": "lasso"}]
    lens.close()
