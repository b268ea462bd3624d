"""The result of drawing a view, and the captions that all views share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hubexplore.display.markup import Markup
from hubexplore.display.values.hover import Hover
from hubexplore.display.wording import apart, visible
from hubexplore.summary.tensor_values import Array

Texts = Sequence[str]
Native = Callable[[], Array]


@dataclass(frozen=True)
class Figure:
    """The pictures of a view.

    Attributes:
      html: the pictures.
      hovers: tooltips, one item for each picture; None for a picture without any.
      note: sentences below the pictures.
      numbers: a grid of what is drawn; None if that is the value itself.
      natives: one item for each picture that is made of pixels: returns them in their own size, uint8
        [height, width] or [height, width, channels]; None for a drawing.
    """

    html: Markup
    hovers: tuple[Hover | None, ...]
    note: str = ""
    numbers: Markup | None = None
    natives: tuple[Native | None, ...] = ()


def distinct_captions(names: Texts) -> Texts:
    """Returns captions or labels of which no two read the same: equal ones get their index in brackets.

    A blank one becomes empty, for which `row_name` and `class_name` return the index. If that is the name of
    another row, it becomes the index in brackets.
    """
    counts = Counter(names)
    # apart() also separates captions that merely look the same, such as Latin and Cyrillic letters.
    return apart([_numbered_caption(name, at, counts) for at, name in enumerate(names)])


def _numbered_caption(name: str, at: int, counts: Mapping[str, int]) -> str:
    if not name.strip():
        return _unused_caption(f"({at})", at, counts) if str(at) in counts else ""
    return name if counts[name] == 1 else _unused_caption(f"{name} ({at})", at, counts)


def _unused_caption(name: str, at: int, used: Mapping[str, int]) -> str:
    """Appends the index to a name until no other row has that name."""
    while name in used:
        name += f" ({at})"
    return name


def row_name(rows: Texts, index: int, outer_shape: Sequence[int] = ()) -> str:
    """Returns the caption of a row, or its index.

    Args:
      rows: captions of the first dimension.
      index: index of the row, counted over all dimensions but the last.
      outer_shape: sizes of those dimensions, if there are several.
    """
    places = (
        [int(position) for position in np.unravel_index(index, tuple(outer_shape))]
        if len(outer_shape) > 1
        else [index]
    )
    # Captions belong to the first dimension only; the others are told by their indices.
    first = visible(rows[places[0]]) if places[0] < len(rows) else str(places[0])
    return ", ".join([first or str(places[0]), *map(str, places[1:])])


def class_name(labels: Texts, index: int) -> str:
    """Returns the name of a class or column, or its index."""
    return (visible(labels[index]) if index < len(labels) else "") or str(index)
