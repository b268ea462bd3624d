"""Widgets with a front end of their own, and how their scripts are put together."""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from hubexplore.display import palette
from hubexplore.display.theme import DARK, JUPYTER_DARK, host_style
from hubexplore.notebook.panel.front_end import in_marimo
from hubexplore.notebook.panel.light_widgets import Light

FRONTEND: Final = Path(__file__).parent / "frontend"
Message = dict[str, Any]
_SHARED: Final = "dom.js"
_IMPORT: Final = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?function |const |class )", re.MULTILINE)


def script(name: str) -> str:
    """Returns a module of the front end as one text without imports.

    anywidget sends a module to the browser as a text, which cannot import other files by a relative path:
    what it imports is put in front of it instead, dom.js first. The type checker reads the files as they are,
    with their imports.

    Args:
      name: of a file in FRONTEND.

    Raises:
      ValueError: the module does not import dom.js, once and on a line of its own, or imports another module
        that is not shared.
    """
    imported = _IMPORT.findall(_read(name))
    if imported.count(_SHARED) != 1:
        raise ValueError(f'{name} must have one line: import {{ ... }} from "./{_SHARED}";')
    parts: dict[str, str] = {}
    _collect(name, parts)
    own = parts.pop(name)
    return "\n".join([*(_EXPORT.sub("", part) for part in parts.values()), own])


def _collect(name: str, parts: dict[str, str]) -> None:
    """Adds the text of a module without its imports, after those of the modules that it imports."""
    text = _read(name)
    for other in _IMPORT.findall(text):
        if other not in parts:
            _collect(other, parts)
    parts[name] = _IMPORT.sub("", text)


def panel_style() -> str:
    """Returns the style sheet of the panel, preceded by the custom properties for its colours."""
    root = ".hubexplore-panel"
    colours = f"{root} {{ {palette.properties(palette.PANEL)} }}\n"
    return f"{host_style(root)}{colours}{style('panel.css')}"


def style(name: str) -> str:
    """Returns a style sheet of FRONTEND, in which rules for dark themes apply to all dark front ends."""
    return _read(name).replace(JUPYTER_DARK, DARK)


def plain_front_end() -> dict[str, str]:
    """Returns script and style of an anywidget that draws a panel without the widgets of ipywidgets."""
    return {"_esm": _address(script("plain.js")), "_css": style("plain.css")}


@functools.cache
def _address(text: str) -> str:
    """Returns an address that contains a script."""
    return f"data:text/javascript;base64,{base64.b64encode(text.encode()).decode()}"


# Several classes join dom.js when they are defined, at import: one read of each file is enough.
@functools.cache
def _read(name: str) -> str:
    return (FRONTEND / name).read_text(encoding="utf-8")


class FrontendWidget(Light, anywidget.AnyWidget):
    """A widget that receives messages from its front end; malformed messages are dropped.

    Subclasses set `_esm` and `_css` to texts, not paths: for a path anywidget watches the file, and the class
    keeps every instance for ever.
    """

    _esm: str

    def __init__(self, **traits: Any) -> None:
        if in_marimo():
            # marimo makes a file of a script, which belongs to the cell that runs. After a click none runs.
            self._esm = _address(type(self)._esm)
        super().__init__(**traits)

    def listen(self, handle: Callable[[Message, Sequence[Any]], None]) -> None:
        """Calls `handle` with each message, a dict with a `kind`, and its buffers."""

        def on_message(_: Any, message: Any, buffers: Sequence[Any]) -> None:
            if isinstance(message, dict) and isinstance(message.get("kind"), str):
                handle(message, buffers)

        self.on_msg(on_message)


class PanelMonitor(FrontendWidget):
    """Handles the keys of the panel, tells the user when the kernel is disconnected, and brings the style.

    While it is on screen, it hides the elements of class `picture`: the static pictures of its panel.
    """

    _esm = script("monitor.js")
    _css = panel_style()
    picture = traitlets.Unicode().tag(sync=True)


class RunLog(FrontendWidget):
    """The table of runs. Messages: `put` restores the inputs of a run, `pin` pins or unpins it."""

    _esm = script("log.js")
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    pinned = traitlets.List(traitlets.Int()).tag(sync=True)


class CodeBox(FrontendWidget):
    """Code in one or more forms, each a (name, text, files that copying saves), with a button that copies it.

    After the message `save` {language} it awaits `saved` {text}.
    """

    _esm = script("code.js")
    codes = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    title = traitlets.Unicode("Code of the last run").tag(sync=True)
