"""The trial: a form made from a signature, its runs, their results, and the code that does the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import ipywidgets as widgets

from hubexplore.display.markup import Markup, join, tag
from hubexplore.errors import HubError
from hubexplore.explorer import class_labels, run_code
from hubexplore.explorer.runs import Asked, Run, Trial
from hubexplore.inputs.examples import example_search, examples
from hubexplore.inputs.input_value import InputValue
from hubexplore.notebook.panel.browser_widgets import CodeBox, Message, RunLog
from hubexplore.notebook.panel.fields.form import Form
from hubexplore.notebook.panel.fields.signature_selector import Selector
from hubexplore.notebook.panel.messages import (
    MSG_CANCELLED,
    MSG_CANCELLING,
    MSG_LEFT_BEHIND,
    duration,
    error_words,
    row_of,
    rows_words,
    title_of,
)
from hubexplore.notebook.panel.status import Status
from hubexplore.notebook.panel.tabs.pinned_run import Pinned
from hubexplore.notebook.panel.tabs.results import Results, Value
from hubexplore.notebook.panel.worker import Ticket, Worker
from hubexplore.session.tf_startup import is_tensorflow_imported

CHEAP: Final = 1.0
"""Seconds: a run that takes longer is not repeated at every change."""
IN_LOG: Final = 20
"""So many rows of the log are on screen, the newest."""
WHAT_RUNS: Final = "What runs"
"""The example that is found by trying."""
_FREE: Final = {"description_width": "initial"}


class TryTab(widgets.VBox):
    """Gives values to a signature and shows what comes out.

    Args:
      trial: what is run.
      selector: the signature and variant to run.
      namespace: the variables of the notebook.
      changed: is called when the screen shows something else.
    """

    def __init__(
        self,
        trial: Trial,
        selector: Selector,
        namespace: Callable[[], Mapping[str, Any]],
        changed: Callable[[], None],
    ) -> None:
        self.trial = trial
        self.worker = Worker()
        self.last: Run | None = None
        self._selector = selector
        self._notify = changed
        self._cancelled = 0  # how many runs were
        self._again = False  # inputs changed during a live run
        self._run_when_filled: bool | None = None  # whether Run was asked for while an example is looked for
        self.form = Form(namespace, self._on_input)
        auto = widgets.Layout(width="auto")
        self._fill = widgets.Dropdown(
            description="Fill with", layout=widgets.Layout(width="18em"), style=_FREE
        )
        self._rows = widgets.BoundedIntText(
            value=2, min=1, max=10_000, description="rows", layout=widgets.Layout(width="8.5em"), style=_FREE
        )
        self._fill_button = widgets.Button(description="Fill in", tooltip="Put this example into the form")
        self._run = widgets.Button(
            description="Run", tooltip="Run it on these inputs (Shift+Enter)", button_style="primary"
        )
        self._cancel = widgets.Button(description="Cancel", tooltip="End the run that goes on", disabled=True)
        self._live = widgets.Checkbox(description="Live: run at every change", indent=False, layout=auto)
        self.status = Status()
        self.results = Results()
        self.pinned = Pinned(trial.subject.is_random)
        self.run_log = RunLog()
        self.code = CodeBox()
        super().__init__(self._arranged())
        self.add_class("hub-try")
        self._fill_button.on_click(lambda _: self.guard(self.fill))
        self._run.add_class("hub-run")  # by which the keeper of the panel knows it
        self._cancel.on_click(lambda _: self.cancel())
        self._live.observe(self._on_live, "value")
        self.run_log.listen(lambda message, _: self.guard(lambda: self._on_log(message)))
        self.choose()

    def _arranged(self) -> list[widgets.Widget]:
        filling = widgets.HBox([self._fill, self._rows, self._fill_button])
        running = widgets.HBox([self._run, self._cancel, self._live, self.status])
        for row in (filling, running):
            row.add_class("hub-row")
        running.add_class("hub-actions")
        return [
            *(self._selector, self.form, filling, running, self.status.error),
            *(self.results, self.code, self.run_log, self.pinned),
        ]

    def guard(self, work: Callable[[], object]) -> None:
        """Does something for the browser; what goes wrong is said in the panel, never as a traceback."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not reach the kernel's log
            self.status.fail(error_words(error))

    def choose(self) -> None:
        """Makes the form of the chosen signature; what was shown of another one goes."""
        self.cancel()
        variant = self._selector.variant
        source = self.trial.subject.summary.source
        meta_graph = source.meta_graphs.get(variant.tags) if source is not None else None
        self.form.ask(self._selector.signature, variant, meta_graph)
        found = examples.kinds(self.form.fields)
        kinds = (*found, WHAT_RUNS) if found else ()
        chosen = self._fill.value
        self._fill.options = kinds
        self._fill.index = (kinds.index(chosen) if chosen in kinds else 0) if kinds else None
        for each in (self._fill, self._rows, self._fill_button):
            each.layout.display = None if kinds else "none"
        self.results.clear()
        self.last = None
        self.status.fail("")
        self.status.say("" if self.form.fields else "This signature has no inputs: just run it.")
        self.code.codes = []
        self._notify()

    def fill(self) -> None:
        """Puts the chosen example into the form."""
        kind, rows, fields = self._fill.value, self._rows.value, self.form.fields
        self.status.fail("")
        if kind != WHAT_RUNS:
            self.form.put(examples.fill(fields, kind, rows))
            return
        asked = Asked(self._selector.variant.tags, self._selector.signature.name)

        def attempt(values: Mapping[str, Any]) -> None:
            given = {name: InputValue(value) for name, value in values.items()}
            self.trial.call(
                dataclasses.replace(asked, given=given),
                most=example_search.MEMORY,
                timeout=example_search.RUN_SECONDS,
            )

        if not self.worker.is_busy:
            self._run_when_filled = False
        ticket = Ticket()
        bounds = example_search.Bounds(stopped=lambda: ticket.cancelled)
        self._begin(
            lambda: example_search.find_example(fields, attempt, rows, bounds),
            self._filled,
            "Trying examples …",
            ticket=ticket,
        )

    def _filled(self, given: Mapping[str, InputValue]) -> None:
        then_run = self._run_when_filled
        self._working(False)
        self.status.say("An example that runs is in the form")
        self.guard(lambda: self.form.put(given))
        if then_run:
            self.start()

    def asked(self) -> Asked:
        """What the form asks for now.

        Raises:
          HubError: an input is missing or cannot be read; the message says which and why.
        """
        return Asked(self._selector.variant.tags, self._selector.signature.name, self.form.given())

    def start(self, texts: Sequence[str | None] = ()) -> None:
        """Runs what the form says, if nothing runs yet; `_finish` or `_fail` follows.

        While an example is looked for, it is run when it is found.

        Args:
          texts: of each text field on screen what was typed and may not have been told yet; None for nothing.
        """
        if self.worker.is_busy:
            if self._run_when_filled is not None:
                self._run_when_filled = True
            return
        self.form.type(texts)
        try:
            asked = self.asked()
        except HubError as error:
            self.status.say("")
            self.status.fail(error_words(error))
            self._notify()
            return

        def failed(error: BaseException) -> None:
            # TensorFlow tells which op did not like it, but not which input it came from.
            said = rows_words(asked) if hasattr(error, "error_code") else ""
            self._fail(error, said)

        self._begin(lambda: self.trial.run(asked), self._finish, "Running …", failed)

    def _begin(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        words: str,
        failed: Callable[[BaseException], None] | None = None,
        ticket: Ticket | None = None,
    ) -> None:
        """Begins work beside the kernel's thread, if none goes on."""
        if self.worker.is_busy:
            return
        self._working(True)
        subject, tags = self.trial.subject, self._selector.variant.tags
        load = None if subject.has_loaded(tags) else lambda: subject.where(tags)

        def begun() -> None:
            self.status.say(words, busy=True)

        if load is None:
            begun()
        else:
            what = "the module" if is_tensorflow_imported() else "TensorFlow and the module"
            self.status.say(f"Loading {what} …", busy=True)
        if not self.worker.start(work, done, failed or self._fail, first=load, then=begun, ticket=ticket):
            self._working(False)
            self.status.say("")
            self.status.fail(MSG_LEFT_BEHIND)

    def run(self, inputs: Any) -> Run:
        """Puts values into the form, runs them in this thread and shows the result.

        Args:
          inputs: a dict of input name -> value, or one value where there is one input.

        Raises:
          HubError: they do not fit.
        """
        given = self.form.given_of(inputs)
        self.form.put(given)
        run = self.trial.run(Asked(self._selector.variant.tags, self._selector.signature.name, given))
        self._finish(run)
        return run

    def cancel(self) -> None:
        """Ends the run that goes on, and waits no longer for it; says what TensorFlow has still to end."""
        if not self.worker.is_busy:
            return
        self._cancelled += 1
        number = self._cancelled

        def ended() -> None:
            if number == self._cancelled and not self.worker.is_busy and self.status.said == MSG_CANCELLING:
                self.status.say(MSG_CANCELLED)

        goes_on = self.worker.cancel(ended)
        self._working(False)
        self.status.say(MSG_CANCELLING if goes_on else MSG_CANCELLED)
        if goes_on and self.worker.left_behind == 0:  # it ended while this was written
            ended()

    def _finish(self, run: Run) -> None:
        self._working(False)
        self.last = run
        self.status.fail("")
        self.status.say(f"Done in {duration(run.seconds)}")
        self.guard(lambda: self.show(run))
        if run.seconds > CHEAP and self._live.value:
            self._live.value = False
            self.status.say(
                f"Done in {duration(run.seconds)}: too long to run at every change, so Live is off"
            )
        self._repeat()

    def show(self, run: Run) -> None:
        """Shows a run as the last one."""
        found = class_labels.labels(self.trial.subject.summary, run.asked.tags, run.asked.signature)
        outputs = run.outputs or {}
        names = sorted(outputs, key=lambda name: name != "default")
        items = [Value(name, outputs[name], run.rows, tuple(found.get(name, ()))) for name in names]
        self.results.show(title_of(run), run.number, items)
        self.run_log.rows = [row_of(each) for each in reversed(self.trial.runs[-IN_LOG:])]
        self._write_code(run.asked)
        self._notify()

    def _fail(self, error: BaseException, said: str = "") -> None:
        self._working(False)
        self.status.say("")
        self.status.fail(said + error_words(error))
        self._notify()
        self._repeat()

    def _working(self, on: bool) -> None:
        if not on:
            self._run_when_filled = None
        self._run.disabled = on
        self._cancel.disabled = not on

    def _write_code(self, asked: Asked) -> None:
        subject = self.trial.subject
        self.code.codes = [
            ["notebook cell", run_code.magic(subject, asked)],
            ["Python", run_code.python(subject, asked)],
        ]

    def _on_input(self) -> None:
        if not self._live.value:
            return
        if self.worker.is_busy:
            self._again = True
        else:
            self.start()

    def _repeat(self) -> None:
        """Runs once more if inputs changed meanwhile."""
        if self._again and self._live.value:
            self._again = False
            self.start()

    def _on_live(self, _: object) -> None:
        self._again = False
        self.form.watch(self._live.value)
        self._on_input()

    def _on_log(self, message: Message) -> None:
        number = message.get("number")
        if not isinstance(number, int):
            return
        run = self.trial.numbered(number)
        match message["kind"]:
            case "put":
                self.put(run)
            case "pin":
                self.run_log.pinned = self.pinned.pin(run, message.get("on") is True)
                self._notify()

    def put(self, run: Run) -> None:
        """Puts the inputs of a run back, and shows what came out."""
        live, self._live.value = self._live.value, False
        self._selector.put(run.asked.tags, run.asked.signature)
        self.form.put(run.asked.given)
        self._live.value = live
        self.last = run
        self.status.fail("")
        self.status.say(f"The inputs of run {run.number} are back")
        self.show(run)

    def still(self) -> Markup:
        """The same as static HTML: the inputs, what went wrong, the results, the log and the code."""
        failed = [tag("p", tag("strong", "Error: "), self.status.failed)] if self.status.failed else []
        code_shown = [tag("pre", tag("code", self.code.codes[0][1]))] if self.code.codes else []
        return join(self.form.still(), *failed, self.results.still(), *code_shown, self.pinned.still())
