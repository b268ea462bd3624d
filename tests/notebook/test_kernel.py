"""In a real kernel: an interrupt gives control back, and what was loaded is still there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

MAX_ITEMS = """
%load_ext hubexplore
%hub_load sample:half-plus-two --as half
import numpy as np, tensorflow as tf
"""
LOOP = """
%%hub_module slow
x = tf.compat.v1.placeholder(tf.float32, [None])
with tf.control_dependencies([tf.io.write_file({path!r}, "")]):
    start = tf.identity(x)
steps = tf.while_loop(lambda i, v: i < 20_000_000, lambda i, v: (i + 1, v * 1.0), [0, start])
hub.add_signature(inputs=x, outputs=steps[1])
"""
# Takes as long as it is told to; says that it has begun.
COUNTER = """
%%hub_module counter
far = tf.compat.v1.placeholder(tf.int64, [])
with tf.control_dependencies([tf.io.write_file({path!r}, "")]):
    start = tf.constant(0, tf.int64) + 0
hub.add_signature(inputs=far, outputs=tf.while_loop(lambda i: i < far, lambda i: [i + 1], [start])[0])
"""
RUN_OF_THE_USER = """
%%hub_graph
far = tf.compat.v1.placeholder(tf.int64, [])
with tf.control_dependencies([tf.io.write_file({path!r}, "")]):
    start = tf.constant(0, tf.int64) + 0
counted = tf.while_loop(lambda i: i < far, lambda i: [i + 1], [start])[0]
"""
FOR_EVER = 10**15
PATIENCE = 240.0
"""Seconds for what takes one on a machine that does nothing else."""


Kernel = tuple[KernelManager, BlockingKernelClient]


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    manager, client = start_new_kernel(startup_timeout=PATIENCE, kernel_name="python3")
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def reply(client: BlockingKernelClient, code: str) -> dict[str, Any]:
    content: dict[str, Any] = client.execute_interactive(code, timeout=PATIENCE, output_hook=lambda _: None)[
        "content"
    ]
    return content


def value(client: BlockingKernelClient, expression: str) -> str:
    asked = client.execute("", user_expressions={"value": expression})
    while True:
        message = client.get_shell_msg(timeout=PATIENCE)
        if message["parent_header"]["msg_id"] == asked:
            return str(message["content"]["user_expressions"]["value"]["data"]["text/plain"])


def test_an_interrupted_call_leaves_the_session_usable(kernel: Kernel, tmp_path: Path) -> None:
    manager, client = kernel
    begun = tmp_path / "begun"
    assert reply(client, MAX_ITEMS)["status"] == "ok"
    assert reply(client, LOOP.format(path=str(begun)))["status"] == "ok"
    # What is sent right after a failure is refused otherwise.
    running = client.execute("%hub_call slow [1.0]", stop_on_error=False)
    while not begun.exists():  # then it is inside of TensorFlow
        assert manager.is_alive()
        time.sleep(0.01)
    manager.interrupt_kernel()
    answer = client.get_shell_msg(timeout=PATIENCE)
    assert answer["parent_header"]["msg_id"] == running
    assert answer["content"]["ename"] == "KeyboardInterrupt"
    assert value(client, "get_ipython().run_line_magic('hub_call', 'half [1.0]').tolist()") == "[2.5]"


def interrupted(kernel: Kernel, cell: str, begun: Path) -> dict[str, Any]:
    """Runs a cell that never ends, interrupts it once it says that it has begun, and returns the answer."""
    manager, client = kernel
    begun.unlink(missing_ok=True)
    running = client.execute(cell, stop_on_error=False)
    while not begun.exists():
        assert manager.is_alive()
        time.sleep(0.01)
    manager.interrupt_kernel()
    answer = client.get_shell_msg(timeout=PATIENCE)
    assert answer["parent_header"]["msg_id"] == running
    content: dict[str, Any] = answer["content"]
    return content


@pytest.mark.parametrize(
    ("definition", "cell"),
    [
        (COUNTER, "x = %hub_call counter {far}"),
        (RUN_OF_THE_USER, "%%hub_graph\nx = tf.compat.v1.get_default_session().run(counted, {{far: {far}}})"),
    ],
    ids=["a call", "a run of the user's own"],
)
def test_a_long_run_after_quick_ones_is_left_at_once(
    definition: str, cell: str, kernel: Kernel, tmp_path: Path
) -> None:
    """The same op on an input of the same size: how long it takes depends on a value."""
    begun = tmp_path / "begun"
    _, client = kernel
    assert reply(client, MAX_ITEMS)["status"] == "ok"
    assert reply(client, definition.format(path=str(begun)))["status"] == "ok"
    for _ in range(2):
        for far in (3, 4):
            assert reply(client, cell.format(far=far))["status"] == "ok"
        content = interrupted(kernel, cell.format(far=FOR_EVER), begun)
        assert content["ename"] == "KeyboardInterrupt"
        assert "may go on in the background" in content["evalue"]
    assert reply(client, cell.format(far=5))["status"] == "ok"
    assert value(client, "int(x)") == "5"


def test_cells_with_await_and_eager_code_go_on_as_before(
    kernel: Kernel,
) -> None:
    _, client = kernel
    assert reply(client, MAX_ITEMS)["status"] == "ok"
    code = "import asyncio\nawait asyncio.sleep(0)\nresult = %hub_call half [1.0]\nawait asyncio.sleep(0)"
    assert reply(client, code)["status"] == "ok"
    assert reply(client, "eager = (tf.constant([1.0]) + result).numpy()")["status"] == "ok"
    assert value(client, "eager.tolist(), tf.executing_eagerly()") == "([3.5], True)"
    assert reply(client, "%hub_load sample:half-plus-two --as half")["status"] == "ok"
    assert value(client, "get_ipython().run_line_magic('hub_call', 'half [3.0]').tolist()") == "[3.5]"
    assert reply(client, "%reload_ext hubexplore")["status"] == "ok"
    assert "nothing" in value(client, "repr(get_ipython().run_line_magic('hub_list', ''))").lower()
