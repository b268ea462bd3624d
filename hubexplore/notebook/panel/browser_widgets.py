"""Parts of the panel that are made for the browser: each knows how it looks, none knows what a module is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

FRONTEND: Final = Path(__file__).parent / "frontend"
Message = dict[str, Any]


class Part(anywidget.AnyWidget):
    """A widget that hears messages of its front end; what is no message of ours is dropped.

    Its `_esm` and `_css` are texts: for a path anywidget has the class keep every instance for ever.
    """

    def listen(self, hear: Callable[[Message, Sequence[Any]], None]) -> None:
        """Calls `hear` with each message, a dict with a `kind`, and its buffers."""

        def on_message(_: Any, message: Any, buffers: Sequence[Any]) -> None:
            if isinstance(message, dict) and isinstance(message.get("kind"), str):
                hear(message, buffers)

        self.on_msg(on_message)


class Keeper(Part):
    """Knows the keys of the panel, and tells its reader when the kernel is gone; brings the style."""

    _esm = (FRONTEND / "keeper.js").read_text(encoding="utf-8")
    _css = (FRONTEND / "panel.css").read_text(encoding="utf-8")


class RunLog(Part):
    """The runs as a table: the message `put` asks for the inputs of a run, `pin` pins it or takes it off."""

    _esm = (FRONTEND / "log.js").read_text(encoding="utf-8")
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    pinned = traitlets.List(traitlets.Int()).tag(sync=True)


class CodeBox(Part):
    """Code in one or more forms, (name, text) each, with a button that copies it."""

    _esm = (FRONTEND / "code.js").read_text(encoding="utf-8")
    codes = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
