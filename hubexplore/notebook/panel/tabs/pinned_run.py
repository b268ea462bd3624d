"""Compares two runs side by side: their inputs, their outputs and the differences."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from hubexplore.display import values
from hubexplore.display.markup import Markup
from hubexplore.display.values.control import NO_SETTINGS, Control, Settings
from hubexplore.display.values.together.scene import Scene
from hubexplore.display.wording import MAX_TEXT, beginning, counted
from hubexplore.explorer.runs import Run
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.panel_texts import inputs_text
from hubexplore.notebook.panel.tabs.results import Pair, ResultItem, Results
from hubexplore.summary.graph.sounds import Sounds
from hubexplore.summary.tensor_values import kind_of

_COMPARED: Final = 2  # results.js lays out two values side by side
MIN_LISTED: Final = 4
"""Number of small inputs that differ from which on they are a table rather than drawings."""
INPUT: Final = "Input"
OUTPUT: Final = "Output"


@dataclass(frozen=True)
class Listed:
    """Small inputs of two runs that differ, one below the other."""

    pairs: tuple[Pair, ...]

    name: str = "Inputs"
    views: tuple[str, ...] = ("Side by side",)
    forms: tuple[tuple[str, str], ...] = ()

    @property
    def facts(self) -> str:  # noqa: D102 - as ResultItem
        return f"{counted(len(self.pairs), 'input')} that differ"

    def controls(self, view: str) -> tuple[Control, ...]:  # noqa: D102
        return ()

    def render(self, view: str | None, settings: Settings = NO_SETTINGS) -> values.Rendered:  # noqa: D102
        rows = [(pair.name.removeprefix(f"{INPUT} "), pair.first, pair.second) for pair in self.pairs]
        return values.table(rows, self.pairs[0].titles)

    def download(self, form: str, stem: str, settings: Settings = NO_SETTINGS) -> None:  # noqa: D102
        return None


class PinnedRuns(widgets.VBox):
    """Compares the two runs that were pinned last.

    Args:
      is_random: returns whether a signature (tags of its variant, name) has random outputs.
      sounds: returns which inputs and outputs of a signature are sound.
      scene: returns the outputs of a run with what the module says of them.
    """

    def __init__(
        self,
        is_random: Callable[[tuple[str, ...], str], bool],
        sounds: Callable[[tuple[str, ...], str], Sounds],
        scene: Callable[[Run], Scene],
    ) -> None:
        self.runs: list[Run] = []
        self._is_random = is_random
        self._sounds = sounds
        self._scene = scene
        super().__init__()

    @functools.cached_property
    def results(self) -> Results:
        """The comparison, which is on screen once a run has been pinned."""
        results = Results(title="Comparison of two runs")
        self.children = (results,)
        return results

    def pin(self, run: Run, on: bool) -> list[int]:
        """Pins or unpins a run; a third pin replaces the oldest. Returns the numbers of the pinned runs."""
        self.runs = [pinned for pinned in self.runs if pinned.number != run.number]
        if on:
            self.runs = [*self.runs, run][-_COMPARED:]
        self._show()
        return [pinned.number for pinned in self.runs]

    def static_html(self) -> Markup:
        """Returns the comparison as static HTML."""
        return self.results.static_html() if "results" in vars(self) else Markup("")

    def _show(self) -> None:
        if len(self.runs) < _COMPARED:
            hint = (
                f"Run {self.runs[0].number} is pinned. Pin another run to compare them." if self.runs else ""
            )
            self.results.show(hint, None, ())
            return
        first, second = sorted(self.runs, key=lambda run: run.number)
        # Else a user may look for the cause of a difference that every repetition has.
        is_random = any(self._is_random(run.request.tags, run.request.signature) for run in (first, second))
        note = " · the outputs are random" if is_random else ""
        sounds = self._sounds(first.request.tags, first.request.signature)
        pairs = _pairs(first, second, self._scene(first), sounds)
        equal = [pair for pair in pairs if values.are_equal(pair.first, pair.second)]
        unlike = [pair for pair in pairs if not any(pair is other for other in equal)]
        title = f"Run {first.number} and run {second.number}{note}{_equal_text(equal, bool(unlike))}"
        self.results.show(title, None, _gathered(unlike))


def _pairs(first: Run, second: Run, scene: Scene, sounds: Sounds) -> Sequence[Pair]:
    """Returns the inputs, then the outputs, that both runs have under the same name."""
    inputs = [
        {name: entry.display_value for name, entry in run.request.input_values.items()}
        for run in (first, second)
    ]
    outputs = (first.outputs or {}, second.outputs or {})
    rows = first.rows if first.rows == second.rows else ()
    # Equal inputs say nothing about which run is which.
    unlike = {
        name
        for name, value in inputs[0].items()
        if name not in inputs[1] or not values.are_equal(value, inputs[1][name])
    }
    unlike |= inputs[1].keys() - inputs[0].keys()
    titles = (_title(first, unlike), _title(second, unlike))
    change = f"Run {second.number} − run {first.number}"
    known = {OUTPUT: {member.name: member for member in scene.outputs}}
    known[INPUT] = {
        member.name: replace(member, sound=sounds.inputs.get(member.name)) for member in scene.inputs
    }
    return [
        Pair(
            f"{side} {name}",
            before[name],
            after[name],
            rows if side == OUTPUT else (),
            titles=titles if side == OUTPUT else (_title(first), _title(second)),
            change=change,
            labels=known[side][name].labels,
            shape=known[side][name].shape,
            sound=known[side][name].sound,
            is_picture=known[side][name].is_picture,
        )
        for side, (before, after) in ((INPUT, inputs), (OUTPUT, outputs))
        for name in before
        if name in after
    ]


def _gathered(pairs: Sequence[Pair]) -> Sequence[ResultItem]:
    """Returns the comparisons, those of many small inputs as one table."""
    small = tuple(
        pair
        for pair in pairs
        if pair.name.startswith(f"{INPUT} ")
        and all(kind_of(value) == "dense" and np.ndim(value) <= 1 for value in (pair.first, pair.second))
        and pair.sound is None
    )
    if len(small) < MIN_LISTED:
        return pairs
    return (Listed(small), *(pair for pair in pairs if not any(pair is other for other in small)))


def _title(run: Run, inputs: Collection[str] = ()) -> str:
    """Returns the number of a run, with some of its inputs."""
    text = inputs_text(run, inputs)
    return f"Run {run.number}: {beginning(text, MAX_TEXT)}" if text else f"Run {run.number}"


def _equal_text(equal: Sequence[Pair], is_part: bool) -> str:
    """Returns how many inputs and outputs are equal, for the title; "" if none are."""
    sides = [pair.name.split(" ", 1)[0] for pair in equal]
    parts = [counted(number, side.lower()) for side in (INPUT, OUTPUT) if (number := sides.count(side))]
    if not parts:
        return ""
    return f" · {' and '.join(parts)} equal" if is_part else f" · all equal: {' and '.join(parts)}"
