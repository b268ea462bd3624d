"""Results as Parquet files in a folder, and what continues them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import MapTargetError, RowError
from hubexplore.mapping.parts import lock, writer
from hubexplore.mapping.parts.journal import Journal, Part
from hubexplore.session.session import NotebookSession
from tests.mapping import modules

PROGRAM = Path(__file__).with_name("killing.py")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "BATCHES", 3)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@contextlib.contextmanager
def ending_after(parts: int, error: BaseException) -> Iterator[None]:
    """Makes the journal raise after so many parts."""
    add = Journal.add

    def stopping(journal: Journal, part: Part, is_last: bool) -> None:
        if len(journal.parts) == parts:
            raise error
        add(journal, part, is_last)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "add", stopping)
        yield


FRAME = pd.DataFrame({"id": [number % 10 for number in range(50)], "name": [f"n{n}" for n in range(50)]})


class TestFiles:
    def test_the_files_have_the_rows_in_order(self, shared: NotebookSession, out: Path) -> None:
        files = shared.map("lookup", FRAME, to=out, batch_size=5, keep=["name"])
        assert names(out) == [
            "_journal.jsonl",
            "_manifest.json",
            *(f"part-0000{n}.parquet" for n in range(4)),
        ]
        assert (files.rows, len(files), files.failed_rows, os.fspath(files)) == (50, 50, 0, str(out))
        assert repr(files) == f"<MappedFiles {str(out)!r}: 50 rows in 4 files>"
        expected = pd.DataFrame({"name": FRAME["name"], "default": (FRAME["id"] ** 2).astype("int32")})
        pd.testing.assert_frame_equal(files.to_pandas(), expected)
        # As anybody would read it: the other files begin with an underscore.
        pd.testing.assert_frame_equal(pd.read_parquet(out), expected)
        assert [batch.num_rows for batch in files.batches(10)] == [10, 5, 10, 5, 10, 5, 5]

    def test_the_index_is_kept(self, shared: NotebookSession, out: Path) -> None:
        for number, index in enumerate(
            [
                pd.Index([f"r{n}" for n in range(50)], name="key"),
                pd.MultiIndex.from_arrays([range(50), list("ab") * 25], names=["n", None]),
                pd.date_range("2020-01-01", periods=50),
            ]
        ):
            files = shared.map("lookup", FRAME.set_index(index), to=out / str(number), batch_size=7)
            assert list(files.to_pandas().index) == list(index)
            assert files.to_pandas().index.names == index.names

    def test_nested_arrays_are_lists(self, shared: NotebookSession, out: Path, vectors: Any) -> None:
        files = shared.map("dense", {"x": vectors}, to=out, batch_size=16)
        schema = pq.read_schema(files.parts[0])
        assert schema.field("default").type == pa.list_(pa.float32())
        assert schema.field("total").type == pa.float32()
        alone = shared.map("dense", {"x": vectors}, batch_size=16)
        np.testing.assert_array_equal(np.stack(files.to_pandas()["default"]), alone["default"])

    def test_rows_of_any_shape(self, shared: NotebookSession, out: Path) -> None:
        rows = [[1, 2], [3], [], [4, 5, 6]]
        frame = pd.DataFrame({"ids": rows})
        files = shared.map("ragged", frame, to=out, batch_size=2)
        found = files.to_pandas()
        assert [list(row) for row in found["default"]] == [[x + 1 for x in row] for row in rows]
        uneven = shared.map("lengths", pd.DataFrame({"ids": rows[:2] + rows[3:]}), to=out / "uneven")
        assert [list(row) for row in uneven.to_pandas()["twice"]] == [[2, 4], [6], [8, 10, 12]]

    def test_texts_are_bytes(self, shared: NotebookSession, out: Path) -> None:
        assert shared.map("texts", ["a", "ü"], to=out).to_pandas()["default"].tolist() == [b"A", "ü".encode()]

    def test_streams_go_into_files(self, shared: NotebookSession, out: Path, vectors: Any) -> None:
        def rows() -> Iterator[Any]:
            yield from vectors

        files = shared.map("dense", rows(), to=out / "rows", outputs="total", batch_size=8)
        dataset = tf.data.Dataset.from_tensor_slices(vectors)
        other = shared.map("dense", dataset, to=out / "set", outputs="total", batch_size=8)
        for one in (files, other):
            np.testing.assert_allclose(one.to_pandas()["total"], vectors.sum(1), rtol=1e-6)

    def test_no_rows(self, shared: NotebookSession, out: Path) -> None:
        files = shared.map("lookup", FRAME[:0], to=out)
        assert (files.rows, files.parts, len(files.to_pandas())) == (0, [], 0)

    def test_failed_rows(self, shared: NotebookSession, out: Path) -> None:
        ids = [1, 20, 3, 4, 50, 6, 7, 8]
        files, failed = shared.map("lookup", {"id": np.array(ids)}, to=out, batch_size=2, errors="collect")
        assert files.to_pandas().to_dict("list") == {
            "row": [0, 2, 3, 5, 6, 7],
            "default": [1, 9, 16, 36, 49, 64],
        }
        assert failed["row"].tolist() == [1, 4]
        assert failed["reason"].str.contains("id too large").all()
        assert repr(files).endswith("6 rows in 2 files, 2 failed>")
        again, failed_again = shared.map(
            "lookup", {"id": np.array(ids)}, to=out, batch_size=2, errors="collect"
        )
        pd.testing.assert_frame_equal(failed, failed_again)
        assert again.rows == 6

    def test_a_row_that_fails_keeps_what_is_finished(self, shared: NotebookSession, out: Path) -> None:
        frame = FRAME.assign(id=FRAME["id"].where(FRAME.index != 20, 99))
        with pytest.raises(RowError, match=r"Row 20 .* 15 rows before it are finished and kept in .*out"):
            shared.map("lookup", frame, to=out, batch_size=5)
        assert names(out) == ["_journal.jsonl", "_manifest.json", "part-00000.parquet"]


class TestContinuing:
    @pytest.mark.parametrize("parts", [0, 1, 3])
    @pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
    def test_the_bytes_are_equal(
        self, parts: int, error: BaseException, shared: NotebookSession, tmp_path: Path
    ) -> None:
        arguments: dict[str, Any] = {"keep": ["name"], "batch_size": 5}
        shared.map("lookup", FRAME, to=tmp_path / "whole", **arguments)
        expected = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else MapTargetError
        message = rf"{15 * parts} rows are finished and kept.* continues"
        with ending_after(parts, error), pytest.raises(expected, match=message):
            shared.map("lookup", FRAME, to=tmp_path / "cut", **arguments)
        shared.map("lookup", FRAME, to=tmp_path / "cut", **arguments)
        assert content(tmp_path / "cut") == content(tmp_path / "whole")

    def test_what_is_finished_does_not_run_again(
        self, shared: NotebookSession, out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shared.map("lookup", FRAME, to=out, batch_size=5)
        before = content(out)
        monkeypatch.setattr(writer.PartWriter, "add", None)
        assert shared.map("lookup", FRAME, to=out, batch_size=5).rows == 50
        assert content(out) == before

    def test_the_end_is_noted_with_the_last_part(
        self, shared: NotebookSession, out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits: list[int] = []
        monkeypatch.setattr(os, "fsync", waits.append)
        shared.map("lookup", FRAME, to=out, batch_size=5)
        # For the manifest, and for each of four parts its file and its line.
        assert len(waits) == 1 + 4 * 2

    def test_a_part_that_is_cut_is_made_again(self, shared: NotebookSession, out: Path) -> None:
        shared.map("lookup", FRAME, to=out, batch_size=5)
        before = content(out)
        os.truncate(out / "part-00002.parquet", 10)
        shared.map("lookup", FRAME, to=out, batch_size=5)
        assert content(out) == before

    def test_a_line_of_the_journal_that_is_cut(self, shared: NotebookSession, out: Path) -> None:
        shared.map("lookup", FRAME, to=out, batch_size=5)
        before = content(out)
        os.truncate(out / "_journal.jsonl", (out / "_journal.jsonl").stat().st_size - 40)
        shared.map("lookup", FRAME, to=out, batch_size=5)
        assert content(out) == before

    def test_from_the_beginning(self, shared: NotebookSession, out: Path) -> None:
        shared.map("lookup", FRAME, to=out, batch_size=2)
        shared.map("lookup", FRAME[:4], to=out, batch_size=2, resume=False)
        assert names(out) == ["_journal.jsonl", "_manifest.json", "part-00000.parquet"]
        assert json.loads((out / "_manifest.json").read_text())["data"]["rows"] == 4

    @pytest.mark.skipif(sys.platform != "linux", reason="locks and signals of Linux")
    def test_killed_before_each_operation(self, shared: NotebookSession, tmp_path: Path) -> None:
        shared.export(shared.module("lookup"), tmp_path / "module")
        ids = pd.DataFrame({"id": [number % 11 for number in range(140)]})
        ids.to_csv(tmp_path / "data.csv", index=False)
        paths = [tmp_path / "module", tmp_path / "data.csv", tmp_path]
        command = [sys.executable, str(PROGRAM), *map(str, paths), "2"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        assert result["killed"] > 10
        assert "_failed/part-00001.parquet" in result["files"]
        assert result["differing"] == []


def clear(session: NotebookSession, module: hub.Module) -> None:
    with session.building():
        session.session.run(module.variables[0].assign(np.zeros((3, 2), np.float32)))


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"outputs": {"default": "y"}}, r'differs in outputs \(there .*"default".*, here .*"y"'),
            ({"keep": ["name"]}, r"differs in keep \(there \[\], here \[.name.\]\)"),
            ({"batch_size": 6}, r"differs in batch_size \(there 5, here 6\)"),
            ({"errors": "collect"}, "differs in errors"),
        ],
    )
    def test_other_arguments(self, options: Any, words: str, shared: NotebookSession, out: Path) -> None:
        shared.map("lookup", FRAME, to=out, batch_size=5)
        before = content(out)
        with pytest.raises(MapTargetError, match=words):
            shared.map("lookup", FRAME, **({"to": out, "batch_size": 5} | options))
        assert content(out) == before

    def test_other_data(self, shared: NotebookSession, out: Path) -> None:
        shared.map("lookup", FRAME, to=out)
        other = FRAME.copy()
        other.loc[30, "id"] = 5
        with pytest.raises(MapTargetError, match=r"the result of another call.*the data \(other rows\)"):
            shared.map("lookup", other, to=out)
        with pytest.raises(MapTargetError, match=r"the data \(other rows\)"):
            shared.map("lookup", FRAME.set_index("name", append=True), to=out)

    def test_a_file_that_has_changed(self, shared: NotebookSession, tmp_path: Path) -> None:
        file = tmp_path / "data.parquet"
        FRAME.to_parquet(file)
        shared.map("lookup", str(file), to=tmp_path / "out")
        FRAME[:40].to_parquet(file)
        with pytest.raises(MapTargetError, match=r"the data \(changed since: 'data\.parquet'\)"):
            shared.map("lookup", str(file), to=tmp_path / "out")

    def test_a_module_that_has_changed(self, tmp_path: Path, vectors: Any) -> None:
        with NotebookSession() as session:
            module = session.load(hub.create_module_spec(modules.dense), "dense", trainable=True)
            session.export(module, tmp_path / "module")
            hub.map(tmp_path / "module", {"x": vectors}, to=tmp_path / "out")
            clear(session, module)
            session.export(module, tmp_path / "module", overwrite=True)
        with pytest.raises(MapTargetError, match=r"the module \('.*' has changed since\)"):
            hub.map(tmp_path / "module", {"x": vectors}, to=tmp_path / "out")

    def test_variables_that_have_changed(self, session: NotebookSession, out: Path, vectors: Any) -> None:
        module = session.load(hub.create_module_spec(modules.dense), "dense", trainable=True)
        session.map(module, {"x": vectors}, to=out)
        assert session.map(module, {"x": vectors}, to=out).rows == 50
        clear(session, module)
        with pytest.raises(MapTargetError, match="has changed since"):
            session.map(module, {"x": vectors}, to=out)

    def test_a_folder_that_is_used(self, shared: NotebookSession, out: Path) -> None:
        out.mkdir()
        (out / "mine.txt").write_text("mine")
        for resume in (True, False):
            with pytest.raises(MapTargetError, match=r"holds 'mine\.txt', and is no result of a map"):
                shared.map("lookup", FRAME, to=out, resume=resume)
        assert names(out) == ["mine.txt"]

    def test_two_writers(self, shared: NotebookSession, out: Path) -> None:
        out.mkdir()
        with (
            lock.locked(out),
            pytest.raises(MapTargetError, match=f"is being written by process {os.getpid()}"),
        ):
            shared.map("lookup", FRAME, to=out)
        assert names(out) == []

    def test_nothing_is_left_of_a_call_that_cannot_begin(
        self, shared: NotebookSession, tmp_path: Path
    ) -> None:
        with pytest.raises(hub.HubError, match="takes exactly 4 rows"):
            shared.map("pairs", {"x": np.zeros((8, 3))}, signature="four", batch_size=3, to=tmp_path / "a/b")
        assert names(tmp_path) == []
        assert not (tmp_path / "a").exists()

    def test_a_leak_is_said_once(self, shared: NotebookSession, out: Path, vectors: Any) -> None:
        with pytest.warns(hub.errors.RowLeakWarning, match="one by one"):
            shared.map("mixed", vectors, to=out)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            shared.map("mixed", vectors, to=out)


class TestWatching:
    @pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
    def test_an_interrupt_says_how_to_go_on(self, shared: NotebookSession, out: Path, vectors: Any) -> None:
        def rows(stop: bool) -> Iterator[Any]:
            for number, row in enumerate(vectors):
                if stop and number == 40:
                    os.kill(os.getpid(), signal.SIGINT)
                yield row

        with pytest.raises(
            KeyboardInterrupt, match=r"rows are finished and kept in .*the same call continues"
        ):
            shared.map("dense", rows(stop=True), to=out / "cut", batch_size=2)
        for folder in ("cut", "whole"):
            shared.map("dense", rows(stop=False), to=out / folder, batch_size=2)
        assert content(out / "cut") == content(out / "whole")

    def test_a_bar_shows_the_speed(
        self, shared: NotebookSession, vectors: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        shared.map("dense", {"x": vectors}, progress=True)
        assert "rows/s" in capsys.readouterr().err
        shared.map("dense", {"x": vectors}, progress=False)
        assert capsys.readouterr().err == ""
