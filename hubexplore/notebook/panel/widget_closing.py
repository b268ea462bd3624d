"""Closes widgets with everything below them: `Widget.close` of ipywidgets closes a single one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import ipywidgets as widgets

from hubexplore.notebook.panel.light_widgets import Shared


def close_all(roots: Iterable[widgets.Widget]) -> None:
    """Closes widgets and all below them: children, layouts, styles, and what attributes hold off screen.

    Layouts and styles that other widgets share stay.

    Linear in the number of widgets. A list first: closing a widget changes the traits that lead to others.
    """
    for widget in list(_below(roots)):
        if not isinstance(widget, Shared):
            widget.close()


def _below(roots: Iterable[widgets.Widget]) -> Iterator[widgets.Widget]:
    waiting = list(roots)
    # By identity, as the widgets of one panel refer to each other in circles.
    seen = set(map(id, waiting))
    while waiting:
        widget = waiting.pop()
        yield widget
        for other in _widgets_in([*widget._trait_values.values(), *vars(widget).values()]):
            if id(other) not in seen:
                seen.add(id(other))
                waiting.append(other)


def _widgets_in(values: Iterable[Any]) -> Iterator[widgets.Widget]:
    """The widgets among values, and in those that are lists, tuples or dicts."""
    for value in values:
        if isinstance(value, widgets.Widget):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from (item for item in value if isinstance(item, widgets.Widget))
        elif isinstance(value, Mapping):
            yield from (item for item in value.values() if isinstance(item, widgets.Widget))
