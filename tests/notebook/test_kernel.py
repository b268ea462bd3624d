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

SLOW = """
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
PATIENCE = 240.0
"""Seconds for what takes one on a machine that does nothing else."""


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


def test_an_interrupted_call_leaves_the_session_usable(
    kernel: tuple[KernelManager, BlockingKernelClient], tmp_path: Path
) -> None:
    manager, client = kernel
    begun = tmp_path / "begun"
    assert reply(client, SLOW)["status"] == "ok"
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


def test_cells_with_await_and_eager_code_go_on_as_before(
    kernel: tuple[KernelManager, BlockingKernelClient],
) -> None:
    _, client = kernel
    assert reply(client, SLOW)["status"] == "ok"
    code = "import asyncio\nawait asyncio.sleep(0)\nresult = %hub_call half [1.0]\nawait asyncio.sleep(0)"
    assert reply(client, code)["status"] == "ok"
    assert reply(client, "eager = (tf.constant([1.0]) + result).numpy()")["status"] == "ok"
    assert value(client, "eager.tolist(), tf.executing_eagerly()") == "([3.5], True)"
    assert reply(client, "%hub_load sample:half-plus-two --as half")["status"] == "ok"
    assert value(client, "get_ipython().run_line_magic('hub_call', 'half [3.0]').tolist()") == "[3.5]"
    assert reply(client, "%reload_ext hubexplore")["status"] == "ok"
    assert "nothing" in value(client, "repr(get_ipython().run_line_magic('hub_list', ''))").lower()
