"""Conds and loops of TF1 and TF2 outside of graphs: values, and gradients that are right or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import GraphError
from tests.hub.eager.comparison import check_equal, eagerly, in_session

tf1 = tf.compat.v1

pytestmark = pytest.mark.usefixtures("needs_eager")

VALUES = np.array([0.3, 0.7], np.float32)


def cond() -> None:
    w = tf1.get_variable("w", initializer=3.0)
    x = tf1.placeholder(tf.float32, [2], name="x")
    y = tf1.cond(x[0] > 0.5, lambda: tf.sin(x * w), lambda: tf.exp(x) - w * w)
    hub.add_signature(inputs=x, outputs=y * w)


def repeated(change: Callable[[Any], Any] = lambda y: y) -> None:
    w = tf1.get_variable("w", initializer=[2.0, 1.5])
    x = tf1.placeholder(tf.float32, [2], name="x")
    y = tf1.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, change(tf.sin(y * w) * x)), [0, x])[1]
    hub.add_signature(inputs=x, outputs=y)


def recurrent() -> None:
    """A recurrent layer as TF1 wrote it: tensor arrays, a cond in the loop, an embedding."""
    x = tf1.placeholder(tf.float32, [2], name="x")
    kernel = tf1.get_variable("kernel", initializer=np.linspace(-1, 1, 12).reshape([4, 3]).astype("f"))
    table = tf1.get_variable("table", initializer=np.linspace(0, 1, 10).reshape([5, 2]).astype("f"))
    steps = tf.TensorArray(tf.float32, 2).unstack(tf.reshape(x, [2, 1, 1]))

    def step(t: Any, h: Any, out: Any) -> Any:
        features = tf.concat([steps.read(t), h], 1)
        h = tf.tanh(tf.matmul(features, kernel) + tf.reduce_sum(tf.gather(table, [t, t + 1])))
        h = tf1.cond(tf.reduce_sum(h) > 1, lambda: h * 2.0, lambda: h - 1.0)
        return t + 1, h, out.write(t, h)

    start = [0, tf.zeros([1, 3]), tf.TensorArray(tf.float32, 2)]
    _, h, out = tf1.while_loop(lambda t, *_: t < 2, step, start)
    hub.add_signature(inputs=x, outputs={"default": h, "all": out.stack(), "steps": tf.size(x)})


@pytest.mark.parametrize("build", [cond, repeated, recurrent])
@pytest.mark.parametrize("use_resource", [False, True])
def test_outputs_and_gradients(control_flow: str, build: Any, use_resource: bool) -> None:
    def module_fn() -> None:
        with tf1.variable_scope("", use_resource=use_resource):
            build()

    spec = hub.create_module_spec(module_fn)
    loaded = hub.load(spec)
    expected, gradients = in_session(spec, {"default": VALUES}, gradients=True)
    assert gradients
    for function in (eagerly, tf.function(eagerly, autograph=False)):
        actual, found = function(loaded, {"default": VALUES})
        check_equal(actual, expected, 1e-6)
        check_equal(found, gradients, 1e-6)


def test_the_gradient_of_a_loop_is_that_of_the_values_it_read(v1_control_flow: None) -> None:
    def updating() -> None:
        repeated()
        w = tf1.global_variables()[0]
        tf1.add_to_collection(tf1.GraphKeys.UPDATE_OPS, tf1.assign(w, tf.zeros_like(w)).op)

    spec = hub.create_module_spec(updating)
    loaded = hub.load(spec)
    _, expected = in_session(spec, {"default": VALUES}, gradients=True)
    _, found = eagerly(loaded, {"default": VALUES}, training=True)
    np.testing.assert_array_equal(loaded.variables[0], [0.0, 0.0])
    check_equal(found, expected)


def test_random_numbers_beside_a_loop_are_refused_before_training_starts(v1_control_flow: None) -> None:
    loaded = hub.load(hub.create_module_spec(lambda: repeated(lambda y: y + tf.random.uniform([2]))))
    loaded(VALUES)
    with tf.GradientTape(), pytest.raises(GraphError, match="RandomUniform"):
        loaded(VALUES)
    loaded(VALUES)


def test_second_derivatives_of_a_loop_are_refused(v1_control_flow: None) -> None:
    loaded = hub.load(hub.create_module_spec(repeated))
    x = tf.constant(VALUES)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = loaded(x)
        with pytest.raises(GraphError, match="second derivatives"):
            inner.gradient(y, x)


def test_an_op_without_a_gradient_is_named_with_or_without_a_loop(v1_control_flow: None) -> None:
    def picture() -> None:
        x = tf1.placeholder(tf.float32, [2], name="x")
        y = tf1.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y * x), [0, x])[1]
        hub.add_signature(inputs=x, outputs=tf.linalg.lu(tf.tensordot(y, y, 0))[0])

    loaded = hub.load(hub.create_module_spec(picture))
    x = tf.constant(VALUES)
    with tf.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(LookupError, match="Lu"):
            loaded(x)
