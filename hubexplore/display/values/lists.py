"""Values as tables and lists, bounded: everything else is in the value itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

import numpy as np

from hubexplore.display.grid import Column, Grid, grid_html
from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.tables import MAX_SENTENCE, counted, visible
from hubexplore.display.values.kinds import Array, flat_of, is_text, item_text, kind_of, shape_of

MAX_ROWS: Final = 50
MAX_COLUMNS: Final = 12
MAX_TEXTS: Final = 100
MAX_IN_ROW: Final = 40


def table(value: Any, rows: Sequence[str], labels: Sequence[str]) -> Markup:
    """The numbers or texts: a row per entry of all but the last dimension."""
    if kind_of(value) == "sparse":
        return _sparse(value)
    if kind_of(value) == "ragged":
        return _ragged(value, rows)
    array = flat_of(value)
    if not array.ndim:
        return tag("p", tag("strong", visible(item_text(array[()]), MAX_SENTENCE)))
    if not array.size:
        return tag("p", "No entries.", class_="note")
    matrix = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array[:, None]
    lead = array.shape[:-1] if array.ndim > 1 else array.shape
    shown = matrix[:MAX_ROWS, :MAX_COLUMNS]
    align = "left" if is_text(array) else "right"
    heads = [labels[at] if at < len(labels) else str(at) for at in range(shown.shape[1])]
    columns = (Column(""), *(Column(each, align) for each in (heads if array.ndim > 1 else ["value"])))  # type: ignore[arg-type]
    names = labels if array.ndim == 1 and len(labels) == len(array) else rows if len(lead) == 1 else ()
    body = tuple(
        (_place(index, lead, names), *(item_text(each) for each in row)) for index, row in enumerate(shown)
    )
    return grid_html(Grid("", columns, body, _left_out(matrix, shown)), "Numbers")


def _place(index: int, lead: tuple[int, ...], names: Sequence[str]) -> str:
    if index < len(names):
        return names[index]
    return ", ".join(str(int(each)) for each in np.unravel_index(index, lead))


def _left_out(matrix: Array, shown: Array) -> str:
    rows, columns = (whole - part for whole, part in zip(matrix.shape, shown.shape, strict=True))
    parts = [counted(rows, "row")] * bool(rows) + [counted(columns, "column")] * bool(columns)
    return f"… and {' and '.join(parts)} more; all of it is in .value" if parts else ""


def texts(array: Array) -> Markup:
    """Texts: a line each; tokens of a row in one line."""
    if not array.ndim:
        return tag("p", tag("code", visible(item_text(array[()]), MAX_SENTENCE)))
    lines = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array[:, None]
    items = []
    for line in lines[:MAX_TEXTS]:
        tokens = [tag("code", visible(item_text(each), MAX_SENTENCE)) for each in line[:MAX_IN_ROW]]
        more = [f" … and {len(line) - MAX_IN_ROW} more"] if len(line) > MAX_IN_ROW else []
        items.append(tag("li", *_spaced(tokens), *more))
    left = len(lines) - len(items)
    note = [tag("p", f"… and {counted(left, 'line')} more", class_="note")] if left else []
    return join(tag("ol", *items, start=0), *note)


def _spaced(tokens: Sequence[Markup]) -> Iterator[str]:
    for number, token in enumerate(tokens):
        if number:
            yield " · "
        yield token


def _ragged(value: Any, rows: Sequence[str]) -> Markup:
    flat, splits = np.asarray(value.flat_values), [np.asarray(each) for each in value.nested_row_splits]
    count = len(splits[0]) - 1
    items = []
    for number in range(min(count, MAX_TEXTS)):
        words = f"{visible(rows[number])}: " if number < len(rows) else ""
        content = _nested(flat, splits, int(splits[0][number]), int(splits[0][number + 1]))
        items.append(tag("li", words, tag("code", visible(content, MAX_SENTENCE))))
    left = count - len(items)
    note = [tag("p", f"… and {counted(left, 'row')} more", class_="note")] if left else []
    return join(tag("ol", *items, start=0), *note) if items else tag("p", "No rows.", class_="note")


def _nested(flat: Array, splits: Sequence[Array], begin: int, end: int) -> str:
    """A part of a ragged value as nested lists, cut where it is long."""
    if len(splits) == 1:
        shown = [_entry(each) for each in flat[begin : min(end, begin + MAX_IN_ROW)]]
    else:
        inner = splits[1]
        stop = min(end, begin + MAX_IN_ROW)
        shown = [_nested(flat, splits[1:], int(inner[at]), int(inner[at + 1])) for at in range(begin, stop)]
    more = [f"… {end - begin - len(shown)} more"] if end - begin > len(shown) else []
    return f"[{', '.join([*shown, *more])}]"


def _entry(item: Any) -> str:
    array = np.asarray(item)
    if array.ndim:
        return f"[{', '.join(item_text(each) for each in array.reshape(-1)[:MAX_IN_ROW])}]"
    return f'"{item_text(item)}"' if isinstance(item, (bytes, str)) else item_text(item)


def _sparse(value: Any) -> Markup:
    stored = np.asarray(value.values)
    shape = shape_of(value)
    columns = (*(Column(f"[{axis}]", "right") for axis in range(len(shape))), Column("value"))
    pairs = zip(np.asarray(value.indices), stored, strict=True)
    body = tuple(
        (*(str(int(each)) for each in index), item_text(item)) for index, item in islice(pairs, MAX_TEXTS)
    )
    left = len(stored) - len(body)
    note = f"… and {left:,} more; all of it is in .value" if left > 0 else ""
    if not body:
        return tag("p", "Nothing is stored: all entries are empty.", class_="note")
    return grid_html(Grid("", columns, body, note, lead=0), "Stored entries")
