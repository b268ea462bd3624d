"""Where a loaded module works: functions, data sets, threads, replicas; and what is left when it is gone."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.hub.eager import eager_internals
from tests.hub import modules
from tests.hub.eager.comparison import check_equal, eagerly, in_session

tf1 = tf.compat.v1

pytestmark = pytest.mark.usefixtures("needs_eager")


def calling() -> None:
    """A function that calls another one, by itself and in a cond."""
    x = tf1.placeholder(tf.float32, [None, 2], name="x")
    w = tf1.get_variable("w", initializer=[[0.5, 0.1], [0.2, 0.3]], use_resource=True)
    inner = tf.function(lambda x: tf.tanh(tf.matmul(x, w)))
    outer = tf.function(lambda x: inner(x) + x)
    y = outer(x)
    hub.add_signature(inputs=x, outputs=tf.cond(tf.reduce_sum(y) > 0, lambda: outer(y), lambda: y * w[0]))


def test_calls_in_called_functions_have_gradients(control_flow: str) -> None:
    spec = hub.create_module_spec(calling)
    loaded = hub.load(spec)
    for sign in (1.0, -1.0):
        inputs = {"default": np.array([[0.3 * sign, 0.7 * sign]], np.float32)}
        expected, gradients = in_session(spec, inputs, gradients=True)
        actual, found = eagerly(loaded, inputs)
        check_equal(actual, expected, 1e-6)
        check_equal(found, gradients, 1e-6)


def test_functions_leave_the_runtime_with_the_module() -> None:
    spec = hub.create_module_spec(calling)

    def count() -> int:
        gc.collect()
        return len(eager_internals.eager_function_names())

    eagerly(hub.load(spec), {"default": np.ones([1, 2], np.float32)})
    before = count()
    for _ in range(2):
        eagerly(hub.load(spec), {"default": np.ones([1, 2], np.float32)})
    assert count() == before


def test_data_sets_of_batches(tmp_path: Path) -> None:
    loaded = hub.load(modules.export(hub.create_module_spec(modules.affine), tmp_path / "module"))
    rows = np.arange(10, dtype=np.float32).reshape([5, 2])
    data = tf.data.Dataset.from_tensor_slices(rows).batch(2).map(loaded, num_parallel_calls=2)
    np.testing.assert_array_equal(np.concatenate(list(data.as_numpy_iterator())), loaded(rows))


def test_an_error_of_an_op_says_which_and_who_called(tmp_path: Path) -> None:
    def numbers() -> None:
        x = tf1.placeholder(tf.string, [None], name="x")
        hub.add_signature(inputs=x, outputs=tf.strings.to_number(x, name="parsed"))

    loaded = hub.load(hub.create_module_spec(numbers))
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        loaded(["not one"])
    assert "not one" in str(caught.value)
    assert "module/parsed" in str(caught.value)
    assert Path(__file__).name in str(caught.value)


REPLICAS = """
import sys
import numpy as np, tensorflow as tf
devices = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(devices[0], [tf.config.LogicalDeviceConfiguration()] * 2)
import hubexplore as hub

strategy = tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
with strategy.scope():
    loaded = hub.load(sys.argv[1])
rows = np.array([[2.0], [4.0], [6.0], [8.0]], np.float32)
batches = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensors(rows).unbatch().batch(4))

def step(x):
    with tf.GradientTape() as tape:
        y = loaded(x, training=True)
        loss = tf.reduce_sum(y * y)
    (gradient,) = tape.gradient(loss, loaded.trainable_variables)
    total = tf.distribute.get_replica_context().all_reduce("sum", gradient)
    loaded.trainable_variables[0].assign_sub(0.1 * total)
    return y

run = tf.function(lambda x: strategy.run(step, (x,)), autograph=False)
(batch,) = batches
outputs = strategy.experimental_local_results(run(batch))
gamma, mean = loaded.variable_map["gamma"], loaded.variable_map["moving_mean"]
for values in (outputs, gamma.values, mean.values):
    print([np.round(value.numpy().ravel().astype(float), 4).tolist() for value in values])
"""


def test_replicas_have_variables_of_their_own(tmp_path: Path) -> None:
    variants = [(set(), {"training": False}), ({"train"}, {"training": True})]
    path = modules.export(hub.create_module_spec(modules.normalized, variants), tmp_path / "module")
    done = subprocess.run([sys.executable, "-c", REPLICAS, path], capture_output=True, text=True, check=True)
    # Each normalises its own half; the gradient of gamma is 2 * (1 + 1) on each replica.
    assert done.stdout.split("\n")[-4:-1] == [
        "[[-1.0, 1.0], [-1.0, 1.0]]",
        "[[0.2], [0.2]]",
        "[[1.5], [3.5]]",
    ], done.stderr
