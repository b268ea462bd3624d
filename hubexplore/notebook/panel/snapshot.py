"""A static picture of the panel that stays in a saved notebook."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Final

from hubexplore.display.markup import Markup, tag
from hubexplore.notebook.panel.later import Later

MAX_SNAPSHOT: Final = 600_000
"""Maximum number of characters of a snapshot, which every save of the notebook writes."""
PAUSE: Final = 0.4
"""Seconds without a change after which a snapshot is updated."""

# A live panel hides its snapshot, see monitor.js. A snapshot without one hides JupyterLab's note on that.
_STYLE: Final = Markup("""
.jp-OutputArea-child:not(:has(.hubexplore-panel)):has(+ .jp-OutputArea-child .hubexplore-still)
  > .jp-OutputArea-output:not(:has(*)) { display: none; }
""")


class Snapshot:
    """Shows static HTML below a widget, and keeps it up to date.

    The snapshot is an output of its own, not another MIME type of the widget's output: a front end without
    widgets shows it, and updating it does not make the browser build the widget again.

    Args:
      draw: returns what is on screen now.
      picture: the class of its elements, by which the panel finds them.
    """

    def __init__(self, draw: Callable[[], Markup], picture: str) -> None:
        self._draw = draw
        self._class = f"hubexplore-still {picture}"
        self._handles: list[Any] = []
        self._later = Later(PAUSE)

    def show(self) -> None:
        """Displays the snapshot in the running cell."""
        from IPython.display import DisplayHandle

        handle = DisplayHandle()
        handle.display(self._bundle(), raw=True)
        self._handles.append(handle)

    def changed(self) -> None:
        """Schedules an update; several changes in quick succession cause one update."""
        if self._handles:
            self._later.put_off(self.update)

    def update(self) -> None:
        """Updates the snapshot now."""
        bundle = self._bundle()
        # Several cells may display one panel.
        for handle in self._handles:
            handle.update(bundle, raw=True)

    def close(self) -> None:
        """Ends the updates; the snapshot stays as it is."""
        self._later.call_off()
        self._handles.clear()

    def _bundle(self) -> dict[str, str]:
        try:
            drawn = self._draw()
        except Exception as error:  # noqa: BLE001 - a display never fails a cell
            warnings.warn(f"The static snapshot of the panel could not be made: {error!r}", stacklevel=2)
            drawn = Markup("")
        picture = tag("div", tag("style", _STYLE), drawn, class_=self._class)
        return {"text/html": str(picture), "text/plain": "<static snapshot of the explorer>"}
