"""`hub.KerasLayer` in models of all kinds: inputs, dtypes and shapes, without running anything."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1

pytestmark = pytest.mark.usefixtures("needs_eager")

ROWS = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
AFFINE = ROWS @ modules.MATRIX + 10.0


@pytest.mark.parametrize("options", [{}, {"input_shape": [], "dtype": tf.string}])
def test_text_into_a_sequential_model(options: Any, words_module: str) -> None:
    model = keras.Sequential([hub.KerasLayer(words_module, **options)])
    words = np.array(["c", "never seen"], object)
    assert model.predict(words, verbose=0).tolist() == [2, -1]
    assert hub.KerasLayer(words_module)(["b", "a"]).numpy().tolist() == [1, 0]


def test_named_inputs_and_outputs() -> None:
    layer = hub.KerasLayer(
        hub.create_module_spec(modules.two_signatures), signature="sum", signature_outputs_as_dict=True
    )
    a, b = keras.Input((), name="a"), keras.Input((), name="b")
    model = keras.Model({"a": a, "b": b}, layer({"a": a, "b": b}))
    outputs = model.predict({"a": np.array([3.0, 1.0]), "b": np.array([1.0, 1.0])}, verbose=0)
    assert {name: value.tolist() for name, value in outputs.items()} == {
        "sum": [4.0, 2.0],
        "difference": [2.0, 0.0],
    }


def sparse_sum() -> None:
    x = tf1.sparse_placeholder(tf.float32, [None, 3], name="x")
    hub.add_signature(inputs=x, outputs=tf.sparse.reduce_sum(x, axis=1, keepdims=True))


def ragged_sum() -> None:
    x = tf1.ragged.placeholder(tf.float32, 1, [], name="x")
    hub.add_signature(inputs=x, outputs=tf.reduce_sum(x, axis=1))


def test_sparse_and_ragged_inputs() -> None:
    value = tf.sparse.from_dense([[1.0, 0.0, 2.0], [0.0, 0.0, 4.0]])
    inputs = keras.Input((3,), sparse=True)
    layer = hub.KerasLayer(hub.create_module_spec(sparse_sum), output_shape=[1])
    model = keras.Model(inputs, layer(inputs))
    np.testing.assert_array_equal(model(value), [[3.0], [4.0]])
    ragged = hub.KerasLayer(hub.create_module_spec(ragged_sum))
    np.testing.assert_array_equal(ragged(tf.ragged.constant([[1.0, 2.0], [5.0]])), [3.0, 5.0])
    np.testing.assert_array_equal(ragged([[1.0, 2.0], [5.0]]), [3.0, 5.0])


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_computes_in_the_dtype_of_the_module(dtype: str, affine_module: str) -> None:
    layer = hub.KerasLayer(affine_module, dtype=dtype)
    inputs = keras.Input((2,), dtype="float16")
    outputs = layer(inputs)
    assert outputs.dtype == dtype.removeprefix("mixed_")
    assert [weight.dtype for weight in layer.weights] == ["float32", "float32"]
    np.testing.assert_array_equal(tf.cast(layer(ROWS), tf.float32), AFFINE)


def pooled() -> None:
    x = tf1.placeholder(tf.float32, [None, None, None, 3], name="x")
    hub.add_signature(inputs=x, outputs=tf.nn.avg_pool2d(x, 2, 2, "VALID"))


def test_shapes_follow_those_of_the_input() -> None:
    layer = hub.KerasLayer(hub.create_module_spec(pooled))
    inputs = keras.Input((8, 6, 3))
    outputs = layer(inputs)
    assert outputs.shape == (None, 4, 3, 3)
    assert layer.compute_output_shape((None, 4, 4, 3)) == (None, 2, 2, 3)
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(outputs)))
    assert model.predict(np.ones([2, 8, 6, 3]), verbose=0).shape == (2, 1)


def without_rank() -> None:
    x = tf1.placeholder(tf.float32, [None, 2], name="x")
    hub.add_signature(inputs=x, outputs=tf1.placeholder_with_default(x, None))


def test_output_shape_says_what_the_module_does_not() -> None:
    spec = hub.create_module_spec(without_rank)
    with pytest.raises(ValueError, match=r"^The number of dimensions .* output_shape"):
        hub.KerasLayer(spec)(keras.Input((2,)))
    assert hub.KerasLayer(spec, output_shape=2)(keras.Input((2,))).shape == (None, 2)
    layer = hub.KerasLayer(spec, output_shape=(2,))
    assert layer(keras.Input((2,))).shape == (None, 2)
    np.testing.assert_array_equal(layer(ROWS), ROWS)


def test_handles_that_are_loaded_already(affine_module: str) -> None:
    loaded = hub.load(affine_module)
    layer = hub.KerasLayer(loaded)
    assert layer.resolved_object is loaded
    np.testing.assert_allclose(layer(ROWS), AFFINE)
    # The layer is frozen, but the object belongs to the caller.
    assert len(loaded.trainable_variables) == 2
    np.testing.assert_allclose(hub.KerasLayer(hub.load_module_spec(affine_module))(ROWS), AFFINE)
    np.testing.assert_array_equal(hub.KerasLayer(lambda x: x * 2.0)(ROWS), ROWS * 2.0)
