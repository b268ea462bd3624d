"""An input that is typed; sliders for the numbers of its first row."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from hubexplore.display.wording import visible
from hubexplore.errors import HubError
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue
from hubexplore.inputs.text import typed_text
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.fields.sliders import MAX_SLIDERS, Sliders


class TextSource(widgets.VBox):
    """A text field for an input.

    Args:
      field: the input.
      changed: is called when the text changes.
    """

    def __init__(self, field: Field, changed: Callable[[], None]) -> None:
        self._field = field
        self._changed = changed
        self._restored: InputValue | None = None
        self._text = widgets.Textarea(
            description=visible(field.name),
            rows=8 if field.encoded else 4 if field.asks == "text" else 3,
            placeholder=field.hint,
            continuous_update=False,
            layout={"width": "100%"},
        )
        self._text.observe(self._on_text, "value")
        super().__init__([self._text])
        self._by_slider: widgets.Checkbox | None = None
        if not _width(field):
            return
        self._by_slider = widgets.Checkbox(
            description="Sliders for the numbers of the first row", indent=False
        )
        self._by_slider.observe(self._on_choice, "value")
        self.children = (self._text, self._by_slider)
        if field.is_latent:
            # Nobody types such a vector; the average of what a generator makes is at 0.
            self._changed = lambda: None
            self.put(InputValue(np.zeros([size or 1 for size in field.shape or ()], field.numpy)))
            self._by_slider.value = True
            self._changed = changed

    @functools.cached_property
    def _sliders(self) -> Sliders:
        return Sliders(self._on_move)

    @property
    def first_widget(self) -> widgets.DOMWidget:
        """The widget in which one types."""
        return self._text

    def watch(self, eager: bool) -> None:
        """Sets whether text takes effect at every key stroke, or when the field loses the focus."""
        self._text.continuous_update = eager

    def type(self, text: str) -> None:
        """Takes the text that is in the field on screen, without calling `changed`."""
        changed, self._changed = self._changed, lambda: None
        try:
            self._text.value = text
        finally:
            self._changed = changed

    def entry(self) -> InputValue:
        """Returns the value of the text.

        Raises:
          HubError: the text is empty or cannot be read.
        """
        text = self._text.value
        # While its text is unchanged, a restored value counts as it was: text may round its numbers, and does
        # not say where they came from.
        if self._restored is not None and self._restored.text == text:
            return self._restored
        return InputValue(typed_text.read(self._field, text), text=text)

    def put(self, entry: InputValue) -> bool:
        """Writes a value as text; returns False if it is too long for that."""
        text = entry.text if entry.text is not None else typed_text.write(self._field, entry.value)
        if text is None:
            return False
        self._restored = dataclasses.replace(entry, text=text)
        self._text.value = text
        return True

    def _on_text(self, _: object) -> None:
        if self._by_slider is not None and self._by_slider.value:
            self._move_sliders()
        self._changed()

    def _on_choice(self, change: Any) -> None:
        is_on = change["new"]
        self.children = (self._text, self._by_slider, *((self._sliders,) if is_on else ()))
        if is_on:
            self._move_sliders()

    def _move_sliders(self) -> None:
        """Moves the sliders to the first row; to zero if the text cannot be read."""
        row = self._rows()
        self._sliders.put(
            [0.0] * _width(self._field) if row is None else row.reshape(-1)[: _width(self._field)]
        )

    def _rows(self) -> Any:
        try:
            return np.asarray(typed_text.read(self._field, self._text.value), np.float64)
        except HubError:
            return None

    def _on_move(self, numbers: list[float]) -> None:
        rows = self._rows()
        if rows is None or not rows.size:
            rows = np.zeros([size or 1 for size in self._field.shape or ()])
        rows.reshape(-1)[: len(numbers)] = numbers
        # Sliders move in steps of 0.1: more digits would be errors of the floating point numbers.
        text = typed_text.write(self._field, np.round(rows, 4).astype(np.float32))
        if text is not None:
            self._text.value = text


def _width(field: Field) -> int:
    """Returns the number of numbers in a row if all of them can have sliders; else 0."""
    shape = field.shape
    if field.kind != "dense" or shape is None or len(shape) > 2:
        return 0
    width = (shape[-1] or 0) if shape else 1
    if field.is_latent:
        return width
    return width if field.asks == "numbers" and width <= MAX_SLIDERS else 0
