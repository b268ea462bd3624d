"""Modules to cut: state of all kinds, shared layers, control flow, several variants."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

import hubexplore as hub

tf1 = tf.compat.v1


def dense(x: Any, units: int, name: str, use_resource: bool = True) -> Any:
    """A layer with an activation."""
    with tf1.variable_scope(name, use_resource=use_resource):
        size = x.shape[-1]
        kernel = tf1.get_variable(
            "kernel", initializer=np.linspace(-1, 1, size * units).reshape(size, units).astype(np.float32)
        )
        bias = tf1.get_variable("bias", initializer=np.linspace(0, 1, units).astype(np.float32))
        return tf.nn.relu(tf.nn.bias_add(tf.matmul(x, kernel), bias), name="activation")


def tower(use_resource: bool = True) -> None:
    """Four layers in a row, with an input that is used late."""
    x = tf1.placeholder(tf.float32, [None, 3], name="x")
    late = tf1.placeholder(tf.float32, [None, 2], name="late")
    net = x
    for number in range(4):
        net = dense(net, 4, f"layer_{number}", use_resource)
    logits = tf.identity(dense(tf.concat([net, late], 1), 2, "logits", use_resource), name="result")
    hub.add_signature(inputs={"x": x, "late": late}, outputs=logits)
    hub.add_signature("doubled", {"x": x}, {"twice": net * 2.0})


def splits() -> None:
    """An op with several outputs, all of which are used."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    first, second = tf.split(dense(x, 4, "layer"), 2, 1, name="halves")
    with tf.control_dependencies([first]):
        last = tf.multiply(first, second, name="product")
    hub.add_signature(inputs=x, outputs=last + second)


def normalized(training: bool = False) -> None:
    """Two layers of batch normalisation, with update ops and losses; dropout where it is trained."""
    x = tf1.placeholder(tf.float32, [None, 2], name="x")
    net = x
    for number in range(2):
        with tf1.variable_scope(f"block_{number}"):
            gain = tf1.get_variable("gain", [2], initializer=tf1.ones_initializer())
            mean = tf1.get_variable("mean", [2], initializer=tf1.zeros_initializer(), trainable=False)
            tf1.add_to_collection(tf1.GraphKeys.REGULARIZATION_LOSSES, tf.reduce_sum(gain**2, name="loss"))
            if training:
                batch_mean = tf.reduce_mean(net, 0)
                with tf1.colocate_with(mean):
                    update = tf1.assign_sub(mean, (mean - batch_mean) * 0.5, name="moving")
                tf1.add_to_collection(tf1.GraphKeys.UPDATE_OPS, update)
                net = (net - batch_mean) * gain
            else:
                net = (net - mean) * gain
            net = tf.tanh(net, name="out")
    hub.add_signature(inputs=x, outputs=tf.identity(net, name="result"))


def variants() -> Any:
    """A spec with a variant for training and one for use."""
    return hub.create_module_spec(normalized, [((), {}), ({"train"}, {"training": True})])


def tables(first: str, second: str) -> None:
    """Two vocabularies, each with an embedding."""
    words = tf1.placeholder(tf.string, [None], name="words")
    rows = []
    for name, path in (("left", first), ("right", second)):
        with tf1.variable_scope(name):
            table = tf.lookup.StaticHashTable(
                tf.lookup.TextFileInitializer(
                    path,
                    tf.string,
                    tf.lookup.TextFileIndex.WHOLE_LINE,
                    tf.int64,
                    tf.lookup.TextFileIndex.LINE_NUMBER,
                ),
                2,
            )
            ids = tf.identity(table.lookup(words), name="ids")
            embedding = tf1.get_variable("embedding", initializer=np.eye(3, dtype=np.float32))
            rows.append(tf.nn.embedding_lookup(embedding, ids, name="row"))
    hub.add_signature(inputs={"words": words}, outputs=tf.concat(rows, 1, name="both"))


def partitioned() -> None:
    """A variable in parts, that two layers use, and one that is whole."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    parts = tf1.get_variable(
        "table",
        initializer=tf.constant(np.arange(24, dtype=np.float32).reshape(4, 6)),
        partitioner=tf1.fixed_size_partitioner(2, axis=1),
    )
    hidden = tf.matmul(x, parts, name="hidden")
    hub.add_signature(inputs=x, outputs=dense(hidden, 2, "head"))


def loop() -> None:
    """A loop with a variable in its body, between two layers."""
    x = tf1.placeholder(tf.float32, [None, 3], name="x")
    before = dense(x, 3, "before")
    kernel = tf1.get_variable("kernel", initializer=np.eye(3, dtype=np.float32) * 0.5)

    def body(step: Any, value: Any) -> Any:
        return step + 1, tf.tanh(tf.matmul(value, kernel, name="product"), name="squeezed")

    _, value = tf1.while_loop(lambda step, _: step < 3, body, [tf.constant(0), before], name="repeat")
    hub.add_signature(inputs=x, outputs=dense(tf.identity(value, name="after"), 2, "head"))


def condition() -> None:
    """A cond whose branches use layers."""
    x = tf1.placeholder(tf.float32, [None, 3], name="x")
    flag = tf1.placeholder_with_default(False, [], name="flag")
    hidden = dense(x, 3, "before")
    chosen = tf1.cond(
        flag, lambda: tf.exp(hidden, name="power"), lambda: tf.negative(hidden, name="minus"), name="choice"
    )
    hub.add_signature(
        inputs={"x": x, "flag": flag}, outputs=dense(tf.identity(chosen, name="after"), 2, "head")
    )


def composites() -> None:
    """A sparse and a ragged input, and outputs of both kinds."""
    sparse = tf1.sparse_placeholder(tf.float32, [None, 3], name="sparse")
    ragged = tf1.ragged.placeholder(tf.float32, 1, name="ragged")
    total = tf.sparse.reduce_sum(sparse, 1, name="total")
    lengths = tf.identity(ragged.row_lengths(), name="lengths")
    hub.add_signature(
        inputs={"sparse": sparse, "ragged": ragged},
        outputs={"scaled": sparse * 2.0, "ragged": ragged.with_flat_values(ragged.flat_values + 1.0),
                 "total": total, "lengths": tf.cast(lengths, tf.float32, name="as_float")},
    )  # fmt: skip


def constant() -> None:
    """No inputs."""
    value = tf1.get_variable("value", initializer=[1.0, 2.0])
    hub.add_signature(inputs=None, outputs=tf.square(tf.exp(value, name="power"), name="result"))


def initialised_from_another() -> None:
    """A variable that starts from the value of another one."""
    x = tf1.placeholder(tf.float32, [2], name="x")
    first = tf1.get_variable("first", initializer=[1.0, 2.0])
    second = tf1.get_variable("second", initializer=lambda: first.read_value() * 2.0)
    hub.add_signature(inputs=x, outputs=tf.add(tf.multiply(x, second, name="scaled"), first, name="sum"))
