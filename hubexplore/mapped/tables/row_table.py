"""The rows of a table as HTML, a page at a time: sorted, with thumbnails, and one that is picked."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.values import numerics
from hubexplore.display.values.views.images import brightness
from hubexplore.display.values.views.png import photo
from hubexplore.display.wording import beginning, counted, visible
from hubexplore.mapped.columns import Columns
from hubexplore.summary.tensor_values import Array

PAGE: Final = 12
"""Number of rows on a page."""
_MAX_COLUMNS: Final = 10
"""Maximum number of columns."""
_TEXT: Final = 60
"""Maximum length in characters of a text in a cell."""
_THUMBNAIL: Final = 40
"""Side of a thumbnail in screen pixels."""
_THUMBNAIL_BYTES: Final = 6_000
MAX_FILE_BYTES: Final = 50_000_000
"""Maximum size of a picture file that is opened."""


@dataclass(frozen=True)
class RowView:
    """What of a table is on screen.

    Attributes:
      rows: positions of the rows that are listed, in order.
      page: number of the page, from 0.
      sort: number of the column that sorts, or None.
      falling: whether the highest comes first.
      picked: position of the row whose details are shown.
    """

    rows: Array
    page: int = 0
    sort: int | None = None
    falling: bool = True
    picked: int | None = None

    @property
    def pages(self) -> int:
        """Number of pages, at least 1."""
        return max(1, -(-len(self.rows) // PAGE))

    def turned(self, page: int) -> RowView:
        """Returns the view with another page, the nearest that exists."""
        return replace(self, page=min(max(page, 0), self.pages - 1))


def sorted_rows(frame: pd.DataFrame, rows: Array, name: Any, *, falling: bool) -> Array:
    """Returns positions of rows sorted by a column, missing values last; equal ones keep their order."""
    column = frame[name].iloc[rows]
    if not pd.api.types.is_numeric_dtype(column.dtype):
        column = column.map(_sort_text, na_action="ignore")
    order = column.reset_index(drop=True).sort_values(
        ascending=not falling, kind="stable", na_position="last"
    )
    found: Array = rows[order.index.to_numpy()]
    return found


def table(frame: pd.DataFrame, columns: Columns, view: RowView, title: str) -> Markup:
    """Returns a page of rows: `row:N` picks a row, `sort:N` a column, `page:N` a page."""
    shown = list(frame.columns[:_MAX_COLUMNS])
    headings = [tag("th", "row", scope="col")]
    for at, name in enumerate(shown):
        arrow = "" if view.sort != at else " ▾" if view.falling else " ▴"
        sort = None if view.sort != at else "descending" if view.falling else "ascending"
        button = tag("button", f"{visible(str(name), 24)}{arrow}", type="button", data_pick=f"sort:{at}")
        headings.append(tag("th", button, scope="col", aria_sort=sort))
    page = view.rows[view.page * PAGE : (view.page + 1) * PAGE].tolist()
    body = [_row(frame, columns, shown, at, is_picked=at == view.picked) for at in page]
    left_out = len(frame.columns) - len(shown)
    note = f"{title} · {counted(left_out, 'more column')}" if left_out else title
    grid = tag(
        "table", tag("caption", note), tag("thead", tag("tr", *headings)), tag("tbody", *body),
        class_="hub-log hub-rows",
    )  # fmt: skip
    return join(tag("div", grid, class_="hub-scroll"), _pages(view))


def cell(value: Any, kind: str) -> Markup:
    """Returns a value in the width of a cell."""
    if kind == "pictures":
        return thumbnail(value)
    if isinstance(value, (list, tuple, np.ndarray)):
        return Markup(tag("span", _vector(np.asarray(value, object).reshape(-1)), class_="hub-quiet"))
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if pd.isna(value):
        return tag("span", "missing", class_="hub-quiet")
    if isinstance(value, (float, np.floating)):
        return tag("span", numerics.number_text(value))
    return tag("span", visible(beginning(str(value), _TEXT)))


def thumbnail(value: Any, side: int = _THUMBNAIL, limit: int = _THUMBNAIL_BYTES) -> Markup:
    """Returns a small picture of a path, the content of a file, or pixels; a line of text if it has none."""
    try:
        pixels = picture_pixels(value)
    except (OSError, ValueError, SyntaxError, MemoryError):
        # Pillow raises SyntaxError for some damaged files.
        return tag("span", f"not a picture: {visible(str(value)[:200], 30)}", class_="hub-quiet")
    alt_text = visible(os.fspath(value), 60) if isinstance(value, (str, os.PathLike)) else "picture"
    image, _ = photo(pixels, alt_text, limit, max(1, side * pixels.shape[1] // max(pixels.shape[:2])))
    return image


def picture_pixels(value: Any, side: int = 256) -> Array:
    """Returns a picture as uint8 [h, w] or [h, w, c], files reduced to at most `side` pixels a side.

    Raises:
      OSError, ValueError, SyntaxError: it is not a picture, or too large a file.
    """
    from PIL import Image

    if isinstance(value, (str, os.PathLike)):
        if Path(value).stat().st_size > MAX_FILE_BYTES:
            raise ValueError("a picture file of more than 50 MB")
        source: Any = value
    elif isinstance(value, bytes):
        source = io.BytesIO(value)
    else:
        array = np.asarray(value)
        stack = array[None, ..., None] if array.ndim == 2 else array[None]
        return np.asarray(brightness(stack)[0][0])
    with Image.open(source) as picture:
        picture.thumbnail((side, side))
        return np.asarray(picture.convert("RGB"))


def _row(frame: pd.DataFrame, columns: Columns, shown: Sequence[Any], at: int, *, is_picked: bool) -> Markup:
    cells = [tag("td", cell(frame[name].iloc[at], columns.kinds[str(name)])) for name in shown]
    name = tag("th", visible(str(frame.index[at]), 24), scope="row")
    return tag(
        "tr", name, *cells, data_pick=f"row:{at}", tabindex=0, aria_selected="true" if is_picked else None,
        class_="hub-picked" if is_picked else None,
    )  # fmt: skip


def _pages(view: RowView) -> Markup:
    if view.pages == 1:
        return Markup("")
    steps = (("First", 0), ("Previous", view.page - 1), ("Next", view.page + 1), ("Last", view.pages - 1))
    buttons = [
        tag(
            "button", text, type="button", class_="hub-small", data_pick=f"page:{page}",
            disabled="" if page == view.page or not 0 <= page < view.pages else None,
        )
        for text, page in steps
    ]  # fmt: skip
    where = tag("span", f"page {view.page + 1:,} of {view.pages:,}", class_="hub-quiet")
    return tag("div", *buttons, where, class_="hub-tools")


def _vector(flat: Array) -> str:
    if not flat.size:
        return "[]"
    numbers = ", ".join(_item(value) for value in flat[:3])
    return f"[{numbers}{', …' if flat.size > 3 else ''}] {flat.size}" if flat.size > 3 else f"[{numbers}]"


def _item(value: Any) -> str:
    if isinstance(value, (int, float, np.number)):
        return numerics.number_text(value)
    return visible(str(value), 12)


def _sort_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
