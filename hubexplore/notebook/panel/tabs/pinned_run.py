"""Two runs side by side, with what differs in their inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import ipywidgets as widgets

from hubexplore.display.markup import Markup
from hubexplore.explorer.runs import Run
from hubexplore.notebook.panel.tabs.results import Pair, Results

MOST: Final = 2


class Pinned(widgets.VBox):
    """Compares the two runs that were pinned last.

    Args:
      is_random: whether a signature, given by the tags of its variant and its name, has random outputs.
    """

    def __init__(self, is_random: Callable[[tuple[str, ...], str], bool]) -> None:
        self.runs: list[Run] = []
        self._is_random = is_random
        self.results = Results(title="Comparison of two runs")
        super().__init__([self.results])

    def pin(self, run: Run, on: bool) -> list[int]:
        """Pins a run or takes its pin away; of more than two the oldest pin goes. Returns the numbers."""
        self.runs = [each for each in self.runs if each.number != run.number]
        if on:
            self.runs = [*self.runs, run][-MOST:]
        self._show()
        return [each.number for each in self.runs]

    def still(self) -> Markup:
        """The same as static HTML."""
        return self.results.still()

    def _show(self) -> None:
        if len(self.runs) < MOST:
            one = (
                f"Run {self.runs[0].number} is pinned. Pin another one to compare them." if self.runs else ""
            )
            self.results.show(one, None, ())
            return
        first, second = sorted(self.runs, key=lambda run: run.number)
        drawn = any(self._is_random(run.asked.tags, run.asked.signature) for run in (first, second))
        note = " · the outputs are random" if drawn else ""
        title = f"Run {first.number} and run {second.number}{note}"
        self.results.show(title, None, _pairs(first, second))


def _pairs(first: Run, second: Run) -> Sequence[Pair]:
    """What both runs have of a name: inputs, then outputs."""
    given = [{name: each.shown for name, each in run.asked.given.items()} for run in (first, second)]
    found = (first.outputs or {}, second.outputs or {})
    rows = first.rows if first.rows == second.rows else ()
    return [
        Pair(f"{word} {name}", one[name], other[name], rows if word == "Output" else ())
        for word, (one, other) in (("Input", given), ("Output", found))
        for name in one
        if name in other
    ]
