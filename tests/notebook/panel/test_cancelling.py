"""Cancel ends a run as an interrupt does; a panel and its session close while one goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.notebook.panel.explorer import Explorer
from hubexplore.notebook.panel.panel_texts import MSG_CANCELLED, MSG_CANCELLING, MSG_LEFT_BEHIND
from hubexplore.notebook.panel.tabs.try_tab import TryTab
from hubexplore.notebook.panel.worker import MAX_LEFT_BEHIND
from hubexplore.session.session import NotebookSession
from tests.session.modules import KEPT, counting

FOR_EVER = 10**15
Opened = tuple[Explorer, threading.Event]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """A panel of a module that counts, and what is set when it has begun to count for ever."""
    begun = threading.Event()

    def tell(far: int) -> None:
        if far == FOR_EVER:
            begun.set()

    explorer = hub.explore(hub.create_module_spec(counting(tell)))
    yield explorer, begun
    explorer.close()


def begin(explorer: Explorer, far: int) -> TryTab:
    tab = explorer._try
    (field,) = tab.form.fields
    tab.form.put(tab.form.values_of({field.name: far}))
    tab.start()
    return tab


def test_a_cancelled_run_ends(opened: Opened) -> None:
    explorer, begun = opened
    for _ in range(4):  # more often than runs may be left behind, or TensorFlow has threads
        tab = begin(explorer, FOR_EVER)
        begun.wait()
        begun.clear()
        tab.cancel()
        tab.worker.wait()  # else for ever
        assert tab.worker.left_behind == 0
        assert tab.status.text == MSG_CANCELLED
        assert explorer.run(3) == 3
    assert [run.outputs for run in explorer.runs] == [{"default": 3}] * 4


def test_a_search_for_what_runs_ends(opened: Opened) -> None:
    explorer, begun = opened
    tried: list[Any] = []

    def attempt() -> None:
        for far in (2, FOR_EVER, 3):
            tried.append(far)
            explorer._runner.call(_asked(explorer, far))

    tab = explorer._try
    tab.worker.start(attempt, lambda _: None, lambda _: None)
    begun.wait()
    tab.cancel()
    tab.worker.wait()
    assert tried == [2, FOR_EVER]


def _asked(explorer: Explorer, far: int) -> Any:
    tab = explorer._try
    (field,) = tab.form.fields
    tab.form.put(tab.form.values_of({field.name: far}))
    return tab.request()


@pytest.mark.parametrize("end", [Explorer.close, lambda explorer: explorer._subject._private_session.close()])
def test_closing_ends_it(opened: Opened, end: Callable[[Explorer], None]) -> None:
    explorer, begun = opened
    tab = begin(explorer, FOR_EVER)
    begun.wait()
    end(explorer)
    tab.worker.wait()  # else for ever


def test_closing_ends_a_run_in_a_session_that_stays() -> None:
    begun = threading.Event()
    session = NotebookSession()
    module = session.load(hub.create_module_spec(counting(lambda _: begun.set())), "count")
    explorer = hub.explore(module, session=session)
    tab = begin(explorer, FOR_EVER)
    begun.wait()
    explorer.close()
    tab.worker.wait()  # else for ever
    assert session.call(module, 3) == 3
    session.close()


def test_loading_that_never_ends() -> None:
    begun = threading.Event()

    def module_fn() -> None:
        KEPT.append(tf.compat.v1.get_default_graph())
        with tf.control_dependencies([tf.compat.v1.py_func(begun.set, [], [])]):
            start = tf.constant(0, tf.int64) + 0
        end = tf.while_loop(lambda i: i < FOR_EVER, lambda i: [i + 1], [start])[0]
        variable = tf.compat.v1.get_variable("own", initializer=end, use_resource=True)
        hub.add_signature(outputs=variable + 0)

    explorer = hub.explore(hub.create_module_spec(module_fn))
    tab = explorer._try
    tab.start()
    begun.wait()
    tab.cancel()
    tab.worker.wait()  # else for ever
    assert not explorer._subject.has_loaded(())
    session = explorer._subject._private_session
    assert session is not None
    assert session.names == []
    explorer.close()


class TestWhatCannotBeStopped:
    """One op that TensorFlow has begun: it is left behind, said so, and nothing waits for it."""

    @pytest.fixture
    def gate(self) -> Iterator[threading.Event]:
        gate = threading.Event()
        yield gate
        gate.set()

    @pytest.fixture
    def blocked(self, gate: threading.Event) -> Iterator[TryTab]:
        begun = threading.Event()

        def wait(far: int) -> None:
            begun.set()
            gate.wait()

        explorer = hub.explore(hub.create_module_spec(counting(wait)))
        tab = begin(explorer, 2)
        begun.wait()
        yield tab
        gate.set()
        explorer.close()

    def test_it_is_said(self, blocked: TryTab, gate: threading.Event) -> None:
        blocked.cancel()
        assert blocked.status.text == MSG_CANCELLING
        assert blocked.worker.left_behind == 1
        gate.set()
        blocked.worker.wait()
        assert blocked.status.text == MSG_CANCELLED
        assert blocked.worker.left_behind == 0

    def test_a_refused_run_is_told_when_it_may_begin(self, blocked: TryTab, gate: threading.Event) -> None:
        blocked.cancel()
        blocked.start()
        blocked.cancel()
        assert blocked.worker.left_behind == MAX_LEFT_BEHIND
        blocked.start()
        assert blocked.status.error_text == MSG_LEFT_BEHIND
        gate.set()
        blocked.worker.wait()
        assert (blocked.status.error_text, blocked.status.text) == ("", MSG_CANCELLED)
        blocked.start()
        blocked.worker.wait()
        assert blocked.last is not None
        assert blocked.last.outputs == {"default": 2}

    def test_closing_does_not_wait(self, blocked: TryTab, gate: threading.Event) -> None:
        session = blocked.runner.subject._private_session
        assert session is not None
        session.reset()
        session.close()
        assert not gate.is_set()
        assert blocked.worker.is_busy
