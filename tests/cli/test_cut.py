"""`hubexplore cut`: a part of a module, from the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

import hubexplore as hub
from hubexplore import cli
from tests.hub import modules
from tests.hub.cutting import cut_models


@pytest.fixture
def tower(tmp_path: Path) -> str:
    return modules.export(hub.create_module_spec(cut_models.tower), tmp_path / "tower")


def test_a_part_is_written_and_compared(
    tower: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "part"
    words = ["--output", "features=layer_1/activation", "--signature", "features", "--of", "doubled"]
    assert cli.main(["cut", tower, str(out), *words]) == 0
    said = capsys.readouterr().out
    assert "1 output equals what the module computes, bit for bit" in said
    assert f"Written to {out}. Loaded again, it gives the same outputs" in said
    part = hub.load_module_spec(out)
    assert part.get_signature_names() == ["features"]
    assert {variable.key.partition("/")[0] for variable in part.all_variables} == {"layer_0", "layer_1"}


def test_from_a_tensor_without_a_run(tower: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--input", "h=layer_1/activation", "--output", "layer_2/activation", "--no-verify"]
    assert cli.main(["cut", tower, str(tmp_path / "part"), *words]) == 0
    assert "bit for bit" not in capsys.readouterr().out
    part = hub.load_module_spec(tmp_path / "part")
    assert list(part.get_input_info_dict()) == ["h"]
    assert list(part.get_output_info_dict()) == ["default"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "A cut needs an output: --output TENSOR"),
        (["--output", "a=x", "--output", "y"], "Name each --output or none"),
        (["--output", "a=x", "--output", "a=y"], "names 'a' twice"),
        (["--output", "=x"], "takes a tensor, or NAME=TENSOR"),
        (["--output", "x", "--input", "a="], "--input takes a tensor"),
        (["--output", "layer_1/activatoin"], "Did you mean 'layer_1/activation'?"),
    ],
)
def test_bad_input_is_one_line(
    tower: str, tmp_path: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["cut", tower, str(tmp_path / "part"), *words]) == cli.BAD_INPUT
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "part").exists()
