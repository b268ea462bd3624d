"""Frozen graphs and training checkpoints for tests, with the values that a plain session computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1


@dataclass(frozen=True)
class Expected:
    """What a model must compute: by tensor of the graph what is fed, and what comes out.

    Attributes:
      path: to open.
      feeds: tensor -> value.
      results: tensor -> value.
    """

    path: Path
    feeds: Mapping[str, Any]
    results: Mapping[str, Any] = field(default_factory=dict)


def dense(x: Any, units: int, name: str, activation: Any = None, resource: bool = False) -> Any:
    """A layer as TF1 programs write it."""
    with v1.variable_scope(name, use_resource=resource):
        size = x.shape[-1]
        kernel = v1.get_variable("kernel", [size, units], initializer=v1.glorot_uniform_initializer(seed=3))
        bias = v1.get_variable("bias", [units], initializer=v1.random_normal_initializer(seed=4))
        y = tf.nn.bias_add(tf.matmul(x, kernel), bias)
        return activation(y, name="activation") if activation else y


def numbers(*shape: int) -> Any:
    """Values that are the same in each test."""
    return np.linspace(-1, 1, int(np.prod(shape))).reshape(shape).astype(np.float32)


def frozen(
    folder: Path, build: Callable[[], tuple[Mapping[Any, Any], list[Any]]], name: str = "model.pb"
) -> Expected:
    """Builds a graph, freezes it as `freeze_graph` did, and writes it, binary or text by the file's "
    "ending."""
    with v1.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        v1.set_random_seed(1)
        feeds, outputs = build()
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        results = dict(zip([t.name for t in outputs], session.run(outputs, dict(feeds)), strict=True))
        names = [tensor.op.name for tensor in outputs]
        names += [op.name for op in graph.get_collection(v1.GraphKeys.TABLE_INITIALIZERS)]
        graph_def = v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), names)
        v1.io.write_graph(graph_def, str(folder), name, as_text=name.endswith("txt"))
    return Expected(folder / name, {key.name: value for key, value in feeds.items()}, results)


def checkpoint(
    folder: Path,
    build: Callable[[], tuple[Mapping[Any, Any], list[Any]]],
    saver: Callable[[], Any] = v1.train.Saver,
    train: int = 0,
) -> Expected:
    """Builds a graph, runs its op `train` a few times, and writes a checkpoint with its graph.

    The results are those of a new session into which the checkpoint is restored.
    """
    with v1.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        v1.set_random_seed(1)
        feeds, outputs = build()
        saving = saver()
        local = v1.local_variables_initializer()
        session.run([v1.global_variables_initializer(), local, v1.tables_initializer()])
        for _ in range(train):
            session.run("train", dict(feeds))
        prefix = saving.save(session, str(folder / "model.ckpt"), global_step=train or None)
        results = dict(zip([t.name for t in outputs], session.run(outputs, dict(feeds)), strict=True))
    return Expected(Path(prefix), {key.name: value for key, value in feeds.items()}, results)


# ---- frozen graphs


def mlp() -> Any:
    """Two layers on reference variables."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    y = tf.nn.softmax(dense(dense(x, 8, "hidden", tf.nn.relu), 3, "logits"), name="probabilities")
    return {x: numbers(2, 4)}, [y]


def resource_mlp() -> Any:
    """Two layers on resource variables."""
    x = v1.placeholder(tf.float32, [None, 4], name="input")
    y = tf.nn.softmax(dense(dense(x, 8, "a", tf.nn.relu, True), 3, "b", resource=True), name="output")
    return {x: numbers(2, 4)}, [y]


def convolution() -> Any:
    """A convolution with batch normalisation for inference."""
    x = v1.placeholder(tf.float32, [None, 8, 8, 3], name="images")
    kernel = v1.get_variable("conv/kernel", [3, 3, 3, 6])
    h = tf.nn.conv2d(x, kernel, 1, "SAME")
    gamma, beta = v1.get_variable("bn/gamma", [6]), v1.get_variable("bn/beta", [6])
    mean = v1.get_variable("bn/moving_mean", [6], trainable=False)
    variance = v1.get_variable("bn/moving_variance", initializer=tf.ones([6]), trainable=False)
    h, _, _ = v1.nn.fused_batch_norm(h, gamma, beta, mean, variance, is_training=False)
    y = tf.reduce_mean(tf.nn.relu(h), [1, 2], name="features")
    return {x: numbers(2, 8, 8, 3)}, [y]


def two_outputs() -> Any:
    """Two inputs, two outputs, one of them of an op with several."""
    a = v1.placeholder(tf.float32, [None, 6], name="left/a")
    b = v1.placeholder(tf.float32, [None, 6], name="right/a")
    scores = dense(a * b, 5, "scores")
    values, indices = tf.nn.top_k(scores, 2, name="top")
    return {a: numbers(3, 6), b: numbers(3, 6) + 1}, [values, indices]


def optional_input() -> Any:
    """Dropout whose rate has a default."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    scale = v1.placeholder_with_default(tf.constant(2.0), [], name="scale")
    y = tf.multiply(dense(x, 3, "layer"), scale, name="y")
    return {x: numbers(2, 4)}, [y]


