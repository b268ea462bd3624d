"""The Variables tab: a tree with sizes, and statistics of weights on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import ipywidgets as widgets

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.rich import weight_statistics
from hubexplore.display.rich.summaries import Summary
from hubexplore.display.wording import counted, size_text
from hubexplore.notebook.panel.panel_texts import error_text
from hubexplore.summary.model import VariableSummary
from hubexplore.summary.weights.statistics import VariableStats, select, source_stats

MAX_STATISTICS_BYTES: Final = 64_000_000
"""Maximum number of bytes of weights that one click reads: reading blocks the kernel."""


class VariablesTab(widgets.VBox):
    """The tree of variables; a pattern selects those whose statistics are shown.

    Args:
      summary: of the module.
      changed: is called when the content of the tab has changed.
    """

    def __init__(self, summary: Summary, changed: Callable[[], None]) -> None:
        self._summary, self._notify = summary, changed
        self._pending: list[VariableSummary] = []
        self._stats: list[VariableStats] = []
        # Rendered once, since a summary does not change; `static_html` returns the same text.
        self._tree = summary.variables._repr_html_() or ""
        style = {"description_width": "initial"}
        self._pattern = widgets.Text(
            description="Filter by name", placeholder="part of a name, or a pattern with * and ?", style=style
        )
        self._button = widgets.Button(
            description="Statistics", tooltip="Summarise the weights of these variables"
        )
        # Hidden until a selection exceeds what one click reads.
        self._more = widgets.Button(description="More", layout=widgets.Layout(display="none"))
        self._statistics = widgets.HTML()
        self._button.on_click(lambda _: self._start())
        self._more.on_click(lambda _: self._read_next())
        row = widgets.HBox([self._pattern, self._button, self._more])
        row.add_class("hub-row")
        super().__init__([row, self._statistics, widgets.HTML(self._tree)])

    def static_html(self) -> Markup:
        """Returns the tab as static HTML."""
        return join(Markup(self._statistics.value), Markup(self._tree))

    def _start(self) -> None:
        """Selects variables by the pattern and reads the first ones."""
        self._pending, self._stats = [], []
        try:
            # Selected here and not by `variable_stats`: the button counts what is left.
            self._pending = list(select(self._summary.variables, self._pattern.value.strip() or None))
        except Exception as error:  # noqa: BLE001 - shown here, never raised into the notebook
            self._fail(error)
            return
        self._read_next()

    def _read_next(self) -> None:
        """Reads pending variables up to the limit, at least one: a single variable may exceed it."""
        chosen: list[VariableSummary] = []
        size = 0
        while self._pending and (not chosen or size + (self._pending[0].bytes or 0) <= MAX_STATISTICS_BYTES):
            chosen.append(self._pending.pop(0))
            size += chosen[-1].bytes or 0
        source = self._summary.source
        try:
            self._stats += source_stats(chosen, source)
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error)
            return
        self._statistics.value = weight_statistics.markup(self._stats)
        size_left = sum(variable.bytes or 0 for variable in self._pending)
        self._more.description = f"{counted(len(self._pending), 'more variable')}, {size_text(size_left)}"
        self._more.layout.display = None if self._pending else "none"
        self._notify()

    def _fail(self, error: Exception) -> None:
        self._more.layout.display = "none"
        self._statistics.value = tag("div", error_text(error), role="alert", class_="hub-error")
