"""Data as users have it: files of spreadsheets, columns of other dtypes, folders of mixed content."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import PIL.Image
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from hubexplore.errors import DamagedDataError, MapError, RowError
from hubexplore.hub.running.feeds import ragged_value
from hubexplore.mapping.outputs.arrow import column_of
from hubexplore.mapping.sources import files, table_files
from hubexplore.mapping.sources.source import SAMPLE
from hubexplore.session.session import NotebookSession

BLUES = np.array([[0, 0, 1], [0.2, 0, 1]])
"""What the module `pictures` makes of the pictures of `folder`."""


class TestText:
    def test_semicolons(self, shared: NotebookSession, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text('\ufefftext;"a,b"\n"x;y";1\nz;2\n', "utf-8")
        result = shared.map("texts", tmp_path / "a.csv", inputs="text", keep=["a,b"])
        assert result["default"].tolist() == [b"X;Y", b"Z"]
        assert result["a,b"].tolist() == [1, 2]

    @pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
    def test_other_encodings(self, encoding: str, shared: NotebookSession, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("text,id\ncafé,1\n", encoding)
        with pytest.raises(DamagedDataError, match=r"a\.csv' .*not in UTF-8.*encoding="):
            shared.map("texts", tmp_path / "a.csv", inputs="text")

    def test_a_row_longer_than_a_block(
        self, shared: NotebookSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(table_files, "_BLOCK", 64)
        texts = [f"row {number}" for number in range(50)]
        texts[30] = "x" * 1000
        pd.DataFrame({"text": texts}).to_csv(tmp_path / "a.csv", index=False)
        result = shared.map("texts", tmp_path / "a.csv", batch_size=7)
        assert result["default"].tolist() == [text.upper().encode() for text in texts]
        monkeypatch.setattr(table_files, "_LARGEST_BLOCK", 64)
        with pytest.raises(DamagedDataError, match=r"a\.csv' cannot be read as CSV after row \d+"):
            shared.map("texts", tmp_path / "a.csv", batch_size=7)

    def test_a_heading_longer_than_a_block(
        self, shared: NotebookSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(table_files, "_BLOCK", 64)
        (tmp_path / "a.csv").write_text(f"{'x' * 1000},id\n1,2\n")
        assert shared.map("lookup", tmp_path / "a.csv")["default"].tolist() == [4]

    def test_what_is_no_long_row_is_read_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a.csv").write_text("x,y\n1,2\n3\n")
        opened: list[object] = []
        open_csv = pa.csv.open_csv

        def open_counted(*arguments: Any) -> Any:
            opened.append(arguments)
            return open_csv(*arguments)

        monkeypatch.setattr(pa.csv, "open_csv", open_counted)
        with pytest.raises(DamagedDataError, match="Expected 2 columns, got 1"):
            table_files.CsvFile(str(tmp_path / "a.csv"))
        assert len(opened) == 1

    @pytest.mark.parametrize("arrow_type", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
    def test_more_text_than_an_array_can_count(
        self,
        arrow_type: pa.DataType,
        shared: NotebookSession,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(files, "_MOST_BYTES", 10)
        pq.write_table(
            pa.table({"text": pa.array(["a text", "another"], arrow_type)}), tmp_path / "a.parquet"
        )
        (rows,) = files.FileSource([str(tmp_path / "a.parquet")]).rows(0, 2, ["text"])
        assert str(rows.columns["text"].type).startswith("large")
        result = shared.map("texts", tmp_path / "a.parquet", keep=["text"], to=tmp_path / "out")
        assert result.to_pandas()["default"].tolist() == [b"A TEXT", b"ANOTHER"]

    def test_a_json_array(self, shared: NotebookSession, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text(' [{"id": 1}, {"id": 2}]')
        with pytest.raises(DamagedDataError, match=r"a\.json' holds a JSON array.*read_json"):
            shared.map("lookup", tmp_path / "a.json")

    def test_two_columns_of_one_name(self, shared: NotebookSession, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("x,x,y,id\n1,2,3,4\n")
        with pytest.raises(MapError, match=r"a\.csv' has several columns 'x'"):
            shared.map("dense", tmp_path / "a.csv", inputs={"x": ["x", "x", "y"]})
        assert shared.map("lookup", tmp_path / "a.csv")["default"].tolist() == [16]


class TestColumns:
    @pytest.mark.parametrize(
        ("values", "text"),
        [
            (pd.to_datetime(["2020-01-01"]), r"dates or times \(datetime64.*astype\('int64'\)"),
            (["1", "2"], r"found the text '1'.*to_numeric"),
            ([Decimal(3)], r"Got Decimal\('3'\).*astype\('float64'\)"),
        ],
    )
    def test_no_numbers(self, values: Any, text: str, shared: NotebookSession) -> None:
        with pytest.raises(RowError, match=f"Row 0 of the DataFrame: .*{text}"):
            shared.map("lookup", pd.DataFrame({"id": values}))

    @pytest.mark.parametrize("values", [pd.period_range("2020", periods=2), [1, "x"]])
    def test_kept_values_that_parquet_has_not(
        self, values: Any, shared: NotebookSession, tmp_path: Path
    ) -> None:
        frame = pd.DataFrame({"id": [1, 2], "odd": values})
        with pytest.raises(MapError, match=r"Column 'odd' cannot be kept.*astype\(str\)"):
            shared.map("lookup", frame, keep=["odd"], to=tmp_path / "out")

    def test_masked_arrays(self, shared: NotebookSession) -> None:
        with pytest.raises(MapError, match=r"'value' has masked values of dtype int64.*filled"):
            shared.map("lookup", np.ma.array([1, 2], mask=[False, True]))
        floats = np.ma.array(np.ones((2, 3), np.float32), mask=np.arange(6).reshape(2, 3) == 2)
        assert np.isnan(shared.map("dense", floats)["total"]).tolist() == [True, False]

    def test_fields_of_an_array_are_columns(self, shared: NotebookSession) -> None:
        array = np.array([(1, 2.0), (3, 4.0)], [("id", "i4"), ("other", "f4")])
        assert shared.map("lookup", array).tolist() == [1, 9]

    def test_tables_of_other_libraries(self, shared: NotebookSession) -> None:
        with pytest.raises(MapError, match=r"type Table cannot be mapped\. Pass its \.to_pandas\(\)"):
            shared.map("lookup", pa.table({"id": [1]}))

    def test_more_values_than_a_list_column_can_hold(self) -> None:
        # The splits of a ragged value say how many there are; the values themselves would fill the memory.
        value = ragged_value(np.zeros(1, np.float32), [np.array([0, 2**31])])
        with pytest.raises(MapError, match=r"2,147,483,648 values in one column.*batch_size"):
            column_of(value, pa.list_(pa.float32()))


class TestFolders:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "folder"
        folder.mkdir()
        for number, name in enumerate(["a.png", "b.png"]):
            PIL.Image.new("RGB", (4, 4), (51 * number, 0, 255)).save(folder / name)
        return folder

    def test_pictures_beside_tables(self, folder: Path, shared: NotebookSession) -> None:
        (folder / "labels.json").write_text("{}")
        with pytest.raises(MapError, match=r"both pictures and files of data.*\*\.png' or .*\*\.json'"):
            shared.map("pictures", folder)
        result = shared.map("pictures", str(folder / "*.png"))
        assert result.index.tolist() == [str(folder / "a.png"), str(folder / "b.png")]
        np.testing.assert_allclose(np.stack(result["default"]), BLUES, atol=1e-6)

    def test_the_pictures_are_those_of_the_folder(
        self, folder: Path, shared: NotebookSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        PIL.Image.new("RGB", (4, 4), "white").save(tmp_path / "a.png")
        monkeypatch.chdir(tmp_path)
        result = shared.map("pictures", "folder")
        np.testing.assert_allclose(np.stack(result["default"]), BLUES, atol=1e-6)

    def test_usual_and_other_pictures_together(self, folder: Path, shared: NotebookSession) -> None:
        for number in range(7):
            PIL.Image.new("L", (8, 5), 30 * number).save(folder / f"c{number}.png")
        result = shared.map("pictures", folder, batch_size=4)
        alone = [shared.map("pictures", [folder / name])["default"].iloc[0] for name in result.index]
        np.testing.assert_array_equal(np.stack(result["default"]), np.stack(alone))


class TestMemory:
    @pytest.mark.parametrize("to", [False, True])
    def test_few_rows_are_in_memory_at_a_time(
        self, to: bool, shared: NotebookSession, tmp_path: Path
    ) -> None:
        live, most = [0], [0]

        def ended() -> None:
            live[0] -= 1

        def rows() -> Iterator[Any]:
            for number in range(2000):
                row = np.full(3, number, np.float32)
                weakref.finalize(row, ended)
                live[0] += 1
                most[0] = max(most[0], live[0])
                yield row

        result = shared.map("dense", rows(), batch_size=10, to=tmp_path / "out" if to else None)
        assert (len(result) if to else sum(1 for _ in result)) == 2000
        # The first rows stay; then there are the batch that runs, those that wait, and the one being made.
        assert most[0] <= SAMPLE + 5 * 10
