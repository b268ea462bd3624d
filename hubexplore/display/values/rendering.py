"""Draws a value in one of its views."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.values import complex_parts, view_choice
from hubexplore.display.values.control import NO_SETTINGS, Control, Settings
from hubexplore.display.values.hover import Hover
from hubexplore.display.values.value_kinds import is_text
from hubexplore.display.values.views import (
    bars,
    heatmap,
    images,
    lines,
    lists,
    motion,
    one_row,
    picture_files,
    scatter,
    slices,
    sound,
    spectrogram,
    texts,
    tiles,
)
from hubexplore.display.values.views.plot import Figure, Native, distinct_captions
from hubexplore.summary.graph.sounds import Sound
from hubexplore.summary.model import Shape
from hubexplore.summary.tensor_values import flat_of, kind_of


@dataclass(frozen=True)
class Rendered:
    """A value as HTML.

    Attributes:
      view: the name of the view.
      top: what is seen at first, as static HTML; pictures are `<img>` with a data URL.
      hovers: tooltips, one item for each picture; None for a picture without any.
      natives: as those of `Figure`.
      make_numbers: returns the grid that is folded below; None if there is none. It is made when it is first
        asked for, which is after the pictures are on screen.
    """

    view: str
    top: Markup
    hovers: tuple[Hover | None, ...] = ()
    natives: tuple[Native | None, ...] = ()
    make_numbers: Callable[[], Markup] | None = field(default=None, compare=False)

    @functools.cached_property
    def numbers(self) -> Markup | None:
        """The grid that is folded below."""
        return None if self.make_numbers is None else self.make_numbers()

    @property
    def html(self) -> Markup:
        """All of it as static HTML."""
        return self.top if self.numbers is None else join(self.top, _folded(self.numbers))

    @property
    def first_html(self) -> Markup:
        """The same as static HTML in which the folded grid is still empty."""
        return self.top if self.make_numbers is None else join(self.top, _folded(Markup("")))


def render(
    value: Any,
    view: str | None = None,
    *,
    name: str = "",
    rows: Sequence[str] = (),
    labels: Sequence[str] = (),
    shape: Shape = None,
    heard: Sound | None = None,
    is_picture: bool = False,
    settings: Settings = NO_SETTINGS,
) -> Rendered:
    """Draws a value.

    Args:
      value: an array, SparseTensorValue or RaggedTensorValue.
      view: one of `suitable_views(value)`; None, or a view that does not suit, stands for the best one.
      name: name of the output, a hint for the choice.
      rows: captions of the rows, such as the sentences that were the input.
      labels: names of the classes in the last dimension.
      shape: the shape that the signature declares, a hint for the choice.
      heard: what is known of a value that is sound.
      is_picture: whether a matrix is a grey picture.
      settings: values of `controls(value, view)` by key.
    """
    # Done once here, so that all parts of a view (pictures, tooltips, numbers) call a row by the same name.
    typed, rows, labels = rows, distinct_captions(rows), distinct_captions(labels)
    suitable = view_choice.suitable_views(
        value, name=name, labels=labels, shape=shape, sound=heard, is_picture=is_picture
    )
    selected = view if view in suitable else suitable[0]
    array = flat_of(value)
    if selected == view_choice.IMAGES and is_text(array):
        figure = picture_files.pictures(array, rows)
        if figure is not None:
            return with_numbers(selected, figure, Markup)
        selected = view_choice.TEXT
    if (listed := _listed(value, selected, rows, labels, typed)) is not None:
        return Rendered(selected, listed)
    array = array.astype(np.uint8) if array.dtype.kind == "b" else array
    if selected == view_choice.SLICES:
        volumes = array[..., None] if array.ndim == 4 else array
        return with_numbers(selected, slices.slices(volumes, rows, settings), Markup)
    if selected == view_choice.FILM:
        return with_numbers(selected, slices.film(array, rows, settings), Markup)
    known = heard or Sound()
    if selected == view_choice.SOUND:
        figure = sound.sounds(array, rows, known, settings)
    elif selected == view_choice.SPECTROGRAM:
        figure = spectrogram.spectrograms(array, rows, known)
    elif selected in (complex_parts.POLAR, complex_parts.CARTESIAN):
        draw_part = _PICTURES[view_choice.part_view(array)]
        figure = complex_parts.draw(array, selected, lambda part: draw_part(part, rows, labels))
    else:
        figure = _PICTURES[selected](array, rows, labels)
    return with_numbers(selected, figure, lambda: lists.value_grid(value, rows, labels))


def _listed(
    value: Any, view: str, rows: Sequence[str], labels: Sequence[str], typed: Sequence[str]
) -> Markup | None:
    """Returns a value in a view without pictures; None for the other views."""
    if view == view_choice.TEXT:
        return texts.text_list(flat_of(value), rows, typed)
    if view == view_choice.ROWS and kind_of(value) == "dense":
        return lists.id_rows(flat_of(value), rows)
    if view in (view_choice.TABLE, view_choice.ROWS, view_choice.NUMBERS):
        return lists.value_grid(value, rows, labels)
    return None


def controls(value: Any, view: str, heard: Sound | None = None) -> tuple[Control, ...]:
    """Returns what the reader may change in a view of a value."""
    if view == view_choice.SOUND:
        return sound.controls(heard or Sound())
    if view == view_choice.FILM:
        return slices.film_controls(flat_of(value).shape)
    return slices.controls(flat_of(value).shape) if view == view_choice.SLICES else ()


def with_numbers(view: str, figure: Figure, make_numbers: Callable[[], Markup]) -> Rendered:
    """Returns pictures with their note and, folded below, the numbers that they show.

    Args:
      view: the name of the view.
      figure: the pictures.
      make_numbers: makes the grid of numbers where the figure has none of its own.
    """
    own = figure.numbers
    note = (tag("p", figure.note, class_="note"),) if figure.note else ()
    pictured = tag("div", figure.html, class_="pictures")
    return Rendered(
        view,
        join(pictured, *note),
        figure.hovers,
        figure.natives,
        make_numbers if own is None else lambda: own,
    )


def _folded(grid: Markup) -> Markup:
    return tag("details", tag("summary", "Numbers"), tag("div", grid))


_Draw = Callable[[Any, Sequence[str], Sequence[str]], Figure]
_PICTURES: Final[dict[str, _Draw]] = {
    view_choice.SCORES: bars.scores,
    # The lambdas drop the labels: these views have no axis of classes.
    view_choice.SIMILARITY: lambda array, rows, labels: heatmap.similarity(array, rows),
    view_choice.MAP: lambda array, rows, labels: scatter.pca(array, rows),
    view_choice.HEAT: heatmap.heat,
    view_choice.ONE_ROW: lambda array, rows, labels: one_row.one_row(array, labels),
    view_choice.PLOT: lines.plot,
    # Rows are those of a batch: one picture [height, width] has none.
    view_choice.IMAGES: lambda array, rows, labels: (
        images.images(array[..., None], ()) if array.ndim == 2 else images.images(array, rows)
    ),
    view_choice.MOTION: lambda array, rows, labels: motion.motion(array, rows),
    view_choice.TILES: lambda array, rows, labels: tiles.tiles(array, rows),
}
