"""Models of TensorFlow 2 and Keras that act, and single files of graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from hubexplore.summary.capabilities.model import Capability, When
from tests.strangers.cases import hostile
from tests.strangers.making import Canaries, GraphModel, raw, save_object, v1

READS, WRITES = Capability.READS, Capability.WRITES
SPEC = tf.TensorSpec([None, 2], tf.float32)


def write(canaries: Canaries) -> Any:
    """Writes what must not be written."""
    return raw.WriteFile(filename=str(canaries.new), contents="boo")


@hostile("__call__ of an object", WRITES, "WriteFile", "{new}", signature="serving_default")
def object_call(directory: Path, canaries: Canaries) -> Path:
    class Model(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[SPEC])
        def __call__(self, x: Any) -> Any:
            write(canaries)
            return x * 2.0

    return save_object(Model(), directory)


@hostile("method of an object, beside a harmless signature", READS, "ReadFile", "{secret}", signature="peek")
def object_method(directory: Path, canaries: Canaries) -> Path:
    class Model(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[SPEC])
        def __call__(self, x: Any) -> Any:
            return x * 2.0

        @tf.function(input_signature=[SPEC])
        def peek(self, x: Any) -> Any:
            del x
            return raw.ReadFile(filename=str(canaries.secret))

    model = Model()
    return save_object(model, directory, {"serving_default": model.__call__})


@hostile("method of an inner object", READS, "ReadFile", "{secret}", signature="inner/peek")
def inner_method(directory: Path, canaries: Canaries) -> Path:
    class Inner(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[SPEC])
        def peek(self, x: Any) -> Any:
            del x
            return raw.ReadFile(filename=str(canaries.secret))

    class Model(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = Inner()

        @tf.function(input_signature=[SPEC])
        def __call__(self, x: Any) -> Any:
            return x * 2.0

    model = Model()
    return save_object(model, directory, {"serving_default": model.__call__})


@hostile("signature of an object", WRITES, "WriteFile", "{new}", signature="serving_default")
def object_signature(directory: Path, canaries: Canaries) -> Path:
    class Model(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[SPEC])
        def serve(self, x: Any) -> Any:
            write(canaries)
            return {"y": x * 2.0}

    model = Model()
    return save_object(model, directory, {"serving_default": model.serve})


@hostile("custom gradient", READS, "ReadFile", "{secret}", when=(When.TRAINED, When.ASKED))
def custom_gradient(directory: Path, canaries: Canaries) -> Path:
    @tf.custom_gradient
    def spy(x: Any) -> Any:
        def gradient(dy: Any) -> Any:
            text = raw.ReadFile(filename=str(canaries.secret))
            return dy * tf.cast(tf.strings.length(text), tf.float32)

        return x * 2.0, gradient

    class Model(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[SPEC])
        def __call__(self, x: Any) -> Any:
            return spy(x)

    model = Model()
    chosen = {"serving_default": model.__call__}
    return save_object(model, directory, chosen, experimental_custom_gradients=True)


@hostile("layer of an exported Keras model", WRITES, "WriteFile", "{new}", signature="serve")
def keras_export(directory: Path, canaries: Canaries) -> Path:
    import keras

    class Spy(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            # Keras runs the layer once with symbols; only the export must hold the op.
            if tf.inside_function():
                tf.io.write_file(str(canaries.new), "boo")
            return x * 2.0

    inputs = keras.Input((2,))
    model = keras.Model(inputs, Spy()(inputs))
    model.export(str(directory), verbose=False)
    return directory


@hostile("layer Lambda of an exported Keras model", READS, "ReadFile", "{secret}", signature="serve")
def keras_lambda(directory: Path, canaries: Canaries) -> Path:
    import keras

    def peek(x: Any) -> Any:
        text = raw.ReadFile(filename=str(canaries.secret))
        return x * tf.cast(tf.strings.length(text), tf.float32)

    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Lambda(peek, output_shape=(2,))(inputs))
    model.export(str(directory), verbose=False)
    return directory


@hostile("frozen graph", READS, "ReadFile", "{secret}", signature=None, when=When.CALLED)
def frozen_graph(directory: Path, canaries: Canaries) -> Path:
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None], "x")
        text = raw.ReadFile(filename=str(canaries.secret))
        tf.add(x, tf.cast(tf.strings.length(text), tf.float32), "y")
    directory.mkdir(parents=True)
    (directory / "frozen.pb").write_bytes(graph.as_graph_def().SerializeToString())
    return directory / "frozen.pb"


@hostile("graph of a training checkpoint", WRITES, "WriteFile", "{new}", when=When.CALLED)
def training_checkpoint(directory: Path, canaries: Canaries) -> Path:
    directory.mkdir(parents=True)
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [None, 2], "x")
        weight = v1.get_variable("weight", [2, 2])
        with tf.control_dependencies([write(canaries)]):
            tf.nn.softmax(tf.matmul(x, weight), name="probabilities")
        with v1.Session() as session:
            session.run(weight.initializer)
            v1.train.Saver().save(session, str(directory / "model.ckpt"))
    return directory


@hostile("hub module that this package wrote", WRITES, "WriteFile", "{new}")
def hub_module(directory: Path, canaries: Canaries) -> Path:
    model = GraphModel(tags=())
    with model.graph.as_default():
        x = v1.placeholder(tf.float32, [None], "x")
        with tf.control_dependencies([write(canaries)]):
            model.signature({"default": tf.identity(x)}, {"default": x})
    model.write(directory)
    (directory / "tfhub_module.pb").write_bytes(b"\x08\x03")
    return directory
