"""What a run costs: times that belong to ops of the module, memory, and the curve over numbers of rows."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import (
    NoSuchModuleError,
    NoSuchSignatureError,
    SignatureError,
    UntrustedModuleError,
)
from hubexplore.hub.tensor_info import TensorInfo
from hubexplore.session.cost import measure as measure_module
from hubexplore.session.cost.curve import doubled, measured_curve, quantile
from hubexplore.session.cost.rows import NO_ROWS, row_count, with_rows, with_values
from hubexplore.session.session import NotebookSession
from tests.session.modules import scale
from tests.trust.modules import write_hostile

tf1 = tf.compat.v1


def test_a_network(session: NotebookSession) -> None:
    digits = session.load("sample:digits", "digits")
    calls = len(session.log)
    cost = session.cost("digits", batches=[1, 2, 8], seconds=5)
    assert (cost.title, cost.signature, cost.rows) == ("digits", "default", 1)
    assert cost.shapes == (("images", (1, 8, 8, 1)),)
    assert cost.device.startswith("CPU")
    # Ops have the names that they have in the module, whatever the session called its scope.
    counted = digits.cost()
    assert {name.split("/")[0] for name in cost.by_op()} >= {"conv1", "conv2", "conv3", "logits"}
    assert 0 < cost.op_seconds < 10
    assert cost.seconds > 0
    # The run holds the activations of a convolution and its input at one time.
    assert cost.peak_bytes is not None
    assert 8 * 8 * 24 * 4 <= cost.peak_bytes < 10_000_000
    assert [step.rows for step in cost.curve] == [1, 2, 8]
    for step in cost.curve:
        assert 0 < step.p50 <= step.p90
        assert step.throughput == pytest.approx(step.rows / step.p50)
    assert cost.counted is not None
    assert cost.counted.ops == counted.ops
    # What is measured is not a call of the user.
    assert len(session.log) == calls
    assert "generated" in cost.notes[0]


def test_it_is_shown(session: NotebookSession) -> None:
    digits = session.load("sample:digits", "digits")
    cost = session.cost(digits, seconds=0)
    assert cost.curve == ()
    assert list(cost.df.columns) == ["name", "op", "seconds", "bytes", "runs"]
    assert cost.df["seconds"].sum() == pytest.approx(cost.op_seconds)
    assert cost.curve_df.empty
    plain = json.loads(cost.to_json())
    assert plain["ops"][0]["name"] == cost.ops[0].name
    assert plain["counted"]["multiply_adds"] == digits.cost().multiply_adds
    text = repr(cost)
    assert text.startswith("Measured cost of digits · signature default")
    assert "of memory at the peak" in text
    assert "FLOPs per second" in text
    # Which ops are slow enough for a row of their own differs from run to run.
    assert max(cost.ops, key=lambda op: op.seconds).name.split("/")[0] in text
    assert "<details" in str(cost._repr_html_())
    shown = digits.summary().graph("default", color=cost)
    assert "time" in shown.dot
    assert shown.colouring is not None
    assert shown.colouring.scale.unit == "s"


def test_inputs_of_the_user(session: NotebookSession) -> None:
    session.load(hub.create_module_spec(scale), "scale")
    cost = session.cost("scale", np.arange(5, dtype=np.float32), batches=(1, 3, 12), seconds=1)
    assert (cost.rows, cost.shapes) == (5, (("x", (5,)),))
    assert [step.rows for step in cost.curve] == [1, 3, 12]
    assert cost.notes == ()
    pair = session.cost("scale", {"a": [1.0], "b": [2.0]}, "pair", seconds=0)
    assert {op.op for op in pair.ops} >= {"AddV2", "Mul"}
    frame = session.cost("scale", pd.DataFrame({"a": [1.0, 2.0], "b": [2.0, 3.0]}), "pair", seconds=0)
    assert frame.rows == 2


def test_shapes_in_place_of_values(session: NotebookSession) -> None:
    session.load("sample:digits", "digits")
    cost = session.cost("digits", (3, 8, 8, 1), seconds=0)
    assert (cost.rows, cost.shapes) == (3, (("images", (3, 8, 8, 1)),))
    assert session.cost("digits", {"images": (None, 8, 8, 1)}, seconds=0).rows == 1
    session.load(hub.create_module_spec(scale), "scale")
    assert session.cost("scale", {"a": (2,), "b": [1.0, 2.0]}, "pair", seconds=0).rows == 2
    with pytest.raises(SignatureError, match="'images'"):
        session.cost("digits", (3, 9, 9, 1), seconds=0)
    with pytest.raises(SignatureError, match="'r' is ragged"):
        with_values({"r": infos()["ragged"]}, (3, None))


def test_tracing_writes_nothing(session: NotebookSession, capfd: pytest.CaptureFixture[str]) -> None:
    session.load(hub.create_module_spec(scale), "scale")
    session.cost("scale", [1.0], seconds=0)
    assert "trace" not in capfd.readouterr().err


def test_a_signature_without_inputs(session: NotebookSession) -> None:
    session.load(hub.create_module_spec(scale), "scale")
    cost = session.cost("scale", signature="weight", seconds=1)
    assert (cost.shapes, cost.curve, cost.rows) == ((), (), 1)
    assert "no curve" in cost.notes[0]


def test_a_loop_counts_all_of_its_passes(session: NotebookSession) -> None:
    def module() -> None:
        x = tf1.placeholder(tf.float32, [None, 4], "x")
        kernel = tf1.get_variable("kernel", [4, 4])
        step = lambda i, y: (i + 1, tf.matmul(y, kernel, name="product"))  # noqa: E731
        _, y = tf.while_loop(lambda i, _: i < 7, step, [0, x])
        hub.add_signature(inputs=x, outputs=y)

    live = session.load(hub.create_module_spec(module), "loop")
    cost = session.cost("loop", np.ones((1, 4), np.float32), seconds=0)
    # TensorFlow runs the body as ops of the graph, whose scopes have numbers.
    products = [op for op in cost.ops if op.op.endswith("MatMul")]
    # A run with a loop also has an op by which it can be ended, which waits for all others.
    assert not [op.name for op in cost.ops if "hub_stop" in op.name]
    assert [op.runs for op in products] == [7]
    assert products[0].name in live.cost().by_op()
    assert live.cost().multiply_adds == 7 * 16


def test_bad_input(session: NotebookSession) -> None:
    session.load(hub.create_module_spec(scale), "scale")
    with pytest.raises(NoSuchModuleError, match="scale"):
        session.cost("scael")
    with pytest.raises(NoSuchSignatureError, match="pair"):
        session.cost("scale", signature="pairs")
    with pytest.raises(SignatureError, match="'x'"):
        session.cost("scale", np.zeros((2, 2), np.float32))
    for batches in ([0], [], 3, ["x"], [1.5]):
        with pytest.raises(SignatureError, match="batches= takes"):
            session.cost("scale", [1.0], batches=batches)
    for seconds in (-1, "x", True, math.nan, math.inf):
        with pytest.raises(SignatureError, match="seconds= is"):
            session.cost("scale", [1.0], seconds=seconds)


def test_the_reason_why_no_inputs_are_found_is_that_of_the_op(session: NotebookSession) -> None:
    def module() -> None:
        x = tf1.placeholder(tf.float32, [None], "x")
        hub.add_signature(inputs=x, outputs=tf.gather(tf.constant([1.0]), tf.cast(0 * x, tf.int32) + 5))

    session.load(hub.create_module_spec(module), "outside")
    with pytest.raises(SignatureError, match=r"measured: indices\[0\] = 5 is not in \[0, 1\)\. Give inputs"):
        session.cost("outside")


def test_no_inputs_are_found(session: NotebookSession) -> None:
    def module() -> None:
        x = tf1.placeholder(tf.float32, [None], "x")
        check = tf1.assert_greater(x, 1e30, message="too small")
        with tf.control_dependencies([check]):
            hub.add_signature(inputs=x, outputs=tf.identity(x))

    session.load(hub.create_module_spec(module), "picky")
    with pytest.raises(SignatureError, match=r"No inputs were found.*too small.*cost\('picky', inputs\)"):
        session.cost("picky", seconds=0)


def test_a_module_with_dangers_is_counted_but_not_run(session: NotebookSession, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    path = str(write_hostile(tmp_path / "hostile", canary))
    assert hub.summarize(path).cost().multiply_adds == 0
    # Only what is loaded can be measured, and the gate refuses to load it.
    with pytest.raises(UntrustedModuleError):
        session.load(path, "writer")
    with pytest.raises(NoSuchModuleError):
        session.cost("writer")
    assert not canary.exists()


def test_memory_is_a_limit(session: NotebookSession, monkeypatch: pytest.MonkeyPatch) -> None:
    session.load("sample:digits", "digits")
    monkeypatch.setattr(measure_module, "available_memory", lambda: 300_000)
    cost = session.cost("digits", seconds=5)
    assert 1 <= max(step.rows for step in cost.curve) <= 16
    assert "half of the free memory" in cost.notes[-1]


class TestRows:
    @pytest.mark.parametrize("rows", [1, 2, 3, 7])
    def test_of_dense_sparse_and_ragged_inputs(self, rows: int) -> None:
        arrays = [
            np.arange(6, dtype=np.float32).reshape(3, 2),
            *(np.array([[0, 1], [2, 0]]), np.array([5.0, 6.0], np.float32), np.array([3, 2])),
            *(np.array([1.0, 2.0, 3.0], np.float32), np.array([0, 2, 2, 3])),
        ]
        assert row_count(infos(), arrays) == 3
        dense, indices, values, sizes, flat, splits = with_rows(infos(), arrays, rows)
        assert dense.tolist() == [arrays[0][at % 3].tolist() for at in range(rows)]
        assert sizes.tolist() == [rows, 2]
        expected = [[at, 1] if at % 3 == 0 else [at, 0] for at in range(rows) if at % 3 != 1]
        assert sorted(indices.tolist()) == expected
        assert len(values) == len(expected)
        lengths = [(2, 0, 1)[at % 3] for at in range(rows)]
        assert np.diff(splits).tolist() == lengths
        assert len(flat) == sum(lengths)

    def test_rows_that_cannot_be_varied(self) -> None:
        assert row_count({}, []) == NO_ROWS


def infos() -> dict[str, TensorInfo]:
    """A dense, a sparse and a ragged input."""
    return {
        "dense": TensorInfo(tf.TensorSpec([None, 2], tf.float32), ("d:0",)),
        "sparse": TensorInfo(tf.SparseTensorSpec([None, 2], tf.float32), ("i:0", "v:0", "s:0")),
        "ragged": TensorInfo(tf.RaggedTensorSpec([None, None], tf.float32), ("f:0", "r:0")),
    }


def _one_array(rows: int) -> Any:
    return [rows]


class Clock:
    """A clock that runs advance by as many seconds as there are rows."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ran: list[int] = []

    def __call__(self) -> float:
        return self.now

    def run(self, arrays: Any) -> None:
        self.ran.append(arrays[0])
        self.now += arrays[0] / 100


class TestCurve:
    def test_until_time_is_used_up(self) -> None:
        clock = Clock()
        curve, ended = measured_curve(clock.run, _one_array, doubled(1 << 20), 10, clock)
        assert [step.rows for step in curve] == [1, 2, 4, 8, 16, 32, 64]
        assert ended == "The time of 10 s was over before 128 rows."
        assert clock.now <= 12
        assert curve[0].p50 == pytest.approx(0.01)
        assert curve[0].throughput == pytest.approx(100)
        assert curve[-1].runs >= 1

    def test_a_run_that_fails(self) -> None:
        def run(arrays: Any) -> None:
            if arrays[0] > 2:
                raise tf.errors.ResourceExhaustedError(
                    None, None, "Graph execution error:\n\nOOM\nmore lines"
                )

        curve, ended = measured_curve(run, _one_array, doubled(64), 1)
        assert [step.rows for step in curve] == [1, 2]
        assert ended == "A run of 4 rows failed: OOM."

    def test_quantiles(self) -> None:
        assert quantile([1.0], 0.9) == 1.0
        assert quantile([1.0, 2.0, 3.0], 0.5) == 2.0
        assert quantile([0.0, 1.0], 0.9) == pytest.approx(0.9)
