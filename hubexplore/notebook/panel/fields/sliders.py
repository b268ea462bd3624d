"""A slider for each number of a row, some at a time if the row is long."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.widget_closing import close_all

MAX_SLIDERS: Final = 32
"""Maximum number of numbers in a row for which there are sliders, except the vector of a generator."""
AT_ONCE: Final = 16
"""Number of sliders on screen where the row is longer than `MAX_SLIDERS`."""
# Latent vectors are usually drawn from a standard normal distribution: 3 is three standard deviations.
_RANGE: Final = 3.0
_STEP: Final = 0.1


class Sliders(widgets.VBox):
    """Sliders for the numbers of one row, and a button that draws all of them at random.

    Args:
      moved: is called with all numbers after each move.
    """

    def __init__(self, moved: Callable[[list[float]], None]) -> None:
        self._moved = moved
        self._is_updating = False
        self._numbers: list[float] = []
        self._sliders: list[widgets.FloatSlider] = []
        self._first = 0
        # Seeded, so that who opens the panel again sees the same pictures.
        self._random = np.random.default_rng(0)
        self._dice = widgets.Button(
            description="Random", tooltip="Draw all numbers from a normal distribution"
        )
        self._zero = widgets.Button(description="All 0", tooltip="Set all numbers to 0")
        # Its layout hides it where all numbers are on screen.
        self._part = widgets.Dropdown(
            description="Numbers", style={"description_width": "initial"}, layout=widgets.Layout(width="auto")
        )
        tools = widgets.HBox([self._part, self._dice, self._zero], classes=("hub-row",))
        self._grid = widgets.Box(classes=("hub-sliders",))
        super().__init__((tools, self._grid))
        self._dice.on_click(lambda _: self._draw())
        self._zero.on_click(lambda _: self._set([0.0] * len(self._numbers)))
        self._part.observe(self._on_part, "value")

    def put(self, numbers: Sequence[float]) -> None:
        """Moves the sliders to these numbers without calling `moved`; their ranges grow as necessary."""
        is_longer = len(numbers) != len(self._numbers)
        # JSON, in which the value goes to the browser, has neither NaN nor infinity.
        self._numbers = [float(number) if math.isfinite(number) else 0.0 for number in numbers]
        if is_longer:
            self._split()
        self._arrange()

    @property
    def _at_once(self) -> int:
        return len(self._numbers) if len(self._numbers) <= MAX_SLIDERS else AT_ONCE

    def _split(self) -> None:
        """Offers the parts of a long row."""
        count, step = len(self._numbers), max(1, self._at_once)
        starts = range(0, count, step)
        self._is_updating = True
        self._part.options = [
            (f"{start} to {min(start + step, count) - 1} of {count:,}", start) for start in starts
        ]
        self._first = 0
        self._is_updating = False
        self._part.layout.display = None if len(starts) > 1 else "none"

    def _arrange(self) -> None:
        """Shows a slider for each number of the chosen part."""
        shown = self._numbers[self._first : self._first + self._at_once]
        self._is_updating = True
        try:
            if len(self._sliders) != len(shown):
                before = self._sliders
                self._sliders = [self._slider() for _ in shown]
                self._grid.children = tuple(self._sliders)
                # ipywidgets would keep the old ones for the life of the kernel.
                close_all(before)
            for index, (slider, value) in enumerate(zip(self._sliders, shown, strict=True), self._first):
                slider.description = f"[{index}]"
                slider.min, slider.max = min(-_RANGE, value), max(_RANGE, value)
                slider.value = value
        finally:
            self._is_updating = False

    def _slider(self) -> widgets.FloatSlider:
        slider = widgets.FloatSlider(
            min=-_RANGE,
            max=_RANGE,
            step=_STEP,
            readout_format=".2f",
            style={"description_width": "3.2em"},
        )
        slider.observe(self._on_move, "value")
        return slider

    def _on_part(self, _: object) -> None:
        if not self._is_updating and self._part.value is not None:
            self._first = self._part.value
            self._arrange()

    def _on_move(self, _: object) -> None:
        if not self._is_updating:
            end = self._first + len(self._sliders)
            self._numbers[self._first : end] = [slider.value for slider in self._sliders]
            self._moved(list(self._numbers))

    def _draw(self) -> None:
        self._set(np.round(self._random.standard_normal(len(self._numbers)), 2).tolist())

    def _set(self, numbers: list[float]) -> None:
        self.put(numbers)
        self._moved(list(self._numbers))
