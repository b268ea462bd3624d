"""Control comes back at an interrupt, whatever runs, and the session stays usable."""

from __future__ import annotations

import os
import signal
import threading
import weakref

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.session import interruption
from hubexplore.session.session import NotebookSession
from tests.session.modules import counting, endless, layered

tf1 = tf.compat.v1

ROWS = np.arange(14, dtype=np.float32).reshape(7, 2)


class InterruptedWork:
    """Work during which the user presses Ctrl+C, and which goes on until it is released."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.ended = threading.Event()

    def __call__(self) -> np.float32:
        os.kill(os.getpid(), signal.SIGINT)
        self.released.wait()
        self.ended.set()
        return np.float32(0)


FOR_EVER = 10**15


def filled_collections(graph: tf.Graph) -> dict[str, list[str]]:
    keys = graph.get_all_collection_keys()
    return {key: [entry.name for entry in found] for key in keys if (found := graph.get_collection(key))}


def interrupt_the_long_ones(far: int) -> None:
    if far == FOR_EVER:
        os.kill(os.getpid(), signal.SIGINT)


class TestBorrowed:
    def test_nobody_else_has_it(self) -> None:
        free: list[object] = []
        with interruption.borrowed(free, object) as one, interruption.borrowed(free, object) as other:
            assert one is not other
            assert not free
        assert set(map(id, free)) == {id(one), id(other)}
        with interruption.borrowed(free, object) as again:
            assert again in (one, other)

    @pytest.mark.parametrize(("error", "left"), [(ValueError, 1), (KeyboardInterrupt, 0)])
    def test_what_was_interrupted_is_not_used_again(self, error: type[BaseException], left: int) -> None:
        free: list[object] = []
        with pytest.raises(error), interruption.borrowed(free, object):
            raise error
        assert len(free) == left


class TestInterrupt:
    def test_long_work_is_left_at_once(self) -> None:
        work = InterruptedWork()
        with pytest.raises(KeyboardInterrupt, match="may go on in the background"):
            interruption.run_interruptibly(work)
        assert not work.ended.is_set()
        work.released.set()

    def test_a_long_call_leaves_the_session_usable(self, session: NotebookSession) -> None:
        work = InterruptedWork()

        def module_fn() -> None:
            x = tf1.placeholder(tf.float32, [None])
            hub.add_signature(inputs=x, outputs=tf.cumsum(x))

        module = session.load(hub.create_module_spec(module_fn), "m")
        assert session.call(module, [1.0, 2.0]).tolist() == [1.0, 3.0]
        with session.building():
            slow = tf1.py_func(work, [], tf.float32)
            with pytest.raises(KeyboardInterrupt):
                session.session.run(slow)
        assert not work.ended.is_set()
        assert session.session.left_behind == 1
        work.released.set()
        assert session.call(module, [1.0, 2.0]).tolist() == [1.0, 3.0]

    @pytest.mark.parametrize("is_v2", [True, False])
    def test_a_call_that_never_ends_is_ended_by_an_interrupt(
        self, is_v2: bool, session: NotebookSession
    ) -> None:
        """However quick the calls before it were, and as often as one likes: it leaves no thread busy."""
        was = tf1.control_flow_v2_enabled()
        (tf1.enable_control_flow_v2 if is_v2 else tf1.disable_control_flow_v2)()
        try:
            module = session.load(hub.create_module_spec(counting(interrupt_the_long_ones)), "m")
        finally:
            (tf1.enable_control_flow_v2 if was else tf1.disable_control_flow_v2)()
        for _ in range(4):  # more than TensorFlow has threads
            assert [session.call(module, far) for far in (1, 2)] == [1, 2]
            with pytest.raises(KeyboardInterrupt):
                session.call(module, FOR_EVER)
        session.session.wait_for_left_behind()  # else for ever
        assert session.call(module, 3) == 3

    def test_a_run_of_the_user_that_never_ends_is_ended_by_an_interrupt(
        self, session: NotebookSession
    ) -> None:
        module = session.load(hub.create_module_spec(counting(interrupt_the_long_ones)), "m")
        with session.building():
            far = tf1.placeholder(tf.int64, [])
            fetches = {"counted": module(far), "nothing": tf.no_op()}
            for _ in range(4):
                assert session.session.run(fetches, {far: 2}) == {"counted": 2, "nothing": None}
                with pytest.raises(KeyboardInterrupt):
                    session.session.run(fetches, {far: FOR_EVER})
            session.session.wait_for_left_behind()
            session.session.run(fetches, {far: 2})
            ops = len(session.graph.get_operations())
            for _ in range(3):
                assert session.session.run(fetches, {far: 3})["counted"] == 3
            assert len(session.graph.get_operations()) == ops

    def test_a_call_in_another_thread_goes_on(self, session: NotebookSession) -> None:
        begun, released = threading.Event(), threading.Event()

        def tell(far: int) -> None:
            interrupt_the_long_ones(far)
            if far == 1:
                begun.set()
                released.wait()

        module = session.load(hub.create_module_spec(counting(tell)), "m")
        results: list[int] = []
        thread = threading.Thread(target=lambda: results.append(session.call(module, 1)))
        thread.start()
        begun.wait()
        assert session.call(module, 3) == 3  # and one that ends does not wait for it
        with pytest.raises(KeyboardInterrupt):
            session.call(module, FOR_EVER)
        released.set()
        thread.join()
        assert results == [1]

    def test_an_interrupted_load_changes_nothing(self, session: NotebookSession) -> None:
        work = InterruptedWork()

        def module_fn() -> None:
            start = tf1.py_func(work, [], tf.float32)
            start.set_shape([])
            variable = tf1.get_variable("own", initializer=start)
            hub.add_signature(outputs=variable + 0.0)

        earlier = session.load(hub.create_module_spec(layered), "m")
        before = filled_collections(session.graph)
        spec = hub.create_module_spec(module_fn)
        with pytest.raises(KeyboardInterrupt):
            session.load(spec, "m")
        work.released.set()
        assert filled_collections(session.graph) == before
        assert session.module("m") is earlier
        assert session.call("m", ROWS[:1]).tolist() == [[6.0, 8.0]]

    def test_a_run_that_never_ends_is_stopped(self, session: NotebookSession) -> None:
        module = session.load(hub.create_module_spec(endless), "m")
        for _ in range(2):
            with pytest.raises(TimeoutError, match=r"stopped after 0\.1 s") as caught:
                session.call(module, [1.0], timeout=0.1)
            assert isinstance(caught.value, hub.HubError)
            assert isinstance(caught.value, tf.errors.DeadlineExceededError)
        assert session.call(module, [1.0], "twice", timeout=100).tolist() == [2.0]
        assert session.call(module, [1.0], "twice").tolist() == [2.0]

    def test_errors_come_through(self) -> None:
        def fail() -> None:
            raise ValueError("own")

        with pytest.raises(ValueError, match="own"):
            interruption.run_interruptibly(fail)

    def test_in_another_thread(self) -> None:
        results: list[int] = []
        thread = threading.Thread(target=lambda: results.append(interruption.run_interruptibly(lambda: 3)))
        thread.start()
        thread.join()
        assert results == [3]

    def test_one_thread_for_many_pieces_of_work_that_ends_with_them(self) -> None:
        helper = interruption.Helper()
        threads = {helper.run(threading.current_thread) for _ in range(100)}
        assert len(threads) == 1
        (thread,) = threads
        helper.close()
        thread.join()

    def test_nothing_of_the_last_work_is_kept(self) -> None:
        helper = interruption.Helper()
        value, made = np.zeros(3), np.ones(3)
        refs = weakref.ref(value), weakref.ref(made)
        helper.run(lambda array, other: [array, other], value, made)
        del value, made
        assert [ref() for ref in refs] == [None, None]
        helper.close()
