"""Colours for things that have to be told apart: classes of boxes, points, lines of one plot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hubexplore.display.palette import SERIES

_SHADES: Final = (1.0, 0.72, 0.5, 0.33)
"""Brightness of the hues, round after round. Only darker ones: white text on them stays readable."""
COUNT: Final = len(SERIES) * len(_SHADES)
"""Number of colours; more things than that share some."""


def series_colours(numbers: Iterable[int]) -> dict[int, str]:
    """Returns a colour for each number, as "#rrggbb".

    A number has the colour of its position in the palette, whatever stands beside it, unless a lower number
    has that colour already. The hues are used up before darker ones are taken, and up to `COUNT` numbers have
    different colours.

    Args:
      numbers: ids of classes, or positions; duplicates count once.
    """
    taken: set[int] = set()
    colours = {}
    for number in sorted(set(numbers)):
        if len(taken) == COUNT:
            taken.clear()
        place = _place(number, taken)
        taken.add(place)
        colours[number] = _colour(place)
    return colours


def _place(number: int, taken: set[int]) -> int:
    """Returns the free place in the palette that is for a number: its own, else the next free one."""
    size = len(SERIES)
    for begin in range(0, COUNT, size):
        for step in range(size):
            place = begin + (number + step) % size
            if place not in taken:
                return place
    raise AssertionError("all places are taken")


def _colour(place: int) -> str:
    shade, hue = divmod(place, len(SERIES))
    channels = bytes.fromhex(SERIES[hue].removeprefix("#"))
    return f"#{bytes(round(channel * _SHADES[shade]) for channel in channels).hex()}"
