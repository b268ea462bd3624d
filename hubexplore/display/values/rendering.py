"""Draws a value in one of its views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.values import view_choice
from hubexplore.display.values.control import NO_SETTINGS, Control, Settings
from hubexplore.display.values.hover import Hover
from hubexplore.display.values.views import (
    bars,
    heatmap,
    images,
    lines,
    lists,
    one_row,
    scatter,
    slices,
    texts,
    tiles,
)
from hubexplore.display.values.views.plot import Figure, distinct_captions
from hubexplore.summary.model import Shape
from hubexplore.summary.tensor_values import Array, flat_of


@dataclass(frozen=True)
class Rendered:
    """A value as HTML.

    Attributes:
      view: the name of the view.
      html: static HTML; pictures are `<img>` with a data URL.
      hovers: tooltips, one item for each picture; None for a picture without any.
    """

    view: str
    html: Markup
    hovers: tuple[Hover | None, ...] = ()


def render(
    value: Any,
    view: str | None = None,
    *,
    name: str = "",
    rows: Sequence[str] = (),
    labels: Sequence[str] = (),
    shape: Shape = None,
    settings: Settings = NO_SETTINGS,
) -> Rendered:
    """Draws a value.

    Args:
      value: an array, SparseTensorValue or RaggedTensorValue.
      view: one of `views(value)`; None, or a view that does not suit, stands for the best one.
      name: name of the output, a hint for the choice.
      rows: captions of the rows, such as the sentences that were the input.
      labels: names of the classes in the last dimension.
      shape: the shape that the signature declares, a hint for the choice.
      settings: values of `controls(value, view)` by key.
    """
    # Done once here, so that all parts of a view (pictures, tooltips, numbers) call a row by the same name.
    typed, rows, labels = rows, distinct_captions(rows), distinct_captions(labels)
    suitable = view_choice.views(value, name=name, labels=labels, shape=shape)
    selected = view if view in suitable else suitable[0]
    if selected in (view_choice.TABLE, view_choice.ROWS, view_choice.NUMBERS):
        return Rendered(selected, lists.value_grid(value, rows, labels))
    array = flat_of(value)
    if selected == view_choice.TEXT:
        return Rendered(selected, texts.text_list(array, rows, typed))
    if selected in _PARTS:
        part = _PARTS[selected](array)
        drawn = render(part, view_choice.part_view(part), rows=rows, labels=labels)
        return replace(drawn, view=selected)
    if selected == view_choice.SLICES:
        return with_numbers(selected, slices.slices(array, rows, settings), Markup)
    return with_numbers(
        selected, _PICTURES[selected](array, rows, labels), lambda: lists.value_grid(value, rows, labels)
    )


def controls(value: Any, view: str) -> tuple[Control, ...]:
    """Returns what the reader may change in a view of a value."""
    return slices.controls(flat_of(value).shape) if view == view_choice.SLICES else ()


def with_numbers(view: str, figure: Figure, make_numbers: Callable[[], Markup]) -> Rendered:
    """Returns pictures with their note and, folded below, the numbers that they show.

    Args:
      view: the name of the view.
      figure: the pictures.
      make_numbers: makes the grid of numbers where the figure has none of its own.
    """
    # Made lazily: a figure with numbers of its own does not need the grid of the value, which may be large.
    grid = make_numbers() if figure.numbers is None else figure.numbers
    details = tag("details", tag("summary", "Numbers"), tag("div", grid))
    note = (tag("p", figure.note, class_="note"),) if figure.note else ()
    pictured = tag("div", figure.html, class_="pictures")
    return Rendered(view, join(pictured, *note, details), figure.hovers)


_PARTS: Final[dict[str, Callable[[Array], Array]]] = {
    view_choice.MAGNITUDE: np.abs,
    view_choice.PHASE: np.angle,
}
_Draw = Callable[[Any, Sequence[str], Sequence[str]], Figure]
_PICTURES: Final[dict[str, _Draw]] = {
    view_choice.SCORES: bars.scores,
    # The lambdas drop the labels: these views have no axis of classes.
    view_choice.SIMILARITY: lambda array, rows, labels: heatmap.similarity(array, rows),
    view_choice.MAP: lambda array, rows, labels: scatter.pca(array, rows),
    view_choice.HEAT: heatmap.heat,
    view_choice.ONE_ROW: lambda array, rows, labels: one_row.one_row(array, labels),
    view_choice.PLOT: lines.plot,
    view_choice.IMAGES: lambda array, rows, labels: images.images(array, rows),
    view_choice.TILES: lambda array, rows, labels: tiles.tiles(array, rows),
}
