"""A network in the form of Inception v3 as TF-Slim writes it: many branches, and batch norms without scale.

The published module cannot be part of the project. This one has everything that determines the time: 94
convolutions with 378 variables, the scopes of Slim, its moving averages and regularization losses, and
dropout in training. It has an eighth of the channels and smaller images, since no figure is about arithmetic.
"""

from __future__ import annotations

from typing import Any, Final

import tensorflow as tf

v1 = tf.compat.v1

SIZE: Final = 96  # pixels; the published one takes 299
_DECAY: Final = 0.9997

Step = tuple[int, int | tuple[int, int], int]
"""(channels, kernel, stride) of one convolution."""


def inception(api: Any, cells: int, training: bool) -> None:
    """Maps images to features and logits.

    The signatures are `default`, `image_feature_vector` and `image_classification`.

    Args:
      api: the library that it is written for.
      cells: maximum number of cells, of 11.
      training: batch statistics, update ops and dropout.
    """
    images = v1.placeholder(tf.float32, [None, SIZE, SIZE, 3], name="images")
    points: dict[str, Any] = {}
    with v1.variable_scope("InceptionV3"):
        net = _stem(images * 2.0 - 1.0, training)
        for name, branches in _CELLS[:cells]:
            net = points[name] = _cell(name, net, branches, training)
        with v1.variable_scope("Logits"):
            pooled = tf.reduce_mean(net, [1, 2], keepdims=True, name="AvgPool_1a")
            features = tf.squeeze(pooled, [1, 2], name="hub_output/feature_vector/SpatialSqueeze")
            if training:
                pooled = tf.nn.dropout(pooled, rate=0.2)
            with v1.variable_scope("Conv2d_1c_1x1"):
                weights = _weights([1, 1, pooled.shape[-1], 101])
                biases = v1.get_variable("biases", [101], initializer=v1.zeros_initializer())
                logits = tf.nn.bias_add(tf.nn.conv2d(pooled, weights, 1, "SAME"), biases)
            logits = tf.squeeze(logits, [1, 2], name="SpatialSqueeze")
    api.add_signature(inputs={"images": images}, outputs={"default": features})
    outputs = {"default": features} | {f"InceptionV3/{name}": point for name, point in points.items()}
    api.add_signature("image_feature_vector", {"images": images}, outputs)
    api.add_signature("image_classification", {"images": images}, {"default": logits})


def _stem(net: Any, training: bool) -> Any:
    net = _conv("Conv2d_1a_3x3", net, (4, 3, 2), training, "VALID")
    net = _conv("Conv2d_2a_3x3", net, (4, 3, 1), training, "VALID")
    net = _conv("Conv2d_2b_3x3", net, (8, 3, 1), training)
    net = tf.nn.max_pool2d(net, 3, 2, "VALID", name="MaxPool_3a_3x3")
    net = _conv("Conv2d_3b_1x1", net, (10, 1, 1), training, "VALID")
    return _conv("Conv2d_4a_3x3", net, (24, 3, 1), training, "VALID")


def _conv(name: str, net: Any, step: Step, training: bool, padding: str = "SAME") -> Any:
    width, kernel, stride = step
    sides = [kernel, kernel] if isinstance(kernel, int) else list(kernel)
    with v1.variable_scope(name):
        net = tf.nn.conv2d(net, _weights([*sides, net.shape[-1], width]), stride, padding, name="Conv2D")
        return tf.nn.relu(_batch_norm(net, training), name="Relu")


def _weights(shape: list[Any]) -> Any:
    return v1.get_variable(
        "weights", shape, initializer=v1.truncated_normal_initializer(stddev=0.1), regularizer=_l2
    )


def _l2(weights: Any) -> Any:
    with v1.name_scope("Regularizer/l2_regularizer"):
        scale = tf.constant(4e-5, name="scale")
        return tf.multiply(scale, tf.nn.l2_loss(weights))


