"""Tables from files and variables, for all inputs at once."""

from __future__ import annotations

import io
import json
import struct
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hubexplore.errors import SignatureError
from hubexplore.inputs.tables import loading, table_sources
from hubexplore.inputs.tables.columns import layout
from hubexplore.inputs.tables.sheet import Sheet
from hubexplore.inputs.text.tf_examples import serialized
from hubexplore.summary.weights import crc32c
from tests.inputs.tables.layouts import EXAMPLES, HOUSES, layout_of

CSV = "city,area,floors,garden,place\nBonn,70.5,2,yes,1 2\nKöln,90,1,,3 4\n"
ROWS = [["70.5", "Bonn", "2", "yes", "1 2"], ["90", "Köln", "1", "", "3 4"]]


@pytest.fixture
def sheet() -> Sheet:
    return Sheet(layout_of(**HOUSES, rate=("float32", ())))


def load_file(sheet: Sheet, content: str | bytes, name: str = "houses.csv") -> str:
    content = content.encode() if isinstance(content, str) else content
    table = table_sources.read_file(sheet.layout, name, content)
    assert isinstance(table, table_sources.Table)
    return loading.load(sheet, table)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", CSV),
        ("a.csv", "\ufeff" + CSV.replace("\n", "\r\n")),
        ("a.tsv", CSV.replace(",", "\t")),
        ("a.csv", CSV.replace(",", ";").replace("70.5", "70,5")),
        ("a.csv", CSV.replace("city", '" City "').replace("Bonn", '"Bonn"')),
        ("a.csv", "70.5,Bonn,2,yes,1 2\n90,Köln,1,,3 4\n"),
    ],
)
def test_csv_with_and_without_a_heading(sheet: Sheet, name: str, content: str) -> None:
    assert load_file(sheet, content, name) == f"2 rows from {name!r}."
    assert sheet.rows == ROWS


def test_json_rows_and_columns(sheet: Sheet) -> None:
    rows = [
        {"area": 70.5, "city": "Bonn", "floors": 2, "garden": True, "place": [1, 2]},
        {"area": 90, "city": "Köln", "floors": 1, "place": [3, 4], "rate": None},
    ]
    expected = [[*ROWS[0][:3], "true", "1 2"], ROWS[1]]
    for text in (json.dumps(rows), "\n".join(map(json.dumps, rows))):
        load_file(sheet, text, "a.json")
        assert sheet.rows == expected
    columns = {name: [row.get(name) for row in rows] for name in HOUSES}
    load_file(sheet, json.dumps(columns), "a.json")
    assert sheet.rows == expected


def test_missing_and_other_columns_are_named_in_one_message(sheet: Sheet) -> None:
    text = "area,citty,floors,garden,note,rate\n1,Bonn,2,no,x,0.5\n2,Bonn,2,no,y,0.5\n"
    message = load_file(sheet, text)
    assert message.startswith("2 rows from 'houses.csv'. No column for 'city', 'place'.")
    assert "'citty'" in message
    assert message.endswith("Not used: 'citty', 'note'.")
    assert sheet.boxes == ["0.5"]
    assert sheet.rows[0] == ["1", "", "2", "no", ""]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\n1,2\n", "its first row names no input, and it has 2 columns, not 5; found 'a', 'b'; expected"),
        ("area,city\n1\n", "row 1: found 1 cell, expected 2 as in the first row"),
        ("area,area\n1,2\n", "has more than one column 'area'"),
        ("area,rate\n1,0.5\n2,0.6\n", "column 'rate' has 2 different values, but the input has one value"),
        ("area,city\n", "'houses.csv' has no rows."),
        ("{1", "is not valid JSON"),
        ('{"area": [1, 2], "city": ["a"]}', "columns have different numbers of rows, 1 and 2"),
        (b"\xff\xfe\0", "is neither Parquet nor text in UTF-8"),
        (b"\0" * 25_000_001, "the limit for a file is 25 MB"),
    ],
    ids=lambda content: str(content[:12]),
)  # fmt: skip
def test_what_is_wrong_with_a_table_is_said_and_nothing_changes(
    sheet: Sheet, content: Any, words: str
) -> None:
    sheet.edit(0, [0], [["7"]])
    with pytest.raises(SignatureError) as caught:
        load_file(sheet, content)
    assert words in str(caught.value)
    assert sheet.rows[0][0] == "7"


def test_cells_that_do_not_fit_are_errors_of_the_cells(sheet: Sheet) -> None:
    load_file(sheet, CSV.replace("90", "many"))
    sheet.edit_box(0, "1")
    with pytest.raises(SignatureError, match="'area', row 2: found 'many'"):
        sheet.entries()


