"""Files of data: Parquet, CSV, JSON lines, TFRecord and pictures."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from hubexplore.errors import DamagedDataError, MapError, RowError
from hubexplore.inputs.external.picture_arrays import default_choice, read_pixels
from hubexplore.inputs.fields import Field
from hubexplore.mapping.running.plain_pictures import plain_pixels
from hubexplore.mapping.sources import table_files
from hubexplore.session.session import NotebookSession

FRAME = pd.DataFrame({"id": [number % 10 for number in range(30)], "text": [f"t{n}" for n in range(30)]})
SQUARES = [(number % 10) ** 2 for number in range(30)]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file here has more than one block."""
    monkeypatch.setattr(table_files, "_BLOCK", 100)


def write(folder: Path, kind: str, frame: pd.DataFrame = FRAME, name: str = "data") -> str:
    path = folder / f"{name}.{kind}"
    match kind.removesuffix(".gz"):
        case "parquet":
            frame.to_parquet(path, row_group_size=7)
        case "csv":
            frame.to_csv(path, index=False)
        case "tsv":
            frame.to_csv(path, index=False, sep="\t")
        case "jsonl":
            frame.to_json(path, orient="records", lines=True)
    return str(path)


KINDS = ["parquet", "csv", "csv.gz", "tsv", "jsonl", "jsonl.gz"]


class TestTables:
    @pytest.mark.parametrize("kind", KINDS)
    def test_rows_across_blocks_and_groups(self, kind: str, shared: NotebookSession, tmp_path: Path) -> None:
        path = write(tmp_path, kind)
        result = shared.map("lookup", path, batch_size=4, keep=["text"])
        assert result["default"].tolist() == SQUARES
        assert result["text"].tolist() == FRAME["text"].tolist()
        texts = shared.map("texts", path, batch_size=11)
        assert texts["default"].tolist() == [f"T{n}".encode() for n in range(30)]

    @pytest.mark.parametrize("kind", KINDS)
    def test_several_files_in_alphabetical_order(
        self, kind: str, shared: NotebookSession, tmp_path: Path
    ) -> None:
        write(tmp_path, kind, FRAME[10:], "b")
        first = write(tmp_path, kind, FRAME[:10], "a")
        for data in (str(tmp_path / f"*.{kind}"), str(tmp_path), [Path(first), tmp_path / f"b.{kind}"]):
            assert shared.map("lookup", data, batch_size=7)["default"].tolist() == SQUARES

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_bad_row_is_named_with_its_file(
        self, kind: str, shared: NotebookSession, tmp_path: Path
    ) -> None:
        write(tmp_path, kind, FRAME[:10], "a")
        write(tmp_path, kind, FRAME[10:].assign(id=FRAME["id"].where(FRAME.index != 17, 77)), "b")
        with pytest.raises(RowError, match=rf"^Row 7 of '.*b\.{kind}' \(row 17 of the data\): ") as error:
            shared.map("lookup", str(tmp_path), batch_size=6)
        assert (error.value.row, error.value.file) == (17, str(tmp_path / f"b.{kind}"))
        _, failed = shared.map("lookup", str(tmp_path), batch_size=6, errors="collect")
        assert failed["file"].tolist() == [str(tmp_path / f"b.{kind}")]

    @pytest.mark.parametrize("kind", KINDS)
    def test_continued_in_the_middle(
        self, kind: str, shared: NotebookSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from hubexplore.mapping.parts import writer

        monkeypatch.setattr(writer, "BATCHES", 2)
        path = write(tmp_path, kind)
        files = shared.map("lookup", path, batch_size=4, to=tmp_path / "out")
        Path(files.parts[2]).unlink()
        assert shared.map("lookup", path, batch_size=4, to=tmp_path / "out").to_pandas()[
            "default"
        ].tolist() == SQUARES  # fmt: skip

    def test_lists_in_parquet(self, shared: NotebookSession, tmp_path: Path, vectors: Any) -> None:
        path = tmp_path / "x.parquet"
        pd.DataFrame({"x": list(vectors)}).to_parquet(path, row_group_size=9)
        result = shared.map("dense", str(path), outputs=["total"], batch_size=8)
        np.testing.assert_allclose(result["total"], vectors.sum(1), rtol=1e-6)
        fixed = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), 3)
        pq.write_table(pa.table({"x": fixed}), path)
        other = shared.map("dense", str(path), outputs=["total"], batch_size=8)
        np.testing.assert_allclose(other["total"], vectors.sum(1), rtol=1e-6)

    def test_lists_of_any_length(self, shared: NotebookSession, tmp_path: Path) -> None:
        rows = [[1, 2], [3], [4, 5, 6], [7]]
        path = write(tmp_path, "jsonl", pd.DataFrame({"ids": rows}))
        result = shared.map("ragged", path, batch_size=3)
        assert [list(row) for row in result["default"]] == [[x + 1 for x in row] for row in rows]
        assert shared.map("lengths", path, batch_size=3)["mean"].tolist() == [1.5, 3.0, 5.0, 7.0]

    def test_texts_that_look_like_something_else(self, shared: NotebookSession, tmp_path: Path) -> None:
        texts = ["2020-01-01", "12", "true", "NA", ""]
        for kind in ("csv", "jsonl"):
            path = write(tmp_path, kind, pd.DataFrame({"text": texts, "n": range(5)}))
            result = shared.map("texts", path)
            assert result["default"].tolist() == [text.upper().encode() for text in texts]

    def test_what_is_no_number_in_a_csv_file(self, shared: NotebookSession, tmp_path: Path) -> None:
        path = tmp_path / "data.csv"
        path.write_text("id,n\n1,a\n2.5,b\nx,c\n,d\n 4 ,e\n")
        result, failed = shared.map("lookup", str(path), errors="collect")
        assert result["default"].to_dict() == {0: 1, 4: 16}
        assert failed["row"].tolist() == [1, 2, 3]
        assert "2.5 among values" in failed["reason"][0]
        assert "'x'" in failed["reason"][1]
        assert "missing" in failed["reason"][2]

    def test_a_null_in_a_column_of_integers(self, shared: NotebookSession, tmp_path: Path) -> None:
        path = tmp_path / "data.parquet"
        pq.write_table(pa.table({"id": pa.array([1, None, 3], pa.int32())}), path)
        with pytest.raises(RowError, match=r"Row 1 of '.*data\.parquet': Input 'id'.*missing \(null\)"):
            shared.map("lookup", str(path))


