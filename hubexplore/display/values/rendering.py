"""A value in one of its views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.values import view_choice
from hubexplore.display.values.hover import Hover
from hubexplore.display.values.views import bars, heatmap, images, lines, lists, scatter, tiles
from hubexplore.display.values.views import plot as plotted
from hubexplore.display.values.views.plot import Plotted
from hubexplore.summary.tensor_values import flat_of


@dataclass(frozen=True)
class Rendered:
    """A value as HTML.

    Attributes:
      view: which view it is.
      html: static; pictures are `<img>` with data in them.
      hovers: what a front end may tell of the places in the pictures: one for each, None for nothing.
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
) -> Rendered:
    """Draws a value.

    Args:
      value: an array, SparseTensorValue or RaggedTensorValue.
      view: one of `views(value)`; None, or one that does not suit, takes the best.
      name: of the output, a hint for the choice.
      rows: captions of its rows, such as the sentences that went in.
      labels: names of the classes in its last dimension.
    """
    rows, labels = plotted.told_apart(rows), plotted.told_apart(labels)
    fitting = view_choice.views(value, name=name, labels=labels)
    chosen = view if view in fitting else fitting[0]
    if chosen in (view_choice.TABLE, view_choice.ROWS, view_choice.NUMBERS):
        return Rendered(chosen, lists.table(value, rows, labels))
    array = flat_of(value)
    if chosen == view_choice.TEXT:
        return Rendered(chosen, lists.texts(array, rows))
    return shown(chosen, _PICTURES[chosen](array, rows, labels), lambda: lists.table(value, rows, labels))


def shown(view: str, plotted: Plotted, numbers: Callable[[], Markup]) -> Rendered:
    """Pictures, what is to be said of them, and folded below the numbers that they show."""
    listed = numbers() if plotted.numbers is None else plotted.numbers
    folded = tag("details", tag("summary", "Numbers"), tag("div", listed))
    note = (tag("p", plotted.note, class_="note"),) if plotted.note else ()
    pictured = tag("div", plotted.html, class_="pictures")
    return Rendered(view, join(pictured, *note, folded), plotted.hovers)


_Draw = Callable[[Any, Sequence[str], Sequence[str]], Plotted]
_PICTURES: Final[dict[str, _Draw]] = {
    view_choice.SCORES: bars.scores,
    view_choice.SIMILARITY: lambda array, rows, labels: heatmap.similarity(array, rows),
    view_choice.MAP: lambda array, rows, labels: scatter.pca(array, rows),
    view_choice.HEAT: heatmap.heat,
    view_choice.PLOT: lines.plot,
    view_choice.IMAGES: lambda array, rows, labels: images.images(array, rows),
    view_choice.TILES: lambda array, rows, labels: tiles.tiles(array, rows),
}
