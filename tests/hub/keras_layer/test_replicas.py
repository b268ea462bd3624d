"""`hub.KerasLayer` under a distribution strategy: the weights are those of a layer of Keras."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("needs_eager")

# Two logical devices can be made only before a process uses TensorFlow.
FIT = """
import json, sys
import numpy as np, tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
import hubexplore as hub

def fitted(layer):
    model = keras.Sequential([keras.Input((2,)), layer, keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.001), "mse")
    rows = np.linspace(-1, 1, 16, dtype=np.float32).reshape(8, 2)
    model.fit(rows, rows[:, :1], batch_size=4, epochs=3, shuffle=False, verbose=0)
    # No two have the same shape.
    return {str(weight.shape): np.asarray(weight).tolist() for weight in model.weights}

strategy = tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
with strategy.scope():
    of_module = hub.KerasLayer(sys.argv[1], trainable=True)
    published = {weight.name: np.asarray(weight) for weight in of_module.weights}
    of_keras = keras.layers.Dense(3)
    of_keras.build((None, 2))
    of_keras.set_weights([published["layer_w"], published["b"]])
    results = [fitted(of_module), fitted(of_keras)]
print(json.dumps([*results, {name: value.tolist() for name, value in published.items()}]))
"""


def test_fit_on_two_replicas(affine_module: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FIT, affine_module], capture_output=True, text=True, check=True
    )
    of_module, of_keras, published = json.loads(ran.stdout.splitlines()[-1])
    assert sorted(published) == ["b", "layer_w"]
    assert of_module["(3,)"] != published["b"]
    assert len(of_module) == 4
    assert sorted(of_module) == sorted(of_keras)
    for shape, expected in of_keras.items():
        np.testing.assert_allclose(of_module[shape], expected, rtol=1e-5, atol=1e-6)
