"""A text encoder in the form of ALBERT: one attention layer that is applied many times, in small ops.

The published module cannot be part of the project. This one has everything that determines the time: a few
dozen variables that every layer reads again, shapes computed in the graph, layer norms and GELU written out,
and two variants with three signatures each, one of which returns the path of the vocabulary. The layers are
narrower, since no figure is about arithmetic.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import tensorflow as tf

v1 = tf.compat.v1

WORDS: Final = 3_000
EMBEDDED: Final = 32
HIDDEN: Final = 64
HEADS: Final = 4
LONGEST: Final = 128
_STDDEV: Final = 0.02


def albert(api: Any, layers: int, vocabulary: Path, training: bool) -> None:
    """Maps ids of word pieces to a vector per piece and one for all: `tokens`, `mlm`, `tokenization_info`.

    Args:
      api: the library that it is written for.
      layers: number of times that the layer is applied.
      vocabulary: a file with one word piece per line.
      training: whether there is dropout.
    """
    ids, mask, segments = (
        v1.placeholder(tf.int32, [None, None], name=name)
        for name in ("input_ids", "input_mask", "segment_ids")
    )
    positions = v1.placeholder(tf.int32, [None, None], name="mlm_positions")
    rate = 0.1 if training else 0.0
    with v1.variable_scope("bert"):
        with v1.variable_scope("embeddings"):
            net, table = _embeddings(ids, segments, rate)
        with v1.variable_scope("encoder"):
            net = _encoder(net, _attention_bias(ids, mask), layers, rate)
        with v1.variable_scope("pooler"):
            first = tf.squeeze(net[:, 0:1, :], axis=1)
            pooled = _dense("dense", first, HIDDEN, tf.tanh)
    with v1.variable_scope("cls/predictions"):
        logits = _predictions(net, table, positions)
    inputs = {"input_ids": ids, "input_mask": mask, "segment_ids": segments}
    outputs = {"sequence_output": net, "pooled_output": pooled}
    api.add_signature("tokens", inputs, outputs)
    api.add_signature("mlm", inputs | {"mlm_positions": positions}, outputs | {"mlm_logits": logits})
    # A signature without inputs whose output is the path of an asset.
    file = tf.constant(str(vocabulary), tf.string, name="vocab_file")
    v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, file)
    api.add_signature("tokenization_info", {}, {"vocab_file": file, "do_lower_case": tf.constant(True)})


def _variable(name: str, shape: list[Any], start: float | None = None) -> Any:
    random = v1.truncated_normal_initializer(stddev=_STDDEV)
    return v1.get_variable(
        name, shape, initializer=random if start is None else v1.constant_initializer(start)
    )


def _sizes(net: Any) -> list[Any]:
    """Returns the dimensions; unknown ones are tensors."""
    static = net.shape.as_list()
    missing = [number for number, size in enumerate(static) if size is None]
    if missing:
        dynamic = tf.shape(net)
        for number in missing:
            static[number] = dynamic[number]
    return list(static)


def _dropout(net: Any, rate: float) -> Any:
    # A fixed seed, because the outputs of both libraries are compared.
    return tf.nn.dropout(net, rate=rate, seed=1) if rate else net


def _embeddings(ids: Any, segments: Any, rate: float) -> tuple[Any, Any]:
    table = _variable("word_embeddings", [WORDS, EMBEDDED])
    batch, length = _sizes(ids)
    words = tf.reshape(tf.gather(table, tf.reshape(ids, [-1])), [batch, length, EMBEDDED])
    one_hot = tf.one_hot(tf.reshape(segments, [-1]), depth=2)
    kinds = tf.matmul(one_hot, _variable("token_type_embeddings", [2, EMBEDDED]))
    words += tf.reshape(kinds, [batch, length, EMBEDDED])
    # A check that only a control dependency keeps in the graph: a slice of the graph must not lose it.
    with tf.control_dependencies([v1.assert_less_equal(length, LONGEST)]):
        places = tf.slice(_variable("position_embeddings", [LONGEST, EMBEDDED]), [0, 0], [length, -1])
    words += tf.reshape(places, [1, length, EMBEDDED])
    return _dropout(_layer_norm("LayerNorm", words), rate), table


def _attention_bias(ids: Any, mask: Any) -> Any:
    batch, length = _sizes(ids)
    wide = tf.cast(tf.reshape(mask, [batch, 1, _sizes(mask)[1]]), tf.float32)
    both = tf.ones([batch, length, 1], tf.float32) * wide
    return (1.0 - tf.expand_dims(both, [1])) * -10000.0


def _encoder(net: Any, bias: Any, layers: int, rate: float) -> Any:
    net = _dense("embedding_hidden_mapping_in", net, HIDDEN)
    # One set of variables, which every layer reads again under another name scope.
    with v1.variable_scope("transformer", reuse=v1.AUTO_REUSE):
        for layer in range(layers):
            with v1.variable_scope("group_0/inner_group_0"), v1.name_scope(f"layer_{layer}"):
                net = _layer(net, bias, rate)
    return net


def _layer(net: Any, bias: Any, rate: float) -> Any:
    with v1.variable_scope("attention_1"):
        with v1.variable_scope("self"):
            context = _attention(net, bias, rate)
        with v1.variable_scope("output"):
            attended = _dropout(_dense_3d("dense", context, HIDDEN, heads_in=True), rate)
    net = _layer_norm("LayerNorm", attended + net)
    with v1.variable_scope("ffn_1/intermediate"):
        inner = _dense("dense", net, 4 * HIDDEN, _gelu)
        with v1.variable_scope("output"):
            inner = _dropout(_dense("dense", inner, HIDDEN), rate)
    return _layer_norm("LayerNorm_1", inner + net)


def _attention(net: Any, bias: Any, rate: float) -> Any:
    query, key, value = (
        tf.transpose(_dense_3d(name, net, HIDDEN), [0, 2, 1, 3]) for name in ("query", "key", "value")
    )
    scores = tf.matmul(query, key, transpose_b=True)
    scores = tf.multiply(scores, (HIDDEN / HEADS) ** -0.5) + bias
    shares = _dropout(tf.nn.softmax(scores), rate)
    return tf.transpose(tf.matmul(shares, value), [0, 2, 1, 3])


def _dense_3d(name: str, net: Any, width: int, heads_in: bool = False) -> Any:
    """Projects to separate heads, or from them."""
    size = HIDDEN // HEADS
    with v1.variable_scope(name):
        kernel = _variable("kernel", [HIDDEN, width])
        bias = _variable("bias", [width], 0.0)
        if heads_in:
            return tf.tensordot(net, tf.reshape(kernel, [HEADS, size, width]), 2) + bias
        projected = tf.tensordot(net, tf.reshape(kernel, [HIDDEN, HEADS, size]), 1)
        return projected + tf.reshape(bias, [HEADS, size])


def _dense(name: str, net: Any, width: int, activate: Any = None) -> Any:
    with v1.variable_scope(name):
        net = tf.tensordot(net, _variable("kernel", [net.shape[-1], width]), 1)
        net = tf.nn.bias_add(net, _variable("bias", [width], 0.0))
        return activate(net) if activate else net


def _gelu(net: Any) -> Any:
    # Written out as in models of that time, which gives many small ops instead of one.
    inner = 0.7978845608 * (net + 0.044715 * tf.pow(net, 3))
    return net * (0.5 * (1.0 + tf.tanh(inner)))


def _layer_norm(name: str, net: Any) -> Any:
    with v1.variable_scope(name):
        width = [net.shape[-1]]
        beta, gamma = _variable("beta", width, 0.0), _variable("gamma", width, 1.0)
        mean, variance = tf.nn.moments(net, [-1], keepdims=True)
        return tf.nn.batch_normalization(net, mean, variance, beta, gamma, 1e-12)


def _predictions(net: Any, table: Any, positions: Any) -> Any:
    batch, length, width = _sizes(net)
    offsets = tf.reshape(tf.range(0, batch) * length, [-1, 1])
    chosen = tf.gather(tf.reshape(net, [batch * length, width]), tf.reshape(positions + offsets, [-1]))
    with v1.variable_scope("transform"):
        chosen = _layer_norm("LayerNorm", _dense("dense", chosen, EMBEDDED, _gelu))
    logits = tf.matmul(chosen, table, transpose_b=True)
    return tf.nn.bias_add(logits, _variable("output_bias", [WORDS], 0.0))
