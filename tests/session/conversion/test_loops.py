"""Recurrent models with an open batch, in LiteRT: equal to the module for every batch size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import FailedConversionError
from hubexplore.session.conversion.report import ConversionReport

CLOSE = 1e-5
SERVING = "serving_default"


class Recurrent(tf.Module):  # type: ignore[misc]
    """One layer, written by hand; `states` says whether its loop has a state of the size of the batch."""

    def __init__(self, *, states: bool) -> None:
        super().__init__()
        numbers = np.random.default_rng(0)
        self._states = states
        self.w = tf.Variable(numbers.normal(size=[4, 5]).astype(np.float32))
        self.u = tf.Variable(numbers.normal(size=[5, 5]).astype(np.float32))

    @tf.function(input_signature=[tf.TensorSpec([None, None, 4], tf.float32, name="x")])
    def __call__(self, x: Any) -> Any:
        steps = tf.shape(x)[1]
        found = tf.TensorArray(tf.float32, steps, element_shape=[None, 5])
        if not self._states:
            _, found = tf.while_loop(
                lambda i, _: i < steps,
                lambda i, made: (i + 1, made.write(i, tf.tanh(x[:, i] @ self.w))),
                [0, found],
            )
            return {"sequence": tf.transpose(found.stack(), [1, 0, 2])}

        def step(i: Any, h: Any, made: Any) -> Any:
            h = tf.tanh(x[:, i] @ self.w + h @ self.u)
            return i + 1, h, made.write(i, h)

        _, last, found = tf.while_loop(
            lambda i, *_: i < steps,
            step,
            [0, tf.zeros([tf.shape(x)[0], 5]), found],
            shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 5]), tf.TensorShape(None)],
        )
        return {"last": last, "sequence": tf.transpose(found.stack(), [1, 0, 2])}


def keras(path: Path, layer: str) -> str:
    """A model of Keras, whose two signatures have the functions of their loops in common."""
    tf.keras.utils.set_random_seed(0)
    layers = tf.keras.layers
    made = {
        "GRU": lambda: layers.GRU(5, return_sequences=True),
        "Bidirectional": lambda: layers.Bidirectional(layers.LSTM(5)),
    }[layer]()
    tf.keras.Sequential([tf.keras.Input((6, 4)), made]).export(str(path), verbose=False)
    return str(path)


def by_hand(path: Path, *, states: bool) -> str:
    model = Recurrent(states=states)
    tf.saved_model.save(model, str(path), signatures=model.__call__.get_concrete_function())
    return str(path)


def check(path: str, target: Path, signatures: set[str]) -> None:
    """Converts, and compares the model with TensorFlow for several sizes of a batch."""
    report = hub.convert(path, target)
    assert isinstance(report, ConversionReport)
    assert report.largest_difference is not None
    assert report.largest_difference < CLOSE
    from ai_edge_litert.interpreter import Interpreter

    opened = Interpreter(model_path=str(target))
    assert set(opened.get_signature_list()) == signatures
    original = tf.saved_model.load(path)
    for name in signatures:
        ((key, _),) = original.signatures[name].structured_input_signature[1].items()
        for batch in (1, 2, 7):
            x = np.random.default_rng(batch).normal(size=[batch, 6, 4]).astype(np.float32)
            expected = original.signatures[name](**{key: tf.constant(x)})
            found = opened.get_signature_runner(name)(**{key: x})
            assert found.keys() == expected.keys()
            for output in expected:
                np.testing.assert_allclose(found[output], expected[output].numpy(), atol=CLOSE)


@pytest.mark.parametrize("states", [True, False])
def test_loops_written_by_hand(states: bool, converters: Path, tmp_path: Path) -> None:
    check(by_hand(tmp_path / "model", states=states), tmp_path / "model.tflite", {SERVING})


@pytest.mark.parametrize("layer", ["GRU", "Bidirectional"])
def test_layers_of_keras(layer: str, converters: Path, tmp_path: Path) -> None:
    check(keras(tmp_path / "model", layer), tmp_path / "model.tflite", {"serve", SERVING})


def test_elements_of_unknown_shape_are_explained(converters: Path, tmp_path: Path) -> None:
    class Growing(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec([None, 6, 4], tf.float32, name="x")])
        def __call__(self, x: Any) -> Any:
            made = tf.TensorArray(tf.float32, 0, dynamic_size=True)
            _, made = tf.while_loop(
                lambda i, _: i < 6, lambda i, made: (i + 1, made.write(i, tf.tanh(x[:, i]))), [0, made]
            )
            return {"sequence": made.stack()}

    model = Growing()
    path = str(tmp_path / "model")
    tf.saved_model.save(model, path, signatures=model.__call__.get_concrete_function())
    with pytest.raises(FailedConversionError, match=r"steps, element_shape=\[None, 5\]\), where None"):
        hub.convert(path, tmp_path / "model.tflite")
