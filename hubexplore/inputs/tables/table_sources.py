"""A table for all inputs at once, read from a file or from a variable of the notebook."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.inputs.external import notebook_objects, tf_records
from hubexplore.inputs.external.csv_reader import read_rows
from hubexplore.inputs.external.sources import LIMIT
from hubexplore.inputs.input_value import InputValue, short
from hubexplore.inputs.tables.columns import Layout
from hubexplore.inputs.text import bulk, nested_lists
from hubexplore.inputs.text.literals import Literals, counted
from hubexplore.summary.tensor_values import Array

PARQUET: Final = b"PAR1"
"""First bytes of a Parquet file: https://parquet.apache.org/docs/file-format/"""
MSG_PYARROW: Final = (
    "{name!r} is a Parquet file, which needs the package pyarrow. Run %pip install pyarrow, or save the "
    "table as CSV."
)
_MAX_NAMED: Final = 8
"""Maximum number of columns that a message names."""


@dataclass(frozen=True)
class Table:
    """Columns by name; the names are numbers where the table has no heading.

    Attributes:
      source: what it was read from, for messages.
      columns: by name; arrays, lists, or texts of cells.
      file: name of the file; empty for a variable.
      has_names: whether the columns have names.
      content: of the file; empty for a variable.
    """

    source: str
    columns: Mapping[Any, Sequence[Any]]
    file: str = ""
    has_names: bool = True
    content: bytes = field(default=b"", repr=False, compare=False)


@dataclass(frozen=True)
class TableColumn(InputValue):
    """A column of a table file as the value of an input; `contents` is that of the file.

    Attributes:
      column: its name, or its index in a file without a heading.
    """

    column: Any = ""


def read_file(layout: Layout, name: str, content: bytes) -> Table | dict[str, InputValue]:
    """Returns the table in a file: CSV, TSV, Parquet, JSON rows, or a TFRecord file of tf.Example messages.

    Args:
      layout: the form for which it is read.
      name: name of the file.
      content: content of the file, which decides the format.

    Raises:
      SignatureError: it is larger than `LIMIT`, or cannot be read.
    """
    if len(content) > LIMIT:
        raise SignatureError(
            f"{short(name)!r} has {len(content) / 1e6:,.1f} MB; the limit for a file is {LIMIT / 1e6:,.0f} "
            f"MB. Load it in a cell and choose the variable."
        )
    content = bytes(content)
    table = _read(layout, name, content)
    return replace(table, content=content) if isinstance(table, Table) else table


def _read(layout: Layout, name: str, content: bytes) -> Table | dict[str, InputValue]:
    source = repr(short(name))
    if content.startswith(PARQUET):
        return Table(source, _parquet(name, content), name)
    fields = {column.field.name: column.field for column in layout.columns}
    messages = [field for field in fields.values() if field.encoded == "example"]
    if len(fields) == len(messages) == 1 and tf_records.is_records(content):
        records = _strings(tf_records.read(name, content))
        return {messages[0].name: tf_records.Records(nested_lists.shaped(messages[0], records), file=name)}
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SignatureError(
            f"{source} is neither Parquet nor text in UTF-8 (byte {error.start}); expected a table as CSV, "
            f"TSV, Parquet or JSON."
        ) from None
    if text.lstrip()[:1] in ("[", "{"):
        return Table(source, _json(source, text), name)
    return _csv(layout, source, name, text)


def tables(layout: Layout, namespace: Mapping[str, Any]) -> list[str]:
    """Names of the variables that hold a table with a column for an input, sorted."""
    wanted = {folded(name) for name in names_of(layout)}
    found = []
    for name, value in list(namespace.items()):
        try:
            if not name.startswith("_") and wanted & {folded(column) for column in _heading(value)}:
                found.append(name)
        except Exception:  # noqa: BLE001, S112 - an object of a stranger may do anything when looked at
            continue
    return sorted(found)


def from_variable(namespace: Mapping[str, Any], name: str) -> Table:
    """Returns the table in a variable: a DataFrame, a dict of columns, or a list of dicts.

    Raises:
      SignatureError: no variable has this name, or it holds something else.
    """
    value: Any = namespace.get(name)
    source = f"variable {short(name)!r}"
    if isinstance(value, (list, tuple)) and notebook_objects.holds_records(value):
        return Table(source, _of_records(value))
    heading = _heading(value)
    if not heading:
        raise SignatureError(
            f"{source} holds no table; expected a DataFrame, a dict of columns or a list of dicts."
        )
    return Table(source, {column: value[column] for column in heading})


def names_of(layout: Layout) -> list[str]:
    """The names that columns of a table may have: of the columns, then of the boxes."""
    return [*(column.name for column in layout.columns), *(field.name for field in layout.boxes)]


