"""The command `hubexplore convert PATH OUT`."""

from __future__ import annotations

from pathlib import Path

import pytest

import hubexplore
from hubexplore import cli
from tests.cli.test_show import write_module


def convert(*arguments: str) -> int:
    try:
        return cli.main(["convert", *arguments])
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else -1


def test_convert_to_a_saved_model_and_back(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    module = write_module(tmp_path / "module", extra="double")
    assert convert(module, str(tmp_path / "out"), "--to", "saved-model", "--version", "2", "--no-verify") == 0
    out = tmp_path / "out" / "2"
    assert f"Written to {out}." in capsys.readouterr().out
    assert sorted(signature.name for signature in hubexplore.summarize(out).signatures) == [
        "double",
        "serving_default",
    ]
    assert convert(str(out), str(tmp_path / "back"), "--to", "hub", "--no-verify") == 0
    assert (tmp_path / "back" / "tfhub_module.pb").exists()
    assert convert(module, str(tmp_path / "back"), "--to", "saved-model") == cli.BAD_INPUT
    assert "already holds a model" in capsys.readouterr().err


def test_convert_to_a_file_of_weights(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    module = "sample:half-plus-two"
    assert convert(module, str(tmp_path / "w.npz")) == 0
    assert "reads the same numbers in it" in capsys.readouterr().out
    assert (tmp_path / "w.npz.json").exists()
    assert convert(module, str(tmp_path / "w.npz")) == cli.BAD_INPUT
    assert "exists. Write to another path" in capsys.readouterr().err
    assert convert(write_module(tmp_path / "module"), str(tmp_path / "none.npz")) == 0
    assert "The module has no variables." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--to", "onxx"], "saved-model"),
        (["--to", "hub", "--version", "1"], "--version belongs to --to saved-model"),
        ([], "--to"),
        (["--to", "npz", "--quantize", "int8"], "quantize= belongs to 'tflite'"),
        (["--to", "onnx", "--timeout", "0"], "timeout="),
    ],
)
def test_convert_refuses(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    module = write_module(tmp_path / "module")
    assert convert(module, str(tmp_path / "out"), *options) == cli.BAD_INPUT
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
