"""The form of a signature: one field for each input."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from hubexplore.display.markup import Markup, join
from hubexplore.display.wording import counted
from hubexplore.errors import HubError
from hubexplore.inputs.external.sources import from_variable
from hubexplore.inputs.fields import Field, fields
from hubexplore.inputs.input_value import InputValue
from hubexplore.inputs.tables.columns import Layout, layout
from hubexplore.inputs.tables.sheet import Kept, SheetError
from hubexplore.inputs.text import nested_lists
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.fields.field import FieldBox
from hubexplore.notebook.panel.fields.grid import MIN_FILTERED, TableBox
from hubexplore.notebook.panel.widget_closing import close_all
from hubexplore.summary.model import SignatureSummary, VariantSummary

MAX_LISTED: Final = 5
"""Maximum number of fields whose errors are listed below the form; all of them are marked."""


class Form(widgets.VBox):
    """Fields for the inputs of a signature; those with one value for each row are columns of a table.

    Args:
      namespace: returns the variables of the notebook.
      changed: is called when an input changes.
    """

    def __init__(self, namespace: Callable[[], Mapping[str, Any]], changed: Callable[[], None]) -> None:
        super().__init__(classes=("hub-form",))
        self.fields: tuple[Field, ...] = ()
        self._namespace = namespace
        self._notify = changed
        self._is_asking = False
        self._boxes: dict[str, FieldBox] = {}
        self._eager = False
        self._kept: dict[tuple[str, str, str], InputValue | Kept] = {}
        self._table: TableBox | None = None

    def ask(self, signature: SignatureSummary, variant: VariantSummary, meta_graph: Any) -> None:
        """Makes a field for each input; one of the same name and type as before has its last value.

        Args:
          signature: the signature whose inputs are wanted.
          variant: the graph variant of the signature.
          meta_graph: of the variant; None if the summary comes without graphs.
        """
        before = {box.field: box for box in self._boxes.values()}
        for box in before.values():
            self._keep(box)
        self._keep_table()
        self.fields = fields(signature, variant, meta_graph)
        places = layout(self.fields, signature, meta_graph)
        self._is_asking = True
        try:
            self._ask_table(places)
            self._boxes = {field.name: before.get(field) or self._new_box(field) for field in places.others}
        finally:
            self._is_asking = False
        self.watch(self._eager)
        parts = [self._table] if self._table is not None and self._has_table(places) else []
        # Settings without a table follow what they are settings of, such as a prompt.
        self.children = (*parts, *self._boxes.values()) if places.columns else (*self._boxes.values(), *parts)
        # Else ipywidgets keeps the boxes of all signatures that were ever chosen.
        reused = set(map(id, self.children))
        close_all(box for box in before.values() if id(box) not in reused)

    def _has_table(self, places: Layout) -> bool:
        return bool(places.names) or len(self.fields) >= MIN_FILTERED

    def _ask_table(self, places: Layout) -> None:
        """Shows the table of a signature, which is made for the first signature that has one."""
        is_filtered = max(len(self.fields), len(places.columns)) >= MIN_FILTERED
        if self._table is not None:
            self._table.ask(places, is_filtered)
        elif self._has_table(places):
            self._table = TableBox(places, is_filtered, self._namespace, self._changed)
        else:
            return
        self._fill_table(self._table)

    def _changed(self) -> None:
        # A value that a new field begins with is no change by the user, and its form is not complete.
        if not self._is_asking:
            self._notify()

    def _keep(self, box: FieldBox) -> None:
        """Remembers the value of a field for other signatures; forgets an earlier one if it has none."""
        try:
            self._kept[_key(box.field)] = box.entry()
        except HubError:
            self._kept.pop(_key(box.field), None)

    def _keep_table(self) -> None:
        """Remembers what stands in the table, whether it can be read or not."""
        kept = self._table.kept() if self._table is not None else {}
        for field in self.fields:
            if field.name in kept:
                self._kept[_key(field)] = kept[field.name]

    def _fill_table(self, table: TableBox) -> None:
        """Writes the last values of inputs of the same name and type into the table."""
        kept = {
            field.name: self._kept[_key(field)]
            for field in self.fields
            if _key(field) in self._kept and field.name in table.layout_of_inputs.names
        }
        table.restore({name: entry for name, entry in kept.items() if isinstance(entry, Kept)})
        # An example is made for all inputs of a signature: that of another one has other numbers.
        table.put(
            {
                name: dataclasses.replace(entry, example=None)
                for name, entry in kept.items()
                if isinstance(entry, InputValue)
            }
        )

    def _new_box(self, field: Field) -> FieldBox:
        """Returns a field with the last value of an input of its name and type."""
        box = FieldBox(field, self._namespace, self._changed)
        kept = self._kept.get(_key(field))
        entry = kept.value if isinstance(kept, Kept) else kept
        # Text is read again, and its error then says what does not fit.
        is_fit = entry is not None and (
            entry.text is not None
            or (field.kind == "dense" and nested_lists.fits(field.shape, np.shape(entry.value)))
        )
        if entry is not None and is_fit:
            # An example is made for all inputs of a signature: that of another one has other numbers.
            box.put(dataclasses.replace(entry, example=None))
        return box

    def watch(self, eager: bool) -> None:
        """Sets whether typed text takes effect at every key stroke, or when its field loses the focus."""
        self._eager = eager
        if self._table is not None:
            self._table.watch(eager)
        for box in self._boxes.values():
            box.watch(eager)

    def inputs(self, *, focus: bool = False) -> dict[str, InputValue]:
        """Returns the value of each input, by name; what cannot be read is marked at its field.

        Args:
          focus: whether the first field that cannot be read gets the focus.

        Raises:
          HubError: a value is missing or cannot be read; the message has a line for each such input, up to a
            limit.
        """
        entries: dict[str, InputValue] = {}
        errors: list[str] = []
        faulty: list[FieldBox] = []
        try:
            entries |= self._table.entries(focus=focus) if self._table is not None else {}
        except SheetError as error:
            errors += [fault.message for fault in error.errors]
        focus = focus and not errors
        for name, box in self._boxes.items():
            try:
                entries[name] = box.entry()
                box.show_fault("")
            except HubError as error:
                errors.append(str(error))
                faulty.append(box)
                box.show_fault(str(error))
        if focus and faulty:
            faulty[0].focus()
        if errors:
            left = len(errors) - MAX_LISTED
            more = [f"… and {counted(left, 'more error')}, each at its field."] if left > 0 else []
            raise HubError("\n".join([*errors[:MAX_LISTED], *more]))
        return {field.name: entries[field.name] for field in self.fields}

    def values_of(self, inputs: Any) -> dict[str, InputValue]:
        """Returns values that code passed in the form in which fields take them.

        Args:
          inputs: a dict of input name -> value, or the value itself if there is one input; None for none.

        Raises:
          HubError: a value does not fit, is missing, or is not an input of the signature.
        """
        names = [field.name for field in self.fields]
        if not isinstance(inputs, Mapping):
            inputs = {names[0]: inputs} if len(names) == 1 else {} if inputs is None else {"": inputs}
        if set(inputs) != set(names):
            raise HubError(f"The signature has the inputs {names}; got {sorted(map(str, inputs))}.")
        entries = {field.name: from_variable(field, inputs, field.name) for field in self.fields}
        # The keys of `inputs` are no variables of the notebook that code could refer to.
        return {name: dataclasses.replace(entry, variable="") for name, entry in entries.items()}

    def catch_up(self, edits: Sequence[Any]) -> None:
        """Makes the edits of the table that a run took along and that have not come by themselves."""
        if self._table is not None:
            self._table.grid.catch_up(edits)

    def type(self, texts: Sequence[str | None]) -> None:
        """Takes the texts that were typed into the text fields on screen, in their order."""
        boxes = [box for box in self._boxes.values() if box.is_typed]
        # The browser's message may precede a change of the form; then its texts belong to other fields.
        if len(texts) == len(boxes):
            for box, text in zip(boxes, texts, strict=True):
                if text is not None:
                    box.type(text)

    def put(self, entries: Mapping[str, InputValue]) -> None:
        """Restores values by name; values for other inputs are ignored."""
        if self._table is not None:
            self._table.put(entries)
        for name, entry in entries.items():
            if name in self._boxes:
                self._boxes[name].put(entry)

    def static_html(self) -> Markup:
        """Returns the form as static HTML."""
        table = [] if self._table is None else [self._table.static_html()]
        return join(*table, *(box.static_html() for box in self._boxes.values()))


def _key(field: Field) -> tuple[str, str, str]:
    return field.name, field.dtype, field.kind
