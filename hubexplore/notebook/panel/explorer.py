"""`hubexplore.explore`: a panel that tries a module in the notebook."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from hubexplore.display.card.html import framed, heading
from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.wording import counted, visible
from hubexplore.errors import HubError
from hubexplore.explorer.runs import Run, Trial
from hubexplore.explorer.subject import Subject
from hubexplore.notebook.panel.browser_widgets import Keeper, Message
from hubexplore.notebook.panel.fields.signature_selector import Selector, callable_signatures
from hubexplore.notebook.panel.graph.tab import GraphTab
from hubexplore.notebook.panel.messages import error_words
from hubexplore.notebook.panel.screen import SCREEN
from hubexplore.notebook.panel.snapshot import LARGEST, Still
from hubexplore.notebook.panel.subject_lookup import find, notebook_book
from hubexplore.notebook.panel.tabs.trial import TryTab
from hubexplore.notebook.panel.tabs.variables import VariablesTab
from hubexplore.notebook.panel.tabs.variants import VariantsTab
from hubexplore.notebook.panel.widget_closing import close_all
from hubexplore.session.tf_startup import import_tensorflow
from hubexplore.summary.lookup import no_such_signature

if TYPE_CHECKING:
    from hubexplore.session.session import NotebookSession

VIEW: Final = "application/vnd.jupyter.widget-view+json"
MSG_TERMINAL: Final = (
    "{own}: the panel needs a notebook, as JupyterLab is one. Here in the terminal, "
    "hubexplore.summarize(...) tells what the module is, and NotebookSession().call(...) runs it."
)
MSG_CLOSED: Final = (
    "The explorer of {title} was closed, as it is when the cell that showed it runs again. Open another one: "
    "hubexplore.explore(...). One that you keep in a variable stays."
)
_TABS: Final = ("Try", "Graph", "Variables", "Variants", "Overview")


def explore(
    x: Any,
    signature: str | None = None,
    tags: Iterable[str] | str | None = None,
    *,
    session: NotebookSession | None = None,
) -> Explorer:
    """Shows a panel that tries a module: its inputs as a form, its outputs as pictures.

    ```python
    hubexplore.explore("sample:text-embedding")
    ```

    Opening it runs nothing of the module. TensorFlow is imported once the panel is on screen; the module is
    loaded, which runs the initialisers of its variables and tables, when you first run it.

    Args:
      x: a path or handle, a ModuleSpec, a Module of a NotebookSession, or the summary of a module on disk.
      signature: the one to begin with; by default `default`, else the first.
      tags: of the graph variant to begin with; by default the one without tags, else the first.
      session: that loaded the Module `x`; found by itself for those of the notebook's own sessions.

    Raises:
      HandleError: (a ValueError) `x` is none of these, or cannot be run.
      NoSuchSignatureError, NoSuchVariantError: (KeyErrors and ValueErrors) the message names the nearest.
      GraphError: (a RuntimeError) the session of a Module is not known.
    """
    return Explorer(find(x, session, notebook_book()), signature, tags)


class Explorer:
    """A panel that tries a module: a form for its inputs, results as pictures, its graph and variables.

    In a notebook it shows itself. Runs go on beside the kernel's own thread.

    Args:
      subject: what is tried.
      signature: at first; by default `default`, else the first.
      tags: of the graph variant at first; by default the one without tags, else the first.

    Raises:
      HubError: nothing in the module can be run, or it has no such signature or variant.
    """

    def __init__(
        self, subject: Subject, signature: str | None = None, tags: Iterable[str] | str | None = None
    ) -> None:
        _check(subject, signature, tags)
        self._subject = subject
        self._trial = Trial(subject)
        # Its widgets refer to it weakly, so that `screen` sees whether anybody else has it.
        own = weakref.proxy(self)

        def draw() -> Markup:
            drawn: Markup = own._picture()
            return drawn

        def choose() -> None:
            own._choose()

        self._still = Still(draw)
        chosen = subject.tags if tags is None else subject.summary.variant(tags).tags
        self._selector = Selector(subject.summary, choose, chosen, signature)
        self._try = TryTab(self._trial, self._selector, _namespace, self._still.changed)
        self._keeper = Keeper()
        self._keeper.listen(lambda message, _: own._hear(message))
        # A tab is put into its box when it is opened. Other children would have the browser build all tabs
        # anew, and a click that is on its way would be lost.
        self._boxes = {title: widgets.VBox() for title in _TABS}
        self._boxes[_TABS[0]].children = [self._try]
        self._tabs = widgets.Tab(list(self._boxes.values()), titles=_TABS)
        self._tabs.observe(lambda _: own._open(), "selected_index")
        self._root = widgets.VBox([self._keeper, widgets.HTML(self._heading()), self._tabs])
        self._root.add_class("hubexplore-panel")
        self._preloaded = False
        self._is_closed = False

    @property
    def value(self) -> Any:
        """What the last run gave: the output if there is one, else a dict by name; None before any run."""
        outputs = self._try.last.outputs if self._try.last is not None else None
        if outputs is None:
            return None
        return next(iter(outputs.values())) if len(outputs) == 1 else dict(outputs)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs so far, oldest first."""
        return tuple(self._trial.runs)

    def run(self, inputs: Any = None) -> Any:
        """Puts values into the form, runs them, and returns what came out, as `value` does.

        Args:
          inputs: a dict of input name -> value, or one value where there is one input.

        Raises:
          HubError: they do not fit, or the module cannot be run on them.
        """
        self._try.run(inputs)
        return self.value

    def close(self) -> None:
        """Takes the panel from the screen and frees what was loaded for it, its runs included."""
        if self._is_closed:
            return
        self._is_closed = True
        self._try.cancel()
        self._still.close()
        close_all([self._root])
        self._subject.close()

    def __repr__(self) -> str:
        ran = counted(len(self._trial.runs), "run")
        return f"<Explorer of {visible(self._subject.summary.title)}: {ran}>"

    def _ipython_display_(self) -> None:
        from IPython.core.getipython import get_ipython
        from IPython.display import display

        if getattr(get_ipython(), "kernel", None) is None:
            print(MSG_TERMINAL.format(own=repr(self)))  # noqa: T201 - what IPython shows here
            return
        title = visible(self._subject.summary.title)
        if self._is_closed:
            print(MSG_CLOSED.format(title=title))  # noqa: T201
            return
        SCREEN.show(self, get_ipython())
        words = f"Explorer of {title}: the panel lives while its kernel runs, its last state is below"
        display({VIEW: {"version_major": 2, "version_minor": 0, "model_id": self._root.model_id},
                 "text/plain": words}, raw=True)  # fmt: skip
        self._still.show()

    def _hear(self, message: Message) -> None:
        match message["kind"]:
            case "run":
                texts = message.get("texts")
                told = texts if isinstance(texts, list) else []
                words = [each if isinstance(each, str) else None for each in told]
                self._try.guard(lambda: self._try.start(words))
            case "ready" if not self._preloaded:
                self._preloaded = True
                # A daemon: it must not keep the kernel from ending. What fails here fails again in a run.
                threading.Thread(target=_preload, daemon=True, name="hubexplore-preload").start()

    def _choose(self) -> None:
        """Another signature or variant was chosen."""
        self._try.guard(self._try.choose)
        self._open()

    def _open(self) -> None:
        """Fills the tab that is on screen, the first time; and shows in it what is chosen now."""
        self._try.guard(self._fill)
        self._still.changed()

    def _fill(self) -> None:
        title = _TABS[self._tabs.selected_index or 0]
        if self._opened(title) is None:
            self._boxes[title].children = [self._make(title)]
        tab = self._opened(title)
        if isinstance(tab, GraphTab):
            tab.show(self._selector.signature.name, self._selector.variant.tags)

    def _opened(self, title: str) -> Any:
        """What is in a tab; None if it was not opened yet."""
        return next(iter(self._boxes[title].children), None)

    def _make(self, title: str) -> widgets.Widget:
        summary = self._subject.summary
        match title:
            case "Graph":
                own = weakref.proxy(self)

                def probe(signature: str, tensor: str) -> None:
                    own._probe(signature, tensor)

                return GraphTab(summary, probe, self._still.changed)
            case "Variables":
                return VariablesTab(summary, self._still.changed)
            case "Variants":
                return VariantsTab(summary, self._still.changed)
        return widgets.HTML(summary._repr_html_() or "")

    def _probe(self, signature: str, tensor: str) -> None:
        """Runs what the form asks for, and shows a tensor of it in the graph tab."""
        graph, trial = self._opened("Graph"), self._trial
        try:
            asked = self._try.asked()
        except HubError as error:
            graph.fail(f"Give the inputs in the Try tab first. {error_words(error)}")
            return
        started = self._try.worker.start(
            lambda: trial.call(asked, (tensor,)),
            lambda found: graph.show_value(tensor, found[2][tensor]),
            lambda error: graph.fail(error_words(error)),
        )
        if not started:
            graph.fail("Another run goes on. Wait until it is done, or cancel it in the Try tab.")

    def _heading(self) -> Markup:
        summary = self._subject.summary
        facts = [summary.format, counted(sum(each.parameters for each in summary.variants[:1]), "parameter")]
        return join(
            tag("div", heading(summary.title, 3), class_="hub-title"),
            tag("div", " \u00b7 ".join(facts), class_="hub-quiet"),
        )

    def _picture(self) -> Markup:
        """The same as static HTML: what was tried, then other tabs that were opened, as there is room."""
        current = _TABS[self._tabs.selected_index or 0]
        parts = [self._heading(), self._try.still()]
        size = sum(map(len, parts))
        for title in sorted(_TABS[1:], key=lambda each: each != current):
            still = getattr(self._opened(title), "still", None)
            if still is None:
                continue
            drawn = tag(
                "details",
                tag("summary", heading(title)),
                tag("div", still()),
                open="" if title == current else None,
            )
            size += len(drawn)
            if size <= LARGEST:
                parts.append(drawn)
        return framed(*parts)


def _preload() -> None:
    """Imports TensorFlow, and no more: what a module does when it is made, its author chose."""
    with contextlib.suppress(Exception):
        import_tensorflow()


def _namespace() -> Mapping[str, Any]:
    """The variables of the notebook."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return shell.user_ns if shell is not None else {}


def _check(subject: Subject, signature: str | None, tags: Iterable[str] | str | None) -> None:
    summary = subject.summary
    variants = summary.variants if tags is None else [summary.variant(tags)]
    names = {each.name for variant in variants for each in callable_signatures(variant)}
    if not names:
        raise HubError(
            f"{summary.title!r} has no signatures, so there is nothing to run. hubexplore.summarize shows "
            f"what it has."
        )
    if signature is not None and signature not in names:
        raise no_such_signature(signature, sorted(names))
