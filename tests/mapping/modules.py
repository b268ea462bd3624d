"""Small modules that show what a map has to get right."""

from __future__ import annotations

from typing import Final

import numpy as np
import tensorflow as tf

import hubexplore as hub

tf1 = tf.compat.v1

NAMES: Final = (
    "dense",
    "lengths",
    "ragged",
    "texts",
    "lookup",
    "mixed",
    "random",
    "reduced",
    "pairs",
    "pictures",
    "records",
)


def dense() -> None:
    """x [n, 3] float32 -> default [n, 2], total [n]."""
    x = tf1.placeholder(tf.float32, [None, 3], "x")
    w = tf1.get_variable("w", initializer=np.array([[1, 2], [3, 4], [5, 6]], np.float32))
    hub.add_signature(inputs={"x": x}, outputs={"default": tf.matmul(x, w), "total": tf.reduce_sum(x, 1)})


def lengths() -> None:
    """ids [n, m] int32 -> mean [n] float32 over m, and the ids doubled [n, m]; zeros count as ids."""
    ids = tf1.placeholder(tf.int32, [None, None], "ids")
    mean = tf.reduce_mean(tf.cast(ids, tf.float32), 1)
    hub.add_signature(inputs={"ids": ids}, outputs={"mean": mean, "twice": 2 * ids})


def ragged() -> None:
    """ids [n, (m)] int32 -> ids + 1, ragged; and the number of ids in a row."""
    ids = tf1.ragged.placeholder(tf.int32, ragged_rank=1, value_shape=[])
    hub.add_signature(inputs={"ids": ids}, outputs={"default": ids + 1, "count": ids.row_lengths()})


def texts() -> None:
    """text [n] string -> upper [n] string."""
    text = tf1.placeholder(tf.string, [None], "text")
    hub.add_signature(inputs={"text": text}, outputs=tf.strings.upper(text))


def lookup() -> None:
    """id [n] int32 in 0 to 9 -> its square [n]; other ids are an error of TensorFlow."""
    ids = tf1.placeholder(tf.int32, [None], "id")
    checks = [tf1.assert_less(ids, 10, message="id too large")]
    with tf.control_dependencies(checks):
        hub.add_signature(inputs={"id": ids}, outputs=tf.square(ids))


def mixed() -> None:
    """x [n, 3] -> x minus its mean over the batch, as batch normalization in training mode does."""
    x = tf1.placeholder(tf.float32, [None, 3], "x")
    hub.add_signature(inputs={"x": x}, outputs=x - tf.reduce_mean(x, 0, keepdims=True))


def random() -> None:
    """x [n, 3] -> x plus noise."""
    x = tf1.placeholder(tf.float32, [None, 3], "x")
    hub.add_signature(inputs={"x": x}, outputs=x + tf.random.uniform(tf.shape(x)))


def reduced() -> None:
    """x [n, 3] -> default [n, 3]; sum, a single value; firsts, [?]: the first two rows."""
    x = tf1.placeholder(tf.float32, [None, 3], "x")
    hub.add_signature(inputs={"x": x}, outputs={"default": x, "sum": tf.reduce_sum(x), "firsts": x[:2, 0]})


def pairs() -> None:
    """a, b [n] float32 and rate, a single value -> a * rate + b. `four` takes exactly four rows."""
    a, b = (tf1.placeholder(tf.float32, [None], name) for name in "ab")
    rate = tf1.placeholder(tf.float32, [], "rate")
    hub.add_signature(inputs={"a": a, "b": b, "rate": rate}, outputs=a * rate + b)
    x = tf1.placeholder(tf.float32, [4, 3], "x")
    hub.add_signature("four", inputs={"x": x}, outputs=x + tf.reduce_sum(x, 1, keepdims=True))


def pictures() -> None:
    """image [n, 4, 4, 3] float32 from 0 to 1 -> mean [n, 3]; `any` takes any size."""
    image = tf1.placeholder(tf.float32, [None, 4, 4, 3], "image")
    hub.add_signature(inputs={"image": image}, outputs=tf.reduce_mean(image, [1, 2]))
    free = tf1.placeholder(tf.float32, [None, None, None, 3], "image")
    hub.add_signature("any", inputs={"image": free}, outputs={"mean": tf.reduce_mean(free, [1, 2])})


def records() -> None:
    """examples [n] string: tf.Examples of size (float, else -1) and name -> size doubled [n], name [n]."""
    examples = tf1.placeholder(tf.string, [None], "examples")
    features = {
        "size": tf.io.FixedLenFeature([], tf.float32, -1.0),
        "name": tf.io.FixedLenFeature([], tf.string, ""),
    }
    parsed = tf1.parse_example(examples, features)
    hub.add_signature(inputs=examples, outputs={"size": parsed["size"] * 2, "name": parsed["name"]})
