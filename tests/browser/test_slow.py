"""A long run: the form stays responsive, and the run can be cancelled."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.notebook import Notebook
from tests.browser.panel import Panel

# Counts up to its input, so that any run time is possible; with 10**15 it never ends.
COUNTER = """import tensorflow.compat.v1 as tf
import hubexplore
def count():
    far = tf.placeholder(tf.int64, [], name="far")
    end = tf.while_loop(lambda i: i < far, lambda i: [i + 1], [tf.constant(0, tf.int64)])
    hubexplore.add_signature(inputs={"far": far}, outputs={"end": end[0] if isinstance(end, list) else end})
counter = hubexplore.create_module_spec(count)"""
FOR_EVER = str(10**15)


def test_a_run_that_does_not_end(notebook: Notebook) -> None:
    notebook.new()
    notebook.run(COUNTER)
    panel = Panel.open(notebook, "counter")
    panel.field("far").fill("3")
    panel.run()

    panel.field("far").fill(FOR_EVER)
    panel.run_button.click()
    expect(panel.status).to_contain_text("Running")
    expect(panel.run_button).to_be_disabled()
    # The form takes what is typed, and the kernel answers it, while TensorFlow counts.
    panel.field("far").fill("4")
    panel.tab("Overview")
    expect(panel.node.get_by_text("Signatures").first).to_be_visible()
    panel.tab("Try")
    expect(panel.field("far")).to_have_value("4")
    assert panel.value("'the kernel answers'") == "the kernel answers\n"
    notebook.screenshot("slow-run", panel.node)

    panel.node.get_by_role("button", name="Cancel").click()
    expect(panel.status).to_contain_text("Cancelled")
    expect(panel.run_button).to_be_enabled()
    panel.run()
    assert panel.value("panel.value") == "4\n"


def test_runs_that_do_not_end_are_ended(notebook: Notebook) -> None:
    """More of them than may be left behind: each ends when it is cancelled, and the panel says so."""
    notebook.new()
    notebook.run(COUNTER)
    panel = Panel.open(notebook, "counter")
    for _ in range(3):
        panel.field("far").fill(FOR_EVER)
        panel.run_button.click()
        expect(panel.status).to_contain_text("Running")
        panel.node.get_by_role("button", name="Cancel").click()
        expect(panel.status).to_contain_text("Cancelled: the run has ended")
    expect(panel.run_button).to_be_enabled()
    panel.field("far").fill("4")
    panel.run()
    assert panel.value("panel.value") == "4\n"


# A single op that sleeps until a file is there: nothing ends it.
BLOCKED = """import pathlib, time
import tensorflow.compat.v1 as tf
import hubexplore
gate = pathlib.Path("gate")
def wait(x):
    while not gate.exists():
        time.sleep(0.02)
    return x
def module_fn():
    global kept
    kept = tf.get_default_graph()
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.py_func(wait, [x], tf.float32)
    hubexplore.add_signature(inputs={"x": x}, outputs={"y": y})
blocked = hubexplore.create_module_spec(module_fn)"""


def test_two_runs_that_cannot_be_stopped(notebook: Notebook) -> None:
    notebook.new()
    notebook.run(BLOCKED)
    panel = Panel.open(notebook, "blocked")
    panel.field("x").fill("3")
    for _ in range(2):
        panel.run_button.click()
        expect(panel.status).to_contain_text("Running")
        panel.node.get_by_role("button", name="Cancel").click()
        expect(panel.status).to_contain_text("an op that has begun cannot be stopped")
    panel.run_button.click()
    panel.wait_for_error("Two cancelled runs are still busy with an op that TensorFlow cannot stop")
    expect(panel.run_button).to_be_enabled()
    assert panel.value("gate.touch() or 'the kernel answers'") == "the kernel answers\n"
    expect(panel.status).to_contain_text("Cancelled: the run has ended")
    panel.run()
    assert panel.value("gate.unlink() or panel.value") == "3.0\n"
