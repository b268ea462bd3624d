"""What the doctor says of installed packages."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from pathlib import Path

import pytest

from hubexplore.checkup import installed, packages
from hubexplore.checkup.findings import OK, PROBLEM, WARNING
from tests.checkup.states import noted, the

Install = Callable[..., None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Changes which versions are installed: `install(protobuf="3.20.0", pandas="")`."""
    real = installed.version.__wrapped__

    def change(requires: dict[str, list[str]] | None = None, **versions: str) -> None:
        versions = {name.replace("_", "-"): text for name, text in versions.items()}
        monkeypatch.setattr(installed, "version", lambda name: versions.get(name, real(name)))
        if requires is not None:
            monkeypatch.setattr(importlib.metadata, "requires", requires.get)

    return change


def test_this_installation_has_a_line_for_each_package() -> None:
    found = list(packages.findings())
    subjects = {finding.subject for finding in found}
    assert {
        "Python",
        "TensorFlow",
        "protobuf",
        "numpy",
        "pandas",
        "ipython",
        "anywidget",
        "graphviz",
    } <= subjects
    assert the(found, "tensorflow 2.").state == OK


def test_no_tensorflow(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tensorflow="", tensorflow_cpu="", tf_nightly="")
    monkeypatch.setattr(installed, "folder_of", lambda name: None)
    assert the(packages.findings(), "TensorFlow is not installed").state == PROBLEM


def test_tensorflow_that_pip_does_not_know(install: Install) -> None:
    install(tensorflow="")
    assert the(packages.findings(), "its version is unknown").state == WARNING


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("2.15.1", PROBLEM),
        ("1.15.5", PROBLEM),
        ("2.16.2", OK),
        ("2.21.0", OK),
        ("2.22.0rc1", WARNING),
        ("3.0", WARNING),
    ],
)
def test_versions_of_tensorflow(install: Install, version: str, state: str) -> None:
    install(tensorflow=version)
    found = next(finding for finding in packages.findings() if finding.subject == "TensorFlow")
    assert found.state == state
    assert version in found.sentence


def test_two_distributions_of_tensorflow(install: Install) -> None:
    install(tensorflow="2.21.0", tensorflow_cpu="2.20.0")
    found = the(packages.findings(), "installed together")
    assert found.state == PROBLEM
    assert found.remedy.startswith("Keep one: pip uninstall tensorflow tensorflow-cpu")


def test_protobuf_that_tensorflow_does_not_take(install: Install) -> None:
    install({"tensorflow": ["protobuf<8,>=6.31"]}, tensorflow="2.21.0", protobuf="5.29.0")
    found = the(packages.findings(), "needs protobuf")
    assert found.state == PROBLEM
    assert "protobuf 5.29.0 is installed" in found.sentence
    assert found.remedy == "pip install 'protobuf<8,>=6.31'"


def test_requirements_of_extras_and_other_systems_do_not_count(install: Install) -> None:
    install(
        {"tensorflow": ["nothing>=1; extra == 'gpu'", "nothing>=1; sys_platform == 'os2'", "not a line ..."]}
    )
    assert installed.unmet("tensorflow") == []


def test_files_of_another_protobuf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "__init__.py").write_text("__version__ = '3.20.3'\n")
    monkeypatch.setattr(installed, "folder_of", lambda name: tmp_path)
    found = the(packages.findings(), "of version 3.20.3")
    assert found.state == PROBLEM
    assert "--force-reinstall" in found.remedy


@pytest.mark.parametrize(
    ("version", "words"), [("0.15.0", "cannot be imported"), ("0.16.1", "no hub.Module")]
)
def test_tensorflow_hub_beside_it(install: Install, version: str, words: str) -> None:
    install(tensorflow_hub=version, tensorflow="2.21.0")
    found = the(packages.findings(), words)
    assert found.state == WARNING
    assert "hubexplore run PROGRAM" in found.remedy


def test_keras_2(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")
    install(tf_keras="")
    assert the(packages.findings(), "tf_keras is not installed").state == PROBLEM
    install(tf_keras="2.21.0")
    assert the(packages.findings(), "tf.keras is Keras 2").state == WARNING


def test_a_package_that_is_missing(install: Install) -> None:
    install({}, pandas="", jupyterlab="")
    found = [finding for finding in noted(packages.findings()) if finding.subject in ("pandas", "jupyterlab")]
    assert [(finding.subject, finding.state) for finding in found] == [("pandas", PROBLEM)]
