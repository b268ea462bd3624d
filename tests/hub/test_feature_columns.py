"""Feature columns that embed by a module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.feature_column import feature_column_v2 as layer_columns

import hubexplore as hub

v1 = tf.compat.v1


def embed(words: Any) -> Any:
    """Length and double length of each word, times a weight of 3."""
    weight = v1.get_variable("weight", initializer=3.0)
    length = tf.cast(tf.strings.length(words), tf.float32)
    return weight * tf.stack([length, 2 * length], axis=1)


def text_fn() -> None:
    words = v1.placeholder(tf.string, [None])
    hub.add_signature(inputs=words, outputs=embed(words))


def image_fn() -> None:
    images = v1.placeholder(tf.float32, [None, 2, 3, 3])
    hub.add_signature(inputs={"images": images}, outputs=tf.reduce_sum(images, axis=[1, 2]))


@pytest.fixture
def text_path(tmp_path: Any) -> str:
    with tf.Graph().as_default(), v1.Session() as session:
        module = hub.Module(hub.create_module_spec(text_fn))
        session.run(v1.global_variables_initializer())
        module.export(str(tmp_path / "text"), session)
    return str(tmp_path / "text")


def layer(features: dict[str, Any], column: Any) -> tuple[Any, int]:
    """What `input_layer` makes of a column, and the number of trainable variables."""
    tensor = v1.feature_column.input_layer(features, [column])
    trainable = len(v1.trainable_variables())
    with v1.Session() as session:
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        return session.run(tensor).tolist(), trainable


@pytest.mark.parametrize("trainable", [False, True])
def test_texts(trainable: bool, text_path: str) -> None:
    with tf.Graph().as_default():
        column = hub.text_embedding_column("word", text_path, trainable=trainable)
        assert layer({"word": tf.constant(["a", "bcd"])}, column) == ([[3, 6], [9, 18]], int(trainable))
    assert column.name == "word_hub_module_embedding"
    example = tf.train.Example()
    example.features.feature["word"].bytes_list.value.append(b"a")
    with tf.Graph().as_default():
        parsed = v1.parse_example(
            [example.SerializeToString()], v1.feature_column.make_parse_example_spec([column])
        )
        assert layer(parsed, column) == ([[3, 6]], int(trainable))


@pytest.mark.parametrize(
    ("combiner", "first"),
    [("sum", [12.0, 24.0]), ("mean", [6.0, 12.0]), ("sqrtn", [12 / 2**0.5, 24 / 2**0.5])],
)
def test_tokens_are_combined(combiner: str, first: list[float], text_path: str) -> None:
    with tf.Graph().as_default():
        column = hub.sparse_text_embedding_column("words", text_path, combiner, default_value="empty")
        tokens = tf.SparseTensor([[0, 0], [0, 1], [2, 0]], ["a", "bcd", "ef"], [3, 2])
        values, _ = layer({"words": tokens}, column)
    np.testing.assert_allclose(values, [first, [15.0, 30.0], [6.0, 12.0]], rtol=1e-6)


def test_images() -> None:
    with tf.Graph().as_default():
        column = hub.image_embedding_column("picture", hub.create_module_spec(image_fn))
        assert layer({"picture": tf.ones([2, 2, 3, 3])}, column)[0] == [[6, 6, 6], [6, 6, 6]]
    assert hub.get_expected_image_size(column.module_spec) == [2, 3]
    assert column.parse_example_spec["picture"].shape == [2, 3, 3]


class Layer:
    """The part of a Keras layer that holds the state of columns."""

    def __init__(self, trainable: bool) -> None:
        self.state = layer_columns._StateManagerImpl(self, trainable)

    def __call__(self, column: Any, features: dict[str, Any]) -> Any:
        column.create_state(self.state)
        return column.get_dense_tensor(layer_columns.FeatureTransformationCache(features), self.state)


@pytest.mark.parametrize("make", [hub.text_embedding_column, hub.text_embedding_column_v2])
def test_columns_in_a_layer(make: Callable[..., Any], text_path: str) -> None:
    with tf.Graph().as_default() if make is hub.text_embedding_column else tf.init_scope():
        if make is hub.text_embedding_column_v2 and not tf.executing_eagerly():
            pytest.skip("TF2 behaviour is disabled")
        column = make("word", text_path, trainable=True)
        vectors = Layer(True)(column, {"word": tf.constant(["a", "bcd"])})
        assert column.variable_shape.as_list() == [2]
        if tf.executing_eagerly():
            assert vectors.numpy().tolist() == [[3, 6], [9, 18]]
        else:
            assert len(v1.trainable_variables()) == 1


def test_columns_are_equal_by_what_they_do(text_path: str) -> None:
    column = hub.text_embedding_column("word", text_path)
    assert column == hub.text_embedding_column("word", text_path)
    assert column == type(column).from_config(column.get_config())
    assert len({column, hub.text_embedding_column("word", text_path, trainable=True)}) == 2
    with pytest.raises(NotImplementedError, match="Pass the path or handle"):
        hub.text_embedding_column("word", hub.create_module_spec(text_fn)).get_config()


def test_what_does_not_fit() -> None:
    text, image = hub.create_module_spec(text_fn), hub.create_module_spec(image_fn)
    with pytest.raises(ValueError, match=r"maps 'images' \(float32, \((None|\?), 2, 3, 3\)\) to 'default'"):
        hub.text_embedding_column("word", image)
    with pytest.raises(ValueError, match="An image column needs"):
        hub.image_embedding_column("picture", text)
    with pytest.raises(ValueError, match="combiner is one of 'mean', 'sqrtn', 'sum'; got 'max'"):
        hub.sparse_text_embedding_column("words", text, "max", None)