def condition() -> Any:
    """A TF1 cond."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    flag = v1.placeholder(tf.bool, [], name="flag")
    h = dense(x, 4, "layer")
    y = tf.identity(v1.cond(flag, lambda: h * 2.0, lambda: h - 1.0), name="y")
    return {x: numbers(2, 4), flag: True}, [y]


def loop() -> Any:
    """A TF1 while loop with a weight in its body, whose result is that of the graph."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    kernel = v1.get_variable("kernel", [4, 4])
    _, y = v1.while_loop(lambda i, h: i < 3, lambda i, h: (i + 1, tf.tanh(tf.matmul(h, kernel))), [0, x])
    return {x: numbers(2, 4)}, [tf.identity(y, name="state")]


def words() -> Any:
    """A vocabulary of constants and an embedding."""
    words = v1.placeholder(tf.string, [None], name="words")
    keys = tf.constant(["a", "b", "c"])
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(keys, tf.constant([1, 2, 3], tf.int64)), 0
    )
    rows = v1.get_variable("embedding", [4, 5])
    return {words: np.array(["b", "?"], object)}, [
        v1.nn.embedding_lookup(rows, table.lookup(words), name="v")
    ]


def half() -> Any:
    """Weights of another dtype, and an output that needs no input."""
    x = v1.placeholder(tf.float64, [None, 3], name="x")
    kernel = v1.get_variable("kernel", [3, 2], tf.float64)
    return {x: np.ones([2, 3])}, [tf.matmul(x, kernel, name="y"), tf.exp(kernel, name="scale")]


def recurrent() -> Any:
    """A TF1 dynamic loop over time with TensorArrays."""
    x = v1.placeholder(tf.float32, [None, 5, 3], name="sequence")
    kernel = v1.get_variable("cell/kernel", [3 + 4, 4])
    steps = tf.TensorArray(tf.float32, 5).unstack(tf.transpose(x, [1, 0, 2]))

    def body(time: Any, state: Any, output: Any) -> Any:
        state = tf.tanh(tf.matmul(tf.concat([steps.read(time), state], 1), kernel))
        return time + 1, state, output.write(time, state)

    start = tf.zeros([tf.shape(x)[0], 4])
    _, last, outputs = v1.while_loop(
        lambda time, *_: time < 5, body, [0, start, tf.TensorArray(tf.float32, 5)]
    )
    states = tf.transpose(outputs.stack(), [1, 0, 2], name="states")
    return {x: numbers(2, 5, 3)}, [states, tf.identity(last, name="last")]


def image_bytes() -> Any:
    """A graph that decodes the content of a file."""
    content = v1.placeholder(tf.string, [], name="contents")
    pixels = tf.cast(tf.image.decode_png(content, channels=3), tf.float32)
    kernel = v1.get_variable("kernel", [3, 2])
    y = tf.reduce_mean(tf.tensordot(pixels, kernel, 1), [0, 1], name="y")
    with v1.Graph().as_default(), v1.Session() as session:
        png = session.run(tf.io.encode_png(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)))
    return {content: png}, [y]


def trained_again() -> Any:
    """The features of a picture may be given, but its input is the picture."""
    content = v1.placeholder(tf.string, [], name="contents")
    picture = tf.cast(tf.image.decode_png(content, channels=1), tf.float32)
    computed = tf.reshape(tf.reduce_mean(picture, axis=[0]), [1, 1])
    features = v1.placeholder_with_default(computed, [None, 1], name="features")
    y = tf.nn.softmax(dense(features, 3, "final"), name="final_result")
    with v1.Graph().as_default(), v1.Session() as session:
        png = session.run(tf.io.encode_png(np.full((2, 1, 1), 7, np.uint8)))
    return {content: png}, [y]


