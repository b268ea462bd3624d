"""Makes a module of tensors that were picked in the graph; compares, opens and writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import ipywidgets as widgets

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.wording import printable, visible
from hubexplore.explorer import cuts
from hubexplore.explorer.cuts import MadeCut, Picked
from hubexplore.explorer.subject import Subject
from hubexplore.notebook.panel.browser_widgets import CodeBox
from hubexplore.notebook.panel.panel_texts import MSG_BUSY, error_text

MAX_NOTE: Final = 1_000
"""Maximum number of characters of a sentence, in which names of strangers are."""
Start = Callable[[Callable[[], Any], Callable[[Any], None], Callable[[BaseException], None]], bool]
Open = Callable[[Subject], widgets.Widget]


class CutBox(widgets.VBox):
    """What can be done with picked tensors: the code of a cut, the cut itself, a panel of it, an export.

    Args:
      subject: the module that is explored.
      start: starts work in the panel's other thread, and what is done with its result; returns False if it is
        busy.
      open_panel: makes a panel for a module.
      changed: is called when the content has changed.
    """

    def __init__(self, subject: Subject, start: Start, open_panel: Open, changed: Callable[[], None]) -> None:
        self._subject, self._start, self._open_panel, self._notify = subject, start, open_panel, changed
        self._picked: Picked | None = None
        self._made: MadeCut | None = None
        self._panel: Any = None
        wide = {"width": "auto"}
        self._make = widgets.Button(description="Cut and compare", button_style="primary", layout=wide)
        self._open = widgets.Button(description="Open the cut", layout=wide)
        self._path = widgets.Text(
            description="Folder", placeholder="path/to/new/module", continuous_update=False,
            style={"description_width": "initial"},
        )  # fmt: skip
        self._write = widgets.Button(description="Export", layout=wide)
        self._make.on_click(lambda _: self._on_make())
        self._open.on_click(lambda _: self._on_open())
        self._write.on_click(lambda _: self._on_write())
        self._said = widgets.HTML()
        self._code = CodeBox(title="Code of the cut")
        self._below = widgets.VBox()
        self._after = widgets.HBox([self._open, self._path, self._write])
        self._after.add_class("hub-row")
        first = widgets.HBox([self._make])
        first.add_class("hub-row")
        super().__init__([first, self._said, self._after, self._code, self._below])
        self.layout.display = "none"

    def show(self, picked: Picked | None) -> None:
        """Offers to make a cut of what is picked now; None for nothing."""
        self._picked = picked
        self._forget()
        self.layout.display = None if picked is not None else "none"
        self._code.codes = (
            []
            if picked is None
            else [[language, text, ""] for language, text in cuts.codes(self._subject, picked)]
        )
        self._notify()

    def close_cut(self) -> None:
        """Frees the cut and closes its panel."""
        if self._panel is not None:
            self._panel.close()
            self._panel = None
        if self._made is not None:
            self._made.close()
            self._made = None

    def static_html(self) -> Markup:
        """Returns what was said of the cut as static HTML."""
        code = [tag("pre", text) for _, text, _ in self._code.codes[:1]]
        return join(Markup(self._said.value), *code) if self._picked is not None else Markup("")

    def _forget(self) -> None:
        self.close_cut()
        self._below.children = []
        self._said.value = ""
        self._after.layout.display = "none"

    def _on_make(self) -> None:
        picked, subject = self._picked, self._subject
        if picked is None:
            return
        self._forget()
        self._run(lambda: cuts.make(subject, picked), self._on_made, "Cutting, and comparing …")

    def _on_made(self, made: MadeCut) -> None:
        self._made = made
        self._after.layout.display = None
        # The report begins with the sentence on the check.
        said = [text for text in made.sentences if text != made.report.sentence]
        sentences = [tag("p", visible(text, MAX_NOTE)) for text in said]
        report = Markup(made.report._repr_html_() or "")
        self._said.value = tag("div", *sentences, report, role="status")
        self._notify()

    def _on_open(self) -> None:
        if self._made is None:
            return
        if self._panel is None:
            try:
                self._panel = self._open_panel(self._made.subject())
            except Exception as error:  # noqa: BLE001 - an event of the browser has no cell to show it in
                self._fail(error)
                return
        self._below.children = [self._panel]
        self._notify()

    def _on_write(self) -> None:
        made, path = self._made, self._path.value.strip()
        if made is None:
            return
        if not path:
            self._say("Enter the folder to write, such as path/to/new/module.", "alert")
            return
        self._run(lambda: made.write(path), self._on_written, "Writing, and loading it again …")

    def _on_written(self, report: Any) -> None:
        self._said.value = tag("div", Markup(report._repr_html_() or ""), role="status")
        self._notify()

    def _run(self, work: Callable[[], Any], done: Callable[[Any], None], text: str) -> None:
        self._said.value = tag("span", text, role="status", class_="hub-spin")
        if not self._start(work, done, self._fail):
            self._say(MSG_BUSY, "alert")

    def _fail(self, error: BaseException) -> None:
        lines = "\n".join(printable(line) for line in error_text(error).splitlines())
        self._said.value = tag("div", lines, role="alert", class_="hub-error")
        self._notify()

    def _say(self, text: str, role: str) -> None:
        self._said.value = tag("div", text, role=role, class_="hub-error")
