"""The command `hubexplore card PATH FILE`."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubexplore import cli
from tests.cli.test_show import write_module
from tests.trust.modules import write_hostile


def test_it_writes_a_card(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    module = write_module(tmp_path / "module", extra="double")
    file = tmp_path / "card.html"
    assert cli.main(["card", module, str(file), "--title", "Twice"]) == 0
    assert capsys.readouterr().err.endswith(f"Wrote {file}\n")
    page = file.read_text()
    assert "<h1>Twice</h1>" in page
    assert "Output <code>default</code>" in page
    assert cli.main(["card", module, str(file)]) == cli.BAD_INPUT
    assert "is there already" in capsys.readouterr().err
    assert cli.main(["card", module, str(file), "--overwrite", "--no-examples"]) == 0
    assert "was not run" in file.read_text()


def test_it_does_not_run_what_is_not_trusted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    canary, file = tmp_path / "canary", tmp_path / "README.md"
    hostile = str(write_hostile(tmp_path / "hostile", canary))
    assert cli.main(["card", hostile, str(file)]) == cli.BAD_INPUT
    assert "--trust" in capsys.readouterr().err
    assert not file.exists()
    assert not canary.exists()
    assert cli.main(["card", hostile, str(file), "--trust"]) == 0
    assert canary.exists()
