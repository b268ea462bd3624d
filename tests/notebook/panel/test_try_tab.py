"""The Try tab in a process without a front end: what a person does becomes what widgets and messages do."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import hubexplore as hub
from hubexplore.errors import GraphError, HubError, NoSuchSignatureError, NoSuchVariantError
from hubexplore.inputs.examples import example_search
from hubexplore.notebook.panel.explorer import Explorer
from hubexplore.notebook.panel.tabs.try_tab import FIRST_THAT_RUNS, TryTab


class Person:
    """Somebody at a panel."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer = explorer
        self.tab: TryTab = explorer._try

    def type(self, name: str, text: str) -> None:
        self.tab.form._boxes[name]._sources["typed"]._text.value = text

    def run(self) -> None:
        self.tab.start()
        self.tab.worker.wait()

    @property
    def error(self) -> str:
        return self.tab.status.error_text

    def output(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(
            output for output in self.tab.results.shown["outputs"] if output["name"] == name
        )
        return found

    def hear(self, part: Any, **message: Any) -> None:
        part._handle_custom_msg(message, [])


@pytest.fixture
def half() -> Iterator[Person]:
    explorer = hub.explore("sample:half-plus-two")
    yield Person(explorer)
    explorer.close()


@pytest.fixture
def texts() -> Iterator[Person]:
    explorer = hub.explore("sample:text-embedding")
    yield Person(explorer)
    explorer.close()


def only(person: Person) -> str:
    (field,) = person.tab.form.fields
    return field.name


class TestRaggedRows:
    @pytest.fixture
    def ragged(self) -> Iterator[Person]:
        def rows() -> None:
            import tensorflow as tf

            ids = tf.compat.v1.ragged.placeholder(tf.int64, 1, name="ids")
            hub.add_signature(inputs={"ids": ids}, outputs={"ids": ids.with_flat_values(ids.flat_values + 1)})

        explorer = hub.explore(hub.create_module_spec(rows))
        yield Person(explorer)
        explorer.close()

    def test_the_log_and_the_comparison(self, ragged: Person) -> None:
        for typed in ("[[1, 2], [3], []]", "[[1], [3, 4], []]"):
            ragged.type("ids", typed)
            ragged.run()
            assert ragged.error == ""
        newest, oldest = ragged.tab.run_log.rows
        assert newest["inputs"] == oldest["inputs"] == "3 × ? ragged, 3 values"
        for number in (1, 2):
            ragged.hear(ragged.tab.run_log, kind="pin", number=number, on=True)
        assert ragged.error == ""
        names = [output["name"] for output in ragged.tab.pinned_runs.results.shown["outputs"]]
        assert names == ["Input ids", "Output ids"]


class TestExamples:
    def choose(self, person: Person) -> None:
        person.tab._fill.value = FIRST_THAT_RUNS

    def test_run_while_an_example_is_looked_for(self, half: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        self.choose(half)
        found, look = threading.Event(), example_search.find_example

        def slowly(*arguments: Any) -> Any:
            found.wait()
            return look(*arguments)

        monkeypatch.setattr(example_search, "find_example", slowly)
        half.tab.fill()
        half.tab.start()  # who is quicker than the example
        assert not half.explorer.runs
        found.set()
        half.tab.worker.wait()
        assert len(half.explorer.runs) == 1
        half.run()
        assert len(half.explorer.runs) == 2

    def test_a_fill_runs_nothing_by_itself(self, half: Person) -> None:
        half.run()  # says that inputs are missing
        self.choose(half)
        half.tab.fill()
        half.tab.worker.wait()
        assert "Filled in an example" in half.tab.status.value
        assert not half.explorer.runs

    def test_a_search_that_is_cancelled_runs_nothing_more(
        self, half: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.choose(half)
        runs: list[Any] = []
        begun, cancelled = threading.Event(), threading.Event()

        def fails(request: Any, most: int, timeout: float) -> Any:
            runs.append(request)
            begun.set()
            cancelled.wait()
            raise ValueError("does not suit")

        monkeypatch.setattr(half.tab.runner, "call", fails)
        half.tab.fill()
        begun.wait()
        half.tab.cancel()
        cancelled.set()
        half.tab.worker.wait()
        assert len(runs) == 1
        assert half.error == ""
        assert not half.tab.worker.left_behind


class TestRuns:
    def test_typed_numbers(self, half: Person) -> None:
        half.type(only(half), "1 2 3")
        half.run()
        assert half.error == ""
        np.testing.assert_allclose(half.explorer.value, [2.5, 3.0, 3.5])
        assert half.tab.run_log.rows[0]["number"] == 1
        assert "Done in" in half.tab.status.value

    def test_sentences_name_the_rows(self, texts: Person) -> None:
        texts.type(only(texts), "the king\nthe queen\nbread")
        texts.run()
        assert texts.explorer.value.shape == (3, 100)
        assert texts.output("default")["view"] == "Similarity"
        assert "the king" in texts.output("default")["html"]

    def test_files_name_no_rows(self) -> None:
        def read() -> None:
            content = tf.placeholder(tf.string, [None])
            hub.add_signature(inputs=content, outputs=tf.strings.length(content))

        with contextlib.closing(hub.explore(hub.create_module_spec(read))) as explorer:
            explorer.run([b"\x89PNG\r\n", b"\0"])
            explorer.run([b"a word"])
            assert [run.rows for run in explorer.runs] == [(), ("a word",)]

    def test_errors_are_said_and_the_next_run_works(self, half: Person) -> None:
        half.type(only(half), "one")
        half.run()
        assert only(half) in half.error
        assert half.tab.run_log.rows == []
        half.type(only(half), "1")
        half.run()
        assert half.error == ""
        assert half.explorer.value == pytest.approx([2.5])

    def test_rows_that_do_not_fit_are_counted(self) -> None:
        def add() -> None:
            x, y = (tf.placeholder(tf.float32, [None], name) for name in "xy")
            hub.add_signature(inputs={"x": x, "y": y}, outputs=x + y)

        with contextlib.closing(hub.explore(hub.create_module_spec(add))) as explorer:
            person = Person(explorer)
            person.type("x", "1 2 3")
            person.type("y", "1 2")
            person.run()
            assert "different numbers of rows: x 3, y 2." in person.error
            person.type("y", "1 2 3")
            person.run()
            assert person.error == ""

    def test_words_that_come_with_the_run_are_newer(self, half: Person) -> None:
        half.type(only(half), "old words")
        half.hear(half.explorer._monitor, kind="run", texts=["1 2"])
        half.tab.worker.wait()
        assert half.error == ""
        assert half.explorer.value == pytest.approx([2.5, 3.0])

    @pytest.mark.parametrize("texts", [None, "1", [1], [None], ["1", "2"]], ids=str)
    def test_words_that_fit_no_field_are_dropped(self, half: Person, texts: Any) -> None:
        half.type(only(half), "1 2")
        half.hear(half.explorer._monitor, kind="run", texts=texts)
        half.tab.worker.wait()
        assert half.explorer.value == pytest.approx([2.5, 3.0])

    def test_values_of_code(self, half: Person) -> None:
        assert half.explorer.run([1, 2]) == pytest.approx([2.5, 3.0])
        assert half.tab.form.inputs()[only(half)].text is not None
        with pytest.raises(HubError):
            half.explorer.run({"no": [1]})
        with pytest.raises(HubError):
            half.explorer.run("text")
        assert len(half.explorer.runs) == 1

    def test_nothing_given_is_said(self, half: Person) -> None:
        half.run()
        assert half.error

    def test_two_clicks_run_once(self, half: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        gate = threading.Event()
        whole = half.tab.runner.call
        monkeypatch.setattr(half.tab.runner, "call", lambda *request: (gate.wait(), whole(*request))[1])
        half.type(only(half), "1")
        half.tab.start()
        assert half.tab._run.disabled
        half.tab.start()
        gate.set()
        half.tab.worker.wait()
        assert len(half.explorer.runs) == 1
        assert not half.tab._run.disabled

    def test_what_goes_on_is_said(self, half: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        subject, runner = half.tab.runner.subject, half.tab.runner
        gate = threading.Event()
        where, call = subject.where, runner.call
        said: list[str] = []
        monkeypatch.setattr(subject, "where", lambda tags: (gate.wait(), where(tags))[1])

        def slowly(*request: Any) -> Any:
            said.append(half.tab.status.value)
            return call(*request)

        monkeypatch.setattr(runner, "call", slowly)
        half.type(only(half), "1")
        half.tab.start()
        assert "Loading" in half.tab.status.value
        gate.set()
        half.tab.worker.wait()
        half.run()
        assert len(said) == 2
        assert all("Running" in words for words in said)

    def test_a_cancelled_run_leaves_no_trace_on_screen(
        self, half: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gate = threading.Event()
        whole = half.tab.runner.call
        monkeypatch.setattr(half.tab.runner, "call", lambda *request: (gate.wait(), whole(*request))[1])
        half.type(only(half), "1")
        half.tab.start()
        half.tab._cancel.click()
        assert "Cancelled" in half.tab.status.value
        assert not half.tab._run.disabled
        gate.set()
        half.tab.worker.wait()
        assert half.explorer.value is None
        assert half.tab.results.shown["outputs"] == []

    def test_live_runs_at_every_change(self, half: Person) -> None:
        half.type(only(half), "1")
        half.tab._live.value = True
        half.tab.worker.wait()
        half.type(only(half), "2")
        half.tab.worker.wait()
        assert half.explorer.value == pytest.approx([3.0])

    def test_live_runs_share_one_row_of_the_log(self, half: Person) -> None:
        half.type(only(half), "1")
        half.run()
        half.tab._live.value = True
        for text in ("2", "3", "4"):
            half.type(only(half), text)
            half.tab.worker.wait()
        assert [row["inputs"] for row in half.tab.run_log.rows] == ["[4]", "[1]"]
        assert [row["number"] for row in half.tab.run_log.rows] == [2, 1]
        half.hear(half.tab.run_log, kind="pin", number=2, on=True)
        half.type(only(half), "5")
        half.tab.worker.wait()
        half.run()  # a click
        half.type(only(half), "6")
        half.tab.worker.wait()
        assert [row["inputs"] for row in half.tab.run_log.rows] == ["[6]", "[5]", "[5]", "[4]", "[1]"]

    def test_results_of_earlier_inputs_are_marked(self, half: Person) -> None:
        results = half.tab.results
        half.type(only(half), "1")
        assert results.remark == ""
        half.run()
        assert results.remark == ""
        half.type(only(half), "2")
        assert results.remark == "of earlier inputs"
        assert "· of earlier inputs" in results.static_html()
        half.run()
        assert results.remark == ""
        half.tab._live.value = True
        half.tab.worker.wait()
        assert results.remark == ""
        half.type(only(half), "x")
        assert results.remark == "of earlier inputs"

    def test_inputs_of_the_same_name_and_type_are_kept(self) -> None:
        def several() -> None:
            for name, shape in (("vector", [None]), ("matrix", [None, 2]), ("other", [None])):
                x = tf.placeholder(tf.int32 if name == "other" else tf.float32, shape)
                hub.add_signature(name, {"x": x}, x)

        person = Person(hub.explore(hub.create_module_spec(several), "vector"))
        form, selector = person.tab.form, person.tab._selector
        person.type("x", "1 2")
        selector.put((), "matrix")
        assert form.inputs()["x"].text == "1 2"
        person.type("x", "3 4")
        selector.put((), "other")
        with pytest.raises(HubError, match="is empty"):
            form.inputs()
        selector.put((), "vector")
        assert form.inputs()["x"].text == "3 4"
        assert person.explorer.runs == ()
        person.explorer.close()

    def test_a_closed_session_under_the_panel(self) -> None:
        session = hub.NotebookSession()
        module = session.load("sample:half-plus-two", "half")
        person = Person(hub.explore(module, session=session))
        person.type(only(person), "1")
        person.run()
        session.close()
        person.run()
        assert "closed" in person.error
        assert person.explorer.value == pytest.approx([2.5])

    def test_a_module_that_was_replaced(self) -> None:
        with hub.NotebookSession() as session:
            person = Person(hub.explore(session.load("sample:half-plus-two", "half"), session=session))
            session.load("sample:half-plus-two", "half")
            person.type(only(person), "1")
            person.run()
            assert "replaced" in person.error

    def test_what_is_unexpected_is_no_traceback(self, half: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(half.tab.runner, "call", lambda *request: 1 // 0)
        half.type(only(half), "1")
        half.run()
        assert "ZeroDivisionError" in half.error
        assert "Traceback" not in half.error


class TestLog:
    def test_put_back(self, half: Person) -> None:
        for text in ("1", "2"):
            half.type(only(half), text)
            half.run()
        half.hear(half.tab.run_log, kind="put", number=1)
        assert half.explorer.value == pytest.approx([2.5])
        assert half.tab.form.inputs()[only(half)].text == "1"
        assert len(half.explorer.runs) == 2

    def test_two_pinned_runs_are_compared(self, half: Person) -> None:
        for text in ("1", "5"):
            half.type(only(half), text)
            half.run()
        half.hear(half.tab.run_log, kind="pin", number=1, on=True)
        half.hear(half.tab.run_log, kind="pin", number=2, on=True)
        assert half.tab.run_log.pinned == [1, 2]
        shown = half.tab.pinned_runs.results.shown
        assert shown["title"] == "Run 1 and run 2"
        given, output = (entry["html"] for entry in shown["outputs"])
        assert "<strong>Run 1</strong>" in given
        for words in ("Largest difference: 2", "<strong>Run 1: [1]</strong>", "<strong>Run 2: [5]</strong>"):
            assert words in output
        half.hear(half.tab.run_log, kind="pin", number=1, on=False)
        assert half.tab.run_log.pinned == [2]
        assert half.tab.pinned_runs.results.shown["outputs"] == []

    def test_only_what_differs_is_compared(self) -> None:
        def parts() -> None:
            x, y = (tf.placeholder(tf.float32, [None], name) for name in "xy")
            hub.add_signature(None, {"x": x, "y": y}, {"of_x": 2 * x, "of_y": 3 * y, "sum": x + y})

        person = Person(hub.explore(hub.create_module_spec(parts)))
        for x, y in (("1 2", "3 4"), ("1 2", "3 5"), ("1 2", "3 5")):
            person.type("x", x)
            person.type("y", y)
            person.run()
        shown = person.tab.pinned_runs.results
        for number in (1, 2):
            person.hear(person.tab.run_log, kind="pin", number=number, on=True)
        assert [output["name"] for output in shown.shown["outputs"]] == [
            "Input y",
            "Output of_y",
            "Output sum",
        ]
        assert shown.shown["title"] == "Run 1 and run 2 · 1 input and 1 output equal"
        html = shown.shown["outputs"][1]["html"]
        assert "Run 1: [3, 4] (2)" in html
        assert "Run 2 − run 1" in html
        person.hear(person.tab.run_log, kind="pin", number=3, on=True)
        assert shown.shown["outputs"] == []
        assert shown.shown["title"] == "Run 2 and run 3 · all equal: 2 inputs and 3 outputs"
        person.explorer.close()

    @pytest.mark.parametrize(
        "message",
        [{"kind": "put"}, {"kind": "put", "number": 99}, {"kind": "put", "number": "1"},
         {"kind": "pin", "number": -1, "on": True}, {"kind": "else", "number": 1}, {"kind": 3}],
        ids=str,
    )  # fmt: skip
    def test_nonsense_changes_nothing(self, half: Person, message: dict[str, Any]) -> None:
        half.type(only(half), "1")
        half.run()
        half.hear(half.tab.run_log, **message)
        assert half.explorer.value == pytest.approx([2.5])
        assert half.tab.run_log.pinned == []


class TestResults:
    def test_another_view_stays_chosen(self, half: Person) -> None:
        half.type(only(half), "1 2")
        half.run()
        half.hear(half.tab.results, kind="view", output=0, view="Table")
        assert half.tab.results.shown["outputs"][0]["view"] == "Table"
        half.run()
        assert half.tab.results.shown["outputs"][0]["view"] == "Table"

    def test_a_download_is_sent(self, half: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        sent: list[Any] = []
        monkeypatch.setattr(half.tab.results, "send", lambda *parts: sent.append(parts))
        half.type(only(half), "1 2")
        half.run()
        half.hear(half.tab.results, kind="download", output=0, form="csv")
        ((content, (data,)),) = sent
        assert content == {"kind": "file", "name": "default.csv", "type": "text/csv"}
        assert data == b"2.5\n3.0\n"

    @pytest.mark.parametrize(
        "message",
        [{"kind": "view", "output": 9, "view": "Table"}, {"kind": "view", "output": 0, "view": "No"},
         {"kind": "view", "output": "0"}, {"kind": "download", "output": 0, "form": "exe"},
         {"kind": "view", "output": -1, "view": "Table"}, {"kind": "x"}],
        ids=str,
    )  # fmt: skip
    def test_nonsense_changes_nothing(self, half: Person, message: dict[str, Any]) -> None:
        half.type(only(half), "1 2")
        half.run()
        before = half.tab.results.shown
        half.hear(half.tab.results, **message)
        assert half.tab.results.shown == before


class TestExplore:
    def test_opening_loads_no_tensorflow(self) -> None:
        import subprocess
        import sys

        hub.samples.path("digits")
        code = (
            "import sys, hubexplore\n"
            "hubexplore.explore('sample:digits')\n"
            "assert 'tensorflow' not in sys.modules"
        )
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_variants_and_signatures(self) -> None:
        person = Person(hub.explore("sample:digits", "image_feature_vector", "train"))
        assert person.tab._selector.signature.name == "image_feature_vector"
        assert person.tab._selector.variant.tags == ("train",)

    def test_what_is_not_there(self) -> None:
        with pytest.raises(NoSuchSignatureError, match="Did you mean 'default'"):
            hub.explore("sample:digits", "defualt")
        with pytest.raises(NoSuchVariantError, match="train"):
            hub.explore("sample:digits", tags="trian")
        with pytest.raises(HubError):
            hub.explore("/not/there")
        with pytest.raises(HubError, match="handle"):
            hub.explore(3)

    def test_a_module_without_its_session(self) -> None:
        with hub.NotebookSession() as session:
            module = session.load("sample:half-plus-two")
            with pytest.raises(GraphError, match="session="):
                hub.explore(module)

    def test_a_spec(self) -> None:
        person = Person(hub.explore(hub.load_module_spec("sample:half-plus-two")))
        person.type(only(person), "1")
        person.run()
        assert person.explorer.value == pytest.approx([2.5])

    def test_in_a_terminal_it_says_what_it_needs(self, capsys: pytest.CaptureFixture[str]) -> None:
        hub.explore("sample:half-plus-two")._ipython_display_()
        assert "needs a notebook" in capsys.readouterr().out

    @pytest.mark.usefixtures("dot")
    def test_the_picture_has_the_tabs_that_were_opened(self, half: Person) -> None:
        half.explorer._tabs.selected_index = 1
        half.explorer._tabs.selected_index = 3
        half.explorer._tabs.selected_index = 0
        picture = half.explorer._static_html()
        assert 'alt="Diagram: sample:half-plus-two' in picture
        assert "Graph variants" in picture
        assert picture.count("<details") < 8

    def test_the_picture_has_inputs_results_and_code(self, half: Person) -> None:
        half.type(only(half), "1 2 <b>")
        half.run()
        half.type(only(half), "1 2")
        half.run()
        picture = half.explorer._static_html()
        for words in ("1 2", "Run 1", "<img", "hub_call"):
            assert words in picture
        assert "<script" not in picture
