"""A slider for each number of a row."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import ipywidgets as widgets

from hubexplore.notebook.panel.widget_closing import close_all

MOST: Final = 32
"""So many numbers get a slider."""
_REACH: Final = 3.0
_STEPS: Final = 60


class Sliders(widgets.Box):
    """Moves the numbers of one row; `moved` gets all of them after each move.

    Args:
      moved: is called with the numbers.
    """

    def __init__(self, moved: Callable[[list[float]], None]) -> None:
        super().__init__()
        self._moved = moved
        self._quiet = False
        self._sliders: list[widgets.FloatSlider] = []
        self.add_class("hub-sliders")

    def put(self, numbers: Sequence[float]) -> None:
        """Shows these numbers; the range of a slider grows where it has to."""
        self._quiet = True
        try:
            if len(self._sliders) != len(numbers):
                before = self._sliders
                self._sliders = [self._slider(index) for index in range(len(numbers))]
                self.children = tuple(self._sliders)
                close_all(before)
            for slider, number in zip(self._sliders, numbers, strict=True):
                value = number if math.isfinite(number) else 0.0
                slider.min, slider.max = min(slider.min, value), max(slider.max, value)
                slider.value = value
        finally:
            self._quiet = False

    def _slider(self, index: int) -> widgets.FloatSlider:
        slider = widgets.FloatSlider(
            min=-_REACH,
            max=_REACH,
            step=2 * _REACH / _STEPS,
            description=f"[{index}]",
            readout_format=".2f",
            style={"description_width": "2.6em"},
        )
        slider.observe(self._on_move, "value")
        return slider

    def _on_move(self, _: object) -> None:
        if not self._quiet:
            self._moved([slider.value for slider in self._sliders])