def printed() -> Any:
    """Summaries, an assertion and a print beside the result."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    h = dense(x, 4, "layer")
    with tf.control_dependencies([v1.Assert(tf.reduce_all(x < 10), [x])]):
        y = tf.identity(h, name="y")
    v1.summary.histogram("activations", h)
    return {x: numbers(2, 4)}, [y]


FROZEN: Mapping[str, Callable[[], Any]] = {
    made.__name__: made
    for made in (
        mlp, resource_mlp, convolution, two_outputs, optional_input, condition, loop, words, half, recurrent,
        image_bytes, trained_again, printed,
    )
}  # fmt: skip


# ---- training checkpoints


def _trained(loss: Any, optimizer: Any = None) -> None:
    step = v1.train.get_or_create_global_step()
    (optimizer or v1.train.AdamOptimizer(0.01)).minimize(loss, global_step=step, name="train")
    v1.summary.scalar("loss", loss)
    v1.summary.merge_all()


def classifier() -> Any:
    """Placeholders, Adam, a loss, an accuracy."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    labels = v1.placeholder(tf.int64, [None], name="labels")
    logits = dense(dense(x, 8, "hidden", tf.nn.relu), 3, "logits")
    y = tf.nn.softmax(logits, name="probabilities")
    _trained(tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits), name="loss"))
    tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), labels), tf.float32), name="accuracy")
    return {x: numbers(6, 4), labels: np.array([0, 1, 2] * 2)}, [y]


def only_loss() -> Any:
    """All that is left over needs the labels: the logits are the result."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    target = v1.placeholder(tf.float32, [None, 2], name="target")
    prediction = dense(x, 2, "linear")
    _trained(
        tf.reduce_mean(tf.square(prediction - target), name="loss"), v1.train.MomentumOptimizer(0.1, 0.9)
    )
    return {x: numbers(6, 4), target: numbers(6, 2)}, [prediction]


def transcriber() -> Any:
    """A loss over sparse labels and lengths; a recurrent layer left a length over that it does not use."""
    x = v1.placeholder(tf.float32, [2, 5, 4], name="x")
    lengths = v1.placeholder(tf.int32, [2], name="lengths")
    indices = v1.placeholder(tf.int64, [None, 2], name="indices")
    values = v1.placeholder(tf.int32, [None], name="values")
    sizes = v1.placeholder(tf.int64, [2], name="sizes")
    with tf.name_scope("rnn"):
        tf.reduce_min(lengths, name="Min")
    mask = tf.expand_dims(tf.sequence_mask(lengths, 5, tf.float32), 2)
    logits = tf.transpose(tf.reshape(dense(tf.reshape(x * mask, [-1, 4]), 3, "output"), [2, 5, 3]), [1, 0, 2])
    losses = v1.nn.ctc_loss(tf.SparseTensor(indices, values, sizes), logits, lengths)
    _trained(tf.reduce_mean(losses, name="loss"))
    feeds = {x: numbers(2, 5, 4), lengths: np.array([5, 3]), indices: np.array([[0, 0], [1, 0]])}
    return {**feeds, values: np.array([0, 1]), sizes: np.array([2, 1])}, [logits]


def scores_and_predictions() -> Any:
    """The loss takes the scores in another form, and the predictions take them too."""
    x = v1.placeholder(tf.int32, [None, 5], name="x")
    labels = v1.placeholder(tf.float32, [None, 2], name="labels")
    rows = tf.nn.embedding_lookup(v1.get_variable("table", [9, 4]), x)
    scores = dense(tf.reduce_mean(rows, 1), 2, "output")
    predictions = tf.argmax(scores, 1, name="predictions")
    with tf.name_scope("loss"):
        losses = tf.nn.softmax_cross_entropy_with_logits(labels, scores)
        tf.shape(losses, name="left_over")
        loss = tf.reduce_mean(losses)
    _trained(loss)
    right = tf.equal(predictions, tf.argmax(labels, 1))
    tf.reduce_mean(tf.cast(right, tf.float32), name="accuracy")
    return {x: np.arange(10).reshape(2, 5) % 9, labels: np.eye(2, dtype=np.float32)}, [predictions, scores]


def batch_norm() -> Any:
    """Batch normalisation with moving averages, dropout, and a flag for training, as resource variables."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    target = v1.placeholder(tf.float32, [None, 3], name="target")
    training = v1.placeholder_with_default(False, [], name="training")
    h = dense(x, 8, "hidden", resource=True)
    with v1.variable_scope("bn", use_resource=True):
        gamma, beta = v1.get_variable("gamma", [8]), v1.get_variable("beta", [8])
        mean = v1.get_variable("moving_mean", [8], initializer=v1.zeros_initializer(), trainable=False)
        variance = v1.get_variable("moving_variance", [8], initializer=v1.ones_initializer(), trainable=False)
    batch_mean, batch_variance = tf.nn.moments(h, [0])
    for old, new in ((mean, batch_mean), (variance, batch_variance)):
        moved = v1.cond(training, lambda old=old, new=new: (old - new) * 0.1, lambda old=old: old * 0.0)
        v1.add_to_collection(v1.GraphKeys.UPDATE_OPS, v1.assign_sub(old, moved))
    used = v1.cond(
        training, lambda: [batch_mean, batch_variance], lambda: [mean.read_value(), variance.read_value()]
    )
    h = tf.nn.batch_normalization(h, used[0], used[1], beta, gamma, 1e-3)
    rate = tf.where(training, 0.5, 0.0)
    h = tf.nn.dropout(h, rate=rate, seed=5)
    y = tf.nn.sigmoid(dense(h, 3, "out"), name="y")
    with tf.control_dependencies(v1.get_collection(v1.GraphKeys.UPDATE_OPS)):
        _trained(tf.reduce_mean(tf.square(y - target)))
    return {x: numbers(6, 4), target: numbers(6, 3)}, [y]


