"""Tensors inside of called functions: calls that a cut goes through become their ops, others stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import called_functions, modules
from tests.hub.cutting import cut_models

tf1 = tf.compat.v1
X = np.array([0.5, 1.0, -0.25], np.float32)


def _calls(cut: Any) -> list[str]:
    library = {function.signature.name for function in cut.variant(()).library.function}
    return [
        name
        for name, node in cut.variant(()).nodes.items()
        if node.op in library or node.op.endswith("PartitionedCall")
    ]


@pytest.mark.parametrize("tensor", ["first/twice", "second/power", "head/squared", "head/root", "head/moved"])
def test_up_to_a_tensor_inside(tensor: str, tmp_path: Path) -> None:
    spec = hub.create_module_spec(called_functions.layers)
    cut = spec.cut(outputs={"inner": tensor})
    assert not hub.check_cut(cut).largest_difference
    assert hub.check_cut(cut).largest_difference == 0
    loaded = hub.load_module_spec(modules.export(cut, tmp_path / "cut"))
    np.testing.assert_array_equal(modules.evaluate(loaded, X)["inner"], modules.evaluate(cut, X)["inner"])


@pytest.mark.parametrize("tensor", ["first/power", "second/twice", "head/squared", "head/moved", "head/root"])
def test_from_a_tensor_inside(tensor: str) -> None:
    spec = hub.create_module_spec(called_functions.layers)
    cut = spec.cut(inputs={"inner": tensor}, outputs="default")
    assert hub.check_cut(cut).largest_difference == 0
    # The result of a function of TF2 waits for all reads in it, which are not needed for that.
    assert bool(cut.all_variables) == (tensor not in ("head/moved", "head/root"))


def test_only_calls_on_the_way_are_opened() -> None:
    spec = hub.create_module_spec(called_functions.layers)
    assert _calls(spec.cut(outputs="second/power")) == ["first"]
    assert _calls(spec.cut(outputs="first/power")) == []
    assert _calls(spec.cut(inputs=["first/power"], outputs="default")) == [
        "second",
        "StatefulPartitionedCall",
    ] or (len(_calls(spec.cut(inputs=["first/power"], outputs="default"))) == 2)


def test_old_signatures_with_opened_calls() -> None:
    spec = hub.create_module_spec(called_functions.layers)
    cut = spec.cut(outputs={"inner": "head/root"}, signature="part", keep_signatures=True)
    np.testing.assert_array_equal(modules.evaluate(cut, X)["default"], modules.evaluate(spec, X)["default"])


def test_after_a_loop_of_tf2() -> None:
    spec = hub.create_module_spec(called_functions.loop)
    cut = spec.cut(outputs="loop/body/grown")
    assert hub.check_cut(cut).largest_difference == 0
    part = spec.cut(inputs=["loop:3"], outputs="default")
    assert hub.check_cut(part).largest_difference == 0


def test_a_lost_gradient_is_a_note() -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [None], name="x")

        @called_functions.defun(tf.float32, tf.float32)
        def backward(a: Any, gradient: Any) -> Any:
            return gradient * 7.0

        @called_functions.defun(tf.float32, grad_func=backward)
        def forward(a: Any) -> Any:
            return tf.exp(tf.multiply(a, 2.0, name="twice"))

        hub.add_signature(inputs=x, outputs=tf.identity(forward(x, name="call"), name="result"))

    spec = hub.create_module_spec(module_fn)
    opened = spec.cut(outputs="call/twice")
    assert any("has a gradient of its own" in note for note in opened.notes)
    closed = spec.cut(outputs="result")
    assert not any("gradient" in note for note in closed.notes)
    with tf.Graph().as_default():
        x = tf.constant([1.0])
        module = hub.Module(closed)
        assert modules.run(tf1.gradients(module(x), x)[0]) == [7.0]


def test_loops_and_conds_around(control_flow: str) -> None:
    for build, before in (
        (cut_models.loop, "before/activation"),
        (cut_models.condition, "before/activation"),
    ):
        spec = hub.create_module_spec(build)
        for cut in (
            spec.cut(outputs="after"),
            spec.cut(outputs=before),
            spec.cut(inputs={"x": before}, outputs="after"),
            spec.cut(inputs={"x": "after"}, outputs="default"),
        ):
            assert hub.check_cut(cut).largest_difference == 0


def test_gradients_through_a_loop_that_stays(control_flow: str) -> None:
    spec = hub.create_module_spec(cut_models.loop)
    cut = spec.cut(inputs={"x": "before/activation"}, outputs="after")
    values = np.linspace(0, 1, 6).reshape(2, 3).astype(np.float32)
    with tf.Graph().as_default():
        x = tf.constant(values)
        module = hub.Module(cut, trainable=True)
        gradients = tf1.gradients(module(x), [x, *module.variables])
        assert all(np.abs(value).sum() > 0 for value in modules.run(gradients))
