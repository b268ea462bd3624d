"""Complex numbers as two values of real ones: magnitude and phase, or the real and the imaginary part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from hubexplore.display.markup import join, tag
from hubexplore.display.values.hover import Hover
from hubexplore.display.values.views.plot import Figure
from hubexplore.summary.tensor_values import Array

POLAR: Final = "Magnitude and phase"
CARTESIAN: Final = "Real and imaginary"
MSG_PHASE: Final = "Phases are angles in radians, −π to π; what is 0 beside the others has none."
_NOTHING: Final = 1e-4
"""Share of the largest magnitude below which a number is rounding."""


def draw(array: Array, view: str, draw_part: Callable[[Array], Figure]) -> Figure:
    """Draws the two parts of complex numbers, each in the same way.

    Args:
      array: complex numbers.
      view: POLAR or CARTESIAN.
      draw_part: draws real numbers of the shape of `array`.
    """
    if view == POLAR:
        magnitude = np.abs(array)
        finite = magnitude[np.isfinite(magnitude)]
        # The phase of what rounding left is noise.
        is_nothing = magnitude < _NOTHING * finite.max(initial=0)
        parts = (("Magnitude", magnitude), ("Phase", np.where(is_nothing, np.nan, np.angle(array))))
    else:
        parts = (("Real part", array.real), ("Imaginary part", array.imag))
    blocks, notes = [], []
    hovers: list[Hover | None] = []
    for title, part in parts:
        figure = draw_part(part)
        heading = tag("p", tag("strong", title))
        blocks.append(tag("div", heading, tag("div", figure.html, class_="pictures")))
        hovers += figure.hovers
        notes.append(figure.note)
    notes = list(dict.fromkeys(filter(None, notes)))
    notes += [MSG_PHASE] if view == POLAR else []
    return Figure(join(*blocks), tuple(hovers), " ".join(notes))
