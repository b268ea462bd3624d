"""What goes on, in words: one line beside the buttons, and errors below them."""

from __future__ import annotations

import ipywidgets as widgets

from hubexplore.display.markup import tag
from hubexplore.display.wording import printable

MAX_ERROR = 4000


class Status(widgets.HTML):
    """A line that screen readers announce; `error` is the place for what went wrong.

    Attributes:
      error: a widget that is empty while nothing is wrong.
      said: the words on screen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.add_class("hub-status")
        self.error = widgets.HTML()
        self._failed = ""
        self.say("")

    def say(self, words: str, busy: bool = False) -> None:
        """Says what goes on; `busy` shows that it does."""
        self.said = words
        self.value = tag("span", printable(words), role="status", class_="hub-spin" if busy else None)

    def fail(self, words: str) -> None:
        """Says what went wrong, until it is told otherwise; empty words take it back."""
        self._failed = words if len(words) <= MAX_ERROR else f"{words[:MAX_ERROR]} …"
        lines = "\n".join(printable(line) for line in self._failed.splitlines())
        self.error.value = tag("div", lines, role="alert", class_="hub-error") if lines else ""

    @property
    def failed(self) -> str:
        """What went wrong; empty if nothing did."""
        return self._failed
