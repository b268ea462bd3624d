"""One row of a table with all of its values, each in its best view."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.values.rendering import render
from hubexplore.display.wording import MAX_SENTENCE, visible
from hubexplore.mapped.neighbours import Neighbours
from hubexplore.mapped.subject import LensSubject
from hubexplore.mapped.tables.row_table import cell, thumbnail
from hubexplore.summary.tensor_values import Array

_LARGE: Final = 220
"""Side of a picture in screen pixels."""
_LARGE_BYTES: Final = 60_000
_MAX_VALUES: Final = 12
"""Maximum number of columns that are shown."""


def row_details(subject: LensSubject, at: int) -> Markup:
    """Returns the values of a row: pictures large, texts whole, vectors drawn."""
    frame, kinds = subject.frame, subject.columns.kinds
    parts = [tag("p", tag("strong", f"Row {visible(str(frame.index[at]))}", role="heading", aria_level=4))]
    for name in list(frame.columns)[:_MAX_VALUES]:
        value = frame[name].iloc[at]
        parts.append(tag("p", tag("strong", visible(str(name))), " ", _text(value, kinds[str(name)])))
        drawn = _drawn(subject, name, value)
        if drawn is not None:
            parts.append(drawn)
    return join(*parts)


def neighbour_table(subject: LensSubject, found: Neighbours, title: str) -> Markup:
    """Returns the rows most similar to one, with what tells them apart; a row can be picked: `row:N`."""
    frame, kinds = subject.frame, subject.columns.kinds
    telling = [name for name in frame.columns if kinds[str(name)] in ("pictures", "text", "categories")][:4]
    names = ["row", "similarity", *(visible(str(name), 24) for name in telling)]
    rows = []
    for at, similarity in zip(found.rows.tolist(), found.similarities.tolist(), strict=True):
        cells = [tag("td", cell(frame[name].iloc[at], kinds[str(name)])) for name in telling]
        first = tag("th", visible(str(frame.index[at]), 24), scope="row")
        rows.append(
            tag("tr", first, tag("td", f"{similarity:.3f}"), *cells, data_pick=f"row:{at}", tabindex=0)
        )
    headings = tag("tr", *(tag("th", name, scope="col") for name in names))
    # Not a caption, which is as wide as the table and would scroll with it.
    note = tag("p", f"{title} Similarity is the cosine of the vectors.", class_="hub-quiet")
    grid = tag(
        "table", tag("thead", headings), tag("tbody", *rows), class_="hub-log hub-rows", aria_label=title
    )
    choose = tag("button", "Select these", type="button", class_="hub-small", data_pick="select:neighbours")
    return join(note, tag("div", grid, class_="hub-scroll"), choose)


def _text(value: Any, kind: str) -> Markup:
    if isinstance(value, bytes) and kind != "pictures":
        value = value.decode("utf-8", "replace")
    if isinstance(value, str) and kind != "pictures":
        return tag("span", visible(value, MAX_SENTENCE))
    if kind in ("pictures", "vectors"):
        return tag(
            "span", f"{' × '.join(map(str, np.shape(value)))}" if np.ndim(value) else "", class_="hub-quiet"
        )
    return cell(value, kind)


def _drawn(subject: LensSubject, name: Any, value: Any) -> Markup | None:
    kind = subject.columns.kinds[str(name)]
    if kind == "pictures":
        return tag("div", thumbnail(value, _LARGE, _LARGE_BYTES), class_="hub-large")
    if kind != "vectors" or value is None:
        return None
    row: Array = np.asarray(value, np.float32).reshape(1, -1)
    classes = subject.classes
    labels = classes.names if classes is not None and len(classes.names) == row.shape[1] else ()
    return tag("div", render(row, name=str(name), labels=labels).html, class_="hub-output-body")
