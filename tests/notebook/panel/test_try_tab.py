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
from hubexplore.errors import HubError
from hubexplore.inputs.examples import example_search
from hubexplore.notebook.panel.tabs.try_tab import FIRST_THAT_RUNS
from tests.notebook.panel.person import Person, only


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
