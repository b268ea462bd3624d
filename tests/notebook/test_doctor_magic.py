"""`%hub_doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cli.test_show import write_module
from tests.notebook.shells import Run, fails


def test_the_installation(run: Run) -> None:
    report = run("%hub_doctor")
    assert "Packages" in repr(report)
    assert "<details" in report._repr_html_()


def is_module(report: Any) -> bool:
    return "It is a TF1 Hub module" in report.findings[0].sentence


def test_a_path_and_a_variable_with_one(run: Run, tmp_path: Path) -> None:
    path = write_module(tmp_path / "m")
    assert is_module(run(f"%hub_doctor '{path}'"))
    run(f"where = '{path}'")
    assert is_module(run("%hub_doctor where"))
    run("summary = %hub_show where")
    assert is_module(run("%hub_doctor summary"))


def test_a_word_that_stands_for_nothing_is_a_finding(run: Run) -> None:
    report = run("%hub_doctor nothing_here")
    assert not report.healthy
    assert "does not exist" in repr(report)


def test_an_error_and_the_list(run: Run) -> None:
    assert "tables_initializer" in repr(run("%hub_doctor --error 'Table not initialized'"))
    assert len(run("%hub_doctor --list").findings) == 28
    assert "not checked together" in fails(run, "%hub_doctor x --list")
