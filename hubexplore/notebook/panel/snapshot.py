"""The picture of a panel that stays in a saved notebook."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from typing import Any, Final

from hubexplore.display.markup import Markup, tag

LARGEST: Final = 600_000
"""Characters that a picture may have."""
PAUSE: Final = 0.4
"""Seconds without a change after which a picture is brought up to date."""

# Where the panel is alive its picture is hidden; where it is dead, JupyterLab's note on that.
_STYLE: Final = Markup("""
.jp-OutputArea-child:has(.hubexplore-panel) + .jp-OutputArea-child:has(.hubexplore-still) { display: none; }
.jp-OutputArea-child:has(+ .jp-OutputArea-child .hubexplore-still)
  > .jp-OutputArea-output:not(:has(*)) { display: none; }
""")


class Still:
    """Shows a static picture beside a widget, and keeps it up to date.

    The picture is an output of its own: a front end that cannot show the widget shows the picture, and
    bringing it up to date does not disturb the widget.

    Args:
      draw: makes the picture of what is on screen now.
    """

    def __init__(self, draw: Callable[[], Markup]) -> None:
        self._draw = draw
        self._handles: list[Any] = []
        self._due: asyncio.TimerHandle | None = None

    def show(self) -> None:
        """Shows it below what the running cell has shown so far."""
        from IPython.display import DisplayHandle

        handle = DisplayHandle()
        handle.display(self._bundle(), raw=True)
        self._handles.append(handle)

    def changed(self) -> None:
        """Brings it up to date soon; many changes at once do so once."""
        if not self._handles:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.update()
            return
        if self._due is not None:
            self._due.cancel()
        self._due = loop.call_later(PAUSE, self.update)

    def update(self) -> None:
        """Brings it up to date now."""
        self._due = None
        bundle = self._bundle()
        for handle in self._handles:
            handle.update(bundle, raw=True)

    def close(self) -> None:
        """Leaves the picture as it is for good."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self._handles.clear()

    def _bundle(self) -> dict[str, str]:
        try:
            drawn = self._draw()
        except Exception as error:  # noqa: BLE001 - a display never fails a cell
            warnings.warn(f"The static picture could not be made: {error!r}", stacklevel=2)
            drawn = Markup("")
        picture = tag("div", tag("style", _STYLE), drawn, class_="hubexplore-still")
        return {"text/html": str(picture), "text/plain": "<static picture of the explorer>"}
