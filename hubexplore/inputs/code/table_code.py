"""Code that reads the columns of a table file, each tried, so that none gives another value."""

from __future__ import annotations

import codecs
import csv
import functools
import importlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from hubexplore.inputs.tables.table_sources import PARQUET, TableColumn
from hubexplore.summary.tensor_values import Array

MAX_CONTENT: Final = 500_000
"""Maximum size in bytes of a table that is read for this: larger ones would delay every run."""
_OPENED: Final = "with open({file}, encoding='utf-8-sig', newline='') as file:"
_ROW: Final = "[row[{name}] for row in {table}]"
_COLUMN: Final = "{table}[{name}]"
_TRUE: Final = ("true", "True", "TRUE", "1", "yes")


class TableReader(NamedTuple):
    """How a table file is read.

    Attributes:
      imports: the lines that it needs.
      lines: templates of the lines that read it: {file} is its name as a literal, {table} the variable.
      column: a template of a column: {table} is the variable, {name} the name as a literal.
      columns: what the column expressions give, by name.
    """

    imports: tuple[str, ...]
    lines: tuple[str, ...]
    column: str
    columns: Mapping[Any, Sequence[Any]]


def column_of(source: TableColumn) -> tuple[TableReader, str, bool] | None:
    """Returns how a column of a file gives a value, in its dtype and shape.

    Returns:
      How the file is read; a template of the expression, with {table} as the variable; and whether it needs
      NumPy. None if the file is large, or gives another value.
    """
    content, value = source.contents[0], source.value
    if len(content) > MAX_CONTENT or not isinstance(value, np.ndarray):
        return None
    for reader in _readers(content):
        found = reader.columns.get(source.column)
        if found is None:
            continue
        column = reader.column.replace("{name}", _braced(repr(source.column)))
        for template, make in _conversions(value):
            try:
                made = make(found)
            except Exception:  # noqa: BLE001, S112 - the file was read by other rules, which accept more
                continue
            if _are_same(made, value):
                return reader, template.replace("{column}", column), template.startswith("np.")
    return None


def _conversions(value: Array) -> Iterator[tuple[str, Callable[[Sequence[Any]], Any]]]:
    """Yields templates that make an array of {column}, each with a function that does."""
    shape = "" if value.ndim == 1 else f".reshape({(-1, *value.shape[1:])!r})"
    if value.dtype.kind in "OSU":
        if value.ndim == 1:
            yield "{column}", lambda cells: _objects(list(cells))
        yield (
            f"np.array({{column}}, object){shape}",
            lambda cells: _objects(list(cells)).reshape(value.shape),
        )
        return
    name = value.dtype.name
    if value.dtype.kind == "b":
        for word in _TRUE:
            yield (
                f"(np.array({{column}}) == {word!r}){shape}",
                functools.partial(lambda word, cells: (np.array(cells) == word).reshape(value.shape), word),
            )
    yield (
        f"np.array({{column}}, {name!r}){shape}",
        lambda cells: np.array(cells, value.dtype).reshape(value.shape),
    )
    if value.ndim == 2:
        split = "[cell.split() for cell in {column}]"
        yield (
            f"np.array({split}, {name!r})",
            lambda cells: np.array([cell.split() for cell in cells], value.dtype),
        )


def _objects(cells: list[Any]) -> Array:
    """Returns texts as an input has them: bytes."""
    array = np.empty(len(cells), object)
    array[:] = [cell.encode() if isinstance(cell, str) else cell for cell in cells]
    return array


def _are_same(made: Array, value: Array) -> bool:
    if made.shape != value.shape or made.dtype != value.dtype:
        return False
    return bool(np.all(made == value)) if value.dtype.kind in "OSU" else made.tobytes() == value.tobytes()


@functools.lru_cache(maxsize=4)
def _readers(content: bytes) -> tuple[TableReader, ...]:
    """Returns the ways to read a file, the simplest first."""
    if content.startswith(PARQUET):
        return _of_parquet(content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ()
    if text.lstrip()[:1] in ("[", "{"):
        # The json module refuses a byte order mark.
        return () if content.startswith(codecs.BOM_UTF8) else _of_json(text)
    return _of_csv(text)


def _of_parquet(content: bytes) -> tuple[TableReader, ...]:
    parquet = importlib.import_module("pyarrow.parquet")
    columns = parquet.read_table(io.BytesIO(content)).to_pydict()
    lines = ("{table} = pyarrow.parquet.read_table({file}).to_pydict()",)
    return (TableReader(("import pyarrow.parquet",), lines, _COLUMN, columns),)


def _of_json(text: str) -> tuple[TableReader, ...]:
    imports = ("import json", "import pathlib")
    read = "pathlib.Path({file}).read_text('utf-8')"
    try:
        rows, line = json.loads(text), f"{{table}} = json.loads({read})"
    except ValueError:
        lines = [each for each in text.split("\n") if each.strip()]
        rows = [json.loads(each) for each in lines]
        line = f"{{table}} = [json.loads(line) for line in {read}.splitlines()]"
    if isinstance(rows, dict):
        return (TableReader(imports, (line,), _COLUMN, rows),)
    names = [name for name in rows[0] if all(name in row for row in rows)]
    columns = {name: [row[name] for row in rows] for name in names}
    return (TableReader(imports, (line,), _ROW, columns),)


def _of_csv(text: str) -> tuple[TableReader, ...]:
    first = text.partition("\n")[0]
    delimiter = next((separator for separator in "\t;" if separator in first), ",")
    option = "" if delimiter == "," else f", delimiter={delimiter!r}"
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        return ()
    named = {name: [row[at] for row in rows[1:]] for at, name in enumerate(rows[0])}
    numbered = {at: [row[at] for row in rows] for at in range(len(rows[0]))}
    imports = ("import csv",)
    return (
        TableReader(imports, (_OPENED, f"    {{table}} = list(csv.DictReader(file{option}))"), _ROW, named),
        TableReader(imports, (_OPENED, f"    {{table}} = list(csv.reader(file{option}))"), _ROW, numbered),
    )


def _braced(text: str) -> str:
    """Returns a text as a part of a template."""
    return text.replace("{", "{{").replace("}", "}}")
