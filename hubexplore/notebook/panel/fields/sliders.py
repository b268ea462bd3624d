"""A slider for each number of a row."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import ipywidgets as widgets

from hubexplore.notebook.panel.widget_closing import close_all

MAX_SLIDERS: Final = 32
"""Maximum number of numbers in a row for which there are sliders."""
# Latent vectors are usually drawn from a standard normal distribution: 3 is three standard deviations.
_RANGE: Final = 3.0
_STEP: Final = 0.1


class Sliders(widgets.Box):
    """Sliders for the numbers of one row.

    Args:
      moved: is called with all numbers after each move.
    """

    def __init__(self, moved: Callable[[list[float]], None]) -> None:
        super().__init__()
        self._moved = moved
        self._is_updating = False
        self._sliders: list[widgets.FloatSlider] = []
        self.add_class("hub-sliders")

    def put(self, numbers: Sequence[float]) -> None:
        """Moves the sliders to these numbers without calling `moved`; their ranges grow as necessary."""
        self._is_updating = True
        try:
            if len(self._sliders) != len(numbers):
                before = self._sliders
                self._sliders = [self._slider(index) for index in range(len(numbers))]
                self.children = tuple(self._sliders)
                # ipywidgets would keep the old ones for the life of the kernel.
                close_all(before)
            for slider, number in zip(self._sliders, numbers, strict=True):
                # JSON, in which the value goes to the browser, has neither NaN nor infinity.
                value = number if math.isfinite(number) else 0.0
                slider.min, slider.max = min(slider.min, value), max(slider.max, value)
                slider.value = value
        finally:
            self._is_updating = False

    def _slider(self, index: int) -> widgets.FloatSlider:
        slider = widgets.FloatSlider(
            min=-_RANGE,
            max=_RANGE,
            step=_STEP,
            description=f"[{index}]",
            readout_format=".2f",
            style={"description_width": "2.6em"},
        )
        slider.observe(self._on_move, "value")
        return slider

    def _on_move(self, _: object) -> None:
        if not self._is_updating:
            self._moved([slider.value for slider in self._sliders])
