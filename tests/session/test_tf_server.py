"""A session whose work is done by a TensorFlow server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import HandleError
from hubexplore.session.session import NotebookSession
from tests.session.modules import layered

tf1 = tf.compat.v1

ROWS = np.arange(14, dtype=np.float32).reshape(7, 2)


def test_a_remote_runtime(tmp_path: Path) -> None:
    server = tf1.train.Server.create_local_server()
    with NotebookSession("remote", target=server.target) as session:
        module = session.load(hub.create_module_spec(layered), "m")
        assert session.call(module, ROWS[:1]).tolist() == [[6.0, 8.0]]
        assert session.call(module, ROWS, batch_size=2).shape == (7, 2)
        session.export(module, tmp_path / "out")


SERVER = """
import sys
import tensorflow as tf
print(tf.compat.v1.train.Server.create_local_server().target, flush=True)
sys.stdin.read()
"""


def test_a_server_that_is_gone() -> None:
    """Nobody waits for it; TensorFlow alone would for ever."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        session = NotebookSession("remote", target=server.stdout.readline().strip())
        session.load(hub.create_module_spec(layered), "m")
        assert session.call("m", ROWS[:1]).tolist() == [[6.0, 8.0]]
        server.kill()
    with pytest.raises(tf.errors.UnavailableError, match=r"has stopped or was restarted.*reset"):
        session.call("m", ROWS[:1])
    session.close()


def test_what_is_no_server() -> None:
    with pytest.raises(HandleError, match="grpc://HOST:PORT"):
        NotebookSession(target="localhost:1")


def test_two_sessions_of_one_server_share_nothing() -> None:
    """Modules of the same name have variables of the same names, which a server would take for one."""
    server = tf1.train.Server.create_local_server()
    with (
        NotebookSession("one", target=server.target) as one,
        NotebookSession("other", target=server.target) as other,
    ):
        module = one.load(hub.create_module_spec(layered), "m", trainable=True)
        other.load(hub.create_module_spec(layered), "m", trainable=True)
        for session in (one, other):
            assert session.call("m", ROWS[:1]).tolist() == [[6.0, 8.0]]
        with one.building():
            halve = [variable.assign(variable / 2.0) for variable in module.variables]
        one.session.run(halve)
        changed = one.call("m", ROWS[:1]).tolist()
        assert changed != [[6.0, 8.0]]
        assert other.call("m", ROWS[:1]).tolist() == [[6.0, 8.0]]
        one.reset()
        one.load(hub.create_module_spec(layered), "m")
        assert one.call("m", ROWS[:1]).tolist() == [[6.0, 8.0]]
