"""Tables that functions of a module make, as an Estimator writes them; TensorFlow finds them by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub

pytestmark = pytest.mark.usefixtures("needs_eager")
tf1 = tf.compat.v1


def spec_with(number: int) -> hub.ModuleSpec:
    """A module that knows one word, by its number."""

    def module_fn() -> None:
        def create() -> tf.Tensor:
            return tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="words")

        def fill(table: tf.Tensor) -> tf.Tensor:
            values = tf.constant([number], tf.int64)
            tf.raw_ops.InitializeTableV2(table_handle=table, keys=["a"], values=values)
            return tf.constant(0)

        words, table = tf1.placeholder(tf.string, [None]), tf.function(create, autograph=False)()
        tf1.add_to_collection(tf1.GraphKeys.TABLE_INITIALIZERS, tf.function(fill, autograph=False)(table).op)
        missing = tf.constant(-1, tf.int64)
        numbers = tf.raw_ops.LookupTableFindV2(table_handle=table, keys=words, default_value=missing)
        hub.add_signature(inputs=words, outputs=numbers)

    return hub.create_module_spec(module_fn)


def test_they_are_filled_and_each_module_has_its_own() -> None:
    first, second = hub.load(spec_with(1)), hub.load(spec_with(2))
    assert first(["a", "b"]).numpy().tolist() == [1, -1]
    assert second(["a", "b"]).numpy().tolist() == [2, -1]


def test_a_published_estimator(real_modules: Path) -> None:
    path = str(real_modules / "taxi-estimator-savedmodel")
    example = tf.train.Example()
    for name, value in {"payment_type": b"Cash", "company": b"Blue Ribbon Taxi Association Inc."}.items():
        example.features.feature[name].bytes_list.value.append(value)
    for name in ("trip_miles", "fare", "pickup_latitude", "dropoff_longitude"):
        example.features.feature[name].float_list.value.append(2.5)
    rows = np.array([example.SerializeToString()], object)
    with tf.Graph().as_default(), tf1.Session() as session:
        signature = tf1.saved_model.load(session, ["serve"], path).signature_def["predict"]
        fetches = {key: info.name for key, info in signature.outputs.items()}
        expected = session.run(fetches, {signature.inputs["examples"].name: rows})
    outputs = hub.load(path).signatures["predict"](examples=tf.constant(rows))
    assert {key: value.numpy().tolist() for key, value in outputs.items()} == {
        key: value.tolist() for key, value in expected.items()
    }
