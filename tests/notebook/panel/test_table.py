"""The table of the form in a process without a front end: what the browser sends, what the kernel shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow.compat.v1 as tf

import hubexplore as hub
from hubexplore.notebook.panel.explorer import Explorer
from hubexplore.notebook.panel.fields.grid import Grid, TableBox
from hubexplore.notebook.panel.tabs.try_tab import TryTab


def prices() -> None:
    """Two signatures with inputs of the same names; flags and numbers for all rows."""
    area, floors = tf.placeholder(tf.float32, [None], "area"), tf.placeholder(tf.int64, [None], "floors")
    garden, city = tf.placeholder(tf.bool, [None], "garden"), tf.placeholder(tf.string, [None], "city")
    rate, fast = tf.placeholder(tf.float32, [], "rate"), tf.placeholder(tf.bool, [], "fast")
    picture = tf.placeholder(tf.float32, [None, 4, 4, 3], "picture")
    base = area * rate + tf.cast(floors, tf.float32) + tf.cast(tf.strings.length(city), tf.float32)
    price = base + tf.cast(garden, tf.float32) + tf.cast(fast, tf.float32)
    inputs = {"area": area, "floors": floors, "garden": garden, "city": city}
    hub.add_signature("price", {**inputs, "rate": rate, "fast": fast}, price)
    hub.add_signature("seen", {**inputs, "picture": picture}, area + tf.reduce_sum(picture, [1, 2, 3]))


@pytest.fixture
def panel() -> Iterator[Explorer]:
    explorer = hub.explore(hub.create_module_spec(prices), "price")
    yield explorer
    explorer.close()


def table_of(panel: Explorer) -> TableBox:
    table = panel._try.form._table
    assert table is not None
    return table


def grid_of(panel: Explorer) -> Grid:
    return table_of(panel).grid


def hear(panel: Explorer, **message: Any) -> None:
    grid_of(panel)._handle_custom_msg(message, [])


def type_rows(panel: Explorer) -> None:
    hear(
        panel,
        kind="edit",
        row=0,
        columns=[0, 1, 2, 3],
        block=[["70", "2", "true", "Bonn"], ["90", "1", "", "Rom"]],
    )
    hear(panel, kind="box", box=0, text="0.5")


def run(panel: Explorer) -> str:
    tab: TryTab = panel._try
    tab.start()
    tab.worker.wait()
    return tab.status.error_text


def drawn(panel: Explorer) -> dict[str, Any]:
    state: dict[str, Any] = grid_of(panel).get_state("form")["form"]
    return state


def test_edits_of_the_browser_are_the_inputs_of_a_run(panel: Explorer) -> None:
    assert [column["label"] for column in drawn(panel)["columns"]] == ["area", "floors", "garden", "city"]
    assert [(box["label"], box["kind"]) for box in drawn(panel)["boxes"]] == [
        ("rate", "number"),
        ("fast", "flag"),
    ]
    type_rows(panel)
    assert run(panel) == ""
    assert np.asarray(panel.value).tolist() == [70 * 0.5 + 2 + 4 + 1, 90 * 0.5 + 1 + 3]
    hear(panel, kind="remove", row=0, count=1)
    hear(panel, kind="box", box=1, text="true")
    assert run(panel) == ""
    assert np.asarray(panel.value).tolist() == [90 * 0.5 + 1 + 3 + 1]


def test_a_page_that_is_loaded_again_gets_what_was_typed(panel: Explorer) -> None:
    type_rows(panel)
    hear(panel, kind="insert", row=2)
    assert drawn(panel)["rows"] == [["70", "2", "true", "Bonn"], ["90", "1", "", "Rom"], [""] * 4]
    assert drawn(panel)["texts"] == ["0.5", "false"]
    hear(panel, kind="clear")
    assert drawn(panel)["rows"] == [[""] * 4]


def test_all_errors_stand_at_their_cells_and_the_first_gets_the_focus(panel: Explorer) -> None:
    type_rows(panel)
    hear(panel, kind="edit", row=0, columns=[0, 1], block=[["x", "1.5"], ["", "1"]])
    hear(panel, kind="box", box=0, text="")
    error = run(panel)
    faults = grid_of(panel).faults
    assert [(row, column) for row, column, _ in faults["cells"]] == [(-1, 0), (0, 0), (0, 1), (1, 0)]
    assert "Input 'area', row 1: found 'x', expected a number" in error
    assert faults["number"] == 1
    # While one types in live mode, the focus stays where it is.
    panel._try.start(is_live=True)
    assert grid_of(panel).faults["number"] == 1
    type_rows(panel)
    assert run(panel) == ""
    assert grid_of(panel).faults["cells"] == []


def test_an_error_of_a_field_stands_at_the_field_and_long_lists_end(panel: Explorer) -> None:
    panel._try._selector.put((), "seen")
    hear(panel, kind="edit", row=0, columns=[0, 1], block=[["x", "x"]] * 4)
    error = run(panel)
    (box,) = panel._try.form._boxes.values()
    assert "hub-faulty" in box._dom_classes
    assert "has no pictures yet" in box._hint.value or "picture" in box._hint.value
    assert error.splitlines()[-1] == "… and 4 more errors, each at its field."
    panel.run(
        {"area": [1], "floors": [1], "garden": [True], "city": ["a"], "picture": np.zeros([1, 4, 4, 3])}
    )
    assert "hub-faulty" not in box._dom_classes


def test_another_signature_keeps_what_stands_in_the_table(panel: Explorer) -> None:
    type_rows(panel)
    hear(panel, kind="edit", row=1, columns=[0], block=[["not yet a number"]])
    before = drawn(panel)["rows"]
    panel._try._selector.put((), "seen")
    assert drawn(panel)["rows"] == before
    assert drawn(panel)["boxes"] == []
    panel._try._selector.put((), "price")
    assert drawn(panel)["rows"] == before
    assert drawn(panel)["texts"] == ["0.5", "false"]


def test_an_example_fills_the_table_and_its_code_is_that_of_the_example(panel: Explorer) -> None:
    panel._try.fill()
    assert len(drawn(panel)["rows"]) == 2
    assert run(panel) == ""
    request = panel.runs[-1].request
    assert all(entry.example for entry in request.input_values.values())
    panel._try.put(panel.runs[0])
    assert drawn(panel)["rows"][0][3]


def test_a_table_of_the_notebook_fills_all_inputs(panel: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of(panel)
    frame = pd.DataFrame(
        {"area": [1.5], "floors": [2], "garden": [True], "city": ["Bonn"], "rate": [2.0], "z": [0]}
    )
    table._namespace = lambda: {"df": frame, "other": 5}
    table._list()
    assert table._variables.options == (("choose a table", None), ("df", "df"))
    table._variables.value = "df"
    assert drawn(panel)["rows"] == [["1.5", "2", "true", "Bonn"]]
    assert "1 row from variable &#x27;df&#x27;. Not used: &#x27;z&#x27;." in table._message.value
    assert run(panel) == ""


def test_a_file_that_is_no_table_is_refused_and_changes_nothing(panel: Explorer) -> None:
    type_rows(panel)
    table = table_of(panel)
    table._take([("a.csv", b"x,y\n1,2\n")])
    assert "names no input" in table._message.value
    assert len(drawn(panel)["rows"]) == 2
    table._take([("a.csv", b"area,city\n1,Ulm\n")])
    assert drawn(panel)["rows"] == [["1", "", "", "Ulm"]]
    assert "No column for &#x27;floors&#x27;, &#x27;garden&#x27;." in table._message.value


@pytest.mark.parametrize(
    "message",
    [
        {"kind": "edit"},
        {"kind": "edit", "row": "0", "columns": [0], "block": [["1"]]},
        {"kind": "edit", "row": 0, "columns": [True], "block": [["1"]]},
        {"kind": "edit", "row": 0, "columns": [0], "block": [[1]]},
        {"kind": "edit", "row": 0, "columns": [0], "block": ["12"]},
        {"kind": "edit", "row": 0, "columns": [99], "block": [["1"]]},
        {"kind": "edit", "row": -1, "columns": [0], "block": [["1"]]},
        {"kind": "edit", "row": 10**9, "columns": [0], "block": [["1"]]},
        {"kind": "edit", "row": 0, "columns": [0], "block": [["1" * 200_000]]},
        {"kind": "insert", "row": None},
        {"kind": "remove", "row": 5, "count": -3},
        {"kind": "remove", "row": -5, "count": 0},
        {"kind": "box", "box": 7, "text": "1"},
        {"kind": "box", "box": 0, "text": 1},
        {"kind": "other"},
    ],
    ids=str,
)
def test_a_front_end_is_not_trusted(panel: Explorer, message: dict[str, Any]) -> None:
    type_rows(panel)
    before = [list(row) for row in drawn(panel)["rows"]]
    hear(panel, **message)
    assert drawn(panel)["rows"] == before
    assert drawn(panel)["texts"] == ["0.5", "false"]


def test_a_run_takes_the_last_edits_along_and_each_counts_once(panel: Explorer) -> None:
    type_rows(panel)
    grid = grid_of(panel)
    stamp = {"view": "a", "drawing": drawn(panel)["drawing"]}
    first = {"kind": "edit", "row": 0, "columns": [0], "block": [["1"]], **stamp, "number": 1}
    second = {"kind": "insert", "row": 0, **stamp, "number": 2}
    third = {**first, "block": [["3"]], "number": 3}
    hear(panel, **first)
    panel._on_message({"kind": "run", "texts": [], "edits": [first, second, third, "odd"]})
    panel._try.worker.wait()
    for message in (second, third, {**third, "number": 4, "drawing": -1}):
        grid._handle_custom_msg(message, [])
    assert [row[0] for row in drawn(panel)["rows"]] == ["3", "1", "90"]


def test_the_static_picture_shows_the_cells(panel: Explorer) -> None:
    type_rows(panel)
    hear(panel, kind="edit", row=0, columns=[3], block=[["<b>Bonn</b>"]])
    picture = str(panel._try.form.static_html())
    assert '<th scope="col">floors</th>' in picture
    assert "<td>&lt;b&gt;Bonn&lt;/b&gt;</td>" in picture
    assert "<strong>rate</strong>: 0.5" in picture


def hundred() -> None:
    inputs = {f"x{number}": tf.placeholder(tf.float32, [None], f"x{number}") for number in range(100)}
    hub.add_signature(inputs=inputs, outputs=tf.add_n(list(inputs.values())))


def test_many_inputs_are_one_widget() -> None:
    explorer = hub.explore(hub.create_module_spec(hundred))
    try:
        assert explorer._try.form.children == (explorer._try.form._table,)
        assert drawn(explorer)["filtered"]
        assert len(drawn(explorer)["columns"]) == 100
        explorer._try.fill()
        assert run(explorer) == ""
    finally:
        explorer.close()
