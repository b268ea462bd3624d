"""What changed in the values of all variables: read in the background, with progress, and stopped on wish."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import ipywidgets as widgets

from hubexplore.display.markup import Markup, tag
from hubexplore.display.rich import weight_changes
from hubexplore.display.rich.weight_change_view import change_text
from hubexplore.display.rich.weight_changes import ShownWeightChanges
from hubexplore.display.wording import size_text
from hubexplore.notebook.panel.panel_texts import error_text
from hubexplore.notebook.panel.worker import Task, Worker
from hubexplore.summary.compare.weights.changes import Planned, Side, compare_weights, plan
from hubexplore.summary.compare.weights.records import VariableChange

MSG_READING: Final = "Reading weights: {share:.0%} of {size}"
MSG_DONE: Final = "The list is sorted by relative change."


class _Cancelled(Exception):  # noqa: N818 - ends the reading, and is shown to nobody
    """The user has stopped the comparison."""


class WeightComparison(widgets.VBox):
    """A button that compares the weights of two sides, and what came of it.

    Args:
      changed: is called when there is a result, or none any more.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._worker = Worker()
        self._sides: tuple[Side, Side] | None = None
        self._changes: ShownWeightChanges | None = None
        self._by_name: Mapping[str, VariableChange] = {}
        self._ranks: Mapping[str, int] = {}
        self._button = widgets.Button(
            description="Compare weights", tooltip="Read the values of all variables of both sides"
        )
        self._stop = widgets.Button(description="Stop", tooltip="Stop reading")
        self._status = widgets.HTML()
        self._result = widgets.HTML()
        row = widgets.HBox([self._button, self._stop, self._status])
        row.add_class("hub-row")
        super().__init__([row, self._result])
        self._button.on_click(lambda _: self.start())
        self._stop.on_click(lambda _: self.stop())
        self._show_buttons()

    def offer(self, sides: tuple[Side, Side] | None) -> None:
        """Offers to compare two sides; None for nothing to compare."""
        self.stop()
        self._sides = sides
        self._status.value = ""
        self._keep(None)
        self._show_buttons()

    @property
    def is_done(self) -> bool:
        """Whether there is a result."""
        return self._changes is not None

    @property
    def relative_changes(self) -> Any:
        """Relative change by name of variable and scope, as a pandas Series; None without a result."""
        return None if self._changes is None else self._changes.series("relative")

    def remark(self, name: str) -> str:
        """Returns how much a variable changed, in a few words; "" if that is not known."""
        change = self._by_name.get(name)
        return "" if change is None else change_text(change)

    def rank(self, name: str) -> int:
        """Returns the place of a variable in the order of changes; what was not compared comes last."""
        return self._ranks.get(name, len(self._ranks))

    def static_html(self) -> Markup:
        """Returns the result as static HTML."""
        return Markup(self._result.value)

    def start(self) -> None:
        """Reads and compares both sides in the background."""
        if self._sides is None or self._worker.is_busy:
            return
        first, second = self._sides
        task = Task()
        self._say("Reading weights …")
        started = self._worker.start(
            lambda: self._read(plan(first, second), task), self._done, self._fail, task=task
        )
        if not started:
            self._say("")
        self._show_buttons()

    def stop(self) -> None:
        """Stops reading."""
        self._worker.cancel()
        self._status.value = ""
        self._show_buttons()

    def wait(self) -> None:
        """Waits for what is being read; for callers without an event loop."""
        self._worker.wait()

    def _read(self, planned: Planned, task: Task) -> ShownWeightChanges:
        done = 0
        said = -1

        def advance(size: int) -> None:
            nonlocal done, said
            if task.cancelled:
                raise _Cancelled
            done += size
            share = min(1.0, done / planned.size) if planned.size else 1.0
            # A message for each percent, however many pieces are read. It may be sent from this thread.
            if int(100 * share) != said:
                said = int(100 * share)
                self._say(MSG_READING.format(share=share, size=size_text(planned.size)))

        return weight_changes.displayable(compare_weights(planned, advance))

    def _done(self, changes: ShownWeightChanges) -> None:
        self._status.value = tag("span", MSG_DONE, role="status", class_="hub-quiet")
        self._keep(changes)
        self._show_buttons()

    def _fail(self, error: BaseException) -> None:
        self._status.value = tag("div", error_text(error), role="alert", class_="hub-error")
        self._keep(None)
        self._show_buttons()

    def _keep(self, changes: ShownWeightChanges | None) -> None:
        had_result, self._changes = self._changes is not None, changes
        variables = () if changes is None else changes.variables
        self._by_name = {change.name: change for change in variables}
        self._ranks = {change.name: rank for rank, change in enumerate(variables)}
        self._result.value = "" if changes is None else weight_changes.markup(changes)
        if had_result or changes is not None:
            self._changed()

    def _say(self, text: str) -> None:
        self._status.value = tag("span", text, role="status", class_="hub-spin") if text else ""

    def _show_buttons(self) -> None:
        is_busy = self._worker.is_busy
        self._button.layout.display = "none" if self._sides is None or is_busy else None
        self._stop.layout.display = None if is_busy else "none"
