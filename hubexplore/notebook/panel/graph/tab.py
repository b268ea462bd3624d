"""The graph of a signature, live: scopes unfold, ops tell what they are and what they compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import ipywidgets as widgets
import traitlets

from hubexplore.display.card.html import framed
from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.rich import weight_statistics
from hubexplore.display.rich.summaries import Summary
from hubexplore.display.wording import printable, visible
from hubexplore.errors import HubError
from hubexplore.notebook.panel.browser_widgets import FRONTEND, Message, Part, script
from hubexplore.notebook.panel.graph.op_details import box_words, details, weights_of
from hubexplore.notebook.panel.graph.scope_model import GraphModel, is_folded
from hubexplore.notebook.panel.messages import error_words
from hubexplore.notebook.panel.tabs.results import Results, Value
from hubexplore.summary.outline import Box
from hubexplore.summary.outline.data import OP
from hubexplore.summary.weights.statistics import variable_stats

MOST_READ: Final = 64_000_000
"""Bytes of weights that statistics of one op read."""
MSG_IN_FUNCTION: Final = (
    "This op is in the body of a function. TensorFlow runs a function as a whole, so its ops have no values "
    "that can be shown."
)
Probe = Callable[[str, str], None]


class GraphView(Part):
    """The picture in the browser; it knows boxes and groups by their numbers only.

    Messages: `open` {box}, `fold` {group}, `up` {crumb}, `search` {words}, `find` {result}.
    """

    _esm = script("graph.js")
    _css = (FRONTEND / "graph.css").read_text(encoding="utf-8")
    shown = traitlets.Dict().tag(sync=True)
    found = traitlets.List(traitlets.Unicode()).tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)


class GraphTab(widgets.VBox):
    """The graph tab of the explorer.

    Args:
      summary: of the module.
      probe: asks for the value of a tensor, (signature, tensor name in the module), on the current inputs;
        `show_value` or `fail` answers.
      changed: is called when the screen shows something else.
    """

    def __init__(self, summary: Summary, probe: Probe, changed: Callable[[], None]) -> None:
        self._summary = summary
        self._probe, self._notify = probe, changed
        self._model: GraphModel | None = None
        self._models: dict[tuple[str, tuple[str, ...]], GraphModel] = {}
        self._box: Box | None = None
        self._found: list[tuple[str, str]] = []
        self._serial = 0
        self.view = GraphView()
        self.view.listen(self._hear)
        self._details = widgets.HTML()
        self._error = widgets.HTML()
        style = {"description_width": "initial"}
        self._output = widgets.Dropdown(
            description="Output", style=style, layout=widgets.Layout(width="auto")
        )
        wide = {"width": "auto"}
        self._value = widgets.Button(description="Its value on the current inputs", layout=wide)
        self._statistics = widgets.Button(description="Statistics of its variables", layout=wide)
        self._value.on_click(lambda _: self._ask())
        self._statistics.on_click(lambda _: self._guard(self._tell_statistics))
        self._buttons = widgets.HBox([self._value, self._output, self._statistics])
        self._buttons.add_class("hub-row")
        self._told = widgets.HTML()
        self.results = Results(title="Value of an op")
        super().__init__([self.view, self._error, self._buttons, self._told, self.results, self._details])
        self.add_class("hub-graph-tab")
        self._select(None)

    def show(self, signature: str, tags: tuple[str, ...]) -> None:
        """Shows another signature; what was unfolded in it before still is."""
        key = signature, tags
        if self._model is not None and (self._model.signature, self._model.tags) == key:
            return
        model = self._models.setdefault(key, GraphModel(self._summary, signature, tags))
        self._model = model
        self._select(None)
        self._guard(lambda: self._draw(None, f"Signature {visible(signature)}"))

    def show_value(self, tensor: str, value: Any) -> None:
        """Answers a probe."""
        self._told.value = ""
        self.results.show(f"{visible(tensor)} on the current inputs", self._serial, [Value(tensor, value)])
        self._notify()

    def fail(self, words: str) -> None:
        """Says what went wrong; empty words take it back."""
        text = "\n".join(printable(line) for line in words.splitlines())
        self._error.value = tag("div", text, role="alert", class_="hub-error") if text else ""
        if words:
            self._told.value = ""

    def still(self) -> Markup:
        """The same as static HTML."""
        drawn = self._model.drawn.diagram.html() if self._model is not None else Markup("")
        return join(drawn, Markup(self._details.value), self.results.still())

    # What the browser tells.

    def _hear(self, message: Message, _: Sequence[Any]) -> None:
        self._guard(lambda: self._answer(message))

    def _guard(self, work: Callable[[], None]) -> None:
        """Does something for the browser; what goes wrong is said in the tab."""
        try:
            self.fail("")
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not reach the kernel's log
            self.fail(error_words(error))

    def _answer(self, message: Message) -> None:
        model = self._model
        if model is None:
            return
        outline = model.drawn.outline
        match message:
            case {"kind": "open", "box": int(number)} if 0 <= number < len(outline.boxes):
                self._open(outline.boxes[number])
            case {"kind": "fold", "group": int(number)} if 0 <= number < len(outline.groups):
                name = outline.groups[number].name
                model.fold(name)
                self._draw(name, f"{visible(name)} is folded")
            case {"kind": "up", "crumb": int(number)} if 0 <= number < len(self._crumbs()):
                name = self._crumbs()[number][1]
                model.fold_below(name)
                self._select(None)
                self._draw(name or None, f"Up to {visible(name) or 'the whole signature'}")
            case {"kind": "search", "words": str(words)}:
                self._found = model.search(words[:200])
                self.view.found = [f"{visible(name)} · {visible(op)}" for name, op in self._found]
                self.view.said = f"{len(self._found)} found" if words.strip() else ""
            case {"kind": "find", "result": int(number)} if 0 <= number < len(self._found):
                self._find(self._found[number][0])

    def _open(self, box: Box) -> None:
        """Unfolds a box where there is something in it, and selects it."""
        assert self._model is not None  # noqa: S101 - asked before
        if is_folded(box):
            self._model.unfold(box)
            self._select(None)
            self._draw(box.name, f"{visible(box.name)} is unfolded")
            return
        self._select(box)
        self._draw(box.name, f"{visible(box.name)} is selected")

    def _find(self, name: str) -> None:
        assert self._model is not None  # noqa: S101 - asked before
        self._model.reveal(name)
        where = self._model.place(name)
        if where is not None and where[0] == "box":
            self._select(self._model.drawn.outline.boxes[where[1]])
        self._draw(name, f"{visible(name)} is shown")

    # What is on screen.

    def _draw(self, focus: str | None, said: str) -> None:
        """Brings the picture up to date; `focus` names what is to be in view."""
        assert self._model is not None  # noqa: S101 - asked before
        drawn = self._model.drawn
        outline = drawn.outline
        where = self._model.place(focus) if focus else None
        chosen = next((at for at, each in enumerate(outline.boxes) if each is self._box), None)
        if chosen is None and self._box is not None:
            found = self._model.place(self._box.name)
            chosen = found[1] if found is not None and found[0] == "box" else None
        self._serial += 1
        self.view.shown = {
            "number": self._serial,
            "svg": drawn.svg,
            "problem": drawn.problem,
            "boxes": [
                {"words": box_words(outline, at), "folded": is_folded(box)}
                for at, box in enumerate(outline.boxes)
            ],
            "groups": [visible(group.name) for group in outline.groups],
            "crumbs": [words for words, _ in self._crumbs()],
            "warnings": [visible(each, 400) for each in outline.warnings],
            "focus": list(where) if where is not None else None,
            "selected": chosen,
        }
        self.view.said = said
        self._notify()

    def _crumbs(self) -> list[tuple[str, str]]:
        """The way from the signature down to what is selected: (words, name) each."""
        assert self._model is not None  # noqa: S101 - asked before
        crumbs = [(f"signature {visible(self._model.signature)}", "")]
        outline = self._model.drawn.outline
        place = self._model.place(self._box.name) if self._box is not None else None
        group = None
        if place is not None:
            kind, number = place
            group = outline.boxes[number].group if kind == "box" else number
        path = []
        while group is not None:
            path.append((visible(outline.groups[group].label), outline.groups[group].name))
            group = outline.groups[group].parent
        return crumbs + path[::-1]

    def _select(self, box: Box | None) -> None:
        self._box = box
        self.results.clear()
        self._told.value = ""
        if box is None or self._model is None:
            self._details.value = ""
            self._buttons.layout.display = "none"
            return
        outline = self._model.drawn.outline
        number = outline.boxes.index(box)
        node = self._model.node(box)
        self._details.value = framed(details(outline, number, node))
        has_value = self._model.fetched(box, 0) is not None
        count = self._model.gives(box.name) if has_value and node is not None else 0
        self._output.options = [(str(at), at) for at in range(count)]
        self._output.index = 0 if count else None
        self._output.layout.display = None if count > 1 else "none"
        self._value.layout.display = None if has_value else "none"
        if box.kind == OP and not has_value:
            self._told.value = tag("p", MSG_IN_FUNCTION, class_="hub-quiet")
        self._statistics.layout.display = None if weights_of(outline, number) else "none"
        self._buttons.layout.display = None

    def _ask(self) -> None:
        if self._model is not None and self._box is not None:
            self.fail("")
            self._told.value = tag("span", "Running …", role="status", class_="hub-spin")
            fetched = self._model.fetched(self._box, self._output.value or 0)
            if fetched is not None:
                self._probe(self._model.signature, fetched)

    def _tell_statistics(self) -> None:
        if self._model is None or self._box is None:
            return
        outline = self._model.drawn.outline
        names = {each.name for each in weights_of(outline, outline.boxes.index(self._box))}
        chosen = [each for each in self._summary.variant(self._model.tags).variables if each.name in names]
        size = sum(each.bytes or 0 for each in chosen)
        if size > MOST_READ:
            raise HubError(
                f"These variables take {size / 1e6:,.0f} MB, and statistics read all of them. The Variables "
                f"tab reads them one after the other."
            )
        source = self._summary.source
        stats = variable_stats(chosen, source.weights if source is not None else None)
        self._told.value = weight_statistics.markup(tuple(stats))
        self._notify()
