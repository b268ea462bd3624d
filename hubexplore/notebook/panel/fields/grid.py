"""The table of a form: a column for each input, boxes for single values, and a place for a file of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import traitlets

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.wording import apart, counted, omission, visible
from hubexplore.errors import HubError
from hubexplore.inputs.external.sources import LIMIT
from hubexplore.inputs.input_value import InputValue
from hubexplore.inputs.tables import loading, table_sources
from hubexplore.inputs.tables.columns import Column, Layout
from hubexplore.inputs.tables.sheet import CellError, Kept, Sheet, SheetError, row_count, shown_rows
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.browser_widgets import FrontendWidget, Message, script, style
from hubexplore.notebook.panel.fields.upload import Files, Upload
from hubexplore.notebook.panel.panel_texts import error_text

MIN_FILTERED: Final = 13
"""Number of inputs from which on a form has a filter."""
MAX_STATIC_ROWS: Final = 20
"""Maximum number of rows in a static picture."""
_MAX_FAULTS: Final = 1_000
"""Maximum number of cells that are marked."""
_MAX_TEXT: Final = 100_000
"""Maximum number of characters of a cell."""
Namespace = Callable[[], Mapping[str, Any]]


class Grid(FrontendWidget):
    """Cells and boxes as text.

    Messages: `edit` {row, columns, block} writes texts, `insert` {row} and `remove` {row, count} change rows,
    `clear` empties the table, `box` {box, text} writes a box. Each has the `drawing` in which it was made,
    and a `number` within its `view`: it may come by itself or with a run, whichever is first.

    Args:
      layout: of the inputs that it begins with.
      is_filtered: whether it has a filter.
      changed: is called when a user has changed something.
      refused: is called with the error of a change that is not possible.
    """

    _esm = script("grid.js")
    _css = style("grid.css")
    # The browser changes its cells itself: the state is made when it is sent, not when a cell changes.
    form = traitlets.Dict().tag(sync=True, to_json=lambda _, grid: grid._drawn())
    faults: Any = traitlets.Dict({"number": 0, "cells": []}).tag(sync=True)
    eager = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        layout: Layout,
        is_filtered: bool,
        changed: Callable[[], None],
        refused: Callable[[Exception], None],
    ) -> None:
        # Before the base class, which sends the state.
        self.sheet, self._is_filtered = Sheet(layout), is_filtered
        self._drawings = 0
        self._seen: dict[str, int] = {}  # the number of the last edit of each view
        # Front ends may give each widget a thread.
        self._lock = threading.RLock()
        super().__init__()
        self._changed, self._refused = changed, refused
        self.listen(lambda message, _: self._on_message(message))

    def ask(self, layout: Layout, is_filtered: bool) -> None:
        """Shows an empty table for a layout."""
        self.sheet, self._is_filtered = Sheet(layout), is_filtered
        self.draw()

    def draw(self) -> None:
        """Sends all cells, which the kernel has changed; what is wrong with earlier ones is forgotten."""
        with self._lock:
            self._drawings += 1
            self._seen.clear()
        with self.hold_sync():
            self.form = {"drawing": self._drawings}
            self.faults = {**self.faults, "cells": []}

    def show_faults(self, faults: Sequence[CellError], *, focus: bool) -> None:
        """Marks the cells that cannot be read, and no others; `focus` moves the focus to the first one."""
        if faults or self.faults["cells"]:
            number = self.faults["number"] + int(focus)
            cells = [list(fault) for fault in faults[:_MAX_FAULTS]]
            self.faults = {"number": number, "cells": cells}

    def _drawn(self) -> dict[str, Any]:
        layout = self.sheet.layout
        return {
            "columns": _described(layout.columns),
            "boxes": _described([Column(field) for field in layout.boxes]),
            "rows": shown_rows(self.sheet),
            "texts": self.sheet.boxes,
            "held": [
                place for place, column in enumerate(layout.columns) if column.field.name in self.sheet.held
            ],
            "total": row_count(self.sheet),
            "most": layout.max_rows,
            "filtered": self._is_filtered,
            "drawing": self._drawings,
        }

    def entries(self) -> dict[str, InputValue]:
        """Returns the values by name of the input; raises SheetError for cells that cannot be read."""
        with self._lock:
            return self.sheet.entries()

    def catch_up(self, messages: Sequence[Any]) -> None:
        """Makes the edits among messages that have not come yet.

        Raises:
          HubError: one of them is not possible.
        """
        for message in messages:
            if isinstance(message, dict):
                self._take(message)

    def _on_message(self, message: Message) -> None:
        try:
            is_edit = self._take(message)
        except HubError as error:
            self._refused(error)
            # What the browser shows was not accepted.
            self.draw()
            return
        if is_edit:
            self._changed()

    def _take(self, message: Message) -> bool:
        """Makes an edit; returns False for one that was made already, or in cells that are gone."""
        with self._lock:
            view, number = str(message.get("view")), message.get("number")
            if message.get("drawing", self._drawings) != self._drawings:
                return False
            if isinstance(number, int):
                if number <= self._seen.get(view, 0):
                    return False
                self._seen[view] = number
            return self._edit(message)

    def _edit(self, message: Message) -> bool:
        """Does what a message asks; returns False for a malformed one, as a front end may send anything."""
        match message:
            case {"kind": "edit", "row": int(row), "columns": list(columns), "block": list(block)} if (
                _are_places(columns) and _is_block(block)
            ):
                self.sheet.edit(row, columns, block)
            case {"kind": "insert", "row": int(row)}:
                self.sheet.insert(row)
            case {"kind": "remove", "row": int(row), "count": int(count)}:
                self.sheet.remove(row, count)
            case {"kind": "clear"}:
                self.sheet.clear()
                self.draw()
            case {"kind": "box", "box": int(box), "text": str(text)} if len(text) <= _MAX_TEXT:
                self.sheet.edit_box(box, text)
            case _:
                return False
        return True


class TableBox(widgets.VBox):
    """The table with the ways to fill it at once: a file, or a variable of the notebook.

    Args:
      layout: of the inputs that it begins with.
      is_filtered: whether it has a filter.
      namespace: returns the variables of the notebook.
      changed: is called when the values change.
    """

    def __init__(
        self, layout: Layout, is_filtered: bool, namespace: Namespace, changed: Callable[[], None]
    ) -> None:
        self._namespace, self._notify = namespace, changed
        self.grid = Grid(layout, is_filtered, self._on_edit, self._say_error)
        self._upload = Upload(
            self._take,
            accept=".csv,.tsv,.tab,.txt,.parquet,.json,.jsonl,.tfrecord",
            label="Choose, drop or paste a table (CSV, TSV, Parquet, JSON)",
            limit=LIMIT,
        )
        self._variables = widgets.Dropdown(
            description="or variable",
            options=self._options(),
            style={"description_width": "initial"},
            # As wide as its longest name, which an author may make as long as the panel.
            layout={"width": "auto", "max_width": "26em"},
        )
        self._refresh = widgets.Button(description="Refresh", tooltip="List the tables of the notebook now")
        self._loader = widgets.HBox(
            [self._upload, self._variables, self._refresh],
            classes=("hub-row",),
            layout={} if layout.columns else {"display": "none"},
        )
        self._message = widgets.HTML()
        super().__init__([self.grid, self._loader, self._message], classes=("hub-table",))
        self._refresh.on_click(lambda _: self._list())
        self._variables.observe(lambda _: self._choose(), "value")

    @property
    def layout_of_inputs(self) -> Layout:
        """Which inputs are in the table and the boxes."""
        return self.grid.sheet.layout

    def ask(self, layout: Layout, is_filtered: bool) -> None:
        """Shows an empty table for a layout."""
        self.grid.ask(layout, is_filtered)
        self._say("")
        self._loader.hide(not layout.columns)
        if layout.columns:
            self._list()

    def watch(self, eager: bool) -> None:
        """Sets whether a cell takes effect at every key stroke, or when it is left."""
        self.grid.eager = eager

    def entries(self, *, focus: bool) -> dict[str, InputValue]:
        """Returns the values by name of the input; marks the cells that cannot be read.

        Args:
          focus: whether the first of them gets the focus.

        Raises:
          SheetError: with the error of each cell that cannot be read.
        """
        try:
            entries = self.grid.entries()
        except SheetError as error:
            self.grid.show_faults(error.errors, focus=focus)
            raise
        self.grid.show_faults((), focus=False)
        return entries

    def put(self, entries: Mapping[str, InputValue]) -> None:
        """Restores values by name; values for other inputs are ignored."""
        if self.layout_of_inputs.names & set(entries):
            self.grid.sheet.put(entries)
            self.grid.draw()
            self._say("")
            self._notify()

    def kept(self) -> dict[str, Kept]:
        """Returns what stands in the table, by name of the input."""
        return self.grid.sheet.kept()

    def restore(self, kept: Mapping[str, Kept]) -> None:
        """Writes what stood in the table of another signature."""
        if kept:
            self.grid.sheet.restore(kept)
            self.grid.draw()

    def static_html(self) -> Markup:
        """Returns boxes and table as static HTML."""
        sheet = self.grid.sheet
        boxes = zip(sheet.layout.boxes, sheet.boxes, strict=True)
        lines = [tag("p", tag("strong", visible(field.name)), ": ", visible(text)) for field, text in boxes]
        columns = sheet.layout.columns
        if not columns:
            return join(*lines)
        rows = shown_rows(sheet)[:MAX_STATIC_ROWS]
        names = apart([column.name for column in columns])
        head = tag("tr", *(tag("th", name, scope="col") for name in names))
        body = [tag("tr", *(tag("td", visible(text)) for text in row)) for row in rows]
        left = omission(row_count(sheet) - len(rows), "row")
        note = [tag("p", left, class_="note")] if left else []
        return join(*lines, tag("table", tag("thead", head), tag("tbody", *body)), *note)

    def _on_edit(self) -> None:
        self._say("")
        self._notify()

    def _take(self, files: Files) -> None:
        # The message below says more than that a file was received.
        self._upload.report("")
        self._load(lambda layout: table_sources.read_file(layout, *files[0]))

    def _options(self) -> list[tuple[str, str | None]]:
        """What can be chosen among the variables of the notebook."""
        layout = self.layout_of_inputs
        names = table_sources.tables(layout, self._namespace()) if layout.columns else []
        return [("choose a table" if names else "no table fits", None), *((name, name) for name in names)]

    def _list(self) -> None:
        with self._variables.hold_sync():
            self._variables.options = self._options()
            self._variables.index = 0

    def _choose(self) -> None:
        name = self._variables.value
        if name is not None:
            self._load(lambda _: table_sources.from_variable(self._namespace(), name))

    def _load(self, read: Callable[[Layout], Any]) -> None:
        try:
            table = read(self.layout_of_inputs)
            if isinstance(table, table_sources.Table):
                message = loading.load(self.grid.sheet, table)
            else:
                self.grid.sheet.put(table)
                message = f"{counted(row_count(self.grid.sheet), 'row')} from a TFRecord file."
        except Exception as error:  # noqa: BLE001 - a file or variable may contain anything; the error is shown
            self._say_error(error)
            return
        self.grid.draw()
        self._say(message)
        self._notify()

    def _say(self, text: str) -> None:
        self._message.value = (
            tag("span", visible(text, 600), role="status", class_="hub-quiet") if text else ""
        )

    def _say_error(self, error: Exception) -> None:
        self._message.value = tag("div", visible(error_text(error), 1200), class_="hub-error")


def _described(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Columns as grid.js takes them."""
    labels = apart([column.name for column in columns])
    return [
        {
            "id": column.name,
            "label": label,
            "type": _type_text(column),
            "hint": column.hint if column.field.shape != () or column.feature else column.field.hint,
            "kind": "flag" if column.is_flag else "text" if column.is_text else "number",
            "whole": column.dtype.startswith(("int", "uint")),
            "usual": _usual(column),
        }
        for column, label in zip(columns, labels, strict=True)
    ]


def _type_text(column: Column) -> str:
    width = column.width
    return column.dtype if width == 1 else f"{column.dtype} × {'any' if width is None else width}"


def _usual(column: Column) -> str:
    """What an empty cell stands for."""
    if column.feature is None or column.feature.is_open:
        return ""
    return column.write(column.feature.default) or ""


def _are_places(columns: Sequence[Any]) -> bool:
    return all(type(column) is int for column in columns)


def _is_block(block: Sequence[Any]) -> bool:
    return all(
        isinstance(row, list) and all(isinstance(text, str) and len(text) <= _MAX_TEXT for text in row)
        for row in block
    )