def folded(name: Any) -> str:
    """A name for comparisons, without case and blanks."""
    return "".join(str(name).casefold().split())


def listed(names: Sequence[str]) -> str:
    """Names for a message; "nothing" without one."""
    left = len(names) - _MAX_NAMED
    shown = ", ".join(repr(short(name)) for name in names[:_MAX_NAMED])
    return f"{shown} and {left} more" if left > 0 else shown or "nothing"


# ---- files


def _parquet(name: str, content: bytes) -> dict[str, Sequence[Any]]:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise SignatureError(MSG_PYARROW.format(name=short(name))) from None
    try:
        columns = parquet.read_table(io.BytesIO(content)).to_pydict()
    except Exception as error:  # noqa: BLE001 - errors of another library, on the content of a stranger
        raise SignatureError(f"{short(name)!r} cannot be read as Parquet: {str(error)[:200]}") from None
    return dict(columns)


def _json(source: str, text: str) -> Mapping[str, Sequence[Any]]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        try:
            rows = [json.loads(line) for line in text.split("\n") if line.strip()]
        except (ValueError, RecursionError):
            raise SignatureError(
                f"{source} is not valid JSON, nor has it a JSON object on each line."
            ) from None
    if isinstance(rows, dict) and rows and all(isinstance(column, list) for column in rows.values()):
        return rows
    rows = [rows] if isinstance(rows, dict) else rows
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise SignatureError(f"{source} has no rows: expected a list of objects, or an object of lists.")
    return _of_records(rows)


def _of_records(rows: Sequence[Mapping[Any, Any]]) -> dict[Any, list[Any]]:
    names = list(dict.fromkeys(key for row in rows for key in row))
    return {name: [row.get(name) for row in rows] for name in names}


def _csv(layout: Layout, source: str, name: str, text: str) -> Table:
    first = text.partition("\n")[0]
    delimiter = next((separator for separator in "\t;" if separator in first), ",")
    heading = (
        read_rows(first, source, delimiter)[:1] if '"' not in text else read_rows(text, source, delimiter)[:1]
    )
    cells = [cell.strip() for cell in heading[0]] if heading else []
    known = {folded(name) for name in names_of(layout)}
    has_names = any(folded(cell) in known for cell in cells)
    if not has_names and len(cells) != len(layout.columns):
        raise SignatureError(
            f"{source}: its first row names no input, and it has {counted(len(cells), 'column', 'columns')}, "
            f"not {len(layout.columns)}; found {listed(cells)}; expected {listed(names_of(layout))}."
        )
    if has_names and len(set(cells)) < len(cells):
        twice = [cell for cell in dict.fromkeys(cells) if cells.count(cell) > 1]
        raise SignatureError(f"{source} has more than one column {listed(twice)}.")
    names: list[Any] = list(cells) if has_names else list(range(len(cells)))
    dtypes = {column.dtype for column in layout.columns if column.feature is None and column.width == 1}
    if dtypes in ({"float32"}, {"float64"}):
        quick = bulk.table(Literals(layout.columns[0].field), text, delimiter, header=int(has_names))
        if quick is not None and quick.shape[1] == len(names):
            return Table(source, dict(zip(names, quick.T, strict=True)), name, has_names)
    rows = read_rows(text, source, delimiter)[int(has_names) :]
    uneven = next((number for number, row in enumerate(rows, 1) if len(row) != len(cells)), None)
    if uneven is not None:
        raise SignatureError(
            f"{source}, row {uneven}: found {counted(len(rows[uneven - 1]), 'cell', 'cells')}, expected "
            f"{len(cells)} as in the first row."
        )
    if delimiter == ";":
        rows = [[_point(cell) for cell in row] for row in rows]
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return Table(source, dict(zip(names, columns, strict=True)), name, has_names)


def _point(cell: str) -> str:
    """A number with a decimal comma with a point; other texts unchanged."""
    return cell.replace(",", ".") if cell.replace(",", "", 1).lstrip("+-").isdecimal() else cell


def _heading(value: Any) -> list[Any]:
    """The names of the columns of an object; empty for other objects."""
    if isinstance(value, dict):
        is_table = all(isinstance(column, (list, tuple, np.ndarray)) for column in value.values())
        return list(value) if is_table else []
    if isinstance(value, (list, tuple)):
        is_table = notebook_objects.holds_records(value)
        return list(dict.fromkeys(key for row in value[:100] for key in row)) if is_table else []
    return list(value.columns) if notebook_objects.holds_records(value) else []


def _strings(contents: Sequence[bytes]) -> Array:
    array = np.empty(len(contents), object)
    array[:] = contents
    return array
