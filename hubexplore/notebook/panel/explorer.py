"""`hubexplore.explore`: a panel to try a module in the notebook."""

from __future__ import annotations

import secrets
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import ipywidgets
import traitlets

from hubexplore.display.card.html import framed, heading, outside_access
from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.wording import MAX_SENTENCE, counted, visible
from hubexplore.errors import HubError
from hubexplore.explorer.runs import ModuleRunner, Run, RunRequest
from hubexplore.explorer.subject import PICKED, Subject
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.browser_widgets import Message, PanelMonitor, plain_front_end
from hubexplore.notebook.panel.fields.signature_selector import SignatureSelector, callable_signatures
from hubexplore.notebook.panel.fields.version_selector import VersionSelector
from hubexplore.notebook.panel.front_end import close_with_its_cell, in_marimo
from hubexplore.notebook.panel.notebook_variables import notebook_variables
from hubexplore.notebook.panel.open_panels import OPEN_PANELS
from hubexplore.notebook.panel.panel_texts import MSG_BUSY, MSG_LEFT_BEHIND, error_text, one_line_traceback
from hubexplore.notebook.panel.snapshot import MAX_SNAPSHOT, Snapshot
from hubexplore.notebook.panel.subject_lookup import find, notebook_book
from hubexplore.notebook.panel.tabs.try_tab import TryTab
from hubexplore.notebook.panel.widget_closing import close_all
from hubexplore.session.tf_startup import IN_BACKGROUND
from hubexplore.summary.lookup import no_such_signature

if TYPE_CHECKING:
    from hubexplore.notebook.panel.graph.cut_box import CutBox
    from hubexplore.session.session import NotebookSession
    from hubexplore.summary.wishes import Signatures

VIEW: Final = "application/vnd.jupyter.widget-view+json"
MSG_TERMINAL: Final = (
    "{panel}: the panel needs a notebook, such as JupyterLab. In a terminal, hubexplore.summarize(...) shows "
    "what the module is, and hubexplore.NotebookSession().call(...) runs it."
)
MSG_CLOSED: Final = (
    "The explorer of {title} has been closed, which happens when its cell runs again. Open a new one: "
    "hubexplore.explore(...). A panel that is in a variable stays open."
)
CHANGE: Final = "change of weights"
"""What the graph tab calls the colours of a comparison of weights."""
_TABS: Final = ("Try", "Graph", "Variables", "Variants", "Overview")


def explore(
    x: Any,
    signature: str | None = None,
    tags: Iterable[str] | str | None = None,
    *,
    session: NotebookSession | None = None,
    signatures: Signatures | None = None,
    trust: bool = False,
) -> Explorer:
    """Shows a panel to try a module: its inputs as a form, its outputs as pictures.

    ```python
    hubexplore.explore("sample:text-embedding")
    ```

    Opening the panel runs nothing of the module. TensorFlow is imported once the panel is on screen. The
    module is loaded, which runs the initialisers of its variables and tables, at the first run.

    Args:
      x: a path or handle, or a folder with several versions of a model, of which the panel offers a choice; a
        ModuleSpec; a Module of a NotebookSession; or the summary of a module on disk.
      signature: the signature to begin with; by default `default`, else the first that has inputs.
      tags: of the graph variant to begin with; by default the one without tags, else that for serving.
      session: the session that loaded the Module `x`; found automatically if a variable of the notebook or
        the magics have it.
      signatures: of a frozen graph or a training checkpoint; see `load_module_spec`. The graph tab can make
        one of tensors that are picked there.
      trust: run it even if it can touch things outside of itself, such as files. That is remembered for its
        content, in the user's settings. Otherwise the panel asks before it runs such a module.

    Raises:
      HandleError: (a ValueError) `x` is none of these, or cannot be run.
      NoSuchSignatureError, NoSuchVariantError: (KeyErrors and ValueErrors) the message names the closest.
      GraphError: (a RuntimeError) the session of a Module is not known.
    """
    with one_line_traceback():
        subject = find(x, session, notebook_book(), signatures)
        if trust:
            subject.trust()
        return Explorer(subject, signature, tags)


