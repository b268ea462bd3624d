"""The status of a run: one line beside the buttons, and the error below them."""

from __future__ import annotations

from typing import Final

from hubexplore.display.markup import Markup, tag
from hubexplore.display.wording import printable
from hubexplore.notebook.panel import light_widgets as widgets

MAX_ERROR: Final = 4000
"""Maximum number of characters of an error; TensorFlow may quote a whole graph."""


class StatusLine(widgets.HTML):
    """A line of text that screen readers announce, with a widget for errors.

    Attributes:
      error: the widget of the error, empty if there is none.
      text: the line on screen.
    """

    def __init__(self) -> None:
        self.text = ""
        super().__init__(_line(""), classes=("hub-status",))
        self.error = widgets.HTML()
        self._error_text = ""

    def say(self, text: str, busy: bool = False) -> None:
        """Shows a line; `busy` adds a spinner."""
        self.text = text
        self.value = _line(text, busy)

    def fail(self, text: str) -> None:
        """Shows an error, which stays until the next call; an empty text removes it."""
        self._error_text = text if len(text) <= MAX_ERROR else f"{text[:MAX_ERROR]} …"
        # A message may quote names of a module and values: control characters would garble the line.
        lines = "\n".join(printable(line) for line in self._error_text.splitlines())
        self.error.value = tag("div", lines, role="alert", class_="hub-error") if lines else ""

    @property
    def error_text(self) -> str:
        """The error on screen; empty if there is none."""
        return self._error_text


def _line(text: str, busy: bool = False) -> Markup:
    return tag("span", printable(text), role="status", class_="hub-spin" if busy else None)
