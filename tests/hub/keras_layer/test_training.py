"""`hub.KerasLayer` in training: what TF1 does with `hub.Module(trainable=True)`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1

pytestmark = pytest.mark.usefixtures("needs_eager")

ROWS = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.25], [2.0, 2.0]], np.float32)
TARGETS = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [-1.0, 1.0]], np.float32)


def ten_steps_of_tf1(path: str) -> dict[str, Any]:
    """The variables after ten steps of SGD in a session."""
    with tf.Graph().as_default():
        x = tf1.placeholder(tf.float32, [None, 2])
        module = hub.Module(path, trainable=True, tags={"train"})
        losses = [tf.reduce_mean((module(x) - TARGETS) ** 2), *tf1.losses.get_regularization_losses()]
        with tf.control_dependencies(tf1.get_collection(tf1.GraphKeys.UPDATE_OPS)):
            step = tf1.train.GradientDescentOptimizer(0.01).minimize(tf.add_n(losses))
        with modules.initialized_session() as session:
            for _ in range(10):
                session.run(step, {x: ROWS})
            return dict(session.run(module.variable_map))


def test_ten_steps_of_fit_are_ten_steps_of_tf1(trained_path: str) -> None:
    layer = hub.KerasLayer(trained_path, trainable=True, name="hub")
    model = keras.Sequential([keras.Input((2,)), layer])
    model.compile(keras.optimizers.SGD(0.01), "mse")
    model.fit(ROWS, TARGETS, batch_size=4, epochs=10, shuffle=False, verbose=0)
    values = {weight.path: weight.numpy() for weight in layer.weights}
    for name, value in ten_steps_of_tf1(trained_path).items():
        np.testing.assert_allclose(values[f"hub/{name}"], value, rtol=1e-5)
        np.testing.assert_allclose(layer.resolved_object.variable_map[name], value, rtol=1e-5)


def test_a_frozen_layer_stays_in_inference_mode(trained_path: str) -> None:
    layer = hub.KerasLayer(trained_path)
    before = layer(ROWS).numpy()
    model = keras.Sequential([keras.Input((2,)), layer, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(ROWS, TARGETS[:, :1], verbose=0)
    np.testing.assert_array_equal(layer(ROWS, training=True), before)
    assert layer.losses == []
    with tf.GradientTape() as tape:
        layer(ROWS)
    assert tape.watched_variables() == ()


def test_freezing_the_layer_or_single_weights(trained_path: str) -> None:
    layer = hub.KerasLayer(trained_path)
    assert [weight.path.partition("/")[2] for weight in layer.non_trainable_weights] == ["dense/w", "mean"]
    layer.trainable = True
    assert [weight.name for weight in layer.trainable_weights] == ["dense_w"]
    with tf.GradientTape() as tape:
        y = layer(ROWS)
    assert tape.gradient(y, layer.trainable_weights[0].value) is not None
    layer.weights[0].trainable = False
    assert layer.trainable_weights == []


def test_losses_count_once_in_a_step(trained_path: str) -> None:
    layer = hub.KerasLayer(trained_path, trainable=True)
    inputs = keras.Input((2,))
    model = keras.Model(inputs, layer(layer(inputs)))
    model(ROWS)
    w = modules.MATRIX[:, :2]
    assert [round(float(loss), 4) for loss in model.losses] == [round(0.1 * float(np.sum(w**2)), 4)]
    model(ROWS)
    assert len(model.losses) == 1


def test_weights_are_those_of_the_module(affine_module: str, tmp_path: Path) -> None:
    layer = hub.KerasLayer(affine_module, trainable=True)
    layer.set_weights([np.zeros([3], np.float32), np.ones([2, 3], np.float32)])
    np.testing.assert_array_equal(layer(ROWS), np.repeat(ROWS.sum(axis=1, keepdims=True), 3, axis=1))
    assert layer.weights[1].value is layer.resolved_object.variable_map["layer/w"]
    saved = tf.train.Checkpoint(layer=layer).write(str(tmp_path / "checkpoint"))
    layer.weights[1].assign(np.zeros([2, 3]))
    tf.train.Checkpoint(layer=layer).read(saved).assert_consumed()
    np.testing.assert_array_equal(layer.get_weights()[1], np.ones([2, 3]))


def test_a_saved_model_with_a_training_argument(scale_model: str) -> None:
    layer = hub.KerasLayer(scale_model, trainable=True, arguments={"scale": 3.0}, output_key="scaled")
    np.testing.assert_array_equal(layer(ROWS, training=True), ROWS * 6.0)
    assert {weight.name: float(weight.numpy()) for weight in layer.weights} == {"w": 2.0, "calls": 1.0}
    assert [weight.name for weight in layer.trainable_weights] == ["w"]
    assert [float(loss) for loss in layer.losses] == [4.0]
    model = keras.Sequential([keras.Input((2,)), layer])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(ROWS, ROWS * 6.0, batch_size=4, verbose=0)
    # The loss of the data is 0, so the step is that of w * w.
    np.testing.assert_allclose(layer.weights[0].numpy(), 2.0 - 0.1 * 4.0, rtol=1e-6)
    layer.trainable = False
    calls = float(layer.weights[1].numpy())
    layer(ROWS, training=True)
    assert float(layer.weights[1].numpy()) == calls


def test_a_plain_signature_can_be_trained(scale_model: str) -> None:
    layer = hub.KerasLayer(scale_model, signature="serving_default", trainable=True)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(layer(ROWS))
    (gradient,) = tape.gradient(y, [weight.value for weight in layer.trainable_weights])
    np.testing.assert_allclose(gradient, ROWS.sum())


def test_other_values_for_one_call_are_refused(affine_module: str) -> None:
    layer = hub.KerasLayer(affine_module, trainable=True)
    zeros = [np.zeros(weight.shape, np.float32) for weight in layer.weights]
    with pytest.raises(ValueError, match="set_weights"):
        layer.stateless_call(zeros, [], tf.constant(ROWS))
