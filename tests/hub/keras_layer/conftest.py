"""Small modules and models that layers are made of, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1


def for_training(training: bool) -> None:
    """Batch normalisation, losses of a variable and of an activation, and update ops if training."""
    x = tf1.placeholder(tf.float32, [None, 2], name="x")
    with tf1.variable_scope("dense"):
        w = tf1.get_variable(
            "w", initializer=modules.MATRIX[:, :2], regularizer=lambda value: 0.1 * tf.reduce_sum(value**2)
        )
    mean = tf1.get_variable("mean", initializer=[0.0, 0.0], trainable=False)
    tf1.add_to_collection(tf1.GraphKeys.MODEL_VARIABLES, mean)
    y = x @ w
    if training:
        batch_mean = tf.reduce_mean(y, axis=0)
        tf1.add_to_collection(tf1.GraphKeys.UPDATE_OPS, tf1.assign_sub(mean, (mean - batch_mean) * 0.5))
        tf1.add_to_collection(tf1.GraphKeys.REGULARIZATION_LOSSES, 0.01 * tf.reduce_sum(y**2))
        y -= batch_mean
    else:
        y -= mean
    hub.add_signature(inputs=x, outputs=tf.identity(y, name="y"))


@pytest.fixture(scope="session")
def trained_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A module with a variant for training."""
    spec = hub.create_module_spec(
        for_training, [(set(), {"training": False}), ({"train"}, {"training": True})]
    )
    return modules.export(spec, tmp_path_factory.mktemp("trained") / "module")


@pytest.fixture(scope="session")
def affine_module(tmp_path_factory: pytest.TempPathFactory) -> str:
    """`modules.affine`."""
    return modules.export(
        hub.create_module_spec(modules.affine), tmp_path_factory.mktemp("affine") / "module"
    )


@pytest.fixture
def words_module(tmp_path: Path) -> str:
    """Positions of the words a, b and c, for a test that moves it."""
    vocabulary = tmp_path / "words.txt"
    vocabulary.write_text("a\nb\nc\n")
    return modules.export(
        hub.create_module_spec(lambda: modules.lookup(str(vocabulary))), tmp_path / "words_module"
    )


class Scale(tf.Module):  # type: ignore[misc]  # TensorFlow is untyped
    """A reusable SavedModel: x * w * scale, and a count of training calls."""

    def __init__(self) -> None:
        super().__init__()
        self.w = tf.Variable(2.0, name="w")
        self.calls = tf.Variable(0.0, name="calls", trainable=False)
        self.regularization_losses = [tf.function(lambda: self.w * self.w, input_signature=[])]

    @tf.function  # type: ignore[untyped-decorator]  # as above
    def __call__(self, x: Any, training: bool = False, scale: float = 1.0) -> Any:
        """All outputs."""
        if training:
            self.calls.assign_add(1.0)
        return {"scaled": x * self.w * scale, "same": x}


@pytest.fixture(scope="session")
def scale_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """`Scale`, with a plain signature as well."""
    if not tf.executing_eagerly():
        pytest.skip("TF2 behaviour is disabled: tf.saved_model.save needs it")
    path = str(tmp_path_factory.mktemp("scale") / "model")
    model, row = Scale(), tf.TensorSpec([None, 2], name="x")
    for training in (False, True):
        for scale in (1.0, 3.0):
            model.__call__.get_concrete_function(row, training=training, scale=scale)
    serve = tf.function(lambda x: {"default": model(x)["scaled"], "input": x}, input_signature=[row])
    tf.saved_model.save(model, path, signatures={"serving_default": serve})
    return path
