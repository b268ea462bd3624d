"""The Graph tab: scopes unfold, and ops show their attributes and the values that they compute."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import traitlets

from hubexplore.display.card.html import framed
from hubexplore.display.diagram import Scale, scale_of
from hubexplore.display.diagram.spare_dot import SpareDot
from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.rich import weight_statistics
from hubexplore.display.rich.summaries import Summary
from hubexplore.display.wording import printable, tags_text, visible
from hubexplore.errors import HubError
from hubexplore.explorer.cuts import Picked
from hubexplore.explorer.runs import RunRequest
from hubexplore.explorer.subject import Subject
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.browser_widgets import FrontendWidget, Message, script, style
from hubexplore.notebook.panel.graph.colour_choice import KINDS, TIME, ColourChoice
from hubexplore.notebook.panel.graph.cut_box import CutBox
from hubexplore.notebook.panel.graph.danger_list import DangerList
from hubexplore.notebook.panel.graph.op_details import box_text, details, weights_of
from hubexplore.notebook.panel.graph.picker import Apply, SignaturePicker
from hubexplore.notebook.panel.graph.scope_model import GraphModel, is_folded
from hubexplore.notebook.panel.later import Later
from hubexplore.notebook.panel.panel_texts import error_text
from hubexplore.notebook.panel.tabs.results import Results, Value
from hubexplore.notebook.panel.tabs.run_code_box import RunCodeBox
from hubexplore.summary.capabilities.model import Finding
from hubexplore.summary.outline import Box
from hubexplore.summary.outline.data import OP
from hubexplore.summary.weights.statistics import source_stats

MAX_STATISTICS_BYTES: Final = 64_000_000
"""Maximum number of bytes of weights that the statistics of one op read."""
MAX_SEARCH: Final = 200
"""Maximum number of characters of a search."""
MSG_NO_TIMES: Final = "Times are measured in the panel of a module, which runs it: hubexplore.explore(...)."
MAX_NOTE: Final = 1_000
"""Maximum number of characters of a note, in which names of strangers are."""
Probe = Callable[[str, str], None]


class GraphView(FrontendWidget):
    """The diagram in the browser, which knows boxes and groups by their numbers only.

    Messages: `open` {box}, `fold` {group}, `up` {crumb}, `search` {text}, `find` {result}.
    """

    _esm = script("graph.js")
    _css = style("graph.css")
    shown = traitlets.Dict().tag(sync=True)
    matches = traitlets.List(traitlets.Unicode()).tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)


class GraphTab(widgets.VBox):
    """The graph tab of the explorer.

    Args:
      summary: of the module.
      probe: computes a tensor, given as (signature, tensor name in the module), on the current inputs; calls
        `show_value` or `fail` with the outcome.
      changed: is called when the content of the tab has changed.
      pick: makes a signature of picked tensors; None if the module declares its signatures.
      cut_box: makes modules of picked tensors; None if that is not possible.
      measure: measures the time of the ops of a signature, given by name, on the current inputs; calls
        `show_times` or `fail` with the outcome.
      namespace: returns the variables of the notebook.
    """

    def __init__(
        self,
        summary: Summary,
        probe: Probe,
        changed: Callable[[], None],
        pick: Apply | None = None,
        cut_box: CutBox | None = None,
        *,
        measure: Callable[[str], None] | None = None,
        namespace: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self._summary = summary
        self._probe, self._notify = probe, changed
        self._model: GraphModel | None = None
        self._models: dict[tuple[str, tuple[str, ...]], GraphModel] = {}
        self._box: Box | None = None
        self._matches: list[tuple[str, str]] = []
        self._serial = 0
        # Started while the user looks at a drawing, for the next one.
        self._spare = SpareDot()
        self._spare_start = Later()
        weakref.finalize(self, self._spare.close)
        self.view = GraphView()
        self.view.listen(self._on_message)
        self._measure = measure
        self._times: dict[tuple[str, tuple[str, ...]], Scale] = {}
        self.colours = ColourChoice(lambda: self._guarded(self._recolour), namespace)
        self._details = widgets.HTML()
        self._error = widgets.HTML()
        style = {"description_width": "initial"}
        self._output = widgets.Dropdown(
            description="Output", style=style, layout=widgets.Layout(width="auto")
        )
        self._value = widgets.Button(
            description="Value on the current inputs", layout=widgets.Layout(width="auto")
        )
        self._statistics = widgets.Button(
            description="Statistics of the variables", layout=widgets.Layout(width="auto")
        )
        self._value.on_click(lambda _: self._request_value())
        self._statistics.on_click(lambda _: self._guarded(self._show_statistics))
        self._buttons = widgets.HBox(
            [self._value, self._output, self._statistics], classes=("hub-row",), layout=widgets.Layout()
        )
        self._note = widgets.HTML()
        self.results = Results(title="Value of an op")
        self.code = RunCodeBox()
        self._cut_box = cut_box
        # A signature of picked tensors is shown at once, and more can be picked.
        self._makes_signatures = pick is not None
        can_pick = pick is not None or cut_box is not None
        self._picker = SignaturePicker(pick, self._on_picked) if can_pick else None
        self._output.observe(lambda _: self._offer_pick(), "value")
        below = [part for part in (self._picker, self._cut_box) if part is not None]
        self._dangers = DangerList(
            summary.capabilities.dangers, lambda finding: self._guarded(lambda: self._show_danger(finding))
        )
        super().__init__(
            [
                self._dangers,
                self.colours,
                self.view,
                self._error,
                self._buttons,
                *below,
                self._note,
                self.results,
                self.code,
                self._details,
            ],
            classes=("hub-graph-tab",),
        )
        self._select(None)

    def show(self, signature: str, tags: tuple[str, ...]) -> None:
        """Shows a signature, with the scopes that were unfolded when it was shown before."""
        key = signature, tags
        if self._model is not None and (self._model.signature, self._model.tags) == key:
            return
        model = self._models.setdefault(key, GraphModel(self._summary, signature, tags, self._spare))
        self._model = model
        self._select(None)
        if self._picker is not None and not self._makes_signatures:
            self._picker.clear()  # the names are those of another graph
        self._guarded(lambda: self._draw(None, f"Signature {visible(signature)}"))
        if self.colours.value != KINDS:
            self._guarded(self._recolour)

    def update(self, summary: Summary) -> None:
        """Takes the summary of the same module with other signatures."""
        self._summary = summary
        self._models.clear()
        self._times.clear()
        self.colours.forget()

    def show_value(self, tensor: str, value: Any, run: tuple[Subject, RunRequest] | None = None) -> None:
        """Shows the value of a probe, and the code of the run that made it."""
        self._note.value = ""
        is_inner = self._model is not None and self._model.is_after_loop(tensor)
        when = ", after the last iteration" if is_inner else ""
        self.results.show(
            f"{visible(tensor)} on the current inputs{when}", self._serial, [Value(tensor, value)]
        )
        if run is not None:
            self.code.write(*run, (tensor,))
        self._notify()

    def show_times(self, signature: str, tags: tuple[str, ...], scale: Scale) -> None:
        """Colours the boxes by the times of a run."""
        self._note.value = ""
        self._times[signature, tags] = scale
        self._guarded(self._recolour)

    def withdraw_colours(self) -> None:
        """Takes back what `offer_colours` has offered."""
        self.colours.forget()

    def offer_colours(self, label: str, numbers: Any) -> None:
        """Offers to colour boxes by numbers, such as what training has changed, and does it.

        Args:
          label: what they are.
          numbers: name of an op, scope or variable -> number; a mapping or a pandas Series.

        Raises:
          DiagramError: (a ValueError) it is something else.
        """
        self.colours.offer(label, scale_of(numbers, label))

    def fail(self, text: str) -> None:
        """Shows an error; an empty text removes it."""
        lines = "\n".join(printable(line) for line in text.splitlines())
        self._error.value = tag("div", lines, role="alert", class_="hub-error") if lines else ""
        if text:
            self._note.value = ""

    def close(self) -> None:
        """Closes the tab."""
        self._spare_start.call_off()
        self._spare.close()
        super().close()

    def static_html(self) -> Markup:
        """Returns the tab as static HTML."""
        drawn = self._model.drawn.diagram.html() if self._model is not None else Markup("")
        cut = self._cut_box.static_html() if self._cut_box is not None else Markup("")
        return join(drawn, cut, Markup(self._details.value), self.results.static_html())

    # Messages of the browser: numbers in them are checked, as the diagram may have changed meanwhile.

    def _on_message(self, message: Message, _: Sequence[Any]) -> None:
        self._guarded(lambda: self._answer(message))

    def _guarded(self, work: Callable[[], None]) -> None:
        """Calls `work` for the browser; an error is shown in the tab."""
        try:
            self.fail("")
            work()
        except Exception as error:  # noqa: BLE001 - an event of the browser has no cell to show it in
            self.fail(error_text(error))

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
            case {"kind": "search", "text": str(text)}:
                self._matches = model.search(text[:MAX_SEARCH])
                self.view.matches = [f"{visible(name)} · {visible(op)}" for name, op in self._matches]
                self.view.status = f"{len(self._matches)} found" if text.strip() else ""
            case {"kind": "find", "result": int(number)} if 0 <= number < len(self._matches):
                self._find(self._matches[number][0])

    def _open(self, box: Box) -> None:
        """Unfolds a box that stands for several ops; selects any other box."""
        assert self._model is not None  # noqa: S101 - checked by _answer
        if is_folded(box):
            self._model.unfold(box)
            self._select(None)
            self._draw(box.name, f"{visible(box.name)} is unfolded")
            return
        self._select(box)
        self._draw(box.name, f"{visible(box.name)} is selected")

    def _find(self, name: str) -> None:
        assert self._model is not None  # noqa: S101 - checked by _answer
        self._model.reveal(name)
        where = self._model.locate(name)
        if where is not None and where[0] == "box":
            self._select(self._model.drawn.outline.boxes[where[1]])
        self._draw(name, f"{visible(name)} is shown")

    def _show_danger(self, danger: Finding) -> None:
        model = self._model
        if model is None:
            return
        trigger = danger.trigger
        # Loading and training run ops of the whole graph; a call runs those of its signature.
        if trigger.signature not in ("", model.signature) or trigger.tags not in ((), model.tags):
            variant = f" of the graph variant {tags_text(trigger.tags)}" if trigger.tags != model.tags else ""
            raise HubError(
                f"This op belongs to the signature {visible(trigger.signature)!r}{variant}. Select it in the "
                f"Try tab first."
            )
        self._find(danger.path)

    # Colours.

    def _recolour(self) -> None:
        """Draws the boxes in the colours that were chosen; times are measured first."""
        model = self._model
        if model is None:
            return
        chosen = self.colours.value
        try:
            if chosen == TIME:
                scale = self._times.get((model.signature, model.tags))
                if scale is None:
                    self._request_times(model.signature)
                    return
            else:
                scale = self.colours.scale(self._summary, model.signature, model.tags)
            model.colour(scale)
        except HubError:
            model.colour(None)
            self._draw(None, "")
            raise
        self._draw(None, "The boxes show their kinds" if scale is None else f"Coloured by {chosen}")
        self._select(self._box)

    def _request_times(self, signature: str) -> None:
        if self._measure is None:
            raise HubError(MSG_NO_TIMES)
        self._note.value = tag("span", "Measuring …", role="status", class_="hub-spin")
        self._measure(signature)

    def _amount(self, number: int) -> str:
        """Returns the number that the colour of a box stands for; "" without one."""
        colouring = None if self._model is None else self._model.drawn.diagram.colouring
        return "" if colouring is None else colouring.text(number)

    # Content of the screen.

    def _draw(self, focus: str | None, status: str) -> None:
        """Updates the diagram; `focus` is the name of the node or scope to scroll to."""
        assert self._model is not None  # noqa: S101 - checked by _answer
        drawn = self._model.drawn
        outline = drawn.outline
        where = self._model.locate(focus) if focus else None
        selected = next((number for number, box in enumerate(outline.boxes) if box is self._box), None)
        if selected is None and self._box is not None:
            # Another layout has other boxes for the same ops.
            box_place = self._model.locate(self._box.name)
            selected = box_place[1] if box_place is not None and box_place[0] == "box" else None
        # graph.js marks the drawing with this number once it is painted, for which tests wait.
        self._serial += 1
        shown = {
            "number": self._serial,
            "svg": drawn.svg,
            "problem": drawn.problem,
            "boxes": [
                {"text": box_text(outline, number, self._amount(number)), "folded": is_folded(box)}
                for number, box in enumerate(outline.boxes)
            ],
            "groups": [visible(group.name) for group in outline.groups],
            "crumbs": [label for label, _ in self._crumbs()],
            "warnings": [visible(warning, 400) for warning in outline.warnings],
            "focus": list(where) if where is not None else None,
            "selected": selected,
        }
        with self.view.hold_sync():  # one message
            self.view.shown, self.view.status = shown, status
        if drawn.svg:
            self._spare_start.put_off(self._spare.start)
        self._notify()

    def _crumbs(self) -> list[tuple[str, str]]:
        """Returns the path from the signature to the selected box, as (label, name of the scope)."""
        assert self._model is not None  # noqa: S101 - checked by _answer
        crumbs = [(f"signature {visible(self._model.signature)}", "")]
        outline = self._model.drawn.outline
        place = self._model.locate(self._box.name) if self._box is not None else None
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
        self.code.clear()
        self._note.value = ""
        if box is None or self._model is None:
            self._offer_pick()
            self._details.value = ""
            self._buttons.layout.display = "none"
            return
        outline = self._model.drawn.outline
        number = outline.boxes.index(box)
        node = self._model.node(box)
        self._details.value = framed(details(outline, number, node, self._amount(number)))
        has_value = self._model.fetch_name(box, 0) is not None
        count = self._model.output_count(box.name) if has_value and node is not None else 0
        self._output.options = [(str(index), index) for index in range(count)]
        self._output.index = 0 if count else None
        self._output.layout.display = None if count > 1 else "none"
        self._value.layout.display = None if has_value else "none"
        # Without this note the missing button would look like a fault.
        if box.kind == OP and not has_value:
            self._note.value = tag("p", visible(self._model.why_not(box), MAX_NOTE), class_="hub-quiet")
        self._statistics.layout.display = None if weights_of(outline, number) else "none"
        self._buttons.layout.display = None
        self._offer_pick()

    def _offer_pick(self) -> None:
        """Offers the tensor of the selected box for a signature."""
        if self._picker is None:
            return
        tensor = None
        if self._box is not None and self._model is not None:
            tensor = self._model.tensor_name(self._box, self._output.value or 0)
        self._picker.select(tensor)

    def _on_picked(self, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Offers a cut of the tensors that are picked now."""
        if self._cut_box is None or self._model is None:
            return
        model = self._model
        picked = Picked(model.signature, model.tags, tuple(inputs), tuple(outputs)) if outputs else None
        self._cut_box.show(picked)

    def _request_value(self) -> None:
        if self._model is not None and self._box is not None:
            self.fail("")
            self._note.value = tag("span", "Running …", role="status", class_="hub-spin")
            fetched = self._model.fetch_name(self._box, self._output.value or 0)
            if fetched is not None:
                self._probe(self._model.signature, fetched)

    def _show_statistics(self) -> None:
        if self._model is None or self._box is None:
            return
        outline = self._model.drawn.outline
        names = {weight.name for weight in weights_of(outline, outline.boxes.index(self._box))}
        variables = self._summary.variant(self._model.tags).variables
        chosen = [variable for variable in variables if variable.name in names]
        size = sum(variable.bytes or 0 for variable in chosen)
        # Statistics are computed in the thread of the kernel, which answers nothing meanwhile.
        if size > MAX_STATISTICS_BYTES:
            raise HubError(
                f"These variables take {size / 1e6:,.0f} MB; at most {MAX_STATISTICS_BYTES / 1e6:,.0f} MB "
                f"are read at once. The Variables tab reads them step by step."
            )
        source = self._summary.source
        stats = source_stats(chosen, source)
        self._note.value = weight_statistics.markup(tuple(stats))
        self._notify()
