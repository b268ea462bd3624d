"""A panel's runs are calls of the session's log."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from hubexplore.explorer.runs import ModuleRunner, RunRequest, captions
from hubexplore.explorer.subject import Subject
from hubexplore.inputs.input_value import InputValue
from hubexplore.session.session import NotebookSession

ONE, TWO = (RunRequest((), "default", {"x": InputValue(np.array([number], np.float32))}) for number in (1, 2))


def test_a_run_is_a_call_of_the_log(session: NotebookSession) -> None:
    module = session.load("sample:half-plus-two", "half")
    runner = ModuleRunner(Subject(module, session, "half"))
    session.call(module, [3.0])
    first, second = runner.run(ONE), runner.run(TWO)
    assert [first.number, second.number] == [1, 2]
    assert [first.call, second.call] == session.log[1:]
    assert second.seconds == session.log[-1].seconds
    assert session.log.replay(second.call.number)["default"].tolist() == [3.0]


def test_what_is_only_tried_is_no_run(session: NotebookSession) -> None:
    runner = ModuleRunner(Subject(session.load("sample:half-plus-two", "half"), session, "half"))
    outputs, call, fetched = runner.call(ONE, ("a",))
    assert outputs["default"].tolist() == [2.5]
    assert fetched["a"] == 0.5
    assert call == session.log[-1]
    assert runner.runs == []


def test_calls_of_other_threads_are_not_taken_for_a_run(session: NotebookSession) -> None:
    module = session.load("sample:half-plus-two", "half")
    with session.log.recording() as calls:
        session.call(module, [1.0])
        thread = threading.Thread(target=session.call, args=(module, [2.0]))
        thread.start()
        thread.join()
    session.call(module, [3.0])
    assert calls == session.log[:1]


def test_the_one_list_of_texts_names_the_rows() -> None:
    def of(*shapes: tuple[int, ...]) -> tuple[str, ...]:
        inputs = {str(at): InputValue(np.full(shape, b"C", object)) for at, shape in enumerate(shapes)}
        return captions(RunRequest((), "default", inputs))

    assert of((2,)) == of((2, 1)) == ("C", "C")
    assert of((2, 2)) == of((2,), (2,)) == ()


@pytest.mark.parametrize(
    ("text", "is_caption"),
    [("A" * 200, True), ("A" * 201, False), ("A word " * 99, True), ("A\nword\n" * 99, True)],
)
def test_data_in_texts_names_no_rows(text: str, is_caption: bool) -> None:
    inputs = {"images": InputValue(np.array(["cat", text], object))}
    assert captions(RunRequest((), "default", inputs)) == (("cat", text) if is_caption else ())
