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
MSG_PHASE: Final = "Phases are angles in radians, −π to π; numbers that are as good as 0 have none."
_AS_GOOD_AS_0: Final = 1e-5
"""Share of the largest magnitude below which a number is the rounding error of 0, and its phase is noise."""


def draw(array: Array, view: str, draw_part: Callable[[Array], Figure]) -> Figure:
    """Draws the two parts of complex numbers, each in the same way.

    Args:
      array: complex numbers.
      view: POLAR or CARTESIAN.
      draw_part: draws real numbers of the shape of `array`.
    """
    if view == POLAR:
        magnitudes = np.abs(array)
        finite = magnitudes[np.isfinite(magnitudes)]
        least = _AS_GOOD_AS_0 * float(finite.max()) if finite.size else 0.0
        phases = np.where(magnitudes <= least, np.nan, np.angle(array))
        parts = (("Magnitude", magnitudes), ("Phase", phases))
    else:
        parts = (("Real part", array.real), ("Imaginary part", array.imag))
    blocks, said = [], []
    hovers: list[Hover | None] = []
    for title, part in parts:
        figure = draw_part(part)
        heading = tag("p", tag("strong", title))
        blocks.append(tag("div", heading, tag("div", figure.html, class_="pictures")))
        hovers += figure.hovers
        said.append((title, figure.note))
    texts = list(dict.fromkeys(note for _, note in said if note))
    # Two notes that differ, such as of brightness, say which part each is about.
    notes = texts if len(texts) < 2 else [f"{title}: {note}" for title, note in said if note]
    notes += [MSG_PHASE] if view == POLAR else []
    return Figure(join(*blocks), tuple(hovers), " ".join(notes))
