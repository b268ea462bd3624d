"""The Try tab: a form made from a signature, its runs, their results, and the code that repeats them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.values.together.scene import Scene
from hubexplore.errors import HubError
from hubexplore.explorer import outputs
from hubexplore.explorer.runs import ModuleRunner, Run, RunRequest
from hubexplore.inputs.examples import example_search, examples
from hubexplore.inputs.input_value import InputValue
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.browser_widgets import Message, RunLog
from hubexplore.notebook.panel.fields.form import Form
from hubexplore.notebook.panel.fields.signature_selector import SignatureSelector
from hubexplore.notebook.panel.import_countdown import count_down
from hubexplore.notebook.panel.later import Later
from hubexplore.notebook.panel.panel_texts import (
    MSG_CANCELLED,
    MSG_CANCELLING,
    MSG_EARLIER,
    MSG_LEFT_BEHIND,
    MSG_NEEDS_TRUST,
    duration,
    error_text,
    row_counts_text,
    row_of,
    title_of,
)
from hubexplore.notebook.panel.status import StatusLine
from hubexplore.notebook.panel.tabs.outcome import Outcome
from hubexplore.notebook.panel.tabs.pinned_run import PinnedRuns
from hubexplore.notebook.panel.tabs.results import Results, items_of
from hubexplore.notebook.panel.tabs.run_code_box import RunCodeBox
from hubexplore.notebook.panel.worker import Step, Task, Worker
from hubexplore.session.tf_startup import import_tensorflow

MAX_LIVE_SECONDS: Final = 1.0
"""Longest duration in seconds of a run that is repeated at every change."""
MAX_LOG_ROWS: Final = 20
"""Maximum number of runs in the log on screen; the newest ones are shown."""
FIRST_THAT_RUNS: Final = "First example that runs"
"""Label of the example that is found by trying several ones."""
_LABEL_STYLE: Final = {"description_width": "initial"}


class TryTab(widgets.VBox):
    """Runs a signature on the inputs of a form and shows the outputs.

    Args:
      runner: runs the signatures of one module and remembers the runs.
      selector: the signature and variant to run.
      namespace: returns the variables of the notebook.
      changed: is called when the content of the tab has changed.
    """

    def __init__(
        self,
        runner: ModuleRunner,
        selector: SignatureSelector,
        namespace: Callable[[], Mapping[str, Any]],
        changed: Callable[[], None],
    ) -> None:
        self.runner = runner
        self.worker = Worker()
        self.last: Run | None = None
        self._selector = selector
        self._notify = changed
        self._cancelled = 0  # number of cancelled runs
        self._has_changed = False  # inputs changed during a live run
        self._rolling: Run | None = None  # the last live run, which the next one replaces in the log
        self._needs_trust = False
        # A short run needs no signs that it goes on: they would hold up its result.
        self._busy_signs = Later()
        # The log and the code of a run follow its outputs.
        self._records = Later()
        # Whether Run was clicked while an example is searched for; None while none is.
        self._run_when_filled: bool | None = None
        self.form = Form(namespace, self._on_input)
        self._fill = widgets.Dropdown(
            description="Fill with", layout={"width": "auto", "max_width": "26em"}, style=_LABEL_STYLE
        )
        self._rows = widgets.BoundedIntText(
            value=2,
            min=1,
            max=10_000,
            description="Rows",
            layout={"width": "8.5em"},
            style=_LABEL_STYLE,
        )
        self._fill_button = widgets.Button(description="Fill in", tooltip="Put this example into the form")
        self._run = widgets.Button(
            description="Run",
            tooltip="Run on these inputs (Shift+Enter)",
            button_style="primary",
            # monitor.js recognises both buttons by these classes.
            classes=("hub-run",),
        )
        self._trust = widgets.Button(
            description="Trust and run",
            tooltip="Run it all the same. That is remembered for the content of this module.",
            button_style="danger",
            classes=("hub-trust",),
            layout={"display": "none"},
        )
        self._cancel = widgets.Button(description="Cancel", tooltip="Stop the current run", disabled=True)
        self._live = widgets.Checkbox(
            description="Live: run on every change", indent=False, layout={"width": "auto"}
        )
        self.status = StatusLine()
        super().__init__(self._rows_of_widgets(), classes=("hub-try",))
        self._fill_button.on_click(lambda _: self.guarded(self.fill))
        self._cancel.on_click(lambda _: self.cancel())
        self._live.observe(self._on_live, "value")
        self.choose()

    @functools.cached_property
    def _outcome(self) -> Outcome:
        subject = self.runner.subject
        outcome = Outcome(PinnedRuns(subject.is_random, subject.sounds, self._scene))
        outcome.run_log.listen(lambda message, _: self.guarded(lambda: self._on_log(message)))
        self.children = (*self.children, *outcome.widgets)
        return outcome

    @property
    def results(self) -> Results:
        """The outputs of the last run."""
        return self._outcome.results

    @property
    def code(self) -> RunCodeBox:
        """The code of the last run."""
        return self._outcome.code

    @property
    def run_log(self) -> RunLog:
        """The table of runs."""
        return self._outcome.run_log

    @property
    def pinned_runs(self) -> PinnedRuns:
        """The comparison of two runs."""
        return self._outcome.pinned_runs

    @property
    def has_outcome(self) -> bool:
        """Whether the widgets for outcomes of runs have been made."""
        return "_outcome" in vars(self)

    def make_outcome(self) -> None:
        """Makes the widgets for outcomes of runs, once the form is on screen: it need not wait for them."""
        _ = self._outcome

    def _rows_of_widgets(self) -> list[widgets.Widget]:
        self._filling = widgets.HBox([self._fill, self._rows, self._fill_button], classes=("hub-row",))
        buttons = [self._run, self._trust, self._cancel, self._live, self.status]
        running = widgets.HBox(buttons, classes=("hub-row", "hub-actions"))
        return [self._selector, self.form, self._filling, running, self.status.error]

    def guarded(self, work: Callable[[], object]) -> None:
        """Calls `work` for the browser; an error is shown in the panel, never as a traceback."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - an event of the browser has no cell to show it in
            self.status.fail(error_text(error))

    def choose(self) -> None:
        """Makes the form of the chosen signature, and removes the results of another one."""
        self.cancel()
        variant = self._selector.variant
        source = self.runner.subject.summary.source
        meta_graph = source.meta_graphs.get(variant.tags) if source is not None else None
        self.form.ask(self._selector.signature, variant, meta_graph)
        example_kinds = examples.kinds(self.form.fields)
        kinds = (*example_kinds, FIRST_THAT_RUNS) if example_kinds else ()
        chosen = self._fill.value
        with self._fill.hold_sync():
            self._fill.options = kinds
            self._fill.index = (kinds.index(chosen) if chosen in kinds else 0) if kinds else None
        self._filling.hide(not kinds)
        if self.has_outcome:
            self.results.clear()
            self.code.clear()
        self.last = self._rolling = None
        self.status.fail("")
        self._offer_trust()
        self.status.say("" if self.form.fields else "This signature has no inputs. Click Run.")
        self._notify()

    def fill(self) -> None:
        """Puts the chosen example into the form."""
        kind, rows, fields = self._fill.value, self._rows.value, self.form.fields
        self.status.fail("")
        if kind != FIRST_THAT_RUNS:
            self.form.put(examples.fill(fields, kind, rows))
            return
        request = RunRequest(self._selector.variant.tags, self._selector.signature.name)

        def attempt(values: Mapping[str, Any]) -> dict[str, Any]:
            inputs = {name: InputValue(value) for name, value in values.items()}
            # A guess may demand any amount of memory or time: the bounds are far below those of a run.
            outputs, *_ = self.runner.call(
                dataclasses.replace(request, input_values=inputs),
                most=example_search.MEMORY,
                timeout=example_search.RUN_SECONDS,
            )
            return outputs

        if not self.worker.is_busy:
            self._run_when_filled = False
        task = Task()
        bounds = example_search.Bounds(stopped=lambda: task.cancelled)
        self._begin(
            lambda: example_search.find_example(fields, attempt, rows, bounds),
            self._on_filled,
            "Trying examples …",
            task=task,
        )

    def _on_filled(self, inputs: Mapping[str, InputValue]) -> None:
        run_next = self._run_when_filled
        self._set_busy(False)
        self.status.say("Filled in an example that runs")
        self.guarded(lambda: self.form.put(inputs))
        if run_next:
            self.start()

    def request(self, *, focus: bool = False) -> RunRequest:
        """Returns what the form asks to run.

        Args:
          focus: whether the first field that cannot be read gets the focus.

        Raises:
          HubError: an input is missing or cannot be read; the message states which one and why.
        """
        inputs = self.form.inputs(focus=focus)
        return RunRequest(self._selector.variant.tags, self._selector.signature.name, inputs)

    def trust_and_start(self, texts: Sequence[str | None] = ()) -> None:
        """Trusts the module, and runs the inputs of the form as `start` does."""
        self.runner.subject.trust()
        self._offer_trust()
        self.start(texts)

    def _offer_trust(self) -> None:
        """Shows the button that runs a module: for one with dangers, that which trusts it first."""
        try:
            self._needs_trust = self.runner.subject.needs_trust
        except HubError as error:
            # What cannot be decided is not run; the run says why.
            self._needs_trust = True
            self.status.fail(error_text(error))
        self._run.hide(self._needs_trust)
        self._trust.hide(not self._needs_trust)

    def start(self, texts: Sequence[str | None] = (), is_live: bool = False) -> None:
        """Runs the inputs of the form in the background, unless a run is in progress.

        `_finish` or `_fail` follows. While an example is searched for, it is run once it is found.

        Args:
          texts: for each text field on screen the text that the user has typed, which the kernel may not have
            received yet; None if nothing was typed.
          is_live: whether a change of the inputs starts it; such runs share one row of the log.
        """
        if self.worker.is_busy:
            if self._run_when_filled is not None:
                self._run_when_filled = True
            return
        # Before the request is made: what was typed last may not have reached the kernel yet.
        self.form.type(texts)
        if self._needs_trust:
            self.status.say("")
            self.status.fail(MSG_NEEDS_TRUST)
            self._notify()
            return
        try:
            # While one types, the focus stays where it is.
            request = self.request(focus=not is_live)
        except HubError as error:
            self.status.say("")
            self.status.fail(error_text(error))
            if is_live:
                self.results.remark_on(MSG_EARLIER)
            self._notify()
            return

        def failed(error: BaseException) -> None:
            if is_live:
                self.results.remark_on(MSG_EARLIER)
            # TensorFlow names the op that failed, not the input; unequal numbers of rows are a common cause.
            hint = row_counts_text(request) if hasattr(error, "error_code") else ""
            self._fail(error, hint)

        rolling = self._rolling if is_live else None
        # The user wants to keep what is pinned.
        replaced = None if rolling is None or rolling.number in self.run_log.pinned else rolling

        def done(run: Run) -> None:
            self._rolling = run if is_live else None
            self._finish(run)

        self._begin(lambda: self.runner.run(request, replaced), done, "Running …", failed)

    def _begin(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        busy_text: str,
        failed: Callable[[BaseException], None] | None = None,
        task: Task | None = None,
    ) -> None:
        """Starts work in the background, unless a run is in progress; `busy_text` is the status meanwhile."""
        if self.worker.is_busy:
            return
        subject, tags = self.runner.subject, self._selector.variant.tags

        def show_busy() -> None:
            self._set_busy(True)
            say_busy()

        def say_busy() -> None:
            self.status.say(busy_text, busy=True)

        def say_loading() -> None:
            self.status.say("Loading the module …", busy=True)

        # Steps of their own: the status shows why the first run takes seconds, and Cancel can end it there.
        before: list[Step] = [] if subject.has_loaded(tags) else [(lambda: subject.where(tags), say_busy)]
        if not before:
            self._busy_signs.put_off(show_busy)
        else:
            self._set_busy(True)
            if count_down(self.status):
                before.insert(0, (import_tensorflow, say_loading))
            else:
                say_loading()
        if not self.worker.start(work, done, failed or self._fail, before=before, task=task):
            self._set_busy(False)
            self.status.say("")
            self.status.fail(MSG_LEFT_BEHIND)

    def run(self, inputs: Any) -> Run:
        """Puts values into the form, runs them in this thread and shows the result.

        Args:
          inputs: a dict of input name -> value, or the value itself if the signature has one input.

        Raises:
          HubError: the values do not fit.
        """
        values = self.form.values_of(inputs)
        self.form.put(values)
        run = self.runner.run(RunRequest(self._selector.variant.tags, self._selector.signature.name, values))
        self._finish(run)
        return run

    def cancel(self) -> None:
        """Cancels the current run without waiting for its end; the status shows whether it has ended."""
        self._records.do_now()
        if not self.worker.is_busy:
            return
        self._cancelled += 1
        number = self._cancelled

        def on_end() -> None:
            # The error of a refused run asks the user to wait until one of the cancelled runs has ended: any
            # of them will do. Otherwise only the latest cancelled run is still on the status line.
            if self.status.error_text == MSG_LEFT_BEHIND:
                self.status.fail("")
                self.status.say(MSG_CANCELLED)
                self._notify()
            elif number == self._cancelled and not self.worker.is_busy and self.status.text == MSG_CANCELLING:
                self.status.say(MSG_CANCELLED)

        is_running = self.worker.cancel(on_end)
        self._set_busy(False)
        self.status.say(MSG_CANCELLING if is_running else MSG_CANCELLED)
        # The run may have ended before its status was on screen; then `on_end` came too early to replace it.
        if is_running and self.worker.left_behind == 0:
            on_end()

    def _finish(self, run: Run) -> None:
        self._set_busy(False)
        self.last = run
        self.status.fail("")
        self.status.say(f"Done in {duration(run.seconds)}")
        # Guarded: a value that no view can draw is a fault of the view, and the run counts all the same.
        self.guarded(lambda: self.show(run))
        if run.seconds > MAX_LIVE_SECONDS and self._live.value:
            self._live.value = False
            self.status.say(
                f"Done in {duration(run.seconds)}. Live is off: runs are too slow to repeat on every change."
            )
        self._repeat()

    def _scene(self, run: Run) -> Scene:
        subject, request = self.runner.subject, run.request
        sounds = subject.sounds(request.tags, request.signature)
        return outputs.scene_of(subject.summary, run, sounds)

    def show(self, run: Run) -> None:
        """Shows a run as the last one."""
        self.results.show(title_of(run), run.number, items_of(self._scene(run)))
        self._records.put_off(lambda: self.guarded(lambda: self._record(run)))

    def _record(self, run: Run) -> None:
        """Writes the log and the code of a run."""
        self.run_log.rows = [row_of(entry) for entry in reversed(self.runner.runs[-MAX_LOG_ROWS:])]
        self.code.write(self.runner.subject, run.request)
        self._notify()

    def _fail(self, error: BaseException, hint: str = "") -> None:
        self._set_busy(False)
        self.status.say("")
        self.status.fail(hint + error_text(error))
        self._notify()
        self._repeat()

    def _set_busy(self, on: bool) -> None:
        if not on:
            self._busy_signs.call_off()
            self._run_when_filled = None
        self._run.disabled = self._trust.disabled = on
        self._cancel.disabled = not on

    def _on_input(self) -> None:
        if not self._live.value:
            self.results.remark_on(MSG_EARLIER)
            return
        if self.worker.is_busy:
            self._has_changed = True
        else:
            self.start(is_live=True)

    def _repeat(self) -> None:
        """Runs again if inputs changed during a live run."""
        if self._has_changed and self._live.value:
            self._has_changed = False
            self.start(is_live=True)

    def _on_live(self, _: object) -> None:
        # A change during an earlier live run must not start another one now.
        self._has_changed = False
        self._rolling = None
        self.form.watch(self._live.value)
        if self._live.value:
            self._on_input()

    def _on_log(self, message: Message) -> None:
        number = message.get("number")
        if not isinstance(number, int):  # the browser is not trusted
            return
        run = self.runner.numbered(number)
        match message["kind"]:
            case "put":
                self.put(run)
            case "pin":
                self.run_log.pinned = self.pinned_runs.pin(run, message.get("on") is True)
                self._notify()

    def put(self, run: Run) -> None:
        """Restores the inputs of a run and shows its outputs."""
        # Off meanwhile: each restored input would start a run.
        live, self._live.value = self._live.value, False
        self._selector.put(run.request.tags, run.request.signature)
        self.form.put(run.request.input_values)
        self._live.value = live
        self.last = run
        self.status.fail("")
        self.status.say(f"Inputs of run {run.number} restored")
        self.show(run)

    def static_html(self) -> Markup:
        """Returns the tab as static HTML: inputs, error, results, code and comparison."""
        text = self.status.error_text
        error = [tag("p", tag("strong", "Error: "), text)] if text else []
        form = join(self.form.static_html(), *error)
        if not self.has_outcome:
            return form
        self._records.do_now()
        code = [tag("pre", tag("code", self.code.codes[0][1]))] if self.code.codes else []
        return join(form, self.results.static_html(), *code, self.pinned_runs.static_html())
