"""What drawing a view gives, and the captions that all views share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hubexplore.display.markup import Markup
from hubexplore.display.values.hover import Hover
from hubexplore.display.wording import apart, visible

Texts = Sequence[str]


@dataclass(frozen=True)
class Figure:
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


def distinct_captions(names: Texts) -> Texts:
    """Captions or labels of which no two read the same: equal ones get their numbers.

    A blank one is empty, for which `row_name` and `class_name` say its number; where that is the name of
    another, it is the number in brackets.
    """
    counts = Counter(names)
    return apart([_numbered_caption(name, at, counts) for at, name in enumerate(names)])


def _numbered_caption(name: str, at: int, counts: Mapping[str, int]) -> str:
    if not name.strip():
        return _unused_caption(f"({at})", at, counts) if str(at) in counts else ""
    return name if counts[name] == 1 else _unused_caption(f"{name} ({at})", at, counts)


def _unused_caption(name: str, at: int, used: Mapping[str, int]) -> str:
    """The name, with its number once more as long as another has that very name."""
    while name in used:
        name += f" ({at})"
    return name


def row_name(rows: Texts, index: int, outer_shape: Sequence[int] = ()) -> str:
    """What a row is called: its caption, or its number.

    Args:
      rows: captions of the first dimension.
      index: of the row, counted over all dimensions but the last.
      lead: sizes of those dimensions, if there are several.
    """
    places = (
        [int(position) for position in np.unravel_index(index, tuple(outer_shape))]
        if len(outer_shape) > 1
        else [index]
    )
    first = visible(rows[places[0]]) if places[0] < len(rows) else str(places[0])
    return ", ".join([first or str(places[0]), *map(str, places[1:])])


def class_name(labels: Texts, index: int) -> str:
    """What a class or column is called."""
    return (visible(labels[index]) if index < len(labels) else "") or str(index)
