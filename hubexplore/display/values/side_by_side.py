"""Two values of one name side by side, and their difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from hubexplore.display.markup import join, tag
from hubexplore.display.values import view_choice
from hubexplore.display.values.rendering import Rendered, render, shown
from hubexplore.display.values.value_facts import facts
from hubexplore.display.values.value_kinds import Array, drawable, is_number, number_text
from hubexplore.display.values.view_choice import views
from hubexplore.display.values.views import images, lists
from hubexplore.summary.distance import distance
from hubexplore.summary.tensor_values import flat_of, kind_of, shape_of

_MEANT_FOR_ROWS: Final = (view_choice.SCORES, view_choice.SIMILARITY, view_choice.MAP)
"""Views that would say something else of a difference."""

EQUAL: Final = "They are equal."


def pair(
    first: Any, second: Any, *, name: str = "", rows: Sequence[str] = (), labels: Sequence[str] = ()
) -> Rendered:
    """Draws two values in one view and, where they are numbers of one shape, the second minus the first.

    Args:
      first: an array, SparseTensorValue or RaggedTensorValue.
      second: of the same name in another run.
      name: of both.
      rows: captions of their rows, if they are the same.
      labels: names of the classes in their last dimension.
    """
    view = views(first, name=name, labels=labels)[0]
    words, away = difference(first, second)
    verdict = tag("p", tag("strong", words))
    if words == EQUAL:  # what differs is what is looked for
        one = render(first, view, name=name, rows=rows, labels=labels)
        folded = tag("details", tag("summary", "What both have"), one.html)
        return Rendered("Side by side", join(verdict, folded), one.hovers)
    drawn = [render(value, view, name=name, rows=rows, labels=labels) for value in (first, second)]
    columns = [
        tag("div", tag("p", tag("strong", title), " ", tag("small", facts(value))), drawing.html)
        for title, value, drawing in zip(("First", "Second"), (first, second), drawn, strict=True)
    ]
    hovers = [*drawn[0].hovers, *drawn[1].hovers]
    if away is not None and away.ndim and np.any(away):
        third = _difference(away, view, rows, labels)
        columns.append(tag("div", tag("p", tag("strong", "Second − first")), third.html))
        hovers += third.hovers
    return Rendered("Side by side", join(verdict, tag("div", *columns, class_="beside")), tuple(hovers))


def _difference(away: Array, view: str, rows: Sequence[str], labels: Sequence[str]) -> Rendered:
    if view == view_choice.IMAGES:
        return shown(view, images.images(away, rows, both=True), lambda: lists.table(away, rows, labels))
    if view in _MEANT_FOR_ROWS:
        view = view_choice.PLOT if away.ndim == 1 else view_choice.HEAT
    return render(away, view, rows=rows, labels=labels)


def difference(first: Any, second: Any) -> tuple[str, Array | None]:
    """In words whether two values differ; and by how much, where they are dense numbers of one shape."""
    if kind_of(first) != kind_of(second) or shape_of(first) != shape_of(second):
        return "Their shapes differ.", None
    one, other = flat_of(first), flat_of(second)
    if one.shape != other.shape or not _same_places(first, second):
        return "They have entries in different places.", None
    if not (is_number(one) and is_number(other)):
        unlike = int(np.count_nonzero(one != other))
        return (EQUAL if not unlike else f"{unlike:,} of {one.size:,} entries differ."), None
    apart = distance(one, other)
    if apart.equal.all():
        return EQUAL, None
    sizes = apart.sizes
    position = np.unravel_index(int(np.argmax(sizes)), sizes.shape)
    is_finite = bool(np.isfinite(sizes[position]))
    amount = number_text(float(sizes[position])) if is_finite else "to or from NaN or Inf"
    if not position:
        return f"They differ by {amount}." if is_finite else "One of them is NaN or Inf.", None
    where = f" at [{', '.join(str(int(index)) for index in position)}]"
    unequal = int(np.count_nonzero(~apart.equal))
    text = f"Largest difference: {amount}{where}; {unequal:,} of {sizes.size:,} entries differ."
    return text, drawable(apart.difference) if kind_of(first) == "dense" else None


def _same_places(first: Any, second: Any) -> bool:
    match kind_of(first):
        case "sparse":
            return np.array_equal(first.indices, second.indices)
        case "ragged":
            splits = zip(first.nested_row_splits, second.nested_row_splits, strict=True)
            return all(np.array_equal(one, other) for one, other in splits)
    return True
