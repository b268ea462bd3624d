"""What a session runs can be ended from outside: steps, initialisers, comparisons. What cannot is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import GraphError, NoSuchTensorError
from hubexplore.hub.running.compiled_call import CompiledCall, Stop, surely_runs
from hubexplore.inputs.examples import example_search
from hubexplore.session import interruption
from hubexplore.session.export import verification
from hubexplore.session.session import NotebookSession
from tests.session.modules import KEPT, counting, layered

tf1 = tf.compat.v1

FOR_EVER = 10**15


def press() -> None:
    """Ctrl+C."""
    os.kill(os.getpid(), signal.SIGINT)


def press_for_ever(far: int) -> None:
    if far == FOR_EVER:
        press()


@pytest.fixture(params=[True, False], ids=["functions", "switches"])
def control_flow(request: pytest.FixtureRequest) -> Iterator[None]:
    """Loops as functions, and as TF1 made them."""
    was = tf1.control_flow_v2_enabled()
    (tf1.enable_control_flow_v2 if request.param else tf1.disable_control_flow_v2)()
    yield
    (tf1.enable_control_flow_v2 if was else tf1.disable_control_flow_v2)()


def ends(session: NotebookSession) -> None:
    """What was interrupted ends; else this waits for ever."""
    session.session.wait_for_left_behind()


def test_a_value_of_a_branch_that_is_not_taken(session: NotebookSession) -> None:
    def definition() -> None:
        x, wanted = tf1.placeholder(tf.float32, [], "x"), tf1.placeholder(tf.bool, [], "wanted")
        y = tf.cond(wanted, lambda: tf.multiply(x, 2.0, name="double"), lambda: x)
        z = tf.while_loop(lambda i: i < 3.0, lambda i: [i + 1.0], [y])[0]
        hub.add_signature(inputs={"x": x, "wanted": wanted}, outputs=z)

    was = tf1.control_flow_v2_enabled()
    tf1.disable_control_flow_v2()
    try:
        module = session.load(hub.create_module_spec(definition), "m")
    finally:
        (tf1.enable_control_flow_v2 if was else tf1.disable_control_flow_v2)()
    inputs: dict[str, Any] = {"x": 4.0, "wanted": True}
    assert session.call(module, inputs, fetch=["cond/double"], timeout=100)[1]["cond/double"] == 8.0
    with pytest.raises(NoSuchTensorError, match=r"'cond/double' has no value in this call"):
        session.call(module, {**inputs, "wanted": False}, fetch=["cond/double"], timeout=100)


@pytest.mark.usefixtures("control_flow")
class TestOpsWithoutAValue:
    def test_a_training_step(self, session: NotebookSession) -> None:
        module = session.load(hub.create_module_spec(counting(press_for_ever)), "m")
        with session.building():
            far = tf1.placeholder(tf.int64, [])
            steps = tf1.get_variable("steps", initializer=np.int64(0), use_resource=True)
            train = tf.group(steps.assign_add(module(far)))
            for number in range(1, 4):
                session.session.run(train, {far: 2})
                assert session.session.run(steps) == 2 * number
                with pytest.raises(KeyboardInterrupt):
                    session.session.run(train, {far: FOR_EVER})
                ends(session)

    def test_by_name(self, session: NotebookSession) -> None:
        module = session.load(hub.create_module_spec(counting(press_for_ever)), "m")
        with session.building():
            far = tf1.placeholder(tf.int64, [])
            tf.identity(module(far), "counted")
            for _ in range(2):
                assert session.session.run("counted:0", {far: 2}) == 2
                with pytest.raises(KeyboardInterrupt):
                    session.session.run("counted:0", {far: FOR_EVER})
                ends(session)


def test_what_a_condition_leaves_out_is_not_waited_for(session: NotebookSession) -> None:
    """With a loop beside it, so that a stop is needed: an op that does not run must not keep it waiting."""
    was = tf1.control_flow_v2_enabled()
    tf1.disable_control_flow_v2()
    with tf.Graph().as_default() as made:
        condition = tf1.placeholder(tf.bool, [], "wanted")
        hits = tf1.get_variable("hits", initializer=0, use_resource=True)
        outside = tf.cond(condition, lambda: hits.assign_add(1, read_value=False), tf.no_op)
        tf.while_loop(lambda i: i < 3, lambda i: [i + 1], [tf.cast(outside, tf.int32)], name="loop")
    (tf1.enable_control_flow_v2 if was else tf1.disable_control_flow_v2)()
    with session.building():
        tf.import_graph_def(made.as_graph_def(), name="")  # as they come with modules, all can be fetched
        op = session.graph.get_operation_by_name
        inside = next(op for op in session.graph.get_operations() if op.type == "AssignAddVariableOp")
        fetches = [op("loop/Exit"), inside, op("hits/Assign")]
        assert [surely_runs(fetche) for fetche in fetches] == [True, False, True]
        session.session.run(fetches[2])
        read = next(op for op in session.graph.get_operations() if op.type == "ReadVariableOp")
        for value, count in ((False, 0), (True, 1)):
            session.session.run(fetches[:2], {"wanted:0": value})
            assert session.session.run(read.outputs[0]) == count


@pytest.mark.usefixtures("control_flow")
def test_initialisers_that_never_end(session: NotebookSession) -> None:
    def module_fn() -> None:
        KEPT.append(tf1.get_default_graph())
        with tf.control_dependencies([tf1.py_func(press, [], [])]):
            start = tf.constant(0, tf.int64) + 0
        end = tf.while_loop(lambda i: i < FOR_EVER, lambda i: [i + 1], [start])[0]
        table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(tf.reshape(end, [1]), tf.constant([1], tf.int64)), 0
        )
        hub.add_signature(outputs=table.lookup(tf.constant(1, tf.int64)))

    earlier = session.load(hub.create_module_spec(layered), "m")
    spec = hub.create_module_spec(module_fn)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            session.load(spec, "m")
        ends(session)
    assert session.module("m") is earlier
    assert session.call("m", np.ones([1, 2], np.float32)).shape == (1, 2)


def test_what_waits_for_others(session: NotebookSession) -> None:
    """A queue that nobody fills, in a run of the user's own."""
    with session.building():
        queue = tf.queue.FIFOQueue(3, [tf.int32], [[]])
        with tf.control_dependencies([tf1.py_func(press, [], [])]):
            front = queue.dequeue()
        KEPT.append(session.graph)
        with pytest.raises(KeyboardInterrupt):
            session.session.run(front)
        ends(session)
        session.session.run(queue.enqueue(7))
        assert session.session.run(tf.identity(queue.size())) == 1


