"""A step of `fit` with a `KerasLayer`, and with the same network written in Keras.

Both models are in one process, and their steps alternate; `benchmarks.child` calls it.
"""

from __future__ import annotations

import statistics
import time
from typing import Any, Final

KERAS: Final = "keras"
_STEPS: Final = 40
_WARM_UP: Final = 5
_BATCH: Final = 32
_SIZE: Final = 32
_FILTERS: Final = (32, 64, 64)
_CLASSES: Final = 10


def steps() -> dict[str, float]:
    """Median seconds of a step of SGD on both sides."""
    import keras
    import numpy as np

    inputs = np.random.default_rng(0).normal(size=(_BATCH, _SIZE, _SIZE, 3)).astype(np.float32)
    targets = np.zeros([_BATCH, _CLASSES], np.float32)
    models = {KERAS: _written_in_keras(), "hubexplore": _with_layer()}
    for model in models.values():
        model.compile(keras.optimizers.SGD(0.01), "mse")
    taken: dict[str, list[float]] = {side: [] for side in models}
    for number in range(_WARM_UP + _STEPS):
        for side, model in models.items():
            start = time.perf_counter()
            model.train_on_batch(inputs, targets)
            if number >= _WARM_UP:
                taken[side].append(time.perf_counter() - start)
    return {side: statistics.median(seconds) for side, seconds in taken.items()}


def _written_in_keras() -> Any:
    import keras

    convolutions = [
        keras.layers.Conv2D(filters, 3, 2, padding="same", activation="relu") for filters in _FILTERS
    ]
    return keras.Sequential([
        keras.Input((_SIZE, _SIZE, 3)), *convolutions, keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(_CLASSES),
    ])  # fmt: skip


def _with_layer() -> Any:
    import keras

    import hubexplore as hub

    layer = hub.KerasLayer(hub.create_module_spec(_module_fn), trainable=True)
    return keras.Sequential([keras.Input((_SIZE, _SIZE, 3)), layer])


def _module_fn() -> None:
    import tensorflow as tf

    import hubexplore as hub

    tf1 = tf.compat.v1
    inputs = tf1.placeholder(tf.float32, [None, _SIZE, _SIZE, 3])
    net, channels = inputs, 3
    for number, filters in enumerate(_FILTERS):
        with tf1.variable_scope(f"conv{number}"):
            kernel = tf1.get_variable("kernel", [3, 3, channels, filters])
            bias = tf1.get_variable("bias", [filters], initializer=tf1.zeros_initializer())
        net = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(net, kernel, 2, "SAME"), bias))
        channels = filters
    net = tf.reduce_mean(net, axis=[1, 2])
    with tf1.variable_scope("dense"):
        kernel = tf1.get_variable("kernel", [channels, _CLASSES])
        bias = tf1.get_variable("bias", [_CLASSES], initializer=tf1.zeros_initializer())
    hub.add_signature(inputs=inputs, outputs=tf.nn.bias_add(net @ kernel, bias))
