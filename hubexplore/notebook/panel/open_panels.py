"""Closes a panel when the cell that showed it runs again: else it would live as long as the kernel.

ipywidgets keeps a reference to every widget, so that a panel is never collected by itself, nor the module
that it loaded. No event tells the kernel that an output has left the screen; the repeated execution
of its cell implies it.
"""

from __future__ import annotations

import gc
import re
import threading
from collections.abc import Iterable
from types import MethodType
from typing import Any, Final, Protocol

import ipywidgets as widgets
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import ExecutionResult

# The names by which IPython itself keeps results.
_HISTORY: Final = re.compile(r"_{1,3}|_\d+")


class Panel(Protocol):
    """A widget with resources of its own."""

    def close(self) -> None:
        """Frees the resources."""


class OpenPanels:
    """Panels by the cell that shows them; running a cell again closes the panels of its earlier output.

    A panel stays open if another cell shows it too, if anything but IPython's own history (`Out`, `_`, `_3`)
    refers to it, or if it is uncertain where it is shown. Closing one that is still wanted would lose the
    user's runs; keeping one too long only costs memory.

    Invariant: between two cells `_earlier` is empty, and each panel that was shown and is not closed is in
    `_by_cell` or in `_elsewhere`, unless the user holds it.
    """

    def __init__(self) -> None:
        self._by_cell: dict[str, list[Panel]] = {}
        self._earlier: list[Panel] = []  # shown by the previous execution of the cell that runs now
        self._elsewhere: list[Panel] = []  # where no cell is known: these are never closed
        self._shell: Any = None

    def show(self, panel: Panel, shell: Any) -> None:
        """Records that the running cell shows a panel."""
        if shell is not self._shell:
            self._shell = shell
            shell.events.register("pre_run_cell", self._on_cell_start)
            shell.events.register("post_run_cell", self._on_cell_end)
        cell = _output_cell(shell)
        panels = self._elsewhere if cell is None else self._by_cell.setdefault(cell, [])
        if not _is_in(panel, [panels]):
            panels.append(panel)

    def _on_cell_start(self, info: Any) -> None:
        self._earlier = self._by_cell.pop(getattr(info, "cell_id", None) or "", [])

    def _on_cell_end(self, _: Any) -> None:
        earlier, self._earlier = self._earlier, []
        on_screen = [self._elsewhere, *self._by_cell.values()]
        for panel in earlier:
            if not _is_in(panel, on_screen) and not _is_held(panel, self._shell, [earlier, *on_screen]):
                panel.close()


def _is_in(panel: Panel, lists: Iterable[Iterable[Panel]]) -> bool:
    # By identity, and without a generator expression: its frame would refer to the panel, and `_is_held`
    # would take that for a use of it.
    for panels in lists:
        for candidate in panels:
            if candidate is panel:
                return True
    return False


def _output_cell(shell: Any) -> str | None:
    """Returns the id of the cell in whose output displays appear now; None if that is uncertain."""
    # `%%capture` and an Output widget keep what is displayed, to show it in any cell at any time.
    is_captured = isinstance(shell.display_pub, CapturingDisplayPublisher) or any(
        isinstance(widget, widgets.Output) and widget.msg_id for widget in list(_all_widgets().values())
    )
    # A thread may outlive the cell that started it, and display into the output of another one.
    if is_captured or threading.current_thread() is not threading.main_thread():
        return None
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    cell = (parent or {}).get("metadata", {}).get("cellId")
    return cell if isinstance(cell, str) and cell else None


def _all_widgets() -> dict[str, Any]:
    from ipywidgets.widgets.widget import _instances

    registry: dict[str, Any] = _instances
    return registry


def _is_held(panel: Panel, shell: Any, panel_lists: list[list[Panel]]) -> bool:
    """Whether anything but `panel_lists` and IPython's history refers to a panel.

    The cost is linear in the number of objects that the garbage collector tracks; only the repeated execution
    of a cell that showed a panel pays it.
    """
    namespace = shell.user_ns
    history = (namespace.get("_oh"), shell.user_ns_hidden, shell.displayhook, vars(shell.displayhook))
    # A panel is a widget: ipywidgets lists it, and its comm calls it.
    ignored = {id(holder) for holder in (panel_lists, *panel_lists, *history, _all_widgets())}
    for name, value in list(namespace.items()):
        if value is panel and not _HISTORY.fullmatch(name):
            return True
    for referrer in gc.get_referrers(panel):
        is_ignored = referrer is namespace or id(referrer) in ignored
        is_comm = isinstance(referrer, MethodType) and referrer.__func__ is widgets.Widget._handle_msg
        if not is_ignored and not is_comm and not isinstance(referrer, ExecutionResult):
            return True
    return False


OPEN_PANELS: Final = OpenPanels()
"""The panels of this kernel."""
