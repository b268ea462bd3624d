"""`hub.load` of graphs that an older TensorFlow wrote."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import GraphError
from tests.hub import modules

pytestmark = pytest.mark.usefixtures("needs_eager")

# The graph version of TensorFlow 1.12.
OLD = 27
TYPED = """
import sys
sys.ps1 = ">>> "
import hubexplore
print(hubexplore.load(sys.argv[1])([1.0]).numpy().tolist())
"""


def test_where_commands_are_typed_nothing_is_logged(tmp_path: Path) -> None:
    path = modules.export(hub.create_module_spec(modules.scaled), tmp_path / "module")
    with modules.edited(path) as saved_model:
        saved_model.meta_graphs[0].graph_def.versions.producer = OLD
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    command = [sys.executable, "-c", TYPED, path]
    ran = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert (ran.stdout, ran.stderr) == (b"[3.0]\n", b"")


def test_an_op_that_tensorflow_removed_needs_a_graph(tmp_path: Path) -> None:
    def module_fn() -> None:
        rate = tf.compat.v1.placeholder(tf.float32, [])
        hub.add_signature(inputs=rate, outputs=tf.random.poisson([2], rate))

    path = modules.export(hub.create_module_spec(module_fn), tmp_path / "module")
    with modules.edited(path) as saved_model:
        graph = saved_model.meta_graphs[0].graph_def
        graph.versions.producer = 24
        (drawn,) = (node for node in graph.node if node.op == "RandomPoissonV2")
        drawn.op = "RandomPoisson"
        del drawn.attr["R"]
    loaded = hub.load(path)
    with pytest.raises(GraphError, match=r"RandomPoisson.*hub\.Module"):
        loaded(2.0)
    with tf.Graph().as_default():
        assert modules.run(hub.Module(path)(2.0)).shape == (2,)
