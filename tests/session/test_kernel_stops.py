"""In a real kernel: whatever runs, an interrupt gives control back, and the next cell gives right numbers.

What could not be ended would never answer: nothing here depends on how long anything takes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hubexplore.session.background.interrupts import MSG_GOES_ON
from tests.notebook.test_kernel import FOR_EVER, Kernel, interrupted, kernel, reply, value

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

__all__ = ["kernel"]

BEGIN = """
%load_ext hubexplore
import hubexplore as hub, numpy as np, tensorflow as tf
tf1 = tf.compat.v1
session = hub.NotebookSession("own")
def counted(far):
    with tf.control_dependencies([tf.io.write_file({begun!r}, "")]):
        start = tf.constant(0, tf.int64) + 0
    return tf.while_loop(lambda i: i < far, lambda i: [i + 1], [start])[0]
def counter():
    far = tf1.placeholder(tf.int64, [])
    hub.add_signature(inputs=far, outputs=counted(far))
def slow_to_load():
    tf1.get_variable("own", initializer=counted({far}), use_resource=True)
    hub.add_signature(outputs=tf.constant(1))
counter = session.load(hub.create_module_spec(counter), "counter")
slow_to_load = hub.create_module_spec(slow_to_load)
with session.building():
    far = tf1.placeholder(tf.int64, [])
    steps = tf1.get_variable("steps", initializer=np.int64(0), use_resource=True)
    train = tf.group(steps.assign_add(counter(far)))
    numbers = tf.data.Dataset.range({far}).filter(lambda number: number < 0)
    iterator = tf1.data.make_initializable_iterator(numbers)
    with tf.control_dependencies([tf.io.write_file({begun!r}, "")]):
        row = iterator.get_next()
run = session.session.run
run(iterator.initializer)
"""
STOPPED = {
    "the first call": "session.call(counter, {far})",
    "a call after others": "session.call(counter, {far})",
    "a step of training": "with session.building(): run(train, {{far: {far}}})",
    "loading": "session.load(slow_to_load, 'counter')",
    "a dataset": "with session.building(): run(row)",
    "a panel in a cell": "hub.explore(counter, session=session).run({far})",
}


def test_whatever_runs_can_be_left(kernel: Kernel, tmp_path: Path) -> None:
    _, client = kernel
    begun = tmp_path / "begun"
    assert reply(client, BEGIN.format(begun=str(begun), far=FOR_EVER))["status"] == "ok"
    for number, (what, cell) in enumerate(STOPPED.items()):
        content = interrupted(kernel, cell.format(far=FOR_EVER), begun)
        assert content.get("ename") == "KeyboardInterrupt", (what, content)
        assert value(client, "session.names[0]") == "'counter'"
        assert value(client, f"int(session.call(counter, {number}))") == str(number), what
    assert value(client, "session.session.wait_for_left_behind()") == "None"  # all of them have ended
    assert value(client, "int(run(steps))") == "0"
    assert reply(client, "run(train, {far: 3})")["status"] == "ok"
    assert value(client, "int(run(steps))") == "3"


IMPORTING = """
import sys, threading, pathlib, time
def watch():
    while "tensorflow.python.framework.ops" not in sys.modules:
        time.sleep(0.001)
    pathlib.Path({begun!r}).touch()
threading.Thread(target=watch, daemon=True).start()
"""


@pytest.mark.parametrize("cell", ["%hub_load sample:half-plus-two --as half", "hub.Module"])
def test_an_import_of_tensorflow_that_is_left(cell: str, kernel: Kernel, tmp_path: Path) -> None:
    """It goes on beside the kernel; what needs it next waits for it."""
    _, client = kernel
    begun = tmp_path / "begun"
    # Else the interrupt might come while the cell does something else beside the import.
    first = "%load_ext hubexplore\n%config HubMagics.preload_tensorflow = False\nimport hubexplore as hub"
    assert reply(client, first)["status"] == "ok"
    content = interrupted(kernel, IMPORTING.format(begun=str(begun)) + cell, begun)
    assert content.get("ename") == "KeyboardInterrupt", content
    # No traceback, which would take long beside the import.
    assert content["traceback"] == [f"KeyboardInterrupt: {MSG_GOES_ON}"]
    assert reply(client, "%hub_load sample:half-plus-two --as half")["status"] == "ok"
    assert value(client, "get_ipython().run_line_magic('hub_call', 'half [3.0]').tolist()") == "[3.5]"
    assert value(client, "hub.Module.__name__") == "'Module'"
