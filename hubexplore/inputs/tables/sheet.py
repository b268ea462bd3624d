"""What stands in the table and the boxes of a form, as text, and the values of inputs that it makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue, short
from hubexplore.inputs.tables.columns import Column, Layout
from hubexplore.inputs.text import nested_lists, tf_examples, typed_text
from hubexplore.inputs.text.literals import Literals, counted
from hubexplore.summary.tensor_values import Array

MAX_CELLS: Final = 10_000
"""Maximum number of cells that can be edited; larger tables are shown in part."""
MAX_SHOWN: Final = 50
"""Number of rows that are shown of a larger table."""
BOX: Final = -1
"""Row of an error in a box."""
_BOX_NAME: Final = "\0"
"""The column of a box, which no column has as its name."""


class CellError(NamedTuple):
    """Why a cell cannot be read: its row, from 0, or `BOX`; its column, or the box; and the message."""

    row: int
    column: int
    message: str


class SheetError(SignatureError):
    """Cells that cannot be read; `errors` has each, in the order of the form."""

    errors: tuple[CellError, ...] = ()

    @staticmethod
    def of(errors: Sequence[CellError]) -> SheetError:
        """Makes the error of several cells."""
        error = SheetError("\n".join(error.message for error in errors))
        error.errors = tuple(errors)
        return error


@dataclass(frozen=True)
class Kept:
    """What stood in the columns or the box of an input: a text for each row of each column, and its value."""

    texts: Mapping[str, list[str]]
    value: InputValue | None = None


class Sheet:
    """Texts of cells and boxes.

    Args:
      layout: which inputs they belong to.

    Attributes:
      layout: the same.
      rows: a text for each column of each row.
      boxes: a text for each box.
      held: values of inputs whose columns are not typed: too large, or without a text. The cells of these
        columns are not used.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.rows: list[list[str]] = []
        self.boxes = list(map(_usual_text, layout.boxes))
        self.held: dict[str, InputValue] = {}
        # Values as they were put. While its cells are unchanged, one counts as it was: text may round its
        # numbers, and does not say where they came from.
        self._put: dict[str, InputValue] = {}
        self._fields = {column.field.name: column.field for column in layout.columns}
        self._places: dict[str, list[tuple[int, Column]]] = {}
        for number, column in enumerate(layout.columns):
            self._places.setdefault(column.field.name, []).append((number, column))
        self.clear()

    # ---- what a user does

    def clear(self) -> None:
        """Empties the table; one row stays."""
        self.rows = [[""] * len(self.layout.columns)] if self.layout.columns else []
        self._forget(column.field.name for column in self.layout.columns)

    def edit(self, row: int, columns: Sequence[int], block: Sequence[Sequence[str]]) -> None:
        """Writes a block of texts from a row on, into some columns; rows that are missing are added.

        Raises:
          SignatureError: the block does not fit the table.
        """
        width, end = len(self.layout.columns), row + len(block)
        if row < 0 or not all(0 <= column < width for column in columns):
            raise SignatureError("These cells are not in the table.")
        self._check_size(end)
        if any(self.layout.columns[column].field.name in self.held for column in columns):
            raise SignatureError(
                "Values from a file or variable cannot be edited here. Clear the table first."
            )
        if end > len(self.rows):
            self._add(len(self.rows), end - len(self.rows))
        for cells, texts in zip(self.rows[row:end], block, strict=True):
            for column, text in zip(columns, texts, strict=False):
                cells[column] = text
        self._forget(self.layout.columns[column].field.name for column in columns)

    def insert(self, row: int) -> None:
        """Inserts an empty row.

        Raises:
          SignatureError: the table cannot have more rows.
        """
        self._check_size(len(self.rows) + 1)
        self._add(max(0, min(row, len(self.rows))), 1)

    def remove(self, row: int, count: int) -> None:
        """Removes rows; one stays."""
        self._check_typed()
        del self.rows[max(row, 0) : max(row, 0) + max(count, 0)]
        self._forget(column.field.name for column in self.layout.columns)
        if not self.rows:
            self.clear()

    def edit_box(self, box: int, text: str) -> None:
        """Writes the text of a box."""
        if 0 <= box < len(self.boxes):
            self.boxes[box] = text
            self._forget([self.layout.boxes[box].name])

    def _add(self, row: int, count: int) -> None:
        self._check_typed()
        self.rows[row:row] = [[""] * len(self.layout.columns) for _ in range(count)]
        self._forget(column.field.name for column in self.layout.columns)

    def _check_size(self, rows: int) -> None:
        most = self.layout.max_rows or MAX_CELLS // max(len(self.layout.columns), 1)
        if rows > most:
            remedy = "" if self.layout.max_rows else " Load more of them from a file or a variable."
            raise SignatureError(f"The table can have {most:,} {'row' if most == 1 else 'rows'}.{remedy}")

    def _check_typed(self) -> None:
        if self.held:
            raise SignatureError("Rows from a file or variable cannot be edited here. Clear the table first.")

    def _forget(self, names: Iterable[str]) -> None:
        for name in list(names):
            self._put.pop(name, None)
            self.held.pop(name, None)

    # ---- values to texts

    def put(self, entries: Mapping[str, InputValue]) -> None:
        """Restores values by name; values for other inputs are ignored."""
        for number, field in enumerate(self.layout.boxes):
            if field.name in entries:
                self._put_box(number, field, entries[field.name])
        ours = {name: entry for name, entry in entries.items() if name in self._fields}
        if not ours:
            return
        texts: dict[int, list[str]] = {}
        for name, entry in ours.items():
            written = self._written(self._fields[name], entry)
            self._forget([name])
            self._put[name] = entry
            if written is None:
                self.held[name] = entry
            else:
                texts |= written
        self._lay(texts, is_whole=len(ours) == len(self._fields))

    def readable(self) -> dict[str, InputValue]:
        """Returns the values of the inputs in the table whose cells can all be read, by name."""
        errors: list[CellError] = []
        read = self._read_rows(errors)
        faulty = {self.layout.columns[error.column].field.name for error in errors}
        return {name: self._entry(field, read) for name, field in self._fields.items() if name not in faulty}

    def remember(self, name: str, entry: InputValue) -> None:
        """Takes a value for what the cells of an input contain now; it counts until they are edited."""
        self._put[name] = entry

    def _put_box(self, number: int, field: Field, entry: InputValue) -> None:
        text = entry.text if entry.text is not None else typed_text.write(field, entry.value)
        if text is not None:
            self.boxes[number] = text
            self._put[field.name] = entry

    def _lay(self, texts: Mapping[int, Sequence[str]], *, is_whole: bool) -> None:
        """Writes columns; all rows are replaced if these are all columns."""
        count = max(map(len, texts.values()), default=0)
        if is_whole:
            self.rows = self.rows[: max(count, 1)]
        missing = max(count, 1) - len(self.rows)
        self.rows += [[""] * len(self.layout.columns) for _ in range(missing)]
        for column, cells in texts.items():
            for number, row in enumerate(self.rows):
                row[column] = cells[number] if number < len(cells) else ""

    def _written(self, field: Field, entry: InputValue) -> dict[int, list[str]] | None:
        """The texts of the columns of an input, by their index; None if it has to be held."""
        columns = self._places[field.name]
        rows = column_rows([column for _, column in columns], entry.value)
        if rows is None or len(rows) * len(self.layout.columns) > MAX_CELLS:
            return None
        texts: dict[int, list[str]] = {number: [] for number, _ in columns}
        for values in rows:
            for (number, column), cell in zip(columns, values, strict=True):
                text = column.write(cell)
                if text is None:
                    return None
                texts[number].append(text)
        return texts

    # ---- texts to values

    @property
    def used_rows(self) -> int:
        """The number of rows up to the last one that is not empty."""
        typed = [n for n, column in enumerate(self.layout.columns) if column.field.name not in self.held]
        for number in range(len(self.rows), 0, -1):
            if any(self.rows[number - 1][column] for column in typed):
                return number
        # Check boxes that nobody has touched are values, too.
        return len(self.rows) if typed and all(self.layout.columns[n].is_flag for n in typed) else 0

    def entries(self) -> dict[str, InputValue]:
        """Returns the values by name of the input.

        Raises:
          SheetError: with the error of each cell that cannot be read.
        """
        errors: list[CellError] = []
        entries: dict[str, InputValue] = {}
        for number, field in enumerate(self.layout.boxes):
            try:
                entries[field.name] = self._box_value(number, field)
            except SignatureError as error:
                errors.append(CellError(BOX, number, str(error)))
        read = self._read_rows(errors)
        errors += self._lacking()
        if errors:
            raise SheetError.of(errors)
        return entries | {name: self._entry(field, read) for name, field in self._fields.items()}

    def _box_value(self, number: int, field: Field) -> InputValue:
        text = self.boxes[number]
        if field.name in self._put:
            return self._put[field.name]
        return InputValue(typed_text.read(field, text), text=text)

    def _lacking(self) -> list[CellError]:
        """The errors of columns that are typed beside those of a larger table."""
        count = max((_length(entry.value) for entry in self.held.values()), default=0)
        if count in (0, self.used_rows):
            return []
        return [
            CellError(
                0,
                place,
                f"Input {column.field.name!r} has no values for the {counted(count, 'row', 'rows')} from a "
                f"file or variable; add a column {short(column.name)!r} there.",
            )
            for place, column in enumerate(self.layout.columns)
            if column.field.name not in self._put
        ]

    def _read_rows(self, errors: list[CellError]) -> list[list[Any]]:
        """The values of all cells that are typed, by row and column; errors are added to the list."""
        used = self.used_rows if self.held else max(self.used_rows, 1)
        read = []
        for number, texts in enumerate(self.rows[:used]):
            values: list[Any] = []
            for place, (column, text) in enumerate(zip(self.layout.columns, texts, strict=True)):
                # What was put is not read again, also where its rows are fewer than those of others.
                if column.field.name in self._put:
                    values.append(None)
                    continue
                try:
                    values.append(column.read(text, number + 1))
                except SignatureError as error:
                    values.append(None)
                    errors.append(CellError(number, place, str(error)))
            read.append(values)
        return read

    def _entry(self, field: Field, read: Sequence[Sequence[Any]]) -> InputValue:
        if field.name in self._put:
            return self._put[field.name]
        columns = self._places[field.name]
        if columns[0][1].feature is None:
            ((place, _),) = columns
            literals = Literals(field)
            flat = nested_lists.array(literals, [value for row in read for value in row[place]])
            return InputValue(nested_lists.shaped(field, flat))
        messages = np.empty(len(read), object)
        messages[:] = [
            tf_examples.serialized(
                {column.name: row[place] for place, column in columns if row[place] is not None}
            )
            for row in read
        ]
        return InputValue(nested_lists.shaped(field, messages))

    # ---- another signature

    def kept(self) -> dict[str, Kept]:
        """Returns what stands in the form, by name of the input, whether it can be read or not."""
        kept = {
            field.name: Kept({_BOX_NAME: [text]}, self._put.get(field.name))
            for field, text in zip(self.layout.boxes, self.boxes, strict=True)
        }
        for name, field in self._fields.items():
            columns = {
                column.name: [row[place] for row in self.rows] for place, column in self._places[field.name]
            }
            kept[name] = Kept(columns, self._put.get(name))
        return kept

    def restore(self, kept: Mapping[str, Kept]) -> None:
        """Writes what stood in another form, of inputs of the same name and type."""
        for number, field in enumerate(self.layout.boxes):
            # An input of another shape may have been a column.
            if field.name in kept and _BOX_NAME in kept[field.name].texts:
                (self.boxes[number],) = kept[field.name].texts[_BOX_NAME]
        texts = {
            place: kept[name].texts[column.name]
            for name, field in self._fields.items()
            if name in kept
            for place, column in self._places[field.name]
            if column.name in kept[name].texts
        }
        if texts:
            self._lay(texts, is_whole=False)
        for name, field in self._fields.items():
            value = kept[name].value if name in kept else None
            if value is not None and self._written(field, value) is None:
                self._put[name] = self.held[name] = value


