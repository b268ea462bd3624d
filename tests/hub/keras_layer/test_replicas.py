"""`hub.KerasLayer` under a distribution strategy: the weights are those of one device."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("needs_eager")

# Two logical devices can be made only before a process uses TensorFlow.
FIT = """
import contextlib, json, sys
import numpy as np, tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
import hubexplore as hub

def fitted(scope):
    with scope:
        layer = hub.KerasLayer(sys.argv[1], trainable=True)
        model = keras.Sequential([keras.Input((2,)), layer, keras.layers.Dense(1, kernel_initializer="ones")])
        model.compile(keras.optimizers.SGD(0.01), "mse")
    rows = np.linspace(-1, 1, 16, dtype=np.float32).reshape(8, 2)
    model.fit(rows, rows[:, :1], batch_size=4, epochs=3, shuffle=False, verbose=0)
    return [np.asarray(weight).tolist() for weight in model.get_weights()]

strategy = tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
print(json.dumps([fitted(strategy.scope()), fitted(contextlib.nullcontext())]))
"""


def test_fit_on_two_replicas(affine_module: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FIT, affine_module], capture_output=True, text=True, check=True
    )
    replicated, alone = json.loads(ran.stdout.splitlines()[-1])
    assert len(replicated) == len(alone) == 4
    for values, expected in zip(replicated, alone, strict=True):
        np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-6)
