"""Parts of the panel that are made for the browser: each knows how it looks, none knows what a module is."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from hubexplore.display import palette

FRONTEND: Final = Path(__file__).parent / "frontend"
Message = dict[str, Any]
_SHARED: Final = "dom.js"
_IMPORT: Final = re.compile(rf'^import \{{[^}}]*\}} from "\./{re.escape(_SHARED)}";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?function |const |class )", re.MULTILINE)


def script(name: str) -> str:
    """Returns a module of the front end as one text that imports nothing.

    The browser gets a module as a text, beside which there are no other files: what it imports of dom.js is
    put before it. The check of types reads the files as they are, with their imports.

    Args:
      name: of a file in FRONTEND.

    Raises:
      ValueError: the module does not import from dom.js in the one form that is understood here.
    """
    joined, imports = _IMPORT.subn("", _read(name))
    if imports != 1:
        raise ValueError(f'{name} must have one line: import {{ ... }} from "./{_SHARED}";')
    return f"{_EXPORT.sub('', _read(_SHARED))}\n{joined}"


def panel_style() -> str:
    """Returns the style of the panel: its colours by name, and what uses them."""
    return f".hubexplore-panel {{ {palette.properties(palette.PANEL)} }}\n{_read('panel.css')}"


@functools.cache
def _read(name: str) -> str:
    return (FRONTEND / name).read_text(encoding="utf-8")


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

    _esm = script("keeper.js")
    _css = panel_style()


class RunLog(Part):
    """The runs as a table: the message `put` asks for the inputs of a run, `pin` pins it or takes it off."""

    _esm = script("log.js")
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    pinned = traitlets.List(traitlets.Int()).tag(sync=True)


class CodeBox(Part):
    """Code in one or more forms, (name, text) each, with a button that copies it."""

    _esm = script("code.js")
    codes = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