class TestDamage:
    @pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl", "tfrecord"])
    def test_an_empty_file(self, kind: str, shared: NotebookSession, tmp_path: Path) -> None:
        path = tmp_path / f"data.{kind}"
        path.touch()
        with pytest.raises(DamagedDataError, match=rf"data\.{kind}' is empty: it has 0 bytes"):
            shared.map("lookup", str(path))

    def test_a_parquet_file_that_is_cut(self, shared: NotebookSession, tmp_path: Path) -> None:
        path = write(tmp_path, "parquet")
        os.truncate(path, 400)
        with pytest.raises(DamagedDataError, match=r"data\.parquet' cannot be read as Parquet"):
            shared.map("lookup", path)

    def test_a_csv_file_with_a_row_of_another_length(self, shared: NotebookSession, tmp_path: Path) -> None:
        path = tmp_path / "data.csv"
        path.write_text("id,text\n" + "1,abcdefghijklmnop\n" * 20 + "1,2,3\n")
        with pytest.raises(DamagedDataError, match=r"data\.csv' cannot be read as CSV after row .*got 3"):
            shared.map("lookup", str(path))

    def test_a_json_line_that_is_cut(self, shared: NotebookSession, tmp_path: Path) -> None:
        path = tmp_path / "data.jsonl"
        path.write_text('{"id": 1}\n' * 25 + '{"id": \n' + '{"id": 2}\n')
        with pytest.raises(DamagedDataError, match=r"JSON lines at row 25"):
            shared.map("lookup", str(path), batch_size=2)

    def test_files_that_do_not_fit_together(self, shared: NotebookSession, tmp_path: Path) -> None:
        paths = [write(tmp_path, "csv", name="a"), write(tmp_path, "csv", FRAME[["id"]], "b")]
        with pytest.raises(MapError, match=r"differ in the columns \['text'\]"):
            shared.map("lookup", list(map(Path, paths)))
        (tmp_path / "data.xls").write_text("x")
        with pytest.raises(MapError, match="does not say its format"):
            shared.map("lookup", str(tmp_path / "data.xls"))
        with pytest.raises(FileNotFoundError, match=r"No file matches .*\*\.pq"):
            shared.map("lookup", str(tmp_path / "*.pq"))
        (tmp_path / "nothing").mkdir()
        with pytest.raises(FileNotFoundError, match="neither pictures nor files of data"):
            shared.map("lookup", str(tmp_path / "nothing"))


class TestRecords:
    @staticmethod
    def write(path: Path, compression: str = "") -> None:
        with tf.io.TFRecordWriter(str(path), compression) as file:
            for number in range(20):
                file.write(f"record {number}".encode())

    @pytest.mark.parametrize("suffix", ["", ".gz"])
    def test_records_are_rows(self, suffix: str, shared: NotebookSession, tmp_path: Path) -> None:
        path = tmp_path / f"data.tfrecord{suffix}"
        self.write(path, "GZIP" if suffix else "")
        result = shared.map("texts", str(path), batch_size=3)
        assert result["default"].tolist() == [f"RECORD {number}".encode() for number in range(20)]

    def test_a_record_that_is_damaged(self, shared: NotebookSession, tmp_path: Path) -> None:
        path = tmp_path / "data.tfrecord"
        self.write(path)
        damaged = bytearray(path.read_bytes())
        damaged[-7] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(DamagedDataError, match=r"data\.tfrecord' cannot be read as TFRecord: record 19"):
            shared.map("texts", str(path), batch_size=3)