def queues() -> Any:
    """An input pipeline of queues: what the last one returns is the input."""
    with tf.name_scope("input"):
        rows = tf.constant(numbers(20, 4))
        labels = tf.constant(np.arange(20) % 3)
        row, label = v1.train.slice_input_producer([rows, labels], shuffle=False)
        x, targets = v1.train.batch([row, label], 4, name="batch")
    logits = dense(x, 3, "layer")
    y = tf.nn.softmax(logits, name="y")
    _trained(tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)))
    return {x: numbers(4, 4), targets: np.zeros(4, np.int64)}, [y]


def iterator() -> Any:
    """An input pipeline of a dataset."""
    dataset = tf.data.Dataset.from_tensor_slices((numbers(12, 4), np.arange(12) % 3)).batch(4).repeat()
    x, labels = v1.data.make_one_shot_iterator(dataset).get_next()
    logits = dense(x, 3, "layer")
    y = tf.nn.softmax(logits, name="y")
    _trained(tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)))
    return {x: numbers(4, 4), labels: np.zeros(4, np.int64)}, [y]


def partitioned() -> Any:
    """A variable in parts."""
    ids = v1.placeholder(tf.int64, [None], name="ids")
    target = v1.placeholder(tf.float32, [None, 4], name="target")
    with v1.variable_scope("rows", partitioner=v1.fixed_size_partitioner(3)):
        rows = v1.get_variable("weights", [10, 4], use_resource=False)
    y = tf.identity(v1.nn.embedding_lookup(rows, ids, partition_strategy="div"), name="y")
    _trained(tf.reduce_mean(tf.square(y - target)), v1.train.AdagradOptimizer(0.1))
    return {ids: np.array([0, 4, 9]), target: numbers(3, 4)}, [y]


