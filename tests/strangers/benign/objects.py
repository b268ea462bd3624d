"""Harmless models of TensorFlow 2 and Keras."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from tests.strangers.cases import benign
from tests.strangers.making import save_object, scratch


def keras_model(name: str, make: Callable[[Any], Any]) -> None:
    """Registers an exported Keras model: `make` gets the package, and returns the model."""

    def build(directory: Path) -> Path:
        import keras

        make(keras).export(str(directory), verbose=False)
        return directory

    build.__name__ = name
    benign(build)


def _stack(
    shape: tuple[int, ...], *layers: Callable[[Any], Any], dtype: str = "float32"
) -> Callable[[Any], Any]:
    def make(keras: Any) -> Any:
        return keras.Sequential([keras.Input(shape, dtype=dtype), *(layer(keras.layers) for layer in layers)])

    return make


WORDS = ["a", "b", "c"]

for _name, _make in (
    ("keras_dense", _stack((4,), lambda k: k.Dense(2))),
    ("keras_convolution", _stack((8, 8, 1), lambda k: k.Conv2D(2, 3), lambda k: k.BatchNormalization())),
    ("keras_lstm", _stack((5, 2), lambda k: k.LSTM(3))),
    ("keras_embedding", _stack((5,), lambda k: k.Embedding(10, 3), dtype="int32")),
    ("keras_dropout", _stack((4,), lambda k: k.Dropout(0.5), lambda k: k.GaussianNoise(0.1))),
    ("keras_strings", _stack((1,), lambda k: k.StringLookup(vocabulary=WORDS), dtype="string")),
    ("keras_numbers", _stack((1,), lambda k: k.IntegerLookup(vocabulary=[1, 2]), dtype="int64")),
    ("keras_text", _stack((1,), lambda k: k.TextVectorization(vocabulary=WORDS), dtype="string")),
    (
        "keras_lookup_back",
        _stack((1,), lambda k: k.StringLookup(vocabulary=WORDS, invert=True), dtype="int64"),
    ),
    ("keras_augments", _stack((8, 8, 3), lambda k: k.RandomFlip(), lambda k: k.Rescaling(0.1))),
):
    keras_model(_name, _make)


@benign
def keras_attention(directory: Path) -> Path:
    import keras

    inputs = keras.Input((4, 3))
    outputs = keras.layers.MultiHeadAttention(2, 2)(inputs, inputs)
    keras.Model(inputs, outputs).export(str(directory), verbose=False)
    return directory


@benign
def keras_vocabulary_file(directory: Path) -> Path:
    import keras

    words = scratch({"words.txt": "a\nb\n"}) / "words.txt"
    inputs = keras.Input((1,), dtype="string")
    model = keras.Model(inputs, keras.layers.StringLookup(vocabulary=str(words))(inputs))
    model.export(str(directory), verbose=False)
    return directory


@benign
def object_with_asset(directory: Path) -> Path:
    words = scratch({"words.txt": "a\nb\n"}) / "words.txt"

    class Model(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            rows = tf.lookup.TextFileInitializer(
                str(words),
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            )
            self.table = tf.lookup.StaticVocabularyTable(rows, 1)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, x: Any) -> Any:
            return self.table.lookup(x)

    model = Model()
    return save_object(model, directory, {"serving_default": model.__call__})


@benign
def reusable(directory: Path) -> Path:
    """The interface of a reusable SavedModel, with a training switch and losses."""

    class Model(tf.train.Checkpoint):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.weight = tf.Variable([[1.0], [2.0]])
            self.variables = self.trainable_variables = [self.weight]
            self.regularization_losses = [self.loss]

        @tf.function(input_signature=[])
        def loss(self) -> Any:
            return tf.nn.l2_loss(self.weight)

        @tf.function
        def __call__(self, x: Any, training: bool = False) -> Any:
            y = tf.matmul(x, self.weight)
            return tf.nn.dropout(y, 0.5) if training else y

    model = Model()
    for training in (False, True):
        model.__call__.get_concrete_function(tf.TensorSpec([None, 2], tf.float32), training=training)
    return save_object(model, directory)


@benign
def prints_and_asserts(directory: Path) -> Path:
    class Model(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, x: Any) -> Any:
            tf.print("x is", x)
            tf.debugging.assert_non_negative(x)
            return x * 2.0

    return save_object(Model(), directory)


@benign
def mutable_table(directory: Path) -> Path:
    class Model(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, 0)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def add(self, x: Any) -> Any:
            self.table.insert(x, tf.ones_like(x, tf.int64))
            return self.table.lookup(x)

    return save_object(Model(), directory)


@benign
def custom_gradient_saved(directory: Path) -> Path:
    @tf.custom_gradient
    def clipped(x: Any) -> Any:
        return x * 2.0, lambda dy: tf.clip_by_value(dy, -1.0, 1.0)

    class Model(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, x: Any) -> Any:
            return clipped(x)

    return save_object(Model(), directory, experimental_custom_gradients=True)


@benign
def checkpoint_of_object(directory: Path) -> Path:
    """Optimizer and counters beside the weights."""

    class Model(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.weight, self.step = tf.Variable([1.0]), tf.Variable(0, dtype=tf.int64)
            self.generator = tf.random.Generator.from_seed(1)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def train(self, x: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(x * self.weight)
            self.weight.assign_sub(0.1 * tape.gradient(loss, self.weight))
            self.step.assign_add(1)
            return loss + self.generator.normal([])

    return save_object(Model(), directory)


@benign
def asset_beside_a_variable_of_text(directory: Path) -> Path:
    class Model(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.vocabulary = tf.saved_model.Asset(str(scratch({"words.txt": "a\nb\n"}) / "words.txt"))
            self.label = tf.Variable("words")

        @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
        def __call__(self, x: Any) -> Any:
            return tf.strings.join([x, self.label, tf.io.read_file(self.vocabulary)])

    model = Model()
    return save_object(model, directory, {"serving_default": model.__call__})