class TestPictures:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "pictures"
        (folder / "more").mkdir(parents=True)
        for number, name in enumerate(["a.png", "b.jpg", "more/c.png"]):
            size = (4, 4) if number < 2 else (8, 6)
            PIL.Image.new("RGB", size, (100 * number, 51, 255)).save(folder / name, quality=100)
        (folder / "notes.txt").write_text("not a picture")
        return folder

    def test_a_folder(self, folder: Path, shared: NotebookSession) -> None:
        result = shared.map("pictures", folder)
        assert result.index.tolist() == ["a.png", "b.jpg", "more/c.png"]
        assert result.index.name == "path"
        expected = [[0, 0.2, 1], [100 / 255, 0.2, 1], [200 / 255, 0.2, 1]]
        np.testing.assert_allclose(np.stack(result["default"]), expected, atol=0.02)

    def test_pictures_of_any_size_run_as_they_are(self, folder: Path, shared: NotebookSession) -> None:
        result = shared.map("pictures", folder, signature="any")
        assert np.stack(result["mean"]).shape == (3, 3)

    @pytest.mark.parametrize(
        ("name", "mode", "is_plain"),
        [("a.png", "RGB", True), ("a.jpg", "RGB", True), ("a.png", "RGBA", False), ("a.png", "L", False)],
    )
    def test_usual_pictures_are_those_of_pillow(
        self, name: str, mode: str, is_plain: bool, tmp_path: Path
    ) -> None:
        numbers = np.random.default_rng(0).integers(0, 255, (4, 4, 4), np.uint8)
        PIL.Image.fromarray(numbers).convert(mode).save(tmp_path / name)
        content = (tmp_path / name).read_bytes()
        field = Field("image", "float32", (None, 4, 4, 3), "dense", "image", "", 4, 4, 3)
        pixels = plain_pixels(field, [content, content])
        assert (pixels is not None) == is_plain
        if pixels is not None:
            expected = read_pixels(field, name, content, default_choice(field))
            np.testing.assert_array_equal(pixels[1], expected)

    def test_a_picture_that_is_turned_is_not_usual(self, tmp_path: Path) -> None:
        exif = PIL.Image.Exif()
        exif[0x0112] = 6  # the camera was held upright
        PIL.Image.new("RGB", (4, 4), "red").save(tmp_path / "a.jpg", exif=exif)
        field = Field("image", "float32", (None, 4, 4, 3), "dense", "image", "", 4, 4, 3)
        assert plain_pixels(field, [(tmp_path / "a.jpg").read_bytes()]) is None

    def test_paths_in_a_column(
        self, folder: Path, shared: NotebookSession, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        frame = pd.DataFrame({"path": ["a.png", "more/c.png"], "label": [1, 2]})
        frame.to_csv(folder.parent / "list.csv", index=False)
        frame["path"] = [str(folder / path) for path in frame["path"]]
        result = shared.map("pictures", frame, inputs={"image": "path"}, keep=["label"])
        assert result["label"].tolist() == [1, 2]
        # Of a file, relative paths are those from its folder, too.
        (folder.parent / "list.csv").rename(folder / "list.csv")
        other = shared.map("pictures", str(folder / "list.csv"), inputs={"image": "path"})
        np.testing.assert_array_equal(np.stack(other["default"]), np.stack(result["default"]))

    def test_bytes_in_parquet(self, folder: Path, shared: NotebookSession, tmp_path: Path) -> None:
        contents = [(folder / name).read_bytes() for name in ("a.png", "b.jpg")]
        plain, nested = tmp_path / "plain.parquet", tmp_path / "nested.parquet"
        pq.write_table(pa.table({"image": contents}), plain)
        pq.write_table(pa.table({"image": [{"bytes": one, "path": "x"} for one in contents]}), nested)
        first, second = shared.map("pictures", str(plain)), shared.map("pictures", str(nested))
        np.testing.assert_array_equal(np.stack(first["default"]), np.stack(second["default"]))

    def test_a_picture_that_does_not_decode(self, folder: Path, shared: NotebookSession) -> None:
        (folder / "b.jpg").write_bytes((folder / "b.jpg").read_bytes()[:200])
        with pytest.raises(RowError, match=r"^Row 1, picture 'b\.jpg': 'b\.jpg' .*(truncated|damaged)"):
            shared.map("pictures", folder)
        result, failed = shared.map("pictures", folder, errors="collect")
        assert result.index.tolist() == ["a.png", "more/c.png"]
        assert failed["file"].tolist() == [str(folder / "b.jpg")]
        with pytest.raises(RowError, match=r"Row 0 .*'gone\.png' cannot be read: No such file"):
            shared.map("pictures", pd.DataFrame({"image": ["gone.png"]}))


def test_gzip_of_something_else(shared: NotebookSession, tmp_path: Path) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(b"id\n" + b"1\n" * 5000)[:40])
    with pytest.raises(DamagedDataError, match=r"data\.csv\.gz' cannot be read as CSV"):
        shared.map("lookup", str(path))
