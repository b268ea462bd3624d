"""The generated models: module functions with plain `tf.compat.v1` ops.

Each function takes the library that provides `add_signature`, so that either library can build it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import tensorflow as tf

v1 = tf.compat.v1

WIDTHS: Final = (16, 32, 64, 128)
TOKENS: Final = 16


def cnn(api: Any, blocks: int, training: bool) -> None:
    """A residual network on 32x32 RGB images: `2 * blocks` convolutions per width, each with batch norm.

    With 9 blocks: 73 convolutions, 367 variables. Signatures: `default` (logits), `feature_vector`,
    and `stages` with the pooled features of every width.
    """
    images = v1.placeholder(tf.float32, [None, 32, 32, 3], name="images")
    with v1.variable_scope("stem"):
        net = _conv(images, WIDTHS[0], 1, training)
    stages = {}
    for stage, width in enumerate(WIDTHS):
        for block in range(blocks):
            with v1.variable_scope(f"stage_{stage}/block_{block}"):
                net = _residual(net, width, 2 if stage and not block else 1, training)
        stages[f"stage_{stage}"] = tf.reduce_mean(net, [1, 2])
    features = tf.identity(stages[f"stage_{len(WIDTHS) - 1}"], name="feature_vector")
    with v1.variable_scope("logits"):
        logits = _dense(features, 10)
    api.add_signature(inputs=images, outputs=logits)
    api.add_signature("feature_vector", images, features)
    api.add_signature("stages", {"images": images}, stages)


def _residual(net: Any, width: int, stride: int, training: bool) -> Any:
    with v1.variable_scope("conv_0"):
        inner = _conv(net, width, stride, training)
    with v1.variable_scope("conv_1"):
        inner = _conv(inner, width, 1, training, activate=False)
    if stride > 1:
        net = tf.nn.avg_pool2d(net, stride, stride, "SAME")
    # Zero channels instead of a projection, which would add variables.
    missing = width - net.shape[-1]
    if missing:
        net = tf.pad(net, [[0, 0], [0, 0], [0, 0], [0, missing]])
    return tf.nn.relu(inner + net)


def _conv(net: Any, width: int, stride: int, training: bool, activate: bool = True) -> Any:
    kernel = v1.get_variable(
        "weights",
        [3, 3, net.shape[-1], width],
        initializer=v1.variance_scaling_initializer(2.0),
        regularizer=_l2,
    )
    net = _batch_norm(tf.nn.conv2d(net, kernel, [1, stride, stride, 1], "SAME"), training)
    return tf.nn.relu(net) if activate else net


def _batch_norm(net: Any, training: bool) -> Any:
    with v1.variable_scope("BatchNorm"):
        width = [net.shape[-1]]
        gamma = v1.get_variable("gamma", width, initializer=v1.ones_initializer())
        beta = v1.get_variable("beta", width, initializer=v1.zeros_initializer())
        mean = v1.get_variable("moving_mean", width, initializer=v1.zeros_initializer(), trainable=False)
        variance = v1.get_variable(
            "moving_variance", width, initializer=v1.ones_initializer(), trainable=False
        )
        # A collection that modules carry along with `variables` and `update_ops`.
        for moving in (mean, variance):
            v1.add_to_collection(v1.GraphKeys.MODEL_VARIABLES, moving)
        if not training:
            return v1.nn.fused_batch_norm(net, gamma, beta, mean, variance, is_training=False)[0]
        net, batch_mean, batch_variance = v1.nn.fused_batch_norm(net, gamma, beta, is_training=True)
        for moving, batch in ((mean, batch_mean), (variance, batch_variance)):
            # Colocated as in published modules, whose colocations an implementation has to carry over.
            with v1.name_scope("AssignMovingAvg"), v1.colocate_with(moving):
                update = v1.assign_sub(moving, (moving - batch) * 0.01)
            v1.add_to_collection(v1.GraphKeys.UPDATE_OPS, update)
        return net


def _dense(net: Any, width: int) -> Any:
    weights = v1.get_variable(
        "weights", [net.shape[-1], width], initializer=v1.glorot_uniform_initializer(), regularizer=_l2
    )
    biases = v1.get_variable("biases", [width], initializer=v1.zeros_initializer())
    return tf.tensordot(net, weights, 1) + biases


def _l2(weights: Any) -> Any:
    return 1e-4 * tf.nn.l2_loss(weights)


def text(api: Any, layers: int, vocabulary: Path) -> None:
    """A text encoder: sentences to word ids by a vocabulary asset, then attention layers.

    Signatures: `default` (strings to a vector each) and `tokens` (sparse strings to a vector per word).
    """
    sentences = v1.placeholder(tf.string, [None], name="sentences")
    tokens = v1.sparse_placeholder(tf.string, [None, None], name="tokens")
    table = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(
            str(vocabulary),
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        ),
        default_value=0,
    )
    split = v1.string_split(tf.strings.lower(tf.strings.regex_replace(sentences, r"[^\w\s]", "")))
    # Both signatures apply the same variables.
    with v1.variable_scope("encoder", reuse=v1.AUTO_REUSE):
        words = _encode(_padded(split), table, layers)
        api.add_signature(inputs=sentences, outputs=tf.reduce_mean(words, 1))
        api.add_signature("tokens", {"tokens": tokens}, {"words": _encode(_padded(tokens), table, layers)})


def _padded(words: Any) -> Any:
    # Always the same number of words, so that the shapes of the attention are static.
    dense = tf.sparse.to_dense(words, default_value="")[:, :TOKENS]
    return tf.pad(dense, [[0, 0], [0, TOKENS - tf.shape(dense)[1]]], constant_values="")


def _encode(words: Any, table: Any, layers: int) -> Any:
    embeddings = v1.get_variable("embeddings", [10_000, 64], initializer=v1.random_normal_initializer())
    net = tf.nn.embedding_lookup(embeddings, tf.ensure_shape(table.lookup(words), [None, TOKENS]))
    for layer in range(layers):
        with v1.variable_scope(f"layer_{layer}"):
            net = _attention(net)
    return net


def _attention(net: Any) -> Any:
    parts = []
    for part in ("query", "key", "value"):
        with v1.variable_scope(part):
            parts.append(_dense(net, 64))
    query, key, value = parts
    scores = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) / 8.0)
    net = _layer_norm("norm_0", net + tf.matmul(scores, value))
    with v1.variable_scope("hidden"):
        hidden = tf.nn.relu(_dense(net, 128))
    with v1.variable_scope("output"):
        return _layer_norm("norm_1", net + _dense(hidden, 64))


def _layer_norm(name: str, net: Any) -> Any:
    with v1.variable_scope(name):
        gamma = v1.get_variable("gamma", [64], initializer=v1.ones_initializer())
        beta = v1.get_variable("beta", [64], initializer=v1.zeros_initializer())
        mean, variance = tf.nn.moments(net, [-1], keepdims=True)
        return tf.nn.batch_normalization(net, mean, variance, beta, gamma, 1e-6)


def partitioned(api: Any, variables: int, partitions: int) -> None:
    """A chain of dense layers; each weight variable lies in `partitions` pieces."""
    net = inputs = v1.placeholder(tf.float32, [None, 64], name="inputs")
    for layer in range(variables):
        with v1.variable_scope(f"layer_{layer}"):
            weights = v1.get_variable(
                "weights",
                [64, 64],
                initializer=v1.glorot_uniform_initializer(),
                partitioner=v1.fixed_size_partitioner(partitions),
            )
            # The conversion concatenates the partitions, which is what a user of them gets.
            net = tf.tanh(tf.matmul(net, tf.convert_to_tensor(weights)))
    api.add_signature(inputs=inputs, outputs=net)


def heavy(api: Any, megabytes: int) -> None:
    """Mostly weights: half of them in four variables, half in one variable of eight partitions."""
    rows = megabytes * 2**20 // 2 // (4 * 256)
    ids = v1.placeholder(tf.int64, [None], name="ids")
    tables: list[Any] = [
        v1.get_variable(f"table_{i}", [rows // 4, 256], initializer=v1.ones_initializer()) for i in range(4)
    ]
    tables.append(
        v1.get_variable(
            "split", [rows, 256], initializer=v1.ones_initializer(), partitioner=v1.fixed_size_partitioner(8)
        )
    )
    # A lookup reads single rows: a run must not need memory for a whole table. "div" is the order of
    # partitions.
    vectors = [v1.nn.embedding_lookup(table, ids, partition_strategy="div") for table in tables]
    api.add_signature(inputs=ids, outputs=tf.add_n(vectors))


def author(api: Any, path: Path, module_fn: Callable[..., None], variants: Any = None) -> None:
    """Builds `module_fn` into a module directory with freshly initialised weights.

    Args:
      api: the library that writes it.
      path: must not exist.
      module_fn: takes the keyword arguments of each variant.
      variants: list of (tags, arguments); None means one variant without tags.
    """
    spec = api.create_module_spec(module_fn, variants)
    with tf.Graph().as_default(), v1.Session() as session:
        module = api.Module(spec)
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        # An interrupted run must not leave a half-written module that the next run would take for a whole
        # one.
        beside = path.with_name(f"{path.name}.part")
        shutil.rmtree(beside, ignore_errors=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        module.export(str(beside), session)
    beside.rename(path)
