"""Which views suit the values of a variable, and the comparison of two variables.

A weight is looked at for other reasons than an output of a run: kernels as pictures, embeddings as a map, all
others as a histogram with their statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.values import numerics, side_by_side, view_choice
from hubexplore.display.values.control import NO_SETTINGS, Control, Settings
from hubexplore.display.values.rendering import Rendered, render, with_numbers
from hubexplore.display.values.value_facts import facts
from hubexplore.display.values.views import kernels, lists, scatter
from hubexplore.display.values.views.distribution import distribution
from hubexplore.display.values.views.kernels import are_kernels
from hubexplore.display.values.views.plot import row_name
from hubexplore.summary.tensor_values import Array

KERNELS: Final = "Kernels"
HISTOGRAM: Final = "Histogram"
MAX_CHANGED_ROWS: Final = 10
"""Maximum number of rows that are listed as those that differ most."""
_COLOURS: Final = (1, 3)
"""Input channels of a first convolution, whose kernels are seen as pictures."""
_KEPT: Final = (
    view_choice.HEAT, view_choice.PLOT, view_choice.MAP, view_choice.SIMILARITY, view_choice.TABLE,
    view_choice.NUMBERS,
)  # fmt: skip
"""Views of outputs that suit weights, too: scores and activations do not."""


def weight_views(array: Array, is_embedding: bool) -> tuple[str, ...]:
    """Returns the names of the views that suit the values of a variable, best first.

    Args:
      array: its values, or a sample of its rows.
      is_embedding: whether each row stands for something, such as a word.
    """
    if array.dtype.kind not in "biuf" or not array.size:
        return view_choice.suitable_views(array)
    if not array.ndim:
        return (view_choice.NUMBERS,)
    others = tuple(view for view in view_choice.suitable_views(array) if view in _KEPT)
    if array.ndim == 1 and view_choice.TABLE not in others:
        others = (*others, view_choice.TABLE)
    if are_kernels(array.shape):
        first = (KERNELS, HISTOGRAM) if array.shape[2] in _COLOURS else (HISTOGRAM, KERNELS)
        return (*first, view_choice.TABLE)
    if array.ndim > 2:
        return (HISTOGRAM, view_choice.TABLE)
    if is_embedding and array.ndim == 2 and min(array.shape) > 1 and len(array) > 2:
        return (view_choice.MAP, HISTOGRAM, *(view for view in others if view != view_choice.MAP))
    return (HISTOGRAM, *others)


def weight_controls(array: Array, view: str) -> tuple[Control, ...]:
    """Returns what the reader may change in a view of a weight."""
    return kernels.controls(array.shape) if view == KERNELS else ()


def render_weight(
    array: Array,
    view: str,
    rows: Sequence[str] = (),
    settings: Settings = NO_SETTINGS,
    limits: tuple[float, float] | None = None,
) -> Rendered:
    """Draws the values of a variable.

    Args:
      array: the values, or a sample of the rows.
      view: one of `weight_views`.
      rows: captions of the rows, such as the words of a vocabulary.
      settings: values of `weight_controls` by key.
      limits: of the scale of kernels and histograms, so that two pictures have the same.
    """
    if view == KERNELS:
        # Those with limits stand beside each other.
        side = kernels.SIDE if limits is None else kernels.COMPACT_SIDE
        figure = kernels.kernels(array, settings, None if limits is None else max(map(abs, limits)), side)
        return with_numbers(view, figure, lambda: lists.value_grid(array, rows, ()))
    if view == HISTOGRAM:
        return with_numbers(view, distribution(array, limits), lambda: lists.value_grid(array, rows, ()))
    if view == view_choice.MAP:
        return _map(array, rows)
    return render(array, view, rows=rows)


def _map(array: Array, rows: Sequence[str]) -> Rendered:
    """A map of as many rows as it can show, evenly spaced."""
    places = numerics.evenly_spaced(len(array), scatter.MAX_POINTS)
    is_named = bool(rows) or len(places) < len(array)
    names = [rows[at] if at < len(rows) else str(at) for at in places.tolist()]
    rendered = render(array[places], view_choice.MAP, rows=names if is_named else ())
    if len(places) == len(array):
        return rendered
    note = tag("p", f"{len(places):,} of {len(array):,} rows, evenly spaced.", class_="note")
    return Rendered(rendered.view, join(rendered.html, note), rendered.hovers)


def render_weight_pair(
    first: Array,
    second: Array,
    *,
    is_embedding: bool,
    rows: Sequence[str],
    titles: tuple[str, str],
    settings: Settings = NO_SETTINGS,
    view: str | None = None,
) -> Rendered:
    """Draws two variables in one view, with a histogram of the second minus the first.

    Args:
      first: values of a variable.
      second: the values of the same name elsewhere, at the same rows if the first are a sample.
      is_embedding: see `weight_views`.
      rows: captions of the rows.
      titles: where each is from.
      settings: see `render_weight`.
      view: one of `weight_views` of the first; by default the best one for a comparison.
    """
    verdict, deltas = side_by_side.difference(first, second)
    suitable = pair_views(first, is_embedding)
    view = view if view in suitable else suitable[0]
    line = tag("p", tag("strong", verdict))
    if verdict == side_by_side.EQUAL:
        # Two equal pictures would send the reader looking for a difference.
        rendered = render_weight(first, view, rows, settings)
        details = tag("details", tag("summary", "What both have"), rendered.html)
        return Rendered(view, join(line, details), rendered.hovers)
    limits = _limits(first, second)
    parts = [
        render_weight(array, _view_of(array, view, is_embedding), rows, settings, limits)
        for array in (first, second)
    ]
    columns = [
        tag("div", tag("p", tag("strong", title), " ", tag("small", facts(array))), part.html)
        for title, array, part in zip(titles, (first, second), parts, strict=True)
    ]
    if deltas is not None and deltas.ndim:
        if view == KERNELS:
            parts.append(render_weight(deltas, KERNELS, rows, settings, _limits(deltas)))
            columns.append(_column("Difference", parts[-1]))
        parts.append(render_weight(deltas, HISTOGRAM, rows))
        columns.append(_column("Histogram of the difference", parts[-1]))
    changed = _changed_rows(deltas, rows) if deltas is not None and is_embedding else Markup("")
    html = join(line, changed, tag("div", *columns, class_="beside twins"))
    return Rendered(view, html, tuple(hover for part in parts for hover in part.hovers))


def _limits(*arrays: Array) -> tuple[float, float] | None:
    """Returns the lowest and the highest number of some arrays; None if one has no real numbers."""
    if any(array.dtype.kind not in "biuf" for array in arrays):
        return None
    ends = [numerics.limits_of(numerics.drawable(numerics.as_floats(array))) for array in arrays]
    return min(low for low, _ in ends), max(high for _, high in ends)


def pair_views(first: Array, is_embedding: bool) -> tuple[str, ...]:
    """Returns the views in which two variables can be compared, best first."""
    # Each map has components of its own: two of them cannot be compared.
    return tuple(view for view in weight_views(first, is_embedding) if view != view_choice.MAP)


def _view_of(array: Array, view: str, is_embedding: bool) -> str:
    """Returns the view if it suits, else the best one: two variables may have different shapes."""
    suitable = weight_views(array, is_embedding)
    return view if view in suitable else suitable[0]


def _column(title: str, rendered: Rendered) -> Markup:
    return tag("div", tag("p", tag("strong", title)), rendered.html)


def _changed_rows(deltas: Array, rows: Sequence[str]) -> Markup:
    """Lists the rows that differ most, by the length of the difference."""
    lengths = np.sqrt(np.square(numerics.as_floats(deltas)).sum(axis=tuple(range(1, deltas.ndim))))
    order = np.argsort(-np.nan_to_num(lengths, nan=np.inf), kind="stable")[:MAX_CHANGED_ROWS]
    body: list[Any] = [
        (row_name(rows, int(at)), numerics.number_text(lengths[at])) for at in order if lengths[at]
    ]
    return (
        lists.text_grid(("Rows that differ most", "Length of the difference"), body) if body else Markup("")
    )
