"""Magics on a module that can touch things outside of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubexplore.errors import HubSecurityWarning
from hubexplore.trust import gate, trusted
from tests.notebook.shells import Run, fails
from tests.trust.modules import write_hostile


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


@pytest.fixture
def hostile(tmp_path: Path, canary: Path) -> str:
    return str(write_hostile(tmp_path / "hostile", canary))


def test_load_refuses_and_says_what_to_type(run: Run, hostile: str, canary: Path) -> None:
    assert f"%hub_load --trust {hostile}" in fails(run, f"%hub_load {hostile}")
    assert not canary.exists()
    run(f"%hub_load --trust {hostile} --as stranger")
    assert list(run("%hub_call stranger [1.0]")) == [2.0]
    assert canary.exists()
    assert len(trusted.modules()) == 1


def test_what_is_trusted_loads_without_the_option(run: Run, hostile: str) -> None:
    run(f"%hub_load --trust {hostile} --as first")
    gate.forget_process()
    run(f"%hub_load {hostile} --as second")


def test_the_setting(run: Run, hostile: str) -> None:
    run("%config HubMagics.untrusted = 'warn'")
    with pytest.warns(HubSecurityWarning, match="hostile"):
        run(f"%hub_load {hostile} --as first")
    run("%config HubMagics.untrusted = 'allow'")
    run(f"%hub_load {hostile} --as second")
    assert trusted.modules() == ()
    run("%config HubMagics.untrusted = 'refuse'")
    assert "--trust" in fails(run, f"%hub_load {hostile} --as third")


def test_the_setting_takes_three_words(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    run("%config HubMagics.untrusted = 'maybe'")
    assert "['refuse', 'warn', 'allow']" in caplog.text
    assert gate.policy() == "refuse"