class TestVariables:
    FRAME = pd.DataFrame(
        {"area": [70.5, 90], "city": ["Bonn", None], "floors": [2, np.nan], "garden": [True, False],
         "place": [[1, 2], (3, 4)]}
    )  # fmt: skip

    def test_a_data_frame(self, sheet: Sheet) -> None:
        message = loading.load(sheet, table_sources.from_variable({"df": self.FRAME}, "df"))
        assert message == "2 rows from variable 'df'."
        # A missing value is an empty cell, and an error there.
        assert sheet.rows == [["70.5", "Bonn", "2", "true", "1 2"], ["90.0", "", "", "false", "3 4"]]

    def test_variables_with_a_column_for_an_input_are_offered(self, sheet: Sheet) -> None:
        class Hostile:
            def __getattr__(self, name: str) -> Any:
                raise RuntimeError(name)

        names = {
            "frame": self.FRAME,
            "rows": [{"AREA": 1}],
            "columns": {"city": ["a"]},
            "other": pd.DataFrame({"x": [1]}),
            "number": 5,
            "odd": {"area": object()},
            "hostile": Hostile(),
            "_hidden": self.FRAME,
        }
        assert table_sources.tables(sheet.layout, names) == ["columns", "frame", "rows"]

    def test_what_is_no_table_is_refused(self) -> None:
        with pytest.raises(SignatureError, match="'x' holds no table; expected a DataFrame"):
            table_sources.from_variable({"x": 5}, "x")


def test_parquet(sheet: Sheet) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    writer = pytest.importorskip("pyarrow.parquet")
    file = io.BytesIO()
    writer.write_table(
        pyarrow.table({"area": [70.5, 90], "city": ["Bonn", "Köln"], "place": [[1, 2], [3, 4]]}), file
    )
    load_file(sheet, file.getvalue(), "houses.parquet")
    assert sheet.rows == [["70.5", "Bonn", "", "", "1 2"], ["90.0", "Köln", "", "", "3 4"]]


def test_parquet_without_pyarrow(sheet: Sheet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(
        SignatureError, match=r"needs the package pyarrow\. Run %pip install pyarrow, or save"
    ):
        load_file(sheet, b"PAR1 and more", "houses.parquet")


def test_cells_of_a_file_stand_for_its_columns_until_they_are_edited(sheet: Sheet) -> None:
    load_file(sheet, CSV)
    sheet.edit_box(0, "1")
    area, place = sheet.entries()["area"], sheet.entries()["place"]
    assert isinstance(area, table_sources.TableColumn)
    assert (area.file, area.column, area.contents) == ("houses.csv", "area", (CSV.encode(),))
    assert area.value.tolist() == [70.5, 90]
    assert place.value.tolist() == [[1, 2], [3, 4]]
    sheet.edit(0, [0], [["71"]])
    assert sheet.entries()["area"].file == ""
    assert sheet.entries()["place"].file == "houses.csv"
    sheet.remove(0, 1)
    assert sheet.entries()["place"].file == ""


def test_large_tables_are_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "MAX_CELLS", 30)
    monkeypatch.setattr("hubexplore.inputs.tables.sheet.MAX_CELLS", 30)
    sheet = Sheet(layout_of(**HOUSES))
    body = "".join(CSV.splitlines(keepends=True)[1:]) * 5
    message = load_file(sheet, CSV.splitlines(keepends=True)[0] + body)
    assert message == "10 rows from 'houses.csv'."
    assert set(sheet.held) == set(HOUSES)
    entries = sheet.entries()
    assert entries["area"].value.tolist() == [70.5, 90] * 5
    assert entries["place"].value.shape == (10, 2)
    assert isinstance(entries["area"], table_sources.TableColumn)
    assert (entries["area"].file, entries["area"].column) == ("houses.csv", "area")
    assert entries["city"].value[1] == "Köln".encode()
    with pytest.raises(SignatureError, match=r"'floors', row 2: found '1\.5', expected a whole number"):
        load_file(sheet, CSV.splitlines(keepends=True)[0] + body.replace(",1,", ",1.5,", 1))


def test_many_numbers_at_once_and_one_by_one_are_the_same() -> None:
    sheet = Sheet(layout_of(**dict.fromkeys("abc", ("float32", (None,)))))
    numbers = np.random.default_rng(0).normal(size=(5000, 3)).astype(np.float32)
    text = "\n".join(",".join(map(str, row)) for row in numbers)
    for content in (text, f"a,b,c\n{text}", f'"a",b,c\n{text}', f"{text}\n".replace("\n", "\r\n")):
        assert load_file(sheet, content) == "5,000 rows from 'houses.csv'."
        entries = sheet.entries()
        assert np.array_equal(np.stack([entries[name].value for name in "abc"], 1), numbers)


def record(content: bytes) -> bytes:
    length = struct.pack("<Q", len(content))
    masked = [struct.pack("<I", crc32c.masked(part)) for part in (length, content)]
    return length + masked[0] + content + masked[1]


def test_records_of_examples() -> None:
    layout_of_rows = layout([EXAMPLES])
    messages = [serialized({"name": [name], "size": [1.0, 2.0]}) for name in (b"Ann", b"Bo")]
    entries = table_sources.read_file(layout_of_rows, "a.tfrecord", b"".join(map(record, messages)))
    assert isinstance(entries, dict)
    sheet = Sheet(layout_of_rows)
    sheet.put(entries)
    assert sheet.rows == [["", "Ann", "1 2", ""], ["", "Bo", "1 2", ""]]


def test_features_from_a_table() -> None:
    sheet = Sheet(layout([EXAMPLES]))
    load_file(sheet, "name,age,size,tags\nAnn,3,1 2,x\nBo,,3 4,\n")
    assert sheet.rows == [["3", "Ann", "1 2", "x"], ["", "Bo", "3 4", ""]]
    assert len(sheet.entries()["rows"].value) == 2
