"""The dangers of a module above its graph: a click unfolds the graph down to the op."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hubexplore.display.wording import omission, visible
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.summary.capabilities.model import Finding

MAX_BUTTONS: Final = 12
"""Maximum number of dangers that are listed; the card lists more."""
_MAX_NAME: Final = 48


class DangerList(widgets.HBox):
    """A button for each danger that is in the graph.

    Args:
      dangers: of the module.
      show: is called with the danger that was clicked.
    """

    def __init__(self, dangers: tuple[Finding, ...], show: Callable[[Finding], None]) -> None:
        once = {finding.path: finding for finding in reversed(dangers) if finding.path}
        drawn = list(reversed(once.values()))
        buttons = [self._button(finding, show) for finding in drawn[:MAX_BUTTONS]]
        note = omission(len(drawn) - len(buttons), "danger")
        super().__init__(
            [*buttons, *([widgets.Label(note)] if note else [])],
            classes=("hub-row",),
            layout={} if drawn else {"display": "none"},
        )

    @staticmethod
    def _button(finding: Finding, show: Callable[[Finding], None]) -> widgets.Button:
        button = widgets.Button(
            description=f"Danger: {visible(finding.op, _MAX_NAME)}",
            tooltip=f"Show {visible(finding.path)} in the graph",
            button_style="danger",
            layout={"width": "auto"},
        )
        button.on_click(lambda _: show(finding))
        return button
