"""A table put into the form: its columns are found by name, and its values become texts or large arrays."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from hubexplore.display.wording import counted
from hubexplore.errors import SignatureError, closest
from hubexplore.inputs.external import conversion, notebook_objects
from hubexplore.inputs.input_value import InputValue, short
from hubexplore.inputs.tables.columns import Column, Layout
from hubexplore.inputs.tables.sheet import MAX_CELLS, Sheet
from hubexplore.inputs.tables.table_sources import Table, TableColumn, folded, listed, names_of
from hubexplore.inputs.text import bulk, nested_lists, tf_examples
from hubexplore.inputs.text.literals import Literals
from hubexplore.summary.tensor_values import Array

_MISSING: Final = frozenset({"NAType", "NaTType", "NoneType"})
"""Classes of what pandas counts as missing, beside NaN."""


def load(sheet: Sheet, table: Table) -> str:
    """Puts a table into the form; returns a message on what was taken, and on columns that were not.

    Raises:
      SignatureError: no column is for an input, or one cannot be read; the sheet is unchanged.
    """
    layout = sheet.layout
    taken, missing, extra = _matched(layout, table)
    if not taken:
        raise SignatureError(
            f"{_subject(table)} has no column for an input: found {listed(list(map(str, table.columns)))}; "
            f"expected {listed(names_of(layout))}."
        )
    counts = {len(table.columns[name]) for name in taken.values()}
    if len(counts) > 1:
        found = " and ".join(map(str, sorted(counts)))
        raise SignatureError(f"{_subject(table)}: its columns have different numbers of rows, {found}.")
    (count,) = counts
    most = layout.max_rows
    if not count or (most is not None and count > most and layout.columns):
        rows = "no rows" if not count else f"{count:,} rows, and the input takes {most}"
        raise SignatureError(f"{_subject(table)} has {rows}.")
    columns = {column: table.columns[taken[column.name]] for column in layout.columns if column.name in taken}
    boxes = _box_texts(layout, table, taken)
    if count * len(layout.columns) > MAX_CELLS:
        held = _held(columns, table, taken)
        sheet.clear()
        sheet.put(held)
    elif columns:
        sheet.clear()
        places = [layout.columns.index(column) for column in columns]
        texts = [[_cell(column, value) for value in _items(values)] for column, values in columns.items()]
        sheet.edit(0, places, list(zip(*texts, strict=True)))
        _remember(sheet, columns, table, taken)
    for number, text in boxes.items():
        sheet.edit_box(number, text)
    return _message(count, table, missing, extra)


# ---- matching


def _matched(layout: Layout, table: Table) -> tuple[dict[str, Any], list[str], list[str]]:
    """The column of the table for each input, inputs without one, and columns without an input."""
    names = names_of(layout)
    if not table.has_names:
        return dict(zip((column.name for column in layout.columns), table.columns, strict=False)), [], []
    exact = {str(name): name for name in table.columns}
    alike: dict[str, list[Any]] = {}
    for name in table.columns:
        alike.setdefault(folded(name), []).append(name)
    taken = {}
    for name in names:
        near = alike.get(folded(name), [])
        if name in exact:
            taken[name] = exact[name]
        elif len(near) == 1 and str(near[0]) not in names:
            taken[name] = near[0]
    used = set(map(str, taken.values()))
    columns = {column.name for column in layout.columns}
    missing = [name for name in names if name not in taken and name in columns]
    return taken, missing, [str(name) for name in table.columns if str(name) not in used]


def _box_texts(layout: Layout, table: Table, taken: Mapping[str, Any]) -> dict[int, str]:
    """The texts of the boxes for which the table has a column, by number."""
    texts = {}
    for number, field in enumerate(layout.boxes):
        if field.name in taken:
            column = Column(field)
            found = {_cell(column, value) for value in _items(table.columns[taken[field.name]])}
            if len(found) != 1:
                raise SignatureError(
                    f"{_subject(table)}: column {short(field.name)!r} has {len(found):,} different values, "
                    f"but the input has one value for all rows."
                )
            texts[number] = found.pop()
    return texts


def _message(count: int, table: Table, missing: list[str], extra: list[str]) -> str:
    parts = [f"{counted(count, 'row')} from {table.source}."]
    if missing:
        near = closest(missing[0], extra) if extra else ""
        parts.append(f"No column for {listed(missing)}.{near}")
    if extra:
        parts.append(f"Not used: {listed(extra)}.")
    return " ".join(parts)


def _subject(table: Table) -> str:
    """The source as the beginning of a sentence."""
    return f"{table.source[:1].upper()}{table.source[1:]}"


# ---- values


def _items(values: Sequence[Any]) -> list[Any]:
    """The values of a column: NumPy scalars, which print with the fewest digits, or Python objects."""
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    return list(values)


def _cell(column: Column, value: Any) -> str:
    """The text of a cell for a value of a table; what is missing is empty."""
    if _is_missing(column, value):
        return ""
    if isinstance(value, (list, tuple, np.ndarray)):
        items = [_cell(column, item) for item in np.asarray(value, object).reshape(-1).tolist()]
        return json.dumps(items, ensure_ascii=False) if column.is_text else " ".join(items)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    # pandas makes floats of a column of integers with missing values.
    is_whole = isinstance(value, (float, np.floating)) and column.dtype.startswith(("int", "uint", "bool"))
    return str(int(value)) if is_whole and float(value).is_integer() else str(value)


def _is_missing(column: Column, value: Any) -> bool:
    """Whether a value stands for none; an input of floats takes NaN itself."""
    is_nan = isinstance(value, (float, np.floating)) and np.isnan(value)
    takes_nan = column.feature is None and column.dtype.startswith(("float", "bfloat"))
    return type(value).__name__ in _MISSING or bool(is_nan and not takes_nan)


def _remember(sheet: Sheet, columns: Iterable[Column], table: Table, taken: Mapping[str, Any]) -> None:
    """Lets cells that were written from a file stand for its columns, as long as nobody edits them."""
    entries = sheet.readable() if table.content else {}
    for column in columns:
        if column.feature is None and column.field.name in entries:
            value = entries[column.field.name].value
            sheet.remember(column.field.name, _of_file(value, table, taken[column.name]))


def _of_file(value: Any, table: Table, name: Any) -> InputValue:
    if not table.content:
        return InputValue(value, file=table.file)
    return TableColumn(value, file=table.file, contents=(table.content,), column=name)


def _held(
    columns: Mapping[Column, Sequence[Any]], table: Table, taken: Mapping[str, Any]
) -> dict[str, InputValue]:
    """The values of large columns by name of the input."""
    by_input: dict[str, list[Column]] = {}
    for column in columns:
        by_input.setdefault(column.field.name, []).append(column)
    return {
        name: InputValue(_value(ours, columns, table), file=table.file)
        if ours[0].feature is not None
        else _of_file(_value(ours, columns, table), table, taken[ours[0].name])
        for name, ours in by_input.items()
    }


def _value(ours: Sequence[Column], columns: Mapping[Column, Sequence[Any]], table: Table) -> Any:
    field = ours[0].field
    if ours[0].feature is None:
        return _array(ours[0], columns[ours[0]], table)
    rows = [
        {
            column.name: cell
            for column, cell in zip(ours, cells, strict=True)
            if cell is not None and cell != ""
        }
        for cells in zip(*(_items(columns[column]) for column in ours), strict=True)
    ]
    return tf_examples.of_rows(field, rows)


def _array(column: Column, values: Sequence[Any], table: Table) -> Array:
    """A large column as the value of its input."""
    items: Any = values
    try:
        if isinstance(items, (list, tuple)):
            return _of_cells(column, items)
        if isinstance(items, np.ndarray) and items.dtype.kind != "O":
            value: Array = conversion.value_of(column.field, items)
        else:
            value = notebook_objects.value_of(column.field, items)
    except SignatureError as error:
        raise SignatureError(f"{_subject(table)}: {error}") from None
    return value


def _of_cells(column: Column, values: Sequence[Any]) -> Array:
    literals = Literals(column.field)
    quick = bulk.numbers(literals, [value.strip() if isinstance(value, str) else value for value in values])
    if quick is None:
        read = [column.read(_cell(column, value), number) for number, value in enumerate(values, 1)]
        quick = nested_lists.array(literals, [value for cell in read for value in cell or ()])
    return nested_lists.shaped(column.field, quick)
