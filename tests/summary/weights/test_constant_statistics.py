"""Statistics of weights that are constants of a graph, in each of the forms in which a constant is stored."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import graph_pb2

import hubexplore as hub
from hubexplore.cli import main
from hubexplore.errors import HubError
from hubexplore.notebook.panel.tabs.variables import VariablesTab
from hubexplore.summary.model import CONSTANT, VariableSummary
from hubexplore.summary.weights import statistics
from hubexplore.summary.weights.statistics import VariableStats, variable_stats
from tests.hub import graph_models


def stats_of(proto: Any) -> VariableStats:
    """The statistics of one constant."""
    meta_graph = tf.compat.v1.MetaGraphDef()
    node = meta_graph.graph_def.node.add(name="w", op="Const")
    node.attr["value"].tensor.CopyFrom(proto)
    variable = VariableSummary("w", "float32", (), trainable=False, node="w", kind=CONSTANT)
    (stats,) = variable_stats([variable], None, graphs=[meta_graph])
    return stats


def frozen(path: Path, name: str) -> Any:
    """The values of a constant of a file."""
    graph_def = graph_pb2.GraphDef.FromString(path.read_bytes())
    return tf.make_ndarray(next(node for node in graph_def.node if node.name == name).attr["value"].tensor)


@pytest.mark.parametrize("lift", [False, True])
def test_those_of_a_frozen_graph(lift: bool, tmp_path: Path) -> None:
    model = graph_models.frozen(tmp_path, graph_models.mlp)
    variables = hub.load_module_spec(model.path, lift_constants=lift).summary().variables
    found = {stats.name: stats for stats in variables.stats()}
    assert sorted(found) == ["hidden/bias", "hidden/kernel", "logits/bias", "logits/kernel"]
    for name, stats in found.items():
        values = frozen(model.path, name)
        assert (stats.minimum, stats.maximum) == (values.min(), values.max())
        assert stats.mean == pytest.approx(values.mean(dtype=np.float64))
        assert stats.std == pytest.approx(values.std(dtype=np.float64))
        assert stats.shape == values.shape
        assert stats.bytes == values.nbytes
        assert sum(stats.histogram) == values.size
    assert [stats.name for stats in variables.stats("hidden/*")] == [
        name for name in found if name.startswith("hidden/")
    ]


def test_in_a_terminal_and_in_the_panel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = graph_models.frozen(tmp_path, graph_models.mlp)
    assert main(["show", str(model.path), "--stats", "kernel"]) == 0
    assert "logits/kernel" in capsys.readouterr().out
    tab = VariablesTab(hub.summarize(model.path), lambda: None)
    tab._button.click()
    assert "Weights of 4 variables" in tab._statistics.value


def test_each_form_of_a_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "PIECE", 7)
    for dtype in (tf.float32, tf.float64, tf.float16, tf.bfloat16, tf.int32, tf.uint8):
        values = np.array([1, 2, 3, 4, 0, 0] * 4, dtype.as_numpy_dtype).reshape(4, 6)
        listed = tf.compat.v1.make_tensor_proto(values)
        spread = tf.compat.v1.make_tensor_proto(values.reshape(-1).tolist(), dtype, [4, 6])
        for stats in (stats_of(listed), stats_of(spread)):
            assert (stats.dtype, stats.count, stats.zeros) == (dtype.name, 24, 8)
            assert (stats.minimum, stats.maximum) == (0, 4)
            assert stats.mean == pytest.approx(10 / 6)


def test_a_value_that_is_stored_once() -> None:
    proto = tf.compat.v1.make_tensor_proto([1.0, -3.0], shape=[2])
    proto.ClearField("tensor_content")
    proto.float_val[:] = [1.0, -3.0]
    proto.tensor_shape.dim[0].size = 1_000_000_000
    stats = stats_of(proto)
    assert (stats.count, stats.minimum, stats.maximum) == (1_000_000_000, -3.0, 1.0)
    assert stats.mean == pytest.approx((1.0 - 3.0 * 999_999_999) / 1_000_000_000)
    assert sum(stats.histogram) == 1_000_000_000
    proto.float_val[:] = []
    assert (stats_of(proto).zeros, stats_of(proto).std) == (1_000_000_000, 0.0)
    proto.float_val[:] = [math.nan]
    assert stats_of(proto).nans == 1_000_000_000


def test_content_that_does_not_fit() -> None:
    proto = tf.compat.v1.make_tensor_proto(np.ones([2, 3], np.float32))
    proto.tensor_content = proto.tensor_content * 2
    proto.tensor_content = proto.tensor_content[:-1] + b"\1"
    assert stats_of(proto).note == "its content does not fit its shape"
    proto.tensor_content = b"\0\0\0"
    assert stats_of(proto).note == "its content does not fit its shape"


def test_without_constants_there_are_no_weights() -> None:
    variable = VariableSummary("w", "float32", (), trainable=False, node="w")
    with pytest.raises(HubError, match="this module has none"):
        variable_stats([variable], None, graphs=[tf.compat.v1.MetaGraphDef()])
