"""Costs of specs and modules, against what TensorFlow itself counts."""

from __future__ import annotations

import tensorflow as tf

import hubexplore as hub

tf1 = tf.compat.v1


def network() -> None:
    """Convolutions of several kinds, a transposed one, and a dense layer, on images of 16 x 16."""
    x = tf1.placeholder(tf.float32, [None, 16, 16, 3], "x")

    def weights(name: str, *shape: int) -> tf.Variable:
        return tf1.get_variable(name, shape, initializer=tf1.zeros_initializer())

    net = tf.nn.conv2d(x, weights("a", 3, 3, 3, 8), 2, "SAME", name="conv")
    net = tf.nn.depthwise_conv2d(net, weights("b", 3, 3, 8, 2), [1, 1, 1, 1], "VALID", name="depthwise")
    net = tf.nn.conv2d(net, weights("c", 3, 3, 16, 4), 1, "SAME", dilations=2, name="dilated")
    net = tf.reshape(net, [-1, 6 * 6 * 4])
    net = tf.matmul(net, weights("d", 6 * 6 * 4, 10), name="dense")
    hub.add_signature(inputs=x, outputs=net)


def tensorflow_counts(rows: int) -> dict[str, int]:
    """Name of an op -> floating-point operations of it, by TensorFlow's profiler, for products only."""
    with tf.Graph().as_default() as graph:
        module = hub.Module(hub.create_module_spec(network), name="m")
        module(tf.zeros([rows, 16, 16, 3]))
        options = tf1.profiler.ProfileOptionBuilder.float_operation()
        options["output"] = "none"
        profile = tf1.profiler.profile(graph, options=options)
    counts: dict[str, int] = {}
    stack = [profile]
    while stack:
        node = stack.pop()
        counts[node.name] = node.float_ops
        stack += node.children
    return counts


def test_counts_are_those_of_tensorflow() -> None:
    cost = hub.create_module_spec(network).cost(batch=3)
    counts = tensorflow_counts(3)
    ours = cost.by_op("flops")
    assert len(ours) == 4
    for name, count in ours.items():
        theirs = [number for path, number in counts.items() if path.endswith(f"/{name}")]
        assert theirs == [count]


def test_a_module_in_a_graph() -> None:
    spec = hub.create_module_spec(network)
    with tf.Graph().as_default():
        module = hub.Module(spec)
        assert module.cost(batch=2).multiply_adds == spec.cost((2, 16, 16, 3)).multiply_adds
