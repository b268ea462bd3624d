"""What the doctor says of JupyterLab and its extensions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hubexplore.checkup import installed, jupyter
from hubexplore.checkup.findings import OK, PROBLEM, WARNING
from tests.checkup.states import noted, problems, the


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment of a server with extensions that fit."""
    for name in ("JUPYTER_PATH", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "XDG_DATA_HOME", "JPY_PARENT_PID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / "environment"
    monkeypatch.setattr(sys, "prefix", str(folder))
    versions = {"ipywidgets": "8.1.9", "anywidget": "0.11.0", "jupyterlab": "4.4.0"}
    monkeypatch.setattr(installed, "version", lambda name: versions.get(name, ""))
    extension(folder, jupyter.MANAGER, "5.0.16")
    extension(folder, "anywidget", "0.11.0")
    return folder


def extension(prefix: Path, name: str, version: str) -> None:
    folder = prefix / "share" / "jupyter" / "labextensions" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"version": version}))


def test_extensions_that_fit(server: Path) -> None:
    found = list(jupyter.findings())
    assert [finding.state for finding in found] == [OK, OK]


@pytest.mark.parametrize(("name", "version"), [(jupyter.MANAGER, "3.1.1"), ("anywidget", "0.9.2")])
def test_an_extension_that_does_not_fit(server: Path, name: str, version: str) -> None:
    extension(server, name, version)
    (found,) = problems(jupyter.findings())
    assert f"has version {version}" in found.sentence
    assert "restart JupyterLab" in found.remedy


def test_an_extension_that_is_missing(server: Path) -> None:
    (server / "share/jupyter/labextensions/anywidget/package.json").write_text("not json")
    assert the(jupyter.findings(), "no extension anywidget").state == PROBLEM


@pytest.mark.parametrize("disabled", [{jupyter.MANAGER: True}, [f"{jupyter.MANAGER}:plugin"]])
def test_an_extension_that_is_disabled(server: Path, disabled: object) -> None:
    file = server / "etc" / "jupyter" / "labconfig" / "page_config.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"disabledExtensions": disabled}))
    assert the(jupyter.findings(), "is disabled").state == PROBLEM


def test_a_server_in_another_environment(server: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "share" / "jupyter" / "lab").mkdir(parents=True)
    found = noted(jupyter.findings(other))
    assert [finding.state for finding in found] == [WARNING, PROBLEM, PROBLEM]
    assert str(other / "bin" / "python") in found[0].remedy


def test_the_server_that_started_this_kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "lab" / "bin" / "python3"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    code = "print(flush=True); input()"
    with subprocess.Popen(
        [str(python), "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        # Linux shows the command line of a new process a moment after it was started.
        assert process.stdout is not None
        process.stdout.readline()
        monkeypatch.setenv("JPY_PARENT_PID", str(process.pid))
        assert jupyter.server_prefix() == tmp_path / "lab"
        process.communicate(b"\n")
    monkeypatch.setenv("JPY_PARENT_PID", "none")
    assert jupyter.server_prefix() is None


@pytest.mark.parametrize(
    ("words", "prefix"),
    [
        (["/usr/bin/python3", "/opt/lab/bin/jupyter-lab"], "/opt/lab"),
        (["/opt/lab/bin/python", "-m"], "/opt/lab"),
        (["python", "jupyter-lab"], None),
        (["/usr/bin/bash", "-c"], None),
    ],
)
def test_the_environment_of_a_command(words: list[str], prefix: str | None) -> None:
    assert jupyter.prefix_of(words) == (Path(prefix) if prefix else None)


def test_without_jupyterlab(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "version", lambda name: "")
    assert the(jupyter.findings(), "JupyterLab is not installed").state == OK
