"""Harmless models of TensorFlow 1: what old modules hold, and nothing that touches anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tests.strangers.cases import benign, benign_graph
from tests.strangers.making import GraphModel, raw, v1


def floats(*shape: int | None) -> Any:
    """Returns a placeholder `x`."""
    return v1.placeholder(tf.float32, shape, "x")


def texts() -> Any:
    """Returns a placeholder `x` for strings."""
    return v1.placeholder(tf.string, [None], "x")


def simple(name: str, make: Callable[[Any], Any], x: Callable[[], Any]) -> None:
    """Registers a model with one signature: `make` of the placeholder."""

    def fill(model: GraphModel) -> None:
        given = x()
        model.signature(make(given), {"x": given})

    fill.__name__ = name
    benign_graph(fill)


def _printed(x: Any) -> Any:
    with tf.control_dependencies([tf.print("x is", x)]):
        return x + 1.0


def _asserted(x: Any) -> Any:
    with tf.control_dependencies([v1.assert_non_negative(x)]):
        return x + 1.0


def _gradient_of(x: Any) -> Any:
    @tf.custom_gradient
    def clipped(v: Any) -> Any:
        return v * 2.0, lambda dy: tf.clip_by_value(dy, -1.0, 1.0)

    return clipped(x)


def _loop_v1(x: Any) -> Any:
    v1.disable_control_flow_v2()
    try:
        return v1.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, v * 2.0), [0, x])[1]
    finally:
        v1.enable_control_flow_v2()


def _cond_v1(x: Any) -> Any:
    v1.disable_control_flow_v2()
    try:
        return v1.cond(tf.reduce_sum(x) > 0.0, lambda: x, lambda: -x)
    finally:
        v1.enable_control_flow_v2()


def _mapped(x: Any) -> Any:
    dataset = tf.data.Dataset.from_tensor_slices(x).map(lambda v: v * 2.0).batch(2)
    return dataset.reduce(tf.constant(0.0), lambda total, batch: total + tf.reduce_sum(batch))


def _parsed(x: Any) -> Any:
    features = {"a": tf.io.FixedLenFeature([2], tf.float32), "b": tf.io.VarLenFeature(tf.string)}
    return tf.io.parse_example(x, features)["a"]


def _picture(x: Any) -> Any:
    return tf.map_fn(
        lambda one: tf.cast(tf.image.decode_jpeg(one, 3), tf.float32), x, fn_output_signature=tf.float32
    )


def _audio(x: Any) -> Any:
    return tf.abs(tf.signal.stft(x, 16, 8))


def _quantized(x: Any) -> Any:
    return tf.quantization.fake_quant_with_min_max_args(x)


for _name, _make, _x in (
    ("prints_to_stderr", _printed, lambda: floats(None)),
    ("asserts", _asserted, lambda: floats(None)),
    ("custom_gradient_in_graph", _gradient_of, lambda: floats(None)),
    ("loop_v1", _loop_v1, lambda: floats(None)),
    ("cond_v1", _cond_v1, lambda: floats(None)),
    (
        "loop_v2",
        lambda x: tf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, v * 2.0), [0, x])[1],
        lambda: floats(None),
    ),
    ("cond_v2", lambda x: tf.cond(tf.reduce_sum(x) > 0.0, lambda: x, lambda: -x), lambda: floats(None)),
    (
        "switch_case",
        lambda x: tf.switch_case(tf.cast(x[0], tf.int32), [lambda: x, lambda: x * 2.0]),
        lambda: floats(None),
    ),
    ("dataset_in_memory", _mapped, lambda: floats(None)),
    (
        "cached_in_memory",
        lambda x: tf.data.Dataset.from_tensor_slices(x).cache().reduce(0.0, lambda a, b: a + b),
        lambda: floats(None),
    ),
    (
        "shuffled",
        lambda x: (
            tf.data.Dataset.from_tensor_slices(x).shuffle(3).prefetch(1).reduce(0.0, lambda a, b: a + b)
        ),
        lambda: floats(None),
    ),
    (
        "one_shot_in_memory",
        lambda x: x + v1.data.make_one_shot_iterator(tf.data.Dataset.from_tensors(1.0)).get_next(),
        lambda: floats(None),
    ),
    ("parses_examples", _parsed, texts),
    ("decodes_jpeg", _picture, texts),
    ("decodes_png", lambda x: tf.image.decode_png(x[0]), texts),
    ("decodes_any_image", lambda x: tf.io.decode_image(x[0]), texts),
    ("decodes_raw", lambda x: tf.io.decode_raw(x, tf.uint8), texts),
    ("decodes_csv", lambda x: tf.io.decode_csv(x, [[0.0], [""]])[0], texts),
    ("decodes_json", tf.io.decode_json_example, texts),
    ("decodes_wav", lambda x: tf.audio.decode_wav(x[0]).audio, texts),
    ("resizes", lambda x: tf.image.resize(x, [8, 8]), lambda: floats(None, None, None, 3)),
    (
        "augments",
        lambda x: tf.image.random_flip_left_right(tf.image.random_brightness(x, 0.1)),
        lambda: floats(2, 4, 4, 3),
    ),
    ("encodes_jpeg", lambda x: tf.io.encode_jpeg(tf.cast(x, tf.uint8)), lambda: floats(4, 4, 3)),
    ("spectrogram", _audio, lambda: floats(None, 64)),
    ("fourier", lambda x: tf.math.real(tf.signal.fft(tf.cast(x, tf.complex64))), lambda: floats(None, 8)),
    ("quantized", _quantized, lambda: floats(None)),
    ("quantizes", lambda x: tf.quantization.quantize(x, -1.0, 1.0, tf.quint8).output, lambda: floats(None)),
    (
        "random_numbers",
        lambda x: x + tf.random.normal(tf.shape(x)) + tf.random.stateless_uniform(tf.shape(x), [1, 2]),
        lambda: floats(None),
    ),
    ("dropout", lambda x: tf.nn.dropout(x, 0.5), lambda: floats(None, 4)),
    ("splits_strings", lambda x: tf.strings.split(x).values, texts),
    ("string_hashes", lambda x: tf.strings.to_hash_bucket_fast(tf.strings.lower(x), 100), texts),
    ("regular_expressions", lambda x: tf.strings.regex_replace(x, "[^a-z]", ""), texts),
    (
        "paths_as_text",
        lambda x: tf.strings.join([tf.constant("/etc/passwd"), x, "file://boo", "https://example.org"]),
        texts,
    ),
    ("formats_strings", lambda x: tf.strings.format("{} is", x), texts),
    ("base64", lambda x: tf.io.decode_base64(tf.io.encode_base64(x)), texts),
    ("ragged", lambda x: tf.RaggedTensor.from_row_lengths(x, [1, 2]).to_tensor(), lambda: floats(3)),
    ("sparse", lambda x: tf.sparse.to_dense(tf.sparse.from_dense(x)), lambda: floats(None, 3)),
    ("tensor_arrays", lambda x: tf.map_fn(lambda v: v + 1.0, x), lambda: floats(None)),
    ("beam_of_ctc", lambda x: tf.nn.ctc_greedy_decoder(x, [3])[0][0].values, lambda: floats(3, 1, 4)),
    (
        "linear_algebra",
        lambda x: tf.linalg.inv(x) + tf.linalg.svd(x, compute_uv=False)[:, None],
        lambda: floats(2, 2),
    ),
    ("non_max_suppression", lambda x: tf.image.non_max_suppression(x, x[:, 0], 2), lambda: floats(None, 4)),
    ("unicode", lambda x: tf.strings.unicode_decode(x, "UTF-8").values, texts),
    ("timestamp", lambda x: x + tf.cast(tf.timestamp(), tf.float32), lambda: floats(None)),
    ("check_numerics", lambda x: tf.debugging.check_numerics(x, "not a number"), lambda: floats(None)),
    ("serializes", lambda x: tf.io.parse_tensor(tf.io.serialize_tensor(x), tf.float32), lambda: floats(2)),
):
    simple(_name, _make, _x)


@benign_graph
def tables_from_tensors(model: GraphModel) -> None:
    x = texts()
    words = tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([1, 2], tf.int64))
    table = tf.lookup.StaticHashTable(words, -1)
    model.signature(table.lookup(x), {"x": x})
    model.collect("table_initializer", v1.tables_initializer())


@benign_graph
def vocabulary_asset(model: GraphModel) -> None:
    x = texts()
    table = raw.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="words")
    filled = raw.InitializeTableFromTextFileV2(
        table_handle=table, filename=model.asset("words.txt", "a\nb\n"), key_index=-2, value_index=-1
    )
    model.collect("table_initializer", filled)
    found = raw.LookupTableFindV2(table_handle=table, keys=x, default_value=tf.constant(-1, tf.int64))
    model.signature(found, {"x": x})


@benign_graph
def vocabulary_by_main_op(model: GraphModel) -> None:
    vocabulary_asset(model)
    with tf.control_dependencies(
        [model.graph.get_operation_by_name(model.collections["table_initializer"][0])]
    ):
        model.collect("saved_model_main_op", tf.no_op("main"))


@benign_graph
def reads_asset(model: GraphModel) -> None:
    model.signature(raw.ReadFile(filename=model.asset("labels.txt", "a\nb\n")))


@benign_graph
def reads_lines_of_asset(model: GraphModel) -> None:
    lines = tf.data.TextLineDataset(model.asset("labels.txt", "a\nb\n"))
    model.signature(lines.reduce(tf.constant(0, tf.int64), lambda count, _: count + 1))


def _norm(model: GraphModel) -> None:
    x = floats(None, 4)
    mean = v1.get_variable("mean", [4], trainable=False, use_resource=False)
    moved = v1.assign(mean, 0.9 * mean + 0.1 * tf.reduce_mean(x, 0))
    model.collect(v1.GraphKeys.UPDATE_OPS, moved.op)
    weight = v1.get_variable("weight", [4], use_resource=True)
    model.collections["regularization_losses"] = [tf.nn.l2_loss(weight).name]
    model.signature((x - mean) * weight, {"x": x})


@benign_graph
def batch_norm(model: GraphModel) -> None:
    _norm(model)


@benign_graph
def train_variant(model: GraphModel) -> None:
    _norm(model)
    other = GraphModel(tags=("serve", "train"))
    with other.graph.as_default():
        _norm(other)
    model.variants.append(other)


@benign_graph
def sharded_saver(model: GraphModel) -> None:
    _norm(model)
    v1.train.Saver(sharded=True, name="save_1")


@benign_graph
def partitioned_variables(model: GraphModel) -> None:
    x = v1.placeholder(tf.int64, [None], "x")
    split = v1.fixed_size_partitioner(2)
    table = v1.get_variable("embedding", [10, 4], partitioner=split, use_resource=False)
    model.signature(tf.nn.embedding_lookup(table, x), {"x": x})


@benign_graph
def parameter_server(model: GraphModel) -> None:
    with tf.device("/job:ps/task:0"):
        x = floats(None)
        y = x * 2.0
    model.signature(y, {"x": x})


@benign_graph
def queue_runners_left(model: GraphModel) -> None:
    """The input pipeline of a training program is still there, and nothing of the signature needs it."""
    names = v1.train.string_input_producer(["gs://bucket/train-00000.tfrecord"])
    _, record = v1.TFRecordReader().read(names)
    v1.train.batch([record], 2)
    model.plain()


@benign_graph
def functions_of_tf1(model: GraphModel) -> None:
    from tensorflow.python.framework import function

    @function.Defun(tf.float32)
    def double(v: Any) -> Any:
        return v * 2.0

    x = floats(None)
    model.signature(double(x), {"x": x})


@benign
def frozen(directory: Path) -> Path:
    with tf.Graph().as_default() as graph:
        x = floats(None, 2)
        tf.nn.softmax(tf.matmul(x, tf.constant(np.ones((2, 2), np.float32))), name="y")
    directory.mkdir(parents=True)
    (directory / "frozen.pb").write_bytes(graph.as_graph_def().SerializeToString())
    return directory / "frozen.pb"


def _checkpoint(directory: Path, fill: Callable[[Any], Any]) -> Path:
    directory.mkdir(parents=True)
    with tf.Graph().as_default():
        x = floats(None, 2)
        weight = v1.get_variable("weight", [2, 2])
        loss = tf.reduce_sum(tf.nn.softmax(tf.matmul(fill(x), weight), name="probabilities"))
        v1.train.GradientDescentOptimizer(0.1).minimize(loss)
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            v1.train.Saver().save(session, str(directory / "model.ckpt"))
    return directory


@benign
def checkpoint(directory: Path) -> Path:
    return _checkpoint(directory, lambda x: x)


@benign
def checkpoint_with_queues(directory: Path) -> Path:
    def fill(x: Any) -> Any:
        names = v1.train.string_input_producer(["/data/train.tfrecord"])
        v1.train.batch([v1.TFRecordReader().read(names)[1]], 2)
        return x

    return _checkpoint(directory, fill)


@benign_graph
def asset_that_a_loop_carries(model: GraphModel) -> None:
    start = model.asset("words.txt", "a\n")
    _, path = tf.while_loop(lambda at, _: at < 3, lambda at, text: (at + 1, tf.identity(text)), [0, start])
    model.signature(tf.strings.length(raw.ReadFile(filename=path)))


@benign_graph
def asset_in_a_variable(model: GraphModel) -> None:
    handle = raw.VarHandleOp(dtype=tf.string, shape=[], shared_name="held")
    with tf.control_dependencies([raw.AssignVariableOp(resource=handle, value=model.asset("a.txt", "a\n"))]):
        path = raw.ReadVariableOp(resource=handle, dtype=tf.string)
    model.signature(tf.strings.length(raw.ReadFile(filename=path)))
