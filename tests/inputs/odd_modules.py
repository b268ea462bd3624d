"""Modules whose inputs leave open what the graph insists on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import tensorflow as tf

import hubexplore as hub

tf1 = tf.compat.v1
MODULES: Final[dict[str, Callable[[], None]]] = {}


def _module(function: Callable[[], None]) -> Callable[[], None]:
    MODULES[function.__name__] = function
    return function


def _given(*shape: int | None, dtype: Any = tf.float32, name: str | None = None) -> Any:
    return tf1.placeholder(dtype, shape, name)


def _weights(name: str, *shape: int) -> Any:
    return tf1.get_variable(name, shape, initializer=tf1.ones_initializer())


def _conv(x: Any, name: str, *shape: int, stride: int = 1, padding: str = "SAME") -> Any:
    return tf.nn.conv2d(x, _weights(name, *shape), stride, padding)


@_module
def flattened() -> None:
    x = _given(None, None, None, 1)
    y = tf.reshape(_conv(x, "a", 3, 3, 1, 4, stride=2), [-1, 18 * 16 * 4])
    hub.add_signature(inputs=x, outputs=tf.matmul(y, _weights("b", 18 * 16 * 4, 2)))


@_module
def stated_output() -> None:
    x = _given(None, None, None, None, 1)
    y = tf.nn.conv3d(x, _weights("a", 3, 3, 3, 1, 2), [1, 1, 1, 1, 1], "SAME")
    y.set_shape([None, 32, 36, 32, 2])
    hub.add_signature(inputs=x, outputs=y)


@_module
def up_and_down() -> None:
    x = _given(None, None, None, 3)
    a = _conv(x, "a", 3, 3, 3, 4, stride=2)
    b = _conv(a, "b", 3, 3, 4, 4, stride=2)
    sizes = tf.shape(b)
    target = tf.stack([sizes[0], sizes[1] * 2, sizes[2] * 2, 4])
    up = tf.nn.conv2d_transpose(b, _weights("u", 2, 2, 4, 4), target, [1, 2, 2, 1])
    hub.add_signature(inputs=x, outputs=tf.concat([up, a], 3))


@_module
def scalar() -> None:
    x = tf1.placeholder(tf.float32, None)
    hub.add_signature(inputs=x, outputs=tf.fill([2], x))


@_module
def any_rank() -> None:
    x, factor = tf1.placeholder(tf.float32, None), tf1.placeholder(tf.float32, None)
    y = _conv(x, "a", 3, 3, 5, 4) * tf.fill([4], factor)
    hub.add_signature(inputs={"x": x, "factor": factor}, outputs=y)


@_module
def agreeing() -> None:
    x, y = _given(None, None), _given(None, None)
    z = tf.matmul(tf.matmul(x, y), _weights("a", 5, 2)) + tf.reduce_sum(tf.matmul(x, _weights("b", 9, 1)))
    hub.add_signature(inputs={"x": x, "y": y}, outputs=z)


@_module
def joined() -> None:
    x, y = _given(None, None), _given(None, 20)
    hub.add_signature(inputs={"x": x, "y": y}, outputs=tf.matmul(tf.concat([x, y], 1), _weights("a", 48, 2)))


@_module
def attention() -> None:
    x, mask, kernel = _given(None, None, 16), _given(None, None, name="mask"), _weights("a", 16, 16)

    def heads() -> Any:
        flat = tf.matmul(tf.reshape(x, [-1, 16]), kernel)
        return tf.transpose(tf.reshape(flat, [tf.shape(x)[0], tf.shape(x)[1], 4, 4]), [0, 2, 1, 3])

    scores = tf.matmul(heads(), heads(), transpose_b=True) + (1 - mask[:, None, None, :]) * -1e9
    hub.add_signature(inputs={"x": x, "mask": mask}, outputs=tf.matmul(tf.nn.softmax(scores), heads()))


@_module
def depthwise() -> None:
    x = _given(None, None, None, None)
    y = tf.nn.depthwise_conv2d(x, _weights("a", 3, 3, 6, 2), [1, 1, 1, 1], "VALID")
    hub.add_signature(inputs=x, outputs=tf.matmul(tf.reduce_mean(y, [1, 2]), _weights("b", 12, 3)))


@_module
def volume() -> None:
    x = _given(None, None, None, None, 1)
    y = tf.nn.max_pool3d(
        tf.nn.conv3d(x, _weights("a", 3, 3, 3, 1, 4), [1, 2, 2, 2, 1], "VALID"), 2, 2, "SAME"
    )
    hub.add_signature(inputs=x, outputs=tf.matmul(tf.reshape(y, [-1, 4 * 4 * 4 * 4]), _weights("b", 256, 3)))


@_module
def text_net() -> None:
    x = _given(None, None, dtype=tf.int32)
    y = tf.nn.conv1d(tf.gather(_weights("e", 20, 8), x), _weights("a", 5, 8, 6), 1, "VALID")
    y = tf.nn.max_pool1d(y, 26, 1, "VALID")
    hub.add_signature(inputs=x, outputs=tf.matmul(tf.reshape(y, [-1, 6]), _weights("b", 6, 2)))


@_module
def loop() -> None:
    x, kernel = _given(None, None, None), _weights("a", 8, 3)

    def step(number: Any, state: Any) -> tuple[Any, Any]:
        return number + 1, tf.tanh(tf.matmul(tf.concat([x[:, number], state], 1), kernel))

    start = (0, tf.zeros([tf.shape(x)[0], 3]))
    hub.add_signature(inputs=x, outputs=tf.while_loop(lambda i, _: i < tf.shape(x)[1], step, start)[1])


@_module
def first_channels() -> None:
    x = _given(None, None, None, None)
    y = _conv(tf.transpose(x, [0, 2, 3, 1]), "a", 3, 3, 2, 4, stride=2)
    y = tf.nn.bias_add(tf.transpose(y, [0, 3, 1, 2]), _weights("b", 4), data_format="NCHW")
    hub.add_signature(inputs=x, outputs=tf.matmul(tf.reshape(y, [-1, 4 * 7 * 7]), _weights("c", 196, 2)))


@_module
def dense_of_three() -> None:
    x = _given(None, None, None)
    hub.add_signature(inputs=x, outputs=tf.tensordot(x, _weights("a", 17, 3), 1))


@_module
def summed() -> None:
    x = _given(None, None, None)
    hub.add_signature(inputs=x, outputs=tf.einsum("abc,cde->abde", x, _weights("a", 6, 2, 3)))


@_module
def parts() -> None:
    x, y = _given(None, None), _given(None, None, 3)
    first, _, _, last = tf.split(x, 4, 1)
    rows = tf.unstack(y, 5, axis=1)
    hub.add_signature(
        inputs={"x": x, "y": y}, outputs=tf.matmul(first + last, _weights("a", 3, 2)) + rows[4][:, :2]
    )


@_module
def sparse() -> None:
    x = tf1.sparse_placeholder(tf.float32, [None, None])
    hub.add_signature(inputs=x, outputs=tf.sparse.sparse_dense_matmul(x, _weights("a", 19, 3)))


@_module
def fixed_rows() -> None:
    x = _given(None, 3)
    hub.add_signature(inputs=x, outputs=tf.reshape(x, [8, 3]))


@_module
def called() -> None:
    x, kernel = _given(None, None), _weights("a", 21, 2)
    hub.add_signature(inputs=x, outputs=tf.function(tf.matmul)(x, kernel))


@_module
def ids() -> None:
    x, y = _given(None, dtype=tf.int64), _given(None, 3, dtype=tf.int32)
    z = tf.gather(_weights("a", 1, 4), x) + tf.reduce_sum(
        tf.nn.embedding_lookup(_weights("b", 2, 4), tf.reshape(y, [-1, 3])), 1
    )
    hub.add_signature(inputs={"x": x, "y": y}, outputs=z)


@_module
def flags() -> None:
    x = _given(None, dtype=tf.string)
    keys = tf.lookup.KeyValueTensorInitializer(["red", "green", "blue"], [0, 1, 2])
    codes = tf.lookup.StaticHashTable(keys, -1).lookup(x)
    hub.add_signature(inputs=x, outputs=tf.gather(_weights("a", 3, 4), codes))


@_module
def typed_numbers() -> None:
    x = _given(None, dtype=tf.string)
    hub.add_signature(inputs=x, outputs=tf.strings.to_number(x))


@_module
def edited_numbers() -> None:
    x = _given(None, dtype=tf.string)
    plain = tf.strings.regex_replace(tf.strings.lower(tf.strings.strip(x)), "[$]", "")
    hub.add_signature(inputs=x, outputs=tf.strings.to_number(tf.where(tf.equal(plain, ""), "0", plain)))


@_module
def listed_numbers() -> None:
    x = _given(None, dtype=tf.string)
    hub.add_signature(inputs=x, outputs=tf.strings.to_number(tf.strings.split(x, ",").to_tensor("0")))


@_module
def chosen_ids() -> None:
    x = _given(None, dtype=tf.int32)
    hub.add_signature(inputs=x, outputs=tf.gather(_weights("a", 3, 4), tf.where(x < 0, 0, x)))


@_module
def records() -> None:
    x = _given(None, dtype=tf.string)
    hub.add_signature(inputs=x, outputs=tf.stack(tf.io.decode_csv(x, [[0.0], [0.0], [0.0]]), 1))


@_module
def json_examples() -> None:
    x = _given(None, dtype=tf.string)
    hub.add_signature(inputs=x, outputs=tf.io.decode_json_example(x))


def _bytes(dtype: Any, *shape: int | None) -> tuple[Any, Any]:
    x = _given(*shape, dtype=tf.string)
    return x, tf.io.decode_raw(x, dtype)


@_module
def raw_floats() -> None:
    x, numbers = _bytes(tf.float32, None)
    hub.add_signature(inputs=x, outputs=tf.matmul(numbers, _weights("a", 17, 3)))


@_module
def raw_pixels() -> None:
    x, numbers = _bytes(tf.uint8, None)
    pixels = tf.reshape(tf.cast(numbers, tf.float32) / 255.0, [-1, 28, 28, 1])
    hub.add_signature(inputs=x, outputs=_conv(pixels, "a", 3, 3, 1, 2))


@_module
def raw_in_a_map() -> None:
    x = _given(None, dtype=tf.string)
    rows = tf.map_fn(
        lambda each: tf.reshape(tf.io.decode_raw(each, tf.int16), [4, 5]), x, fn_output_signature=tf.int16
    )
    hub.add_signature(inputs=x, outputs=rows)


@_module
def raw_and_numbers() -> None:
    (x, numbers), y = _bytes(tf.float64, None, 1), _given(None, None, dtype=tf.float64)
    joined = tf.concat([tf.reshape(numbers, [-1, 6]), y], 1)
    hub.add_signature(inputs={"x": x, "y": y}, outputs=tf.matmul(joined, tf.ones([9, 2], tf.float64)))


@_module
def raw_of_any_length() -> None:
    x, numbers = _bytes(tf.float16, None)
    hub.add_signature(inputs=x, outputs=numbers * 2)


@_module
def raw_read_twice() -> None:
    (x, numbers), other = _bytes(tf.uint8, None), _weights("a", 20, 3)
    longer = tf.matmul(tf.cast(numbers, tf.float32), other)
    hub.add_signature(inputs=x, outputs=tf.reduce_sum(longer) + tf.io.decode_raw(x, tf.float32))


@_module
def raw_scalar() -> None:
    x, numbers = _bytes(tf.int64)
    hub.add_signature(inputs=x, outputs=tf.gather(_weights("a", 2, 4), tf.reshape(numbers, [3])))


@_module
def kept() -> None:
    x, probability = _given(None, 4), tf1.placeholder(tf.float32, None)
    hub.add_signature(inputs={"x": x, "keep_prob": probability}, outputs=x / probability)


def shortened() -> None:
    """Lengths count the columns of a picture after a convolution has made them fewer."""
    x, length = _given(None, 32, 8, 1), _given(None, dtype=tf.int32)
    fewer = tf.reshape(_conv(x, "w", 1, 8, 1, 3, stride=4, padding="VALID"), [-1, 8, 3])
    (decoded,), _ = tf1.nn.ctc_greedy_decoder(tf.transpose(fewer, [1, 0, 2]), length)
    hub.add_signature(inputs={"x": x, "seq_len": length}, outputs=tf.sparse.to_dense(decoded))


def _kept_by(x: Any, keep: Any) -> Any:
    """Dropout as TensorFlow 1 wrote it."""
    low, high = tf.constant(0.0), tf.constant(1.0)
    uniform = tf.raw_ops.RandomUniform(shape=tf.shape(x), dtype=tf.float32) * (high - low) + low
    return x / keep * tf.floor(keep + uniform)


@_module
def switches() -> None:
    """Inputs of one number or flag: for dropout in its forms, for training, with a default."""
    x, other = _given(None, 4), _given(None, 4)
    keep, dropout, chance = tf1.placeholder(tf.float32, None), tf1.placeholder(tf.float32, ()), _given()
    y = _kept_by(x, keep) + _kept_by(x, 1.0 - dropout)
    y += x * tf.cast(tf.random.uniform([]) >= chance, tf.float32)
    y += tf1.cond(
        tf1.placeholder(tf.bool, (), name="phase"), lambda: _kept_by(x, chance * 0 + 1.0), lambda: x
    )
    phase = y.graph.get_tensor_by_name("phase:0")
    scale = tf1.placeholder_with_default(tf.constant(3.0), ())
    plain = _given()
    inputs = {"x": x, "dropout": keep, "p": dropout, "q": chance, "phase_train": phase, "scale": scale}
    hub.add_signature(inputs={**inputs, "other": other, "plain": plain}, outputs=(y + other) * scale + plain)
