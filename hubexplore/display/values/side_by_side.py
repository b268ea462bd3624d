"""Two values of one name side by side, and their difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from hubexplore.display.markup import join, tag
from hubexplore.display.tables.grid import Column, Grid, grid_html
from hubexplore.display.values import numerics, view_choice
from hubexplore.display.values.rendering import Rendered, render, with_numbers
from hubexplore.display.values.value_facts import brief, facts
from hubexplore.display.values.value_kinds import is_number
from hubexplore.display.values.view_choice import suitable_views
from hubexplore.display.values.views import images, lists
from hubexplore.summary.distance import distance
from hubexplore.summary.graph.sounds import Sound
from hubexplore.summary.model import Shape
from hubexplore.summary.tensor_values import Array, flat_of, kind_of, shape_of

_ROW_VIEWS: Final = (view_choice.SCORES, view_choice.SIMILARITY, view_choice.MAP)
"""Views that compare rows or classes: of a difference they would state something else."""

EQUAL: Final = "They are equal."


def are_equal(first: Any, second: Any) -> bool:
    """Returns whether two values have the same structure and entries; NaN equals NaN."""
    return difference(first, second)[0] == EQUAL


def pair(
    first: Any,
    second: Any,
    *,
    name: str = "",
    rows: Sequence[str] = (),
    labels: Sequence[str] = (),
    titles: tuple[str, str] = ("First", "Second"),
    change: str = "Second − first",
    shape: Shape = None,
    sound: Sound | None = None,
    is_picture: bool = False,
) -> Rendered:
    """Draws two values in one view and, where they are numbers of one shape, the second minus the first.

    Args:
      first: an array, SparseTensorValue or RaggedTensorValue.
      second: the value of the same name in another run.
      name: name of both values.
      rows: captions of the rows, if both values have the same.
      labels: names of the classes in the last dimension.
      titles: what each value is of, such as "Run 1".
      change: title of the second minus the first.
      shape: the shape that the signature declares, as for `render`.
      sound: what is known of both values if they are sound.
      is_picture: whether both are grey pictures [height, width].
    """
    # One view for both: pictures of two kinds could not be compared.
    possible = [
        suitable_views(value, name=name, labels=labels, shape=shape, sound=sound, is_picture=is_picture)
        for value in (first, second)
    ]
    view = next((view for view in possible[0] if view in possible[1]), possible[0][0])
    # What one view draws of both is sound in their difference, too.
    heard = sound or (Sound() if view == view_choice.SOUND else None)
    verdict_text, deltas = difference(first, second)
    verdict_line = tag("p", tag("strong", verdict_text))
    if verdict_text == EQUAL:
        # Two equal pictures would send the reader looking for a difference.
        rendering = render(
            first, view, name=name, rows=rows, labels=labels, shape=shape, heard=heard, is_picture=is_picture
        )
        details = tag("details", tag("summary", "What both have"), rendering.html)
        return Rendered("Side by side", join(verdict_line, details), rendering.hovers)
    renderings = [
        render(
            value, view, name=name, rows=rows, labels=labels, shape=shape, heard=heard, is_picture=is_picture
        )
        for value in (first, second)
    ]
    columns = [
        tag("div", tag("p", tag("strong", title), " ", tag("small", facts(value))), drawing.html)
        for title, value, drawing in zip(titles, (first, second), renderings, strict=True)
    ]
    hovers = [*renderings[0].hovers, *renderings[1].hovers]
    # drawable() may have clipped a difference, but never to 0, so np.any is exact.
    if deltas is not None and deltas.ndim and np.any(deltas):
        third = _difference_view(deltas, view, rows, labels, shape=shape, heard=heard)
        columns.append(tag("div", tag("p", tag("strong", change)), third.html))
        hovers += third.hovers
    return Rendered("Side by side", join(verdict_line, tag("div", *columns, class_="beside")), tuple(hovers))


def table(pairs: Sequence[tuple[str, Any, Any]], titles: tuple[str, str]) -> Rendered:
    """Lists small values that differ, a line for each: where there are many, drawings would hide the rest.

    Args:
      pairs: name, first and second value of each.
      titles: what the first and the second values are of.
    """
    columns = (Column("name", code=True), *map(Column, titles), Column("difference", cut="end"))
    cells = tuple(
        (name, brief(first), brief(second), difference(first, second)[0]) for name, first, second in pairs
    )
    return Rendered("Side by side", grid_html(Grid("", columns, cells), "Side by side"))


def _difference_view(
    deltas: Array,
    view: str,
    rows: Sequence[str],
    labels: Sequence[str],
    *,
    shape: Shape,
    heard: Sound | None,
) -> Rendered:
    if view == view_choice.IMAGES:
        # A grey picture [height, width] has no rows.
        pictures, captions = (deltas[..., None], ()) if deltas.ndim == 2 else (deltas, rows)
        return with_numbers(
            view,
            images.images(pictures, captions, centred=True),
            lambda: lists.value_grid(deltas, rows, labels),
        )
    if view in _ROW_VIEWS:
        view = view_choice.PLOT if deltas.ndim == 1 else view_choice.HEAT
    return render(deltas, view, rows=rows, labels=labels, shape=shape, heard=heard)


def difference(first: Any, second: Any) -> tuple[str, Array | None]:
    """Returns a sentence on whether two values differ, and second minus first.

    The latter is None unless both are dense arrays of real numbers of one shape, and differ.
    """
    if kind_of(first) != kind_of(second) or shape_of(first) != shape_of(second):
        return "Their shapes differ.", None
    first_array, second_array = flat_of(first), flat_of(second)
    if first_array.shape != second_array.shape or not _same_structure(first, second):
        return "They have entries in different places.", None
    if not (is_number(first_array) and is_number(second_array)):
        unlike = int(np.count_nonzero(first_array != second_array))
        return (EQUAL if not unlike else f"{unlike:,} of {first_array.size:,} entries differ."), None
    apart = distance(first_array, second_array)
    if apart.equal.all():
        return EQUAL, None
    # Infinite sizes come first in argmax, so a change to or from NaN is reported before any finite one.
    sizes = apart.sizes
    position = np.unravel_index(int(np.argmax(sizes)), sizes.shape)
    is_finite = bool(np.isfinite(sizes[position]))
    amount = numerics.number_text(float(sizes[position])) if is_finite else "to or from NaN or Inf"
    if not position:
        return f"They differ by {amount}." if is_finite else "One of them is NaN or Inf.", None
    where = f" at [{', '.join(str(int(index)) for index in position)}]"
    unequal = int(np.count_nonzero(~apart.equal))
    text = f"Largest difference: {amount}{where}; {unequal:,} of {sizes.size:,} entries differ."
    return text, numerics.drawable(apart.difference) if kind_of(first) == "dense" else None


def _same_structure(first: Any, second: Any) -> bool:
    match kind_of(first):
        case "sparse":
            return np.array_equal(first.indices, second.indices)
        case "ragged":
            splits = zip(first.nested_row_splits, second.nested_row_splits, strict=True)
            return all(np.array_equal(one, other) for one, other in splits)
    return True
