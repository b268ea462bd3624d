"""The command `hubexplore doctor`."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hubexplore import cli
from tests.cli.test_show import ROOT, write_module

Doctor = Callable[..., tuple[int, str, str]]


@pytest.fixture
def doctor(capfd: pytest.CaptureFixture[str]) -> Doctor:
    """Runs the command; returns exit code, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.main(["doctor", *arguments])
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else -1
        return code, *capfd.readouterr()

    return run


def test_a_sound_module(doctor: Doctor, tmp_path: Path) -> None:
    code, out, err = doctor(write_module(tmp_path / "m"))
    assert (code, err) == (0, "")
    assert out.startswith("hubexplore doctor: ")
    assert "It is a TF1 Hub module" in out


def test_problems_are_1(doctor: Doctor, tmp_path: Path) -> None:
    code, out, _ = doctor(str(tmp_path))
    assert code == 1
    assert "is an empty directory" in " ".join(out.split())


def test_what_cannot_be_looked_at_is_2(doctor: Doctor, cache_folder: Path) -> None:
    assert doctor("foo:bar")[0] == 2
    assert doctor("https://example.com/module/1")[0] == 2
    assert list(cache_folder.iterdir()) == []


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(folder))
    return folder


def test_json(doctor: Doctor, tmp_path: Path) -> None:
    code, out, _ = doctor("--json", str(tmp_path))
    assert code == 1
    assert json.loads(out)["healthy"] is False


def test_a_page(doctor: Doctor, tmp_path: Path) -> None:
    code, out, err = doctor("--html", str(tmp_path / "page.html"))
    assert (code, out) == (0, "")
    assert err == f"Wrote {tmp_path}/page.html\n"
    assert "<main>" in (tmp_path / "page.html").read_text("utf-8")


def test_topics(doctor: Doctor) -> None:
    code, out, _ = doctor("--list")
    assert code == 0
    assert "28. No gradient for an op" in out


def test_an_error(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = doctor("--error", "FailedPreconditionError: Table not initialized.")
    assert code == 0
    assert "tables_initializer" in out
    monkeypatch.setattr(sys, "stdin", io.StringIO("ModuleNotFoundError: No module named 'tensorflow_hub'"))
    assert "hub.Module" in doctor("--error", "-")[1]
    assert doctor("--error", "quite another thing")[0] == 2


@pytest.mark.parametrize("arguments", [["x", "--list"], ["x", "--error", "y"], ["--list", "--error", "y"]])
def test_what_does_not_go_together(doctor: Doctor, arguments: list[str]) -> None:
    code, out, err = doctor(*arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    heavy = ["tensorflow", "keras", "pandas", "IPython", "ipywidgets", "anywidget", "jupyterlab"]
    program = (
        f"import sys; from hubexplore import cli; cli.main(['doctor', {write_module(tmp_path / 'm')!r}]); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ},
    )
    assert done.stdout.splitlines()[-1] == "[]"
