"""The form of a signature: a box for each input."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets

from hubexplore.display.markup import Markup, join
from hubexplore.errors import HubError
from hubexplore.inputs.brought.sources import from_variable
from hubexplore.inputs.fields import Field, fields
from hubexplore.inputs.input_value import InputValue
from hubexplore.notebook.panel.fields.field import FieldBox
from hubexplore.notebook.panel.widget_closing import close_all
from hubexplore.summary.model import SignatureSummary, VariantSummary


class Form(widgets.VBox):
    """Asks for the inputs of a signature.

    Args:
      namespace: the variables of the notebook.
      changed: is called when what is asked for changes.
    """

    def __init__(self, namespace: Callable[[], Mapping[str, Any]], changed: Callable[[], None]) -> None:
        super().__init__()
        self.fields: tuple[Field, ...] = ()
        self._namespace = namespace
        self._changed = changed
        self._boxes: dict[str, FieldBox] = {}
        self._eager = False

    def ask(self, signature: SignatureSummary, variant: VariantSummary, meta_graph: Any) -> None:
        """Makes a box for each input; what was given for an input of the same name and form stays.

        Args:
          signature: whose inputs.
          variant: it belongs to.
          meta_graph: of the variant; None where there is none.
        """
        before = {box.field: box for box in self._boxes.values()}
        self.fields = fields(signature, variant, meta_graph)
        self._boxes = {
            field.name: before.get(field) or FieldBox(field, self._namespace, self._changed)
            for field in self.fields
        }
        self.watch(self._eager)
        self.children = tuple(self._boxes.values())
        kept = set(map(id, self.children))
        close_all(box for box in before.values() if id(box) not in kept)

    def watch(self, eager: bool) -> None:
        """Whether typed text counts at once, or when its field is left."""
        self._eager = eager
        for box in self._boxes.values():
            box.watch(eager)

    def given(self) -> dict[str, InputValue]:
        """What is given for each input.

        Raises:
          HubError: something is missing or cannot be read; the message names the input.
        """
        found, wrong = {}, []
        for name, box in self._boxes.items():
            try:
                found[name] = box.given()
            except HubError as error:
                wrong.append(error)
        if wrong:
            raise HubError("\n".join(map(str, wrong)))
        return found

    def given_of(self, inputs: Any) -> dict[str, InputValue]:
        """Values of code as what a person could have given.

        Args:
          inputs: a dict of input name -> value, or one value where there is one input; None for no inputs.

        Raises:
          HubError: a value does not fit, or one is missing or not asked for.
        """
        names = [field.name for field in self.fields]
        if not isinstance(inputs, Mapping):
            inputs = {names[0]: inputs} if len(names) == 1 else {} if inputs is None else {"": inputs}
        if set(inputs) != set(names):
            raise HubError(f"These inputs are asked for: {names}. Got {sorted(map(str, inputs))}.")
        found = {field.name: from_variable(field, inputs, field.name) for field in self.fields}
        return {name: dataclasses.replace(given, variable="") for name, given in found.items()}

    def type(self, texts: Sequence[str | None]) -> None:
        """Takes what was typed into the text fields on screen, in their order; if they are as many."""
        shown = [box for box in self._boxes.values() if box.is_typed]
        if len(texts) == len(shown):
            for box, text in zip(shown, texts, strict=True):
                if text is not None:
                    box.type(text)

    def put(self, given: Mapping[str, InputValue]) -> None:
        """Puts back what was given before."""
        for name, each in given.items():
            if name in self._boxes:
                self._boxes[name].put(each)

    def still(self) -> Markup:
        """The same as static HTML."""
        return join(*(box.still() for box in self._boxes.values()))