def read_in_a_branch() -> Any:
    """A moving average that is updated and read in a branch, as Keras does it; nothing uses what was read."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    target = v1.placeholder(tf.float32, [None, 2], name="target")
    training = v1.placeholder_with_default(False, [], name="training")
    with v1.variable_scope("average", use_resource=True):
        average = v1.get_variable("mean", [], initializer=v1.zeros_initializer(), trainable=False)
    y = tf.nn.softmax(dense(x, 2, "out"), name="y")

    def update() -> Any:
        with tf.control_dependencies([v1.assign_sub(average, 0.5)]):
            average.read_value()
        return tf.constant(0.0)

    nothing = v1.cond(training, update, lambda: tf.constant(0.0))
    _trained(tf.reduce_mean(tf.square(y - target)) + nothing)
    return {x: numbers(3, 4), target: numbers(3, 2)}, [y]


def trained_condition() -> Any:
    """A TF1 cond in a model that is trained."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    target = v1.placeholder(tf.float32, [None, 4], name="target")
    h = dense(x, 4, "layer")
    y = tf.identity(v1.cond(tf.reduce_sum(h) > 0, lambda: h * 2.0, lambda: h - 1.0), name="y")
    _trained(tf.reduce_mean(tf.square(y - target)))
    return {x: numbers(3, 4), target: numbers(3, 4)}, [y]


def trained_loop() -> Any:
    """A TF1 loop in a model that is trained, whose gradient counts its steps."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    target = v1.placeholder(tf.float32, [None, 4], name="target")
    kernel = v1.get_variable("kernel", [4, 4])
    _, h = v1.while_loop(lambda i, h: i < 3, lambda i, h: (i + 1, tf.tanh(tf.matmul(h, kernel))), [0, x])
    y = tf.identity(h, name="y")
    _trained(tf.reduce_mean(tf.square(y - target)))
    return {x: numbers(3, 4), target: numbers(3, 4)}, [y]


def clipped() -> Any:
    """Gradient descent with clipped gradients, regularisation and a decaying learning rate."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    target = v1.placeholder(tf.float32, [None, 1], name="target")
    regularizer = lambda kernel: 0.01 * tf.reduce_sum(tf.square(kernel))  # noqa: E731
    with v1.variable_scope("model", regularizer=regularizer):
        y = tf.identity(dense(x, 1, "layer"), name="y")
    loss = tf.reduce_mean(tf.square(y - target)) + v1.losses.get_regularization_loss()
    step = v1.train.get_or_create_global_step()
    optimizer = v1.train.GradientDescentOptimizer(v1.train.exponential_decay(0.1, step, 10, 0.9))
    gradients, variables = zip(*optimizer.compute_gradients(loss), strict=True)
    clipped_gradients, _ = tf.clip_by_global_norm(gradients, 1.0)
    optimizer.apply_gradients(zip(clipped_gradients, variables, strict=True), step, name="train")
    return {x: numbers(3, 4), target: numbers(3, 1)}, [y]


def metrics() -> Any:
    """Metrics on local variables, which no checkpoint holds."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    labels = v1.placeholder(tf.int64, [None], name="labels")
    logits = dense(x, 3, "layer")
    classes = tf.argmax(logits, 1, name="classes")
    v1.metrics.accuracy(labels, classes)
    _trained(tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)))
    return {x: numbers(3, 4), labels: np.array([0, 1, 2])}, [classes]


def autoencoder() -> Any:
    """Its loss compares the result with the input: the result is what the loss is computed from."""
    x = v1.placeholder(tf.float32, [None, 6], name="x")
    code = dense(x, 2, "encoder", tf.nn.relu)
    y = tf.nn.sigmoid(dense(code, 6, "decoder"), name="reconstruction")
    _trained(tf.reduce_mean(tf.square(x - y), name="loss"))
    return {x: numbers(2, 6)}, [y]


def vocabulary() -> Any:
    """A table of constants in front of trained embeddings."""
    words = v1.placeholder(tf.string, [None], name="words")
    target = v1.placeholder(tf.float32, [None, 2], name="target")
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([1, 2], tf.int64)), 0
    )
    rows = v1.get_variable("embedding", [3, 2])
    y = v1.nn.embedding_lookup(rows, table.lookup(words), name="y")
    _trained(tf.reduce_mean(tf.square(y - target)))
    return {words: np.array(["b", "?"], object), target: numbers(2, 2)}, [y]


def untrained() -> Any:
    """A model without anything for training."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    return {x: numbers(2, 4)}, [tf.identity(dense(x, 3, "layer"), name="y")]


CHECKPOINTS: Mapping[str, Callable[[], Any]] = {
    made.__name__: made
    for made in (
        classifier, only_loss, transcriber, scores_and_predictions, batch_norm, queues, iterator, partitioned,
        read_in_a_branch, trained_condition, trained_loop, clipped, metrics, autoencoder, vocabulary,
        untrained,
    )
}  # fmt: skip
