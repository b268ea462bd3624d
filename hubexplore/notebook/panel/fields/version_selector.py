"""The choice of a version, if the panel was opened on a folder of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hubexplore.display.card.html import framed
from hubexplore.display.markup import tag
from hubexplore.display.wording import MAX_SENTENCE, apart, visible
from hubexplore.notebook.panel import light_widgets as widgets


class VersionSelector(widgets.VBox):
    """A dropdown of versions.

    Args:
      versions: name -> handle, newest version first; not empty.
      chosen: is called with the handle of another version. It calls `succeed` or `fail`.
    """

    def __init__(self, versions: Mapping[str, str], chosen: Callable[[str], None]) -> None:
        self._handles = tuple(versions.values())
        self._notify = chosen
        self._current = 0
        self._dropdown = widgets.Dropdown(
            description="Version",
            options=[(name, index) for index, name in enumerate(apart(list(versions)))],
            layout={"width": "auto", "max_width": "30em"},
            style={"description_width": "initial"},
        )
        self._dropdown.observe(self._on_choice, "value")
        self._error = widgets.HTML()
        super().__init__([self._dropdown, self._error])

    def succeed(self, handle: str) -> None:
        """Remembers the version on screen."""
        self._current = self._handles.index(handle)
        self._error.value = ""

    def fail(self, handle: str, message: str) -> None:
        """Says why a version cannot be shown, and goes back to the one on screen."""
        self._dropdown.value = self._current
        words = f"{handle!r} cannot be opened. {message}"
        self._error.value = framed(tag("p", visible(words, MAX_SENTENCE), class_="hub-error", role="alert"))

    def _on_choice(self, _: object) -> None:
        if self._dropdown.value != self._current:
            self._notify(self._handles[self._dropdown.value])
