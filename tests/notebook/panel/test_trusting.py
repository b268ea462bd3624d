"""The panel of a module that can touch things outside of itself, in a process without a front end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import hubexplore as hub
from hubexplore.errors import UntrustedModuleError
from hubexplore.notebook.panel.explorer import Explorer
from hubexplore.trust import gate, trusted
from tests.trust.modules import write_harmless, write_hostile


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


@pytest.fixture
def hostile(tmp_path: Path, canary: Path) -> str:
    return str(write_hostile(tmp_path / "hostile", canary))


@pytest.fixture
def panel(hostile: str) -> Iterator[Explorer]:
    explorer = hub.explore(hostile)
    yield explorer
    explorer.close()


def buttons(explorer: Explorer) -> list[str]:
    """The labels of the buttons that run something."""
    tab = explorer._try
    return [button.description for button in (tab._run, tab._trust) if button.layout.display != "none"]


def say(explorer: Explorer, kind: str) -> None:
    """What the browser sends when a button is clicked, with what is typed."""
    explorer._monitor._handle_custom_msg({"kind": kind, "texts": ["[1, 2]"]}, [])
    explorer._try.worker.wait()


def test_the_panel_shows_what_was_found_and_asks(panel: Explorer) -> None:
    assert "Outside access" in panel._heading()
    assert hub.summarize(panel._subject.handle).capabilities.dangers[0].op in panel._heading()
    assert buttons(panel) == ["Trust and run"]


def test_only_the_button_that_trusts_runs_it(panel: Explorer, canary: Path) -> None:
    say(panel, "run")
    assert "Trust and run" in panel._try.status.error_text
    assert panel.runs == ()
    assert not canary.exists()
    say(panel, "trust")
    assert list(panel.value) == [2.0, 4.0]
    assert canary.exists()
    assert buttons(panel) == ["Run"]
    assert len(trusted.modules()) == 1


def test_neither_examples_nor_code_nor_values_of_ops_run_it(panel: Explorer, canary: Path) -> None:
    tab = panel._try
    tab._fill.value = "First example that runs"
    tab.fill()
    tab.worker.wait()
    assert "can touch things outside of itself" in tab.status.error_text
    with pytest.raises(UntrustedModuleError, match=r"hubexplore\.explore\('.*hostile', trust=True\)"):
        panel.run([1.0])
    assert not canary.exists()


def test_what_is_shown_is_what_is_trusted(panel: Explorer, hostile: str, canary: Path) -> None:
    graph = Path(hostile, "saved_model.pb")
    graph.write_bytes(graph.read_bytes().replace(b"boo", b"bah"))
    say(panel, "trust")
    assert "have changed since its graph was read" in panel._try.status.error_text
    assert buttons(panel) == ["Trust and run"]
    assert trusted.modules() == ()
    assert not canary.exists()


def test_what_changes_after_that_is_not_run(panel: Explorer, hostile: str, canary: Path) -> None:
    panel._subject.trust()
    graph = Path(hostile, "saved_model.pb")
    graph.write_bytes(graph.read_bytes().replace(b"boo", b"bah"))
    with pytest.raises(UntrustedModuleError):
        panel.run([1.0])
    assert not canary.exists()


def test_trusted_before_or_when_it_is_opened(panel: Explorer, hostile: str) -> None:
    other = hub.explore(hostile, trust=True)
    assert buttons(other) == ["Run"]
    other.close()
    gate.forget_process()
    again = hub.explore(hostile)
    assert buttons(again) == ["Run"]
    again.close()


def test_a_damaged_list_of_trusted_modules_asks_and_says_so(hostile: str) -> None:
    trusted.path().parent.mkdir(parents=True)
    trusted.path().write_text("{")
    panel = hub.explore(hostile)
    assert buttons(panel) == ["Trust and run"]
    assert "is damaged" in panel._try.status.error_text
    panel.close()


def test_a_harmless_module_has_the_usual_button(tmp_path: Path) -> None:
    panel = hub.explore(write_harmless(tmp_path / "harmless"))
    assert buttons(panel) == ["Run"]
    assert "Outside access" not in panel._heading()
    panel.close()
