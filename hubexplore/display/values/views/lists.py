"""The Table, Rows and Numbers views: entries as grids and lists of bounded size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

import numpy as np

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.tables.grid import Column, Grid, Row, grid_html
from hubexplore.display.values.value_kinds import is_text, item_text
from hubexplore.display.values.views.plot import Texts, class_name, row_name
from hubexplore.display.values.views.texts import MAX_TEXTS, chips, more_note
from hubexplore.display.wording import MAX_SENTENCE, MAX_TEXT, beginning, counted, visible
from hubexplore.summary.tensor_values import Array, flat_of, kind_of, shape_of

MAX_ROWS: Final = 50
"""Maximum number of rows of a grid."""
MAX_IDS: Final = 256
"""Maximum number of ids of a row that are listed."""
MAX_COLUMNS: Final = 12
"""Maximum number of columns of a grid, captions not counted."""


def value_grid(value: Any, rows: Texts, labels: Texts) -> Markup:
    """Returns the entries of a value as a grid: the last dimension is a row."""
    if kind_of(value) != "dense":
        return stored_entries(value, rows)
    array = flat_of(value)
    if not array.ndim:
        return tag("p", tag("strong", visible(item_text(array[()]), MAX_SENTENCE)))
    if not array.size:
        return empty_note(array)
    if array.size == 1 and array.ndim < 3 and not len(rows) and not len(labels):
        return tag("p", tag("strong", visible(item_text(array.reshape(-1)[0]), MAX_SENTENCE)))
    if array.ndim > 1:
        matrix, outer_shape = array.reshape(-1, array.shape[-1]), array.shape[:-1]
        headings = [class_name(labels, at) for at in range(min(matrix.shape[1], MAX_COLUMNS))]
        return _grid(matrix, rows, outer_shape, headings)
    return _grid(array[:, None], labels if len(labels) == len(array) else rows, (), ["value"])


def number_grid(array: Array, rows: Texts, columns: Texts) -> Markup:
    """Returns computed numbers [rows, columns] as a grid, with a caption for each row and column."""
    return _grid(array, rows, (), columns) if array.size else empty_note(array)


def empty_note(array: Array) -> Markup:
    """Returns which dimension of an array without entries is empty."""
    rows = array.shape[0]
    if not rows:
        text = f"Empty: there are no {'rows' if array.ndim > 1 else 'entries'}."
    else:
        text = f"Empty: there {'is' if rows == 1 else 'are'} {counted(rows, 'row')} without entries."
    return tag("p", text, class_="note")


def text_grid(headings: Sequence[str], body: Sequence[Row]) -> Markup:
    """Returns rows of text as a grid; its last column holds numbers."""
    columns = (*map(Column, headings[:-1]), Column(headings[-1], "right"))
    return grid_html(Grid("", columns, tuple(body)), "Numbers")


def id_rows(array: Array, rows: Texts) -> Markup:
    """Returns rows of integers [rows, entries] as a list, each on as many lines as it needs."""
    items = []
    for number, row in enumerate(array[:MAX_ROWS]):
        caption = [tag("p", row_name(rows, number), class_="note")] if rows else []
        more = f" … and {len(row) - MAX_IDS:,} more" if len(row) > MAX_IDS else ""
        items.append(tag("li", *caption, tag("code", " ".join(map(str, row[:MAX_IDS].tolist())) + more)))
    remaining = len(array) - len(items)
    note = [more_note(remaining, "row")] if remaining else []
    return join(tag("ol", *items, start=0), *note)


def _grid(matrix: Array, rows: Texts, outer_shape: Sequence[int], headings: Texts) -> Markup:
    # Cut before anything is turned into text: a value may have millions of entries.
    shown = matrix[:MAX_ROWS, :MAX_COLUMNS]
    text = is_text(matrix)
    columns = (
        Column(""),
        *(Column(head) if text else Column(head, "right") for head in headings[:MAX_COLUMNS]),
    )
    body = tuple(
        (row_name(rows, index, outer_shape), *(visible(item_text(item)) for item in row))
        for index, row in enumerate(shown)
    )
    return grid_html(Grid("", columns, body, _omission_note(matrix, shown)), "Numbers")


def _omission_note(matrix: Array, shown: Array) -> str:
    rows, columns = (whole - part for whole, part in zip(matrix.shape, shown.shape, strict=True))
    parts = [counted(rows, "row")] * bool(rows) + [counted(columns, "column")] * bool(columns)
    return f"… and {' and '.join(parts)} more; all of it is in .value" if parts else ""


def stored_entries(value: Any, rows: Texts) -> Markup:
    """Returns the stored entries of a sparse or ragged value, row by row."""
    return _sparse(value, rows) if kind_of(value) == "sparse" else _ragged(value, rows)


def _ragged(value: Any, rows: Texts) -> Markup:
    flat, splits = np.asarray(value.flat_values), [np.asarray(split) for split in value.nested_row_splits]
    count = len(splits[0]) - 1
    items = []
    for number in range(min(count, MAX_TEXTS)):
        words = f"{visible(rows[number])}: " if number < len(rows) else ""
        begin, end = int(splits[0][number]), int(splits[0][number + 1])
        # Texts in a row are tokens; deeper lists show how they are nested.
        if is_text(flat) and flat.ndim == 1 and len(splits) == 1:
            content = chips(flat[begin:end])
        else:
            content = tag("code", _joined(_nested_text(flat, splits, begin, end)))
        items.append(tag("li", words, content, tag("small", f"({end - begin:,})")))
    remaining = count - len(items)
    note = [more_note(remaining, "row")] if remaining else []
    return join(tag("ol", *items, start=0), *note) if items else tag("p", "No rows.", class_="note")


def _joined(pieces: Iterator[str]) -> str:
    """Joins pieces lazily: none is made after the text is long enough, however large the value."""
    text = ""
    for piece in pieces:
        text += piece
        if len(text) > MAX_SENTENCE:
            return f"{visible(text[:MAX_SENTENCE], MAX_SENTENCE)} …"
    return visible(text, MAX_SENTENCE)


def _nested_text(flat: Array, splits: Sequence[Array], begin: int, end: int) -> Iterator[str]:
    """Yields rows `begin` to `end` of a ragged value as nested lists, piece by piece."""
    yield "["
    for at in range(begin, end):
        if at > begin:
            yield ", "
        if len(splits) > 1:
            yield from _nested_text(flat, splits[1:], int(splits[1][at]), int(splits[1][at + 1]))
        else:
            yield from _entry_pieces(flat[at])
    yield "]"


def _entry_pieces(item: Any) -> Iterator[str]:
    # Entries of a ragged value are arrays if it has uniform inner dimensions.
    if isinstance(item, np.ndarray) and item.ndim:
        yield "["
        for number, item_part in enumerate(item):
            if number:
                yield ", "
            yield from _entry_pieces(item_part)
        yield "]"
        return
    text = beginning(item_text(item), MAX_TEXT)
    yield f'"{text}"' if isinstance(item, (bytes, str)) else text


def _sparse(value: Any, rows: Texts) -> Markup:
    stored = np.asarray(value.values)
    positions = np.asarray(value.indices)
    columns = (*(Column(f"[{axis}]", "right") for axis in range(len(shape_of(value)))), Column("value"))
    has_captions = len(rows) > 0 and len(shape_of(value)) > 1
    if has_captions:
        # The caption replaces the first index, which it stands for.
        columns = (Column("row"), *columns[1:])
    body = []
    for index, item in islice(zip(positions.tolist(), stored, strict=True), MAX_TEXTS):
        first = row_name(rows, index[0]) if has_captions else str(index[0])
        body.append((first, *map(str, index[1:]), visible(item_text(item))))
    remaining = len(stored) - len(body)
    note = f"… and {remaining:,} more; all of it is in .value" if remaining > 0 else ""
    if not body:
        return tag("p", "Nothing is stored: all entries are empty.", class_="note")
    return grid_html(Grid("", columns, tuple(body), note, lead=0), "Stored entries")
