"""The variables of a module: a tree with sizes, and statistics where somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import ipywidgets as widgets

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.rich import weight_statistics
from hubexplore.display.rich.summaries import Summary
from hubexplore.display.wording import counted, size_text
from hubexplore.notebook.panel.messages import error_words
from hubexplore.summary.model import VariableSummary
from hubexplore.summary.weights.statistics import VariableStats, select, variable_stats

AT_ONCE: Final = 64_000_000
"""Bytes of weights that one click reads."""


class VariablesTab(widgets.VBox):
    """The tree of variables; a pattern chooses those whose statistics are read.

    Args:
      summary: of the module.
      changed: is called when the screen shows something else.
    """

    def __init__(self, summary: Summary, changed: Callable[[], None]) -> None:
        self._summary, self._notify = summary, changed
        self._waiting: list[VariableSummary] = []
        self._stats: list[VariableStats] = []
        self._tree = summary.variables._repr_html_() or ""
        style = {"description_width": "initial"}
        self._pattern = widgets.Text(
            description="Only names with", placeholder="a part of the name, or * and ?", style=style
        )
        self._button = widgets.Button(description="Statistics", tooltip="Read the weights of these variables")
        self._more = widgets.Button(description="More", layout=widgets.Layout(display="none"))
        self._shown = widgets.HTML()
        self._button.on_click(lambda _: self._begin())
        self._more.on_click(lambda _: self._go_on())
        row = widgets.HBox([self._pattern, self._button, self._more])
        row.add_class("hub-row")
        super().__init__([row, self._shown, widgets.HTML(self._tree)])

    def still(self) -> Markup:
        """The same as static HTML."""
        return join(Markup(self._shown.value), Markup(self._tree))

    def _begin(self) -> None:
        """Reads the variables that the pattern chooses, as many as one click may."""
        self._waiting, self._stats = [], []
        try:
            self._waiting = list(select(self._summary.variables, self._pattern.value.strip() or None))
        except Exception as error:  # noqa: BLE001 - shown here, never raised into the notebook
            self._fail(error)
            return
        self._go_on()

    def _go_on(self) -> None:
        chosen: list[VariableSummary] = []
        size = 0
        while self._waiting and (not chosen or size + (self._waiting[0].bytes or 0) <= AT_ONCE):
            chosen.append(self._waiting.pop(0))
            size += chosen[-1].bytes or 0
        source = self._summary.source
        try:
            self._stats += variable_stats(chosen, source.weights if source is not None else None)
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error)
            return
        self._shown.value = weight_statistics.markup(self._stats)
        left = sum(each.bytes or 0 for each in self._waiting)
        self._more.description = f"{counted(len(self._waiting), 'variable')} more, {size_text(left)}"
        self._more.layout.display = None if self._waiting else "none"
        self._notify()

    def _fail(self, error: Exception) -> None:
        self._more.layout.display = "none"
        self._shown.value = tag("div", error_words(error), role="alert", class_="hub-error")