def _batch_norm(net: Any, training: bool) -> Any:
    with v1.variable_scope("BatchNorm"):
        width = [net.shape[-1]]
        beta = v1.get_variable("beta", width, initializer=v1.zeros_initializer())
        # Slim leaves out the scale; the fused op needs one, so it gets a constant.
        gamma = tf.constant(1.0, tf.float32, width, name="Const")
        mean = v1.get_variable("moving_mean", width, initializer=v1.zeros_initializer(), trainable=False)
        variance = v1.get_variable(
            "moving_variance", width, initializer=v1.ones_initializer(), trainable=False
        )
        for variable in (beta, mean, variance):
            v1.add_to_collection(v1.GraphKeys.MODEL_VARIABLES, variable)
        if not training:
            return v1.nn.fused_batch_norm(net, gamma, beta, mean, variance, 1e-3, is_training=False)[0]
        net, *batch = v1.nn.fused_batch_norm(net, gamma, beta, epsilon=1e-3, is_training=True)
        for moving, value in zip((mean, variance), batch, strict=True):
            with v1.name_scope("AssignMovingAvg"), v1.colocate_with(moving):
                # Op by op as Slim writes it: the number of small ops is a part of what is measured.
                rate = tf.subtract(1.0, tf.constant(_DECAY, name="decay"), name="sub")
                update = v1.assign_sub(moving, tf.multiply(moving.read_value() - value, rate, name="mul"))
            v1.add_to_collection(v1.GraphKeys.UPDATE_OPS, update)
        return net


def _cell(name: str, net: Any, branches: list[list[Any]], training: bool) -> Any:
    """Builds the branches side by side; a nested list at the end of one is a fork into convolutions."""
    joined = []
    with v1.variable_scope(name):
        for number, branch in enumerate(branches):
            with v1.variable_scope(f"Branch_{number}"):
                inner = net
                for place, step in enumerate(branch):
                    label = f"Conv2d_0{'abcdef'[place]}"
                    if step == "avg":
                        inner = tf.nn.avg_pool2d(inner, 3, 1, "SAME", name="AvgPool_0a_3x3")
                    elif step == "max":
                        inner = tf.nn.max_pool2d(inner, 3, 2, "SAME", name="MaxPool_1a_3x3")
                    elif isinstance(step, list):
                        forks = [
                            _conv(f"{label}_{fork}", inner, part, training) for fork, part in enumerate(step)
                        ]
                        inner = tf.concat(forks, 3)
                    else:
                        inner = _conv(label, inner, step, training)
                joined.append(inner)
        return tf.concat(joined, 3, name="concat")


def _mixed_35(pool: int) -> list[list[Any]]:
    return [[(8, 1, 1)], [(6, 1, 1), (8, 5, 1)], [(8, 1, 1), (12, 3, 1), (12, 3, 1)], ["avg", (pool, 1, 1)]]


def _mixed_17(width: int) -> list[list[Any]]:
    row, column = (1, 7), (7, 1)
    return [
        [(24, 1, 1)],
        [(width, 1, 1), (width, row, 1), (24, column, 1)],
        [(width, 1, 1), (width, column, 1), (width, row, 1), (width, column, 1), (24, row, 1)],
        ["avg", (24, 1, 1)],
    ]


def _mixed_8() -> list[list[Any]]:
    fork = [(48, (1, 3), 1), (48, (3, 1), 1)]
    return [[(40, 1, 1)], [(48, 1, 1), fork], [(56, 1, 1), (48, 3, 1), fork], ["avg", (24, 1, 1)]]


_CELLS: Final[list[tuple[str, list[list[Any]]]]] = [
    ("Mixed_5b", _mixed_35(4)),
    ("Mixed_5c", _mixed_35(8)),
    ("Mixed_5d", _mixed_35(8)),
    ("Mixed_6a", [[(48, 3, 2)], [(8, 1, 1), (12, 3, 1), (12, 3, 2)], ["max"]]),
    ("Mixed_6b", _mixed_17(16)),
    ("Mixed_6c", _mixed_17(20)),
    ("Mixed_6d", _mixed_17(20)),
    ("Mixed_6e", _mixed_17(24)),
    (
        "Mixed_7a",
        [[(24, 1, 1), (40, 3, 2)], [(24, 1, 1), (24, (1, 7), 1), (24, (7, 1), 1), (24, 3, 2)], ["max"]],
    ),
    ("Mixed_7b", _mixed_8()),
    ("Mixed_7c", _mixed_8()),
]