def column_rows(columns: Sequence[Column], value: Any) -> Sequence[Sequence[Any]] | None:
    """The values of an input by row and column; None if cells cannot have them."""
    if not isinstance(value, np.ndarray):
        return None
    array: Array = value
    if columns[0].feature is None:
        return [[row] for row in array.reshape(len(array), -1)] if array.ndim else None
    names = {column.name for column in columns}
    rows = []
    for content in array.reshape(-1):
        features = tf_examples.features_of(content) if isinstance(content, bytes) else None
        # A feature that the graph does not know, or of another type, would get lost.
        if features is None or not set(features) <= names or tf_examples.serialized(features) != content:
            return None
        rows.append([features.get(column.name, ()) for column in columns])
    return rows


def shown_rows(sheet: Sheet) -> list[list[str]]:
    """Returns the rows as they are shown: of columns that are held, the first ones."""
    if not sheet.held:
        return sheet.rows
    columns = sheet.layout.columns
    count = max(len(sheet.rows), min(row_count(sheet), MAX_SHOWN))
    rows = [list(row) for row in sheet.rows] + [[""] * len(columns) for _ in range(count - len(sheet.rows))]
    for entry in sheet.held.values():
        places = [place for place, column in enumerate(columns) if sheet.held.get(column.field.name) is entry]
        ours = [columns[place] for place in places]
        value = np.asarray(entry.value)
        head = value.reshape(_length(value), -1)[:count]
        first = column_rows(ours, head if ours[0].feature is None else head.reshape(-1)) or []
        for number, row in enumerate(rows):
            for place, column in zip(places, ours, strict=True):
                cells = first[number] if number < len(first) else None
                text = column.write(cells[ours.index(column)]) if cells is not None else None
                row[place] = ("…" if number < len(head) else "") if text is None else text
    return rows


def row_count(sheet: Sheet) -> int:
    """The number of rows, with those that are not shown."""
    return max([len(sheet.rows), *(_length(entry.value) for entry in sheet.held.values())], default=0)


def _length(value: Any) -> int:
    return len(value) if np.ndim(value) else 1


def _usual_text(field: Field) -> str:
    """The text with which a box begins: the value with which the graph gives its usual results."""
    is_flag = field.dtype == "bool" and field.shape in ((), None)
    if field.neutral is None:
        return "false" if is_flag else ""
    return Literals(field).word(np.asarray(field.neutral).astype(field.numpy)[()]) or ""
