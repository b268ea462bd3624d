"""The input whose nearest rows a lens shows: a line of text, or the form of a signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hubexplore.inputs.fields import TEXT, Field, fields
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.fields.form import Form
from hubexplore.notebook.panel.lens.search import ModuleSearch, Search
from hubexplore.notebook.panel.notebook_variables import notebook_variables
from hubexplore.summary.tensor_values import Array

OnQuery = Callable[[Callable[[], Array], str], None]


class Query(widgets.VBox):
    """Asks for an input.

    Args:
      search: makes the vector of an input.
      on_query: is called with a function that returns the vector, or raises, and a name for the input.

    Attributes:
      text: the line of text; not on screen if a form is.
      form: the form of the signature; None if a line of text is enough.
    """

    def __init__(self, search: Search, on_query: OnQuery) -> None:
        self._search, self._on_query = search, on_query
        self._text_field: Field | None = None
        self.form: Form | None = None
        self.text = widgets.Text(placeholder="Find the rows nearest to a text", continuous_update=False)
        self.text.observe(lambda _: self._ask_text(), "value")
        if isinstance(search, ModuleSearch):
            asked = search.asked
            found = fields(asked.signature, asked.variant, asked.meta_graph)
            if len(found) == 1 and _takes_a_text(found[0]):
                self._text_field = found[0]
            else:
                self.form = Form(notebook_variables, lambda: None)
                self.form.ask(asked.signature, asked.variant, asked.meta_graph)
        if self.form is None:
            super().__init__([self.text])
            return
        button = widgets.Button(description="Find the nearest rows", button_style="primary")
        button.layout = widgets.Layout(width="auto")
        button.on_click(lambda _: self.ask())
        super().__init__([self.form, widgets.HBox([button], classes=("hub-row",))])

    def ask(self, texts: Sequence[str | None] = (), edits: Sequence[Any] = ()) -> None:
        """Asks for the rows nearest to what stands in the form.

        Args:
          texts: of the text fields on screen, in their order, as the browser has them; None for unchanged.
          edits: of the table, as the browser has them.
        """
        form, search = self.form, self._search
        if form is None or not isinstance(search, ModuleSearch):
            return

        def vector() -> Array:
            form.catch_up(edits)
            form.type(texts)
            inputs = form.inputs(focus=True)
            return search.vector({name: entry.value for name, entry in inputs.items()})

        self._on_query(vector, "the input")

    def _ask_text(self) -> None:
        text, search, field = self.text.value.strip(), self._search, self._text_field
        if not text:
            return
        if not isinstance(search, ModuleSearch):
            self._on_query(lambda: search.vector(text), repr(text))
        elif field is not None:
            shape = (1,) * (1 if field.shape is None else len(field.shape))
            value = np.full(shape, text, object)
            self._on_query(lambda: search.vector({field.name: value}), repr(text))


def _takes_a_text(field: Field) -> bool:
    """Whether an input takes a sentence for each row, as opposed to files, features or lists of words."""
    is_short = field.shape is None or len(field.shape) <= 1
    return field.asks == TEXT and field.kind == "dense" and not field.encoded and is_short
