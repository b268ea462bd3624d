"""What drawing a view gives, and the captions that all views share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hubexplore.display.markup import Markup
from hubexplore.display.tables import apart, visible
from hubexplore.display.values.hover import Hover

Texts = Sequence[str]


@dataclass(frozen=True)
class Plotted:
    """A view.

    Attributes:
      html: its pictures.
      hovers: one for each picture, None for nothing to tell.
      note: what is to be said below.
      numbers: a table of what is drawn; None where the value itself says it.
    """

    html: Markup
    hovers: tuple[Hover | None, ...]
    note: str = ""
    numbers: Markup | None = None


def told_apart(names: Texts) -> Texts:
    """Captions or labels of which no two read the same: equal ones get their numbers."""
    often = Counter(names)
    if len(often) == len(names):
        return apart(names)
    return apart([f"{name} ({at})" if name and often[name] > 1 else name for at, name in enumerate(names)])


def row_name(rows: Texts, index: int, lead: Sequence[int] = ()) -> str:
    """What a row is called: its caption, or its number.

    Args:
      rows: captions of the first dimension.
      index: of the row, counted over all dimensions but the last.
      lead: sizes of those dimensions, if there are several.
    """
    places = [int(each) for each in np.unravel_index(index, tuple(lead))] if len(lead) > 1 else [index]
    first = visible(rows[places[0]]) if places[0] < len(rows) else str(places[0])
    return ", ".join([first or str(places[0]), *map(str, places[1:])])


def class_name(labels: Texts, index: int) -> str:
    """What a class or column is called."""
    return (visible(labels[index]) if index < len(labels) else "") or str(index)