def test_a_dataset_that_gives_nothing(session: NotebookSession) -> None:
    """It filters for ever: no row passes."""
    with session.building():
        numbers = tf.data.Dataset.range(FOR_EVER).filter(lambda number: number < 0)
        iterator = tf1.data.make_initializable_iterator(numbers)
        session.session.run(iterator.initializer)
        with tf.control_dependencies([tf1.py_func(press, [], [])]):
            row = iterator.get_next()
        KEPT.append(session.graph)
        with pytest.raises(KeyboardInterrupt):
            session.session.run(row)
        ends(session)


def test_a_stop_changes_no_op_that_may_have_run(session: NotebookSession) -> None:
    """TensorFlow logs a warning if one is changed, which a notebook shows."""
    module = session.load(hub.create_module_spec(counting(lambda _: None)), "m")
    with session.building():
        counted = module(tf.constant(2, tf.int64))
        before = counted.op.node_def
        Stop(session.session, [counted])
        assert counted.op.node_def == before


def test_several_interrupts(session: NotebookSession) -> None:
    """As of somebody who keeps pressing: also those that come while the first one is handled."""
    stopped: list[int] = []
    released = threading.Event()

    def stop() -> None:
        stopped.append(1)
        if len(stopped) < 3:
            press()
        else:
            released.set()

    def work() -> None:
        press()
        released.wait()

    helper = interruption.Helper()
    with pytest.raises(KeyboardInterrupt):
        helper.run(work, stop=stop)
    helper.wait_for_left_behind()
    assert len(stopped) == 3


