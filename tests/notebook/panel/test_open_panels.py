"""A panel whose cell ran again is closed, and none that may be on screen or wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from hubexplore.notebook.panel.explorer import Explorer
from tests.notebook.shells import Run

Cell = Callable[[str, str], None]
OPEN = "hub.explore('sample:half-plus-two')"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of panels that are open, in the order of their making."""
    numbers: dict[int, int] = {}
    open_now: list[int] = []
    make, close = Explorer.__init__, Explorer.close

    def made(own: Explorer, *arguments: Any) -> None:
        make(own, *arguments)
        numbers[id(own)] = len(numbers)
        open_now.append(numbers[id(own)])

    def closed(own: Explorer) -> None:
        close(own)
        open_now.remove(numbers[id(own)])

    monkeypatch.setattr(Explorer, "__init__", made)
    monkeypatch.setattr(Explorer, "close", closed)
    return open_now


@pytest.fixture
def cell(run: Run, shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> Cell:
    """Runs a cell by its id, in a shell that takes itself for a kernel's."""
    parent: dict[str, Any] = {}
    monkeypatch.setattr(InteractiveShell, "_instance", shell)
    monkeypatch.setattr(shell, "kernel", object(), raising=False)
    monkeypatch.setattr(shell, "get_parent", lambda: parent, raising=False)
    monkeypatch.setattr(shell.display_pub, "publish", lambda **_: None)

    def run_cell(name: str, source: str) -> None:
        parent["metadata"] = {"cellId": name}
        result = shell.run_cell(source, store_history=True, cell_id=name)
        result.raise_error()

    run("import hubexplore as hub, ipywidgets, threading\nfrom IPython.display import display")
    return run_cell


def test_the_cell_runs_again(cell: Cell, opened: list[int]) -> None:
    for number in range(4):
        cell("a", OPEN)
        assert opened == [number]
    cell("b", OPEN)
    assert opened == [3, 4]
    cell("a", "pass")
    assert opened == [4]


@pytest.mark.parametrize(
    ("kept", "again"),
    [
        (f"panel = {OPEN}\npanel", "pass"),
        (f"panels = [{OPEN}]\npanels[0]", "pass"),
        (f"get = (lambda panel: lambda: panel)({OPEN})\nget()", "pass"),
        (f"panel = {OPEN}\npanel", "panel"),
        ("%%capture shown\n" + OPEN, "pass"),
        (
            f"thread = threading.Thread(target=display, args=({OPEN},))\nthread.start()\nthread.join()",
            "pass",
        ),
        (f"out = ipywidgets.Output(msg_id='x')\n{OPEN}", "out.msg_id = ''"),
    ],
)
def test_what_is_wanted_stays(kept: str, again: str, cell: Cell, opened: list[int]) -> None:
    cell("a", kept)
    cell("a", again)
    assert opened == [0]


def test_what_another_cell_shows_stays(cell: Cell, opened: list[int]) -> None:
    cell("a", f"panel = {OPEN}\npanel")
    cell("b", "panel")
    cell("c", "del panel")
    cell("a", "pass")
    assert opened == [0]
    cell("b", "pass")
    assert opened == []


def test_a_closed_one_says_so(cell: Cell, opened: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    cell("a", OPEN)
    cell("b", "shown = Out[max(Out)]\nnumber = max(Out)\ndel shown")
    cell("a", "pass")
    assert opened == []
    cell("c", "Out[number]")
    assert "has been closed, which happens when its cell runs again" in capsys.readouterr().out
