"""Closes widgets with all that belongs to them: ipywidgets closes one at a time and keeps the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import ipywidgets as widgets


def close_all(roots: Iterable[widgets.Widget]) -> None:
    """Closes widgets and all below them: children, layouts, styles, and those they hold off screen."""
    for widget in list(_below(roots)):
        widget.close()


def _below(roots: Iterable[widgets.Widget]) -> Iterator[widgets.Widget]:
    waiting = list(roots)
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
            yield from (each for each in value if isinstance(each, widgets.Widget))
        elif isinstance(value, Mapping):
            yield from (each for each in value.values() if isinstance(each, widgets.Widget))
