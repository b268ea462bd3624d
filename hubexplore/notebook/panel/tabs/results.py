"""The outputs of a run, each in a view that suits it; other views and downloads on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import traitlets

from hubexplore.display import values
from hubexplore.display.card.html import framed
from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.wording import visible
from hubexplore.notebook.panel.browser_widgets import Message, Part, script

MAX_ITEMS: Final = 24
"""So many outputs are shown; all are in `.value`."""
_TYPES: Final = {"npy": "application/octet-stream", "npz": "application/zip", "csv": "text/csv"}


class Item(Protocol):
    """Something that is shown under a name."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def facts(self) -> str:
        """What is always said of it."""

    @property
    def views(self) -> tuple[str, ...]:
        """The views that suit it, best first."""

    def render(self, view: str | None) -> values.Rendered:
        """Draws it; None takes the best view."""

    def download(self, form: str, stem: str) -> tuple[str, bytes] | None:
        """Name (`stem` and an ending) and content of a file of it; None where there is none of that form."""

    @property
    def forms(self) -> tuple[tuple[str, str], ...]:
        """The files there are: (form, words)."""


@dataclass(frozen=True)
class Value:
    """A value to show, with labels of its classes or columns, and captions of its rows if it has as many."""

    name: str
    value: Any
    rows: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def facts(self) -> str:  # noqa: D102 - as Item
        return values.facts(self.value)

    @property
    def views(self) -> tuple[str, ...]:  # noqa: D102
        return values.views(self.value, name=self.name, labels=self.labels)

    def render(self, view: str | None) -> values.Rendered:  # noqa: D102
        rows = values.captions_of(self.value, self.rows)
        return values.render(self.value, view, name=self.name, rows=rows, labels=self.labels)

    @property
    def forms(self) -> tuple[tuple[str, str], ...]:  # noqa: D102
        return values.forms(self.value)

    def download(self, form: str, stem: str) -> tuple[str, bytes] | None:  # noqa: D102
        return values.download(self.value, stem, form)


@dataclass(frozen=True)
class Pair:
    """Two values of one name, side by side."""

    name: str
    first: Any
    second: Any
    rows: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    facts: str = ""
    views: tuple[str, ...] = ("Side by side",)
    forms: tuple[tuple[str, str], ...] = ()

    def render(self, view: str | None) -> values.Rendered:  # noqa: D102 - as Item
        rows = values.captions_of(self.first, values.captions_of(self.second, self.rows))
        return values.pair(self.first, self.second, name=self.name, rows=rows, labels=self.labels)

    def download(self, form: str, stem: str) -> None:  # noqa: D102
        return None


class Results(Part):
    """Shows values by name. The view that a person chose for a name stays chosen for the next values."""

    _esm = script("results.js")
    shown = traitlets.Dict().tag(sync=True)
    title = traitlets.Unicode("Results").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._items: list[Item] = []
        self._chosen: dict[str, str] = {}
        self._drawn: list[dict[str, Any]] = []
        self.listen(self._hear)

    def show(self, title: str, number: int | None, items: Sequence[Item]) -> None:
        """Shows values.

        Args:
          title: above them; plain text.
          number: of the run, which the front end marks once it is painted.
          items: what to show; of many the first.
        """
        self._items = list(items[:MAX_ITEMS])
        self._drawn = [self._draw(item) for item in self._items]
        left = len(items) - len(self._items)
        more = f" · {left} more are in .value" if left else ""
        self.shown = {"title": title + more, "number": number, "outputs": self._drawn}

    def clear(self) -> None:
        """Shows nothing."""
        self.show("", None, ())

    def still(self) -> Markup:
        """The same as static HTML."""
        title = self.shown.get("title", "")
        parts = [tag("p", tag("strong", title))] if title else []
        for each in self._drawn:
            head = tag("p", tag("strong", each["name"]), " ", tag("span", each["facts"], class_="note"))
            parts += [head, Markup(each["html"])]
        return join(*parts)

    def _draw(self, item: Item) -> dict[str, Any]:
        chosen = self._chosen.get(item.name)
        rendered = item.render(chosen if chosen in item.views else None)
        return {
            "name": visible(item.name),
            "facts": item.facts,
            "views": list(item.views),
            "view": rendered.view,
            "html": str(framed(rendered.html)),
            "hovers": [hover and hover.to_dict() for hover in rendered.hovers],
            "downloads": [list(form) for form in item.forms],
        }

    def _hear(self, message: Message, _: Sequence[Any]) -> None:
        index = message.get("output")
        if not isinstance(index, int) or not 0 <= index < len(self._items):
            return
        item = self._items[index]
        match message["kind"]:
            case "view" if message.get("view") in item.views:
                self._chosen[item.name] = str(message["view"])
                self._drawn = [*self._drawn]
                self._drawn[index] = self._draw(item)
                self.shown = {**self.shown, "outputs": self._drawn}
            case "download" if str(message.get("form")) in dict(item.forms):
                # Outputs whose names differ in what no file name may have are different files.
                stem = values.file_stems([each.name for each in self._items])[index]
                found = item.download(str(message["form"]), stem)
                if found is not None:
                    name, content = found
                    ending = name.rpartition(".")[2]
                    self.send(
                        {"kind": "file", "name": name, "type": _TYPES.get(ending, _TYPES["npy"])}, [content]
                    )
