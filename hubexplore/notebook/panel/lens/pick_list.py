"""HTML of the kernel in which rows, cells and buttons can be picked, by mouse or keyboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import traitlets

from hubexplore.display.markup import Markup
from hubexplore.notebook.panel.browser_widgets import FrontendWidget, Message, script


class PickList(FrontendWidget):
    """Static HTML whose elements with `data-pick` can be picked.

    Args:
      on_pick: is called with the `data-pick` of the element; a front end may send anything.
    """

    _esm = script("picks.js")
    html = traitlets.Unicode().tag(sync=True)

    def __init__(self, on_pick: Callable[[str], None]) -> None:
        super().__init__()

        def on_message(message: Message, _: Sequence[Any]) -> None:
            key = message.get("key")
            if message["kind"] == "pick" and isinstance(key, str):
                on_pick(key)

        self.listen(on_message)

    def show(self, html: Markup) -> None:
        """Shows HTML, in which the picked element keeps the focus if it is still there."""
        self.html = str(html)
