"""Looking at a hostile model touches nothing: no file, no address."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import hubexplore as hub
from hubexplore.errors import HubError
from hubexplore.summary.capabilities.model import When
from tests.strangers.conftest import Trap

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line in a process of its own."""
    program = [sys.executable, "-m", "hubexplore", *arguments]
    return subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)


def folder_of(traps: dict[str, Trap]) -> Path:
    """The folder with all models."""
    return traps["main_op"].path.parent


@pytest.mark.usefixtures("untouched")
def test_by_cards_and_tables(traps: dict[str, Trap]) -> None:
    for trap in traps.values():
        summary = hub.summarize(trap.path)
        assert str(summary)
        assert summary.to_json()
        assert summary.to_html()


@pytest.mark.usefixtures("untouched")
def test_by_comparing(traps: dict[str, Trap]) -> None:
    other = hub.summarize("sample:half-plus-two")
    for trap in traps.values():
        summary = hub.summarize(trap.path)
        assert summary.compare(other).gained == ()
        gained = other.compare(hub.summarize(trap.path))
        assert {one.sentence for one in gained.gained} <= {
            one.sentence for one in summary.capabilities.findings
        }
        dangers = summary.capabilities.dangers
        assert not dangers or all(word in str(gained) for word in ("can touch what", "DANGER"))


@pytest.mark.usefixtures("untouched")
def test_by_statistics_of_weights(traps: dict[str, Trap]) -> None:
    for trap in traps.values():
        summary = hub.summarize(trap.path)
        if summary.variables:
            assert summary.variables.stats()


@pytest.mark.usefixtures("untouched")
def test_by_drawing(traps: dict[str, Trap]) -> None:
    for trap in traps.values():
        summary = hub.summarize(trap.path)
        for variant in summary.variants:
            for signature in variant.signatures:
                drawn = summary.graph(signature.name, variant.tags)
                assert drawn.dot
                assert str(drawn)


@pytest.mark.usefixtures("untouched")
def test_by_exploring(traps: dict[str, Trap]) -> None:
    early = [trap for trap in traps.values() if When.LOADED in trap.case.when]
    assert len(early) >= 20
    for trap in early:
        hub.explore(str(trap.path)).close()


@pytest.mark.usefixtures("untouched")
def test_by_scanning(traps: dict[str, Trap]) -> None:
    done = command("scan", str(folder_of(traps)), "--json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    quiet = {Path(one["path"]).name for one in found["models"] if one["verdict"] != "danger"}
    assert quiet <= {name for name, trap in traps.items() if When.ASKED in trap.case.when}


@pytest.mark.usefixtures("untouched")
def test_by_showing(traps: dict[str, Trap]) -> None:
    done = command("show", str(traps["main_op"].path))
    assert "DANGER" in done.stdout


@pytest.mark.usefixtures("untouched")
def test_by_refused_loading(traps: dict[str, Trap]) -> None:
    for trap in traps.values():
        if trap.case.when == (When.LOADED,):
            with hub.NotebookSession() as session, pytest.raises(HubError):
                session.load(str(trap.path), trap.case.name)
