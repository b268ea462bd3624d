"""A picture that the user draws in the panel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import traitlets

from hubexplore.inputs.fields import Field
from hubexplore.notebook.panel.browser_widgets import FrontendWidget, Message, script

MAX_SIDE: Final = 64
"""Longest side in pixels of the pictures that are drawn."""
MAX_BYTES: Final = 2_000_000
"""Maximum size in bytes of a drawing."""


class Sketch(FrontendWidget):
    """Paper for a small grey picture; calls `take` with the content of a PNG file, `clear` when it is empty.

    Messages: `drawn` with the file as buffer, dark ink on white paper; `cleared`.
    """

    _esm = script("sketch.js")
    width = traitlets.Int(28).tag(sync=True)
    height = traitlets.Int(28).tag(sync=True)
    dark = traitlets.Bool(False).tag(sync=True)
    label = traitlets.Unicode("Paper to draw on").tag(sync=True)

    def __init__(self, take: Callable[[bytes], None], clear: Callable[[], None], **traits: Any) -> None:
        super().__init__(**traits)
        self._take, self._clear = take, clear
        self.listen(self._on_message)

    def _on_message(self, message: Message, buffers: Sequence[Any]) -> None:
        if message["kind"] == "cleared":
            self._clear()
        elif message["kind"] == "drawn" and len(buffers) == 1 and len(buffers[0]) <= MAX_BYTES:
            self._take(bytes(buffers[0]))

    def forget(self) -> None:
        """Removes the strokes in the browser, as when another picture takes the place of the drawing."""
        self.send({"kind": "forget"})


def can_be_drawn(field: Field) -> bool:
    """Returns whether an input is a small grey picture."""
    return field.channels == 1 and not field.any_size and 0 < max(field.height, field.width) <= MAX_SIDE