class Explorer(ipywidgets.VBox):
    """A panel to try a module: a form for its inputs, results as pictures, its graph and variables.

    A notebook displays it as the result of a cell. It is a widget, which others may contain, for example
    `ipywidgets.VBox([explore("sample:digits")])`. Runs take place in a thread of their own.

    Args:
      subject: the module to try.
      signature: the signature to begin with; by default `default`, else the first that has inputs.
      tags: of the graph variant to begin with; by default the one without tags, else that for serving.

    Raises:
      HubError: the module has nothing that can be run, or no such signature or variant.
    """

    # Python calls `close` also for one whose making failed, which has nothing to close yet.
    _is_closed = True
    # What makes it an anywidget, where the front end has nothing else; see plain.js.
    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    def __init__(
        self, subject: Subject, signature: str | None = None, tags: Iterable[str] | str | None = None
    ) -> None:
        _check_selection(subject, signature, tags)
        super().__init__(**(plain_front_end() if in_marimo() else {}), _dom_classes=("hubexplore-panel",))
        # Its widgets, which ipywidgets keeps alive, refer to it weakly: `open_panels` asks the garbage
        # collector whether anything else refers to it.
        panel = weakref.proxy(self)

        def draw() -> Markup:
            html: Markup = panel._static_html()
            return html

        def on_version(handle: str) -> None:
            panel._on_version(handle)

        picture = f"hubexplore-still-{secrets.token_hex(8)}"
        self._snapshot = Snapshot(draw, picture)
        self._monitor = PanelMonitor(picture=picture)
        self._monitor.listen(lambda message, _: panel._on_message(message))
        self._versions = VersionSelector(subject.versions, on_version) if subject.versions else None
        self._fill_with(subject, signature, tags)
        self._preloaded = False
        self._is_closed = False
        if in_marimo():
            close_with_its_cell(self)

    def _fill_with(
        self, subject: Subject, signature: str | None = None, tags: Iterable[str] | str | None = None
    ) -> None:
        """Makes the form and the tabs for a subject."""
        panel = weakref.proxy(self)

        def on_selection() -> None:
            panel._on_selection()

        self._cut_box: CutBox | None = None
        # How much each variable differs from another module's, once that was compared.
        self._changes: Any = None
        self._subject = subject
        self._runner = ModuleRunner(subject)
        first_tags = subject.tags if tags is None else subject.summary.variant(tags).tags
        self._selector = SignatureSelector(subject.summary, on_selection, first_tags, signature)
        self._try = TryTab(self._runner, self._selector, notebook_variables, self._snapshot.changed)
        # A tab other than the first is put into its box when it is first opened: summaries of large modules
        # take time to draw. The boxes never change, as other children of the Tab would make the browser build
        # all tabs again, and a click that is on its way would be lost.
        self._boxes = {title: widgets.VBox() for title in _TABS[1:]}
        self._tabs = widgets.Tab([self._try, *self._boxes.values()], titles=_TABS)
        self._tabs.observe(lambda _: panel._on_tab(), "selected_index")
        self._content = [widgets.HTML(self._heading()), self._tabs]
        versions = [] if self._versions is None else [self._versions]
        self.children = [self._monitor, *versions, *self._content]

    @property
    def value(self) -> Any:
        """The output of the last run, a dict by name if it has several; None before the first run."""
        outputs = self._try.last.outputs if self._try.last is not None else None
        if outputs is None:
            return None
        return next(iter(outputs.values())) if len(outputs) == 1 else dict(outputs)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs so far, oldest first."""
        return tuple(self._runner.runs)

    def run(self, inputs: Any = None) -> Any:
        """Puts values into the form, runs them and returns the result, in the form of `value`.

        Args:
          inputs: a dict of input name -> value, or the value itself if the signature has one input.

        Raises:
          HubError: the values do not fit, or the module cannot be run on them.
        """
        self._try.run(inputs)
        return self.value

    def close(self) -> None:
        """Removes the panel from the screen and frees what was loaded for it, including its runs."""
        if self._is_closed:
            return
        # First the run, which uses the session; then the widgets, so that none of them shows its end; the
        # session last.
        self._is_closed = True
        self._try.cancel()
        self._snapshot.close()
        if self._cut_box is not None:
            self._cut_box.close_cut()
        close_all([self])
        super().close()
        self._subject.close()

    def __repr__(self) -> str:
        runs = counted(len(self._runner.runs), "run")
        return f"<Explorer of {visible(self._subject.summary.title)}: {runs}>"

    def _ipython_display_(self) -> None:
        from IPython.core.getipython import get_ipython
        from IPython.display import display

        if getattr(get_ipython(), "kernel", None) is None:
            print(MSG_TERMINAL.format(panel=repr(self)))  # noqa: T201 - what IPython shows here
            return
        title = visible(self._subject.summary.title)
        if self._is_closed:
            print(MSG_CLOSED.format(title=title))  # noqa: T201
            return
        OPEN_PANELS.show(self, get_ipython())
        # Front ends without widgets show this line, and below it the snapshot.
        text = f"Explorer of {title}: the live panel needs its kernel; its last state is shown below"
        display({VIEW: {"version_major": 2, "version_minor": 0, "model_id": self.model_id},
                 "text/plain": text}, raw=True)  # fmt: skip
        self._snapshot.show()

    def _display_(self) -> Any:
        """What marimo shows: an anywidget, as it has none of the widgets of ipywidgets."""
        import marimo

        return marimo.ui.anywidget(self)

    def _on_message(self, message: Message) -> None:
        match message["kind"]:
            case "run" | "trust":
                # A front end, or a notebook that a stranger sent, may send anything: only texts count.
                texts = message.get("texts")
                fields = texts if isinstance(texts, list) else []
                typed = [text if isinstance(text, str) else None for text in fields]
                begin = self._try.start if message["kind"] == "run" else self._try.trust_and_start
                edits = message.get("edits")
                self._try.guarded(lambda: self._try.form.catch_up(edits if isinstance(edits, list) else ()))
                self._try.guarded(lambda: begin(typed))
            case "ready" if not self._preloaded:
                self._preloaded = True
                self._try.make_outcome()
                # Of the module nothing is loaded yet: its initialisers are code of a stranger.
                IN_BACKGROUND.start()

    def _on_version(self, handle: str) -> None:
        """Replaces form, tabs and runs by those of another version of the model."""
        earlier, content, trial_tab, versions = self._subject, self._content, self._try, self._versions
        if versions is None:  # only the selector calls this
            return
        try:
            subject = Subject(handle)
            _check_selection(subject, None, None)
        except HubError as error:
            # The version on screen stays.
            versions.fail(handle, error_text(error))
            return
        trial_tab.cancel()
        if self._cut_box is not None:
            self._cut_box.close_cut()
        self._fill_with(subject)
        versions.succeed(handle)
        close_all(content)
        earlier.close()
        self._snapshot.changed()

    def _on_selection(self) -> None:
        """Shows the signature or variant that was chosen."""
        self._try.guarded(self._try.choose)
        self._on_tab()

    def _on_tab(self) -> None:
        """Makes the tab on screen if it is opened for the first time, and updates it."""
        self._try.guarded(self._fill)
        self._snapshot.changed()

    def _fill(self) -> None:
        title = _TABS[self._tabs.selected_index or 0]
        if self._tab_content(title) is None:
            self._boxes[title].children = [self._make_tab(title)]
        tab = self._tab_content(title)
        if title == "Graph":
            tab.show(self._selector.signature.name, self._selector.variant.tags)

    def _tab_content(self, title: str) -> Any:
        """Returns the content of a tab; None if it has not been opened yet."""
        return self._try if title == _TABS[0] else next(iter(self._boxes[title].children), None)

    def _make_tab(self, title: str) -> widgets.Widget:
        # Imported here, since most panels are closed without their other tabs having been opened.
        summary = self._subject.summary
        match title:
            case "Graph":
                from hubexplore.notebook.panel.graph.tab import GraphTab

                panel = weakref.proxy(self)

                def probe(signature: str, tensor: str) -> None:
                    panel._probe(signature, tensor)

                def pick(inputs: Sequence[str], outputs: Sequence[str]) -> None:
                    panel._pick(inputs, outputs)

                def measure(signature: str) -> None:
                    panel._measure(signature)

                can_pick = self._subject.can_pick
                changed = self._snapshot.changed
                self._cut_box = self._make_cut_box() if self._subject.can_cut else None
                graph = GraphTab(
                    summary, probe, changed, pick if can_pick else None, self._cut_box,
                    measure=measure, namespace=notebook_variables,
                )  # fmt: skip
                if self._changes is not None:
                    graph.offer_colours(CHANGE, self._changes)
                return graph
            case "Variables":
                from hubexplore.notebook.panel.tabs.variables import VariablesTab

                panel = weakref.proxy(self)

                def weighed(changes: Any) -> None:
                    panel._colour_changes(changes)

                return VariablesTab(summary, self._snapshot.changed, weighed)
            case "Variants":
                from hubexplore.notebook.panel.tabs.variants import VariantsTab

                return VariantsTab(summary, self._snapshot.changed)
        return widgets.HTML(summary._repr_html_() or "")

    def _colour_changes(self, changes: Any) -> None:
        """Colours the diagram by changes of weights; None for no longer."""
        self._changes = changes
        graph = self._tab_content("Graph")
        if graph is not None and changes is None:
            graph.withdraw_colours()
        elif graph is not None:
            graph.offer_colours(CHANGE, changes)

    def _make_cut_box(self) -> CutBox:
        from hubexplore.notebook.panel.graph.cut_box import CutBox

        panel = weakref.proxy(self)

        def start(
            work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[BaseException], None]
        ) -> bool:
            is_started: bool = panel._try.worker.start(work, done, failed)
            return is_started

        return CutBox(self._subject, start, Explorer, self._snapshot.changed)

    def _probe(self, signature: str, tensor: str) -> None:
        """Runs the inputs of the form, and shows a tensor of that run in the graph tab."""
        graph, runner = self._tab_content("Graph"), self._runner
        self._run_for_graph(
            lambda request: runner.call(request, (tensor,)),
            lambda request, result: graph.show_value(tensor, result[2][tensor], (self._subject, request)),
        )

    def _measure(self, signature: str) -> None:
        """Runs the inputs of the form several times, and shows the times of the ops in the graph tab."""
        graph = self._tab_content("Graph")
        self._run_for_graph(
            self._runner.measure,
            lambda request, cost: graph.show_times(request.signature, request.tags, cost.scale()),
        )

    def _run_for_graph(
        self, work: Callable[[RunRequest], Any], show: Callable[[RunRequest, Any], None]
    ) -> None:
        """Runs the inputs of the form for the graph tab, and shows the result or the error there."""
        graph = self._tab_content("Graph")
        try:
            request = self._try.request()
        except HubError as error:
            graph.fail(f"Enter the inputs in the Try tab first. {error_text(error)}")
            return
        # By the worker of the Try tab: one run at a time, and Cancel there ends this one as well.
        started = self._try.worker.start(
            lambda: work(request),
            lambda result: show(request, result),
            lambda error: graph.fail(error_text(error)),
        )
        if not started:
            graph.fail(MSG_BUSY if self._try.worker.is_busy else MSG_LEFT_BEHIND)

    def _pick(self, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Offers a signature of tensors that were picked in the graph tab."""
        if self._try.worker.is_busy:
            raise HubError(MSG_BUSY)
        self._subject.pick(inputs or None, outputs)
        summary = self._subject.summary
        self._tab_content("Graph").update(summary)
        self._selector.update(summary, PICKED)

    def _heading(self) -> Markup:
        summary = self._subject.summary
        facts = [
            summary.format,
            counted(sum(variant.parameters for variant in summary.variants[:1]), "parameter"),
        ]
        return join(
            tag("div", heading(summary.title, 3), class_="hub-title"),
            tag("div", " \u00b7 ".join(facts), class_="hub-quiet"),
            *(tag("div", visible(note, MAX_SENTENCE), class_="hub-quiet") for note in summary.notes),
            *((access,) if (access := outside_access(summary)) is not None else ()),
        )

    def _static_html(self) -> Markup:
        """Returns the panel as static HTML: the Try tab, then the other opened tabs up to the limit."""
        current = _TABS[self._tabs.selected_index or 0]
        parts = [self._heading(), self._try.static_html()]
        size = sum(map(len, parts))
        # The tab on screen first: it is the one to keep if not all fit.
        for title in sorted(_TABS[1:], key=lambda title: title != current):
            static_html = getattr(self._tab_content(title), "static_html", None)
            if static_html is None:
                continue
            section = tag(
                "details",
                tag("summary", heading(title)),
                tag("div", static_html()),
                open="" if title == current else None,
            )
            size += len(section)
            if size <= MAX_SNAPSHOT:
                parts.append(section)
        return framed(*parts)


def _check_selection(subject: Subject, signature: str | None, tags: Iterable[str] | str | None) -> None:
    summary = subject.summary
    variants = summary.variants if tags is None else [summary.variant(tags)]
    names = {entry.name for variant in variants for entry in callable_signatures(variant)}
    if not names:
        raise HubError(
            f"{summary.title!r} has no signatures, so there is nothing to run. "
            f"hubexplore.summarize shows what it contains."
        )
    if signature is not None and signature not in names:
        raise no_such_signature(signature, sorted(names))
