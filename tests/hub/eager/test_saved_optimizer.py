"""Models that Keras 2 saved with their optimizer, which TensorFlow alone cannot load."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.saved_model import revived_types

import hubexplore as hub
from hubexplore.hub.eager.saved_optimizer import SavedOptimizer

pytestmark = pytest.mark.usefixtures("needs_eager")
FEATURES = ("culmen_length_mm", "culmen_depth_mm", "flipper_length_mm", "body_mass_g")


def test_a_published_model(real_modules: Path) -> None:
    path = str(real_modules / "penguin-tf2-savedmodel")
    example = tf.train.Example()
    for name in FEATURES:
        example.features.feature[name].float_list.value.append(0.5)
    rows = np.array([example.SerializeToString()], object)
    registered = set(revived_types.registered_identifiers())

    model = hub.load(path)
    outputs = model.signatures["serving_default"](examples=tf.constant(rows))
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        signature = tf.compat.v1.saved_model.load(session, ["serve"], path).signature_def["serving_default"]
        expected = session.run(signature.outputs["output_0"].name, {signature.inputs["examples"].name: rows})
    np.testing.assert_allclose(outputs["output_0"], expected, rtol=1e-6)

    reader = tf.train.load_checkpoint(f"{path}/variables/variables")
    key = "layer_with_weights-0/kernel/.OPTIMIZER_SLOT/optimizer/m/.ATTRIBUTES/VARIABLE_VALUE"
    assert isinstance(model.optimizer, SavedOptimizer)
    slots = [slot.numpy() for (_, name), slot in model.optimizer._slots.by_variable.items() if name == "m"]
    stored = reader.get_tensor(key)
    assert any(slot.shape == stored.shape and np.array_equal(slot, stored) for slot in slots)
    assert set(revived_types.registered_identifiers()) == registered
