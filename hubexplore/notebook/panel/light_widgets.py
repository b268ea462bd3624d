"""The widgets of ipywidgets that the panel is made of, with fewer messages.

ipywidgets makes a layout and a style for each widget, and tells the browser of each in a message: more than
half of all messages when a panel opens. Here widgets share them, unless they get one of their own, or the
front end would not know them in a new page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import ipywidgets
from ipywidgets import DOMWidget, Layout, Widget

from hubexplore.notebook.panel.front_end import knows_earlier_widgets

__all__ = [
    "HTML", "BoundedIntText", "Box", "Button", "Checkbox", "DOMWidget", "Dropdown", "FloatSlider", "HBox",
    "Label", "Layout", "Light", "Shared", "Tab", "Text", "Textarea", "VBox", "Widget",
]  # fmt: skip

MSG_SHARED: Final = (
    "This {kind} is shared by widgets of all panels, so it cannot be changed. Give the widget one of its own "
    "when you make it: layout=Layout(...)."
)


class Shared(Widget):
    """A layout or style that several widgets have; it cannot be changed, and outlives the panels."""

    _is_fixed = False
    given: Mapping[str, Any]
    """The traits that it was made with."""

    def __setattr__(self, name: str, value: Any) -> None:
        if self._is_fixed and name in self.keys:
            raise AttributeError(MSG_SHARED.format(kind=type(self).__name__))
        super().__setattr__(name, value)


class _SharedOnes:
    """The shared layouts and styles of this kernel, by kind and values."""

    def __init__(self) -> None:
        self._kinds: dict[type, type] = {}
        self._made: dict[tuple[type, tuple[tuple[str, Any], ...]], Any] = {}

    def get(self, kind: type, traits: dict[str, Any]) -> Any:
        key = kind, tuple(sorted(traits.items()))
        known = self._made.get(key)
        # `Widget.close_all` of ipywidgets closes these as well.
        if known is None or known.comm is None:
            fixed = self._kinds.setdefault(kind, type(kind.__name__, (Shared, kind), {}))
            known = self._made[key] = fixed(**traits)
            known.given = traits
            known._is_fixed = True
        return known


_SHARED_ONES: Final = _SharedOnes()


class Light(DOMWidget):
    """A widget whose layout and style are shared if they are dicts or left out.

    Args:
      arguments: as the class of ipywidgets takes them.
      classes: classes of the element. Those of `add_class` would be a message of their own.
      traits: as the class of ipywidgets takes them. `layout` and `style` are dicts, or an object that only
        this widget has, if they change later other than by `hide`.
    """

    layout: Any

    def __init__(self, *arguments: Any, classes: Sequence[str] = (), **traits: Any) -> None:
        # Another page would not find what was sent to an earlier one.
        for name in ("layout", "style") if knows_earlier_widgets() else ():
            trait = getattr(type(self), name, None)
            values = traits.get(name, {})
            if trait is not None and isinstance(values, dict):
                traits[name] = _SHARED_ONES.get(trait.klass, values)
        if classes:
            traits["_dom_classes"] = tuple(classes)
        super().__init__(*arguments, **traits)

    def hide(self, is_hidden: bool = True) -> None:
        """Hides the widget, or shows it again; a shared layout is replaced by another shared one."""
        display = "none" if is_hidden else None
        if self.layout.display == display:
            return
        if isinstance(self.layout, Shared):
            others = {name: value for name, value in self.layout.given.items() if name != "display"}
            self.layout = _SHARED_ONES.get(Layout, {**others, "display": display} if is_hidden else others)
        else:
            self.layout.display = display


class Box(Light, ipywidgets.Box):
    """That of ipywidgets."""

    children: Any


class VBox(Light, ipywidgets.VBox):
    """That of ipywidgets."""

    children: Any


class HBox(Light, ipywidgets.HBox):
    """That of ipywidgets."""

    children: Any


class Tab(Light, ipywidgets.Tab):
    """That of ipywidgets."""


class HTML(Light, ipywidgets.HTML):
    """That of ipywidgets."""


class Label(Light, ipywidgets.Label):
    """That of ipywidgets."""


class Button(Light, ipywidgets.Button):
    """That of ipywidgets."""


class Checkbox(Light, ipywidgets.Checkbox):
    """That of ipywidgets."""


class Dropdown(Light, ipywidgets.Dropdown):
    """That of ipywidgets."""


class Text(Light, ipywidgets.Text):
    """That of ipywidgets."""


class Textarea(Light, ipywidgets.Textarea):
    """That of ipywidgets."""


class BoundedIntText(Light, ipywidgets.BoundedIntText):
    """That of ipywidgets."""


class FloatSlider(Light, ipywidgets.FloatSlider):
    """That of ipywidgets."""