class TestExport:
    def test_verifying_ends(
        self, session: NotebookSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The copies that are compared are ended, and what was written is whole."""

        def module_fn() -> None:
            x = tf1.placeholder(tf.int64, [None])
            start = tf.reduce_sum(x) * 0
            end = tf.while_loop(lambda i: i < FOR_EVER, lambda i: [i + 1], [start])[0]
            hub.add_signature("endless", inputs=x, outputs=end)
            hub.add_signature(inputs=x, outputs=x + 1)

        plain = verification.ModuleCopy.run

        def pressed(copy: Any, name: str, *arguments: Any) -> Any:
            if name == "endless":
                press()
            return plain(copy, name, *arguments)

        monkeypatch.setattr(verification.ModuleCopy, "run", pressed)
        monkeypatch.setattr(example_search, "RUN_SECONDS", 1_000_000)
        module = session.load(hub.create_module_spec(module_fn), "m")
        threads = set(threading.enumerate())
        with pytest.raises(KeyboardInterrupt):
            session.export(module, tmp_path / "m", verify=True)
        for thread in set(threading.enumerate()) - threads:
            if thread.name.startswith("hubexplore"):
                thread.join()  # else for ever
        again = session.load(str(tmp_path / "m"), "again")
        assert session.call(again, [1, 2]).tolist() == [2, 3]

    def test_an_interrupted_one_changes_nothing(
        self, session: NotebookSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        module = session.load(hub.create_module_spec(layered), "m")
        session.export(module, tmp_path / "m")
        before = {path: path.read_bytes() for path in (tmp_path / "m").rglob("*") if path.is_file()}
        plain = type(session.session).hand_over

        def pressed(own: Any, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
            def both(*given: Any) -> Any:
                press()
                return work(*given)

            return plain(own, both, *arguments, **named)

        monkeypatch.setattr(type(session.session), "hand_over", pressed)
        with pytest.raises(KeyboardInterrupt):
            session.export(module, tmp_path / "m", overwrite=True)
        monkeypatch.undo()
        ends(session)
        assert {path: path.read_bytes() for path in (tmp_path / "m").rglob("*") if path.is_file()} == before
        session.export(module, tmp_path / "m", overwrite=True)
        assert [path.name for path in tmp_path.iterdir()] == ["m"]


class TestClosing:
    @pytest.mark.parametrize("end", [NotebookSession.close, NotebookSession.reset])
    def test_a_blocked_op_is_not_waited_for(
        self, end: Callable[[NotebookSession], None], session: NotebookSession
    ) -> None:
        begun, gate = threading.Event(), threading.Event()

        def wait(_: int) -> None:
            begun.set()
            gate.wait()

        module = session.load(hub.create_module_spec(counting(wait)), "m")
        errors: list[BaseException] = []

        def call() -> None:
            try:
                session.call(module, 2)
            except GraphError as error:
                errors.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        begun.wait()
        end(session)
        assert not gate.is_set()
        gate.set()
        thread.join()
        ((error,),) = [errors]
        message = "is closed" if end is NotebookSession.close else "After a reset everything has to be loaded"
        assert message in str(error)

    def test_a_process_that_closes_nothing_ends(self) -> None:
        """Python then deletes the session when no thread can begin any more."""
        code = """if True:
            import hubexplore
            session = hubexplore.NotebookSession()
            module = session.load("sample:half-plus-two")
            print(session.call(module, [3.0]).tolist())
            """
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert ran.stdout == "[3.5]\n"

    def test_a_run_that_goes_on_is_ended(self, session: NotebookSession) -> None:
        begun = threading.Event()
        module = session.load(hub.create_module_spec(counting(lambda _: begun.set())), "m")
        errors: list[BaseException] = []

        def call() -> None:
            try:
                session.call(module, FOR_EVER)
            except GraphError as error:
                errors.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        begun.wait()
        session.close()
        thread.join()  # else for ever
        assert ["is closed" in str(error) for error in errors] == [True]


def test_heavy_calls_can_be_stopped_and_light_ones_need_not(session: NotebookSession) -> None:
    with session.building():
        x = tf1.placeholder(tf.float32, [4])
        light, heavy = x + 1.0, x
        for _ in range(300):
            heavy = tf.sin(heavy)
        large = x + tf.constant(np.zeros([6_000_000, 1], np.float32))
        calls = [CompiledCall(session.session, [x], {"y": y}, stoppable=True) for y in (light, heavy, large)]
        assert [call.stop is not None for call in calls] == [False, True, False]
        value = np.ones(4, np.float32)
        expected = value
        for _ in range(300):
            expected = np.sin(expected)
        np.testing.assert_allclose(calls[1].results(calls[1].run(value))["y"], expected, rtol=1e-4)
