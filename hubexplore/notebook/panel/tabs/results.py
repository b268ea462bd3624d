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
from hubexplore.notebook.panel.browser_widgets import FrontendWidget, Message, script

MAX_ITEMS: Final = 24
"""Maximum number of outputs on screen; `Explorer.value` has all of them."""
_MIME_TYPES: Final = {"npy": "application/octet-stream", "npz": "application/zip", "csv": "text/csv"}


class ResultItem(Protocol):
    """A value, or a comparison of values, that is shown under a name."""

    @property
    def name(self) -> str:
        """Name of the output, as the module spells it."""

    @property
    def facts(self) -> str:
        """Dtype, shape and range, shown in every view."""

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the suitable views, best first."""

    def render(self, view: str | None) -> values.Rendered:
        """Renders a view; None means the best one."""

    def download(self, form: str, stem: str) -> tuple[str, bytes] | None:
        """Returns the name (`stem` and an extension) and content of a file; None if it has no such form."""

    @property
    def forms(self) -> tuple[tuple[str, str], ...]:
        """The available files, each a (form, label of the button)."""


@dataclass(frozen=True)
class Value:
    """A value with labels for its classes or columns, and captions that are used if it has as many rows."""

    name: str
    value: Any
    rows: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def facts(self) -> str:  # noqa: D102 - as ResultItem
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

    def render(self, view: str | None) -> values.Rendered:  # noqa: D102 - as ResultItem
        rows = values.captions_of(self.first, values.captions_of(self.second, self.rows))
        return values.pair(self.first, self.second, name=self.name, rows=rows, labels=self.labels)

    def download(self, form: str, stem: str) -> None:  # noqa: D102
        return None


class Results(FrontendWidget):
    """Shows values by name. A view that the user chose for a name is kept for its next values."""

    _esm = script("results.js")
    shown = traitlets.Dict().tag(sync=True)
    title = traitlets.Unicode("Results").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._items: list[ResultItem] = []
        self._chosen_views: dict[str, str] = {}
        self._outputs: list[dict[str, Any]] = []
        self.listen(self._on_message)

    def show(self, title: str, number: int | None, items: Sequence[ResultItem]) -> None:
        """Shows values.

        Args:
          title: plain text, shown above the values.
          number: of the run; results.js sets it as an attribute once the pictures are painted.
          items: what to show; only the first `MAX_ITEMS` are.
        """
        self._items = list(items[:MAX_ITEMS])
        self._outputs = [self._draw(item) for item in self._items]
        left = len(items) - len(self._items)
        more = f" · {left} more are in .value" if left else ""
        self.shown = {"title": title + more, "number": number, "outputs": self._outputs}

    def clear(self) -> None:
        """Removes all values."""
        self.show("", None, ())

    def static_html(self) -> Markup:
        """Returns the values as static HTML."""
        title = self.shown.get("title", "")
        parts = [tag("p", tag("strong", title))] if title else []
        for output in self._outputs:
            head = tag("p", tag("strong", output["name"]), " ", tag("span", output["facts"], class_="note"))
            parts += [head, Markup(output["html"])]
        return join(*parts)

    def _draw(self, item: ResultItem) -> dict[str, Any]:
        # The next value of this name may have another dtype or rank, which the chosen view does not suit.
        view = self._chosen_views.get(item.name)
        rendered = item.render(view if view in item.views else None)
        return {
            "name": visible(item.name),
            "facts": item.facts,
            "views": list(item.views),
            "view": rendered.view,
            "html": str(framed(rendered.html)),
            "hovers": [hover and hover.to_dict() for hover in rendered.hovers],
            "downloads": [list(form) for form in item.forms],
        }

    def _on_message(self, message: Message, _: Sequence[Any]) -> None:
        index = message.get("output")
        if not isinstance(index, int) or not 0 <= index < len(self._items):
            return
        item = self._items[index]
        match message["kind"]:
            case "view" if message.get("view") in item.views:
                self._chosen_views[item.name] = str(message["view"])
                # A change in place would change the old value too, and traitlets would send nothing.
                self._outputs = [*self._outputs]
                self._outputs[index] = self._draw(item)
                self.shown = {**self.shown, "outputs": self._outputs}
            case "download" if str(message.get("form")) in dict(item.forms):
                # Names that differ only in characters that file names cannot have still get different files.
                stem = values.file_stems([entry.name for entry in self._items])[index]
                file = item.download(str(message["form"]), stem)
                if file is not None:
                    name, content = file
                    mime_type = _MIME_TYPES.get(name.rpartition(".")[2], _MIME_TYPES["npy"])
                    self.send({"kind": "file", "name": name, "type": mime_type}, [content])
