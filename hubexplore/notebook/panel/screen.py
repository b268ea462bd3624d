"""Which panels are on screen: the rest would live as long as the kernel, as widgets do."""

from __future__ import annotations

import gc
import re
import threading
from collections.abc import Iterable
from typing import Any, Final, Protocol

import ipywidgets as widgets
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import ExecutionResult

# The names by which IPython itself keeps results.
_HISTORY: Final = re.compile(r"_{1,3}|_\d+")


class Panel(Protocol):
    """What is shown."""

    def close(self) -> None:
        """Frees it."""


class Screen:
    """Closes a panel when the cell that showed it has run again, which took its output from the screen.

    Unless another cell shows it too, the user has it in a variable or anywhere else, or it is not certain
    where it went: then it stays. The results that IPython keeps by itself (`Out`, `_`, `_3`) do not count.
    """

    def __init__(self) -> None:
        self._by_cell: dict[str, list[Panel]] = {}
        self._earlier: list[Panel] = []
        self._elsewhere: list[Panel] = []
        self._shell: Any = None

    def show(self, panel: Panel, shell: Any) -> None:
        """To be called when the running cell shows a panel."""
        if shell is not self._shell:
            self._shell = shell
            shell.events.register("pre_run_cell", self._before)
            shell.events.register("post_run_cell", self._after)
        cell = _cell(shell)
        shown = self._elsewhere if cell is None else self._by_cell.setdefault(cell, [])
        if not _is_in(panel, [shown]):
            shown.append(panel)

    def _before(self, info: Any) -> None:
        self._earlier = self._by_cell.pop(getattr(info, "cell_id", None) or "", [])

    def _after(self, _: Any) -> None:
        earlier, self._earlier = self._earlier, []
        known = [earlier, self._elsewhere, *self._by_cell.values()]
        for panel in earlier:
            if not _is_in(panel, known[1:]) and not _is_held(panel, self._shell, known):
                panel.close()


def _is_in(panel: Panel, lists: Iterable[Iterable[Panel]]) -> bool:
    for panels in lists:  # without a function inside, which would refer to the panel
        for each in panels:
            if each is panel:
                return True
    return False


def _cell(shell: Any) -> str | None:
    """The cell whose output gets what is shown now; None where that is not certain."""
    captured = isinstance(shell.display_pub, CapturingDisplayPublisher) or any(
        isinstance(each, widgets.Output) and each.msg_id for each in list(_all_widgets().values())
    )
    if captured or threading.current_thread() is not threading.main_thread():
        return None
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    cell = (parent or {}).get("metadata", {}).get("cellId")
    return cell if isinstance(cell, str) and cell else None


def _all_widgets() -> dict[str, Any]:
    from ipywidgets.widgets.widget import _instances

    found: dict[str, Any] = _instances
    return found


def _is_held(panel: Panel, shell: Any, known: list[list[Panel]]) -> bool:
    """Whether anything but `known` and IPython's history refers to a panel."""
    names = shell.user_ns
    history = (names.get("_oh"), shell.user_ns_hidden, shell.displayhook, vars(shell.displayhook))
    own = {id(each) for each in (known, *known, *history)}
    for name, value in list(names.items()):
        if value is panel and not _HISTORY.fullmatch(name):
            return True
    for each in gc.get_referrers(panel):
        if each is not names and id(each) not in own and not isinstance(each, ExecutionResult):
            return True
    return False


SCREEN: Final = Screen()
"""That of the notebook."""
