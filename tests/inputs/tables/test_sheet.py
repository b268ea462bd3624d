"""What stands in the table and the boxes, and the values it makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hubexplore.errors import SignatureError
from hubexplore.inputs.input_value import Example, InputValue
from hubexplore.inputs.tables import sheet as sheets
from hubexplore.inputs.tables.columns import layout
from hubexplore.inputs.tables.sheet import BOX, Sheet, SheetError, row_count, shown_rows
from hubexplore.inputs.text.tf_examples import features_of, serialized
from tests.inputs.tables.layouts import EXAMPLES, HOUSES, layout_of

ROWS = [["70.5", "Bonn", "2", "true", "1 2"], ["90", "Köln", "1", "", "3 4"]]


@pytest.fixture
def houses() -> Sheet:
    made = Sheet(layout_of(**HOUSES, rate=("float32", ()), fast=("bool", ())))
    made.edit(0, range(5), ROWS)
    made.edit_box(1, "0.5")
    return made


def values(sheet: Sheet) -> dict[str, Any]:
    return {name: entry.value.tolist() for name, entry in sheet.entries().items()}


def test_texts_become_values_in_the_shapes_of_the_inputs(houses: Sheet) -> None:
    assert values(houses) == {
        "area": [70.5, 90],
        "city": [b"Bonn", "Köln".encode()],
        "floors": [[2], [1]],
        "garden": [True, False],
        "place": [[1, 2], [3, 4]],
        "rate": 0.5,
        "fast": False,
    }
    assert houses.entries()["area"].value.dtype == np.float32


def test_values_become_texts_and_stay_as_they_were_until_they_are_edited(houses: Sheet) -> None:
    entries = {
        name: InputValue(entry.value, example=Example("Ramp", 2)) for name, entry in houses.entries().items()
    }
    houses.clear()
    houses.put(entries)
    assert houses.rows == [ROWS[0], [*ROWS[1][:3], "false", "3 4"]]
    assert houses.entries()["area"] is entries["area"]
    houses.edit(1, [0], [["1e3"]])
    assert houses.entries()["area"].value.tolist() == [70.5, 1000]
    assert houses.entries()["area"].example is None
    assert houses.entries()["city"] is entries["city"]


def test_all_cells_that_cannot_be_read_are_named(houses: Sheet) -> None:
    houses.edit(0, [0, 2], [["x", "1.5"], ["", "1"]])
    houses.edit_box(1, "fast")
    with pytest.raises(SheetError) as caught:
        houses.entries()
    assert [(error.row, error.column) for error in caught.value.errors] == [(BOX, 1), (0, 0), (0, 2), (1, 0)]
    assert "'area', row 2 is empty" in caught.value.errors[3].message


def test_empty_rows_at_the_end_do_not_count(houses: Sheet) -> None:
    houses.insert(2)
    houses.insert(2)
    assert len(houses.rows) == 4
    assert len(values(houses)["area"]) == 2
    houses.insert(1)
    with pytest.raises(SheetError, match="row 2 is empty"):
        houses.entries()
    houses.remove(1, 1)
    assert len(values(houses)["area"]) == 2


def test_an_empty_table_asks_for_its_first_row(houses: Sheet) -> None:
    houses.clear()
    with pytest.raises(SheetError) as caught:
        houses.entries()
    assert [(error.row, error.column) for error in caught.value.errors] == [(0, 0), (0, 2), (0, 4)]


def test_check_boxes_alone_are_values_before_anybody_has_touched_them() -> None:
    flags = Sheet(layout_of(a=("bool", (None,)), b=("bool", (None,)), c=("bool", (None,))))
    assert values(flags) == {"a": [False], "b": [False], "c": [False]}


def test_a_large_value_is_held_and_shown_in_part(houses: Sheet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_CELLS", 20)
    monkeypatch.setattr(sheets, "MAX_SHOWN", 3)
    entries = {name: InputValue(np.repeat(entry.value, 5, 0)) for name, entry in houses.entries().items()
               if np.ndim(entry.value)}  # fmt: skip
    houses.put(entries)
    assert set(houses.held) == set(HOUSES)
    assert shown_rows(houses)[:2] == [[*ROWS[0]], [*ROWS[0]]]
    assert (len(shown_rows(houses)), row_count(houses)) == (3, 10)
    assert houses.entries()["place"].value.shape == (10, 2)
    with pytest.raises(SignatureError, match="cannot be edited here"):
        houses.edit(0, [0], [["1"]])
    with pytest.raises(SignatureError, match="cannot be edited here"):
        houses.insert(0)
    houses.clear()
    assert not houses.held


def test_columns_beside_a_large_one_need_as_many_rows(houses: Sheet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_CELLS", 20)
    houses.clear()
    houses.put({"area": InputValue(np.zeros(9, np.float32))})
    with pytest.raises(SheetError, match="'city' has no values for the 9 rows"):
        houses.entries()


def test_examples_in_and_out() -> None:
    sheet = Sheet(layout([EXAMPLES]))
    sheet.edit(0, range(4), [["3", "Ann", "1 0.1", '["a", "b"]'], ["", "Bo", "1 2", ""]])
    (entry,) = sheet.entries().values()
    first, second = map(features_of, entry.value)
    assert first == {"age": [3], "name": [b"Ann"], "size": [1, pytest.approx(0.1)], "tags": [b"a", b"b"]}
    assert second == {"name": [b"Bo"], "size": [1, 2]}
    again = Sheet(layout([EXAMPLES]))
    again.put({"rows": InputValue(entry.value)})
    assert again.rows == sheet.rows


@pytest.mark.parametrize(
    "content", [b"no message", serialized({"other": [1]}), serialized({"name": [b"\xff"]})], ids=str
)
def test_messages_that_are_no_rows_are_held(content: bytes) -> None:
    sheet = Sheet(layout([EXAMPLES]))
    value = np.array([content, content], object)
    sheet.put({"rows": InputValue(value)})
    assert sheet.held
    assert sheet.entries()["rows"].value is value
    assert len(shown_rows(sheet)) == 2


def test_another_signature_keeps_texts_that_cannot_be_read(houses: Sheet) -> None:
    houses.edit(0, [0], [["x"]])
    other = Sheet(
        layout_of(area=HOUSES["area"], city=HOUSES["city"], new=("float32", (None,)), rate=("float32", ()))
    )
    other.restore(houses.kept())
    assert other.rows == [["x", "Bonn", ""], ["90", "Köln", ""]]
    assert other.boxes == ["0.5"]


def test_cells_outside_of_the_table_are_refused(houses: Sheet) -> None:
    for row, columns in ((-1, [0]), (0, [5]), (0, [-1])):
        with pytest.raises(SignatureError, match="not in the table"):
            houses.edit(row, columns, [["1"]])
    with pytest.raises(SignatureError, match=r"can have 2,000 rows\. Load more of them"):
        houses.edit(2_000, [0], [["1"]])
    assert houses.rows == ROWS
