"""The form of a signature: one field for each input."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets

from hubexplore.display.markup import Markup, join
from hubexplore.errors import HubError
from hubexplore.inputs.external.sources import from_variable
from hubexplore.inputs.fields import Field, fields
from hubexplore.inputs.input_value import InputValue
from hubexplore.notebook.panel.fields.field import FieldBox
from hubexplore.notebook.panel.widget_closing import close_all
from hubexplore.summary.model import SignatureSummary, VariantSummary


class Form(widgets.VBox):
    """Fields for the inputs of a signature.

    Args:
      namespace: returns the variables of the notebook.
      changed: is called when an input changes.
    """

    def __init__(self, namespace: Callable[[], Mapping[str, Any]], changed: Callable[[], None]) -> None:
        super().__init__()
        self.fields: tuple[Field, ...] = ()
        self._namespace = namespace
        self._changed = changed
        self._boxes: dict[str, FieldBox] = {}
        self._eager = False

    def ask(self, signature: SignatureSummary, variant: VariantSummary, meta_graph: Any) -> None:
        """Makes a field for each input; an input of the same name, dtype and shape as before keeps its value.

        Args:
          signature: the signature whose inputs are wanted.
          variant: the graph variant of the signature.
          meta_graph: of the variant; None if the summary comes without graphs.
        """
        before = {box.field: box for box in self._boxes.values()}
        self.fields = fields(signature, variant, meta_graph)
        self._boxes = {
            field.name: before.get(field) or FieldBox(field, self._namespace, self._changed)
            for field in self.fields
        }
        self.watch(self._eager)
        self.children = tuple(self._boxes.values())
        # Else ipywidgets keeps the boxes of all signatures that were ever chosen.
        reused = set(map(id, self.children))
        close_all(box for box in before.values() if id(box) not in reused)

    def watch(self, eager: bool) -> None:
        """Sets whether typed text takes effect at every key stroke, or when its field loses the focus."""
        self._eager = eager
        for box in self._boxes.values():
            box.watch(eager)

    def inputs(self) -> dict[str, InputValue]:
        """Returns the value of each input, by name.

        Raises:
          HubError: a value is missing or cannot be read; the message has a line for each such input.
        """
        entries, errors = {}, []
        for name, box in self._boxes.items():
            try:
                entries[name] = box.entry()
            except HubError as error:
                errors.append(error)
        if errors:
            raise HubError("\n".join(map(str, errors)))
        return entries

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
        for name, entry in entries.items():
            if name in self._boxes:
                self._boxes[name].put(entry)

    def static_html(self) -> Markup:
        """Returns the form as static HTML."""
        return join(*(box.static_html() for box in self._boxes.values()))
