"""What `hub.convert` refuses before it does anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hubexplore as hub
from hubexplore.errors import ConversionError, ExportExistsError, MissingConverterError, PathError
from hubexplore.session.conversion import calibration, formats, placing

DIGITS = "sample:digits"


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        ("a", {}, r"to=, in a terminal --to, names the format, unless the path ends in \.onnx"),
        ("a", {"to": "onxx"}, r"There is no format 'onxx'\. Did you mean 'onnx'"),
        ("a", {"to": 3}, "There is no format 3"),
        ("a.onnx", {"to": "tflite"}, "ends like a file of the format 'onnx'"),
        ("a.tflite", {"quantize": "int4"}, "one of 'dynamic', 'float16', 'int8'; got 'int4'"),
        ("a.npz", {"quantize": "int8"}, "quantize= belongs to 'tflite'"),
        ("a.npz", {"signature": "default"}, "signature= belongs to 'onnx' and 'tflite'"),
        ("a.tflite", {"data": [1]}, "data= belongs to quantize='int8'"),
        ("a.tflite", {"timeout": 0}, "timeout= is a number of seconds above 0"),
        ("a.tflite", {"timeout": float("nan")}, "timeout= is a number of seconds above 0"),
        ("a.tflite", {"timeout": True}, "timeout= is a number of seconds above 0"),
    ],
)
def test_wrong_arguments(path: str, options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=message):
        hub.convert(DIGITS, tmp_path / path, **options)
    assert not (tmp_path / path).exists()


def test_a_converter_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "is_installed", lambda _: False)
    with pytest.raises(MissingConverterError, match=r"pip install 'hubexplore\[onnx\]'"):
        hub.convert(DIGITS, tmp_path / "a.onnx")


def test_a_path_elsewhere() -> None:
    with pytest.raises(PathError, match="only local files are written"):
        hub.convert(DIGITS, "gs://bucket/a.npz")


class TestTargets:
    def test_what_exists_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "a.onnx").write_text("mine")
        with pytest.raises(ExportExistsError, match="exists"):
            placing.check(str(tmp_path / "a.onnx"), [".onnx"], overwrite=False)
        placing.check(str(tmp_path / "a.onnx"), [".onnx"], overwrite=True)
        placing.check(str(tmp_path / "new.onnx"), [".onnx"], overwrite=False)

    def test_a_directory_of_that_name(self, tmp_path: Path) -> None:
        (tmp_path / "a.onnx").mkdir()
        with pytest.raises(ExportExistsError, match="is a directory"):
            placing.check(str(tmp_path / "a.onnx"), [".onnx"], overwrite=True)

    def test_a_directory_with_other_files_stays(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(ExportExistsError, match=r"'notes\.txt'"):
            placing.check(str(tmp_path), [".onnx"], overwrite=True)
        (tmp_path / "notes.txt").rename(tmp_path / "b.onnx")
        with pytest.raises(ExportExistsError, match="exists"):
            placing.check(str(tmp_path), [".onnx"], overwrite=False)
        placing.check(str(tmp_path), [".onnx"], overwrite=True)

    def test_after_a_failure_nothing_is_left(self, tmp_path: Path) -> None:
        first, second = tmp_path / "1", tmp_path / "2"
        first.write_text("1")
        second.write_text("2")
        target = tmp_path / "deep" / "er"
        target.mkdir(parents=True)
        (target / "b").write_text("mine")
        with pytest.raises(ExportExistsError):
            placing.put([(first, target / "a"), (second, target / "b")], overwrite=False)
        assert [path.name for path in target.iterdir()] == ["b"]
        assert (target / "b").read_text() == "mine"

    def test_file_names_are_plain_and_distinct(self) -> None:
        used: set[str] = set()
        signatures = ["a/b", "a b", "../x", "", "A_B", "ü" * 300]
        assert [placing.file_name(one, used) for one in signatures] == [
            "a_b", "a_b_2", "_x", "signature", "A_B_3", "_",
        ]  # fmt: skip


class TestExamples:
    INFOS = ("x", "y")

    def test_rows_of_arrays(self) -> None:
        data = {"x": np.arange(6).reshape(3, 2), "y": np.arange(3)}
        found = calibration.examples(data, "default", self.INFOS)
        assert [example["x"].tolist() for example in found] == [[[0, 1]], [[2, 3]], [[4, 5]]]
        assert [example["y"].shape for example in found] == [(1,)] * 3

    def test_calls(self) -> None:
        found = calibration.examples(iter([{"x": [1], "y": 2}] * 3), "default", self.INFOS)
        assert [len(example) for example in found] == [2, 2, 2]
        assert len(calibration.examples(iter([[1.0]] * 2_000), "default", ["x"])) == 1_000

    def test_files(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "a.npz", x=np.zeros((2, 1)), y=np.zeros(2))
        assert len(calibration.examples(str(tmp_path / "a.npz"), "default", self.INFOS)) == 2
        (tmp_path / "bad.npz").write_bytes(b"nothing")
        with pytest.raises(ConversionError, match="cannot be read"):
            calibration.examples(str(tmp_path / "bad.npz"), "default", self.INFOS)

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (None, "quantize='int8' chooses its scales by examples of inputs.*'x': ..., 'y': ..."),
            ({"x": [1]}, "data= names 'x', but the signature 'default' has the inputs 'x', 'y'"),
            ({"x": [1], "y": [1, 2]}, "different numbers of examples"),
            (np.zeros(3), "data= is an array, but the signature 'default' has 2 inputs"),
            ([], "has no examples"),
            ({"x": [], "y": []}, "has no examples"),
            (3, "quantize='int8' chooses"),
        ],
    )
    def test_what_does_not_fit(self, data: Any, message: str) -> None:
        with pytest.raises(ConversionError, match=message):
            calibration.examples(data, "default", self.INFOS)
        with pytest.raises(ConversionError, match=r"data= names 'y', but .* has the input 'x'"):
            calibration.examples({"y": [1]}, "default", ["x"])
