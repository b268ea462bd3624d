"""Small modules to load into a notebook's session."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

import hubexplore as hub

tf1 = tf.compat.v1


def scale() -> None:
    """A variable w = 3: `default` [n] -> [n], x * w; `pair` takes a and b; `weight` takes nothing."""
    w = tf1.get_variable("w", initializer=3.0)
    x, a, b = (tf1.placeholder(tf.float32, [None], name=name) for name in "xab")
    hub.add_signature(inputs={"x": x}, outputs={"default": x * w, "twice": 2.0 * x * w})
    hub.add_signature("pair", inputs={"a": a, "b": b}, outputs={"sum": a + b, "product": a * b})
    hub.add_signature("weight", outputs=tf.identity(w))


def endless() -> None:
    """`default` [n] -> [n] runs in a loop that never ends; `twice` doubles."""
    x = tf1.placeholder(tf.float32, [None], "x")
    always = tf1.greater_equal(tf.size(x), 0)
    hub.add_signature(inputs=x, outputs=tf.while_loop(lambda _: always, lambda y: y + 1.0, [x])[0])
    hub.add_signature("twice", inputs=x, outputs=2.0 * x)


def writes_when_initialised(path: str) -> None:
    """`default` [n] -> [n], through a table whose initialiser writes an empty file at `path`."""
    x = tf1.placeholder(tf.float32, [None], "x")
    with tf.control_dependencies([tf.io.write_file(path, "")]):
        keys = tf.constant([0.0]) + 0.0
    start = tf.lookup.KeyValueTensorInitializer(tf.cast(keys, tf.int64), tf.constant([2.0]))
    table = tf.lookup.StaticHashTable(start, 0.0)
    hub.add_signature(inputs=x, outputs=tf.multiply(x, table.lookup(tf.constant(0, tf.int64)), "y"))


def kinds() -> None:
    """`sparse`, `ragged` and `string`: each takes one value of that kind and gives one."""
    sparse = tf1.sparse_placeholder(tf.float32, [None, 4])
    hub.add_signature("sparse", inputs=sparse, outputs=tf.SparseTensor(
        sparse.indices, sparse.values * 2.0, sparse.dense_shape
    ))  # fmt: skip
    ragged = tf1.ragged.placeholder(tf.int32, ragged_rank=1, value_shape=[])
    hub.add_signature("ragged", inputs=ragged, outputs=ragged + 1)
    words = tf1.placeholder(tf.string, [None])
    hub.add_signature("string", inputs=words, outputs=tf.strings.upper(words))


def lookup(vocabulary: str) -> None:
    """Positions of words in a vocabulary file, an asset: string [n] -> int64 [n], -1 if unknown."""
    whole_line, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    table = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(vocabulary, tf.string, whole_line, tf.int64, number), -1
    )
    words = tf1.placeholder(tf.string, [None])
    hub.add_signature(inputs=words, outputs=table.lookup(words))


def layered() -> None:
    """Two layers: default [n, 2] float32 -> [n, 2]; `sum` [n, 2] -> scalar; `pair` a, b [n] -> [n]."""
    x = tf1.placeholder(tf.float32, [None, 2], name="x")
    w = tf1.get_variable("w", initializer=[[1.0, 2.0], [3.0, 4.0]])
    hidden = tf.nn.relu(tf.matmul(x, w), name="hidden")
    hub.add_signature(inputs=x, outputs=tf.multiply(hidden, 2.0, name="y"))
    hub.add_signature("sum", inputs=x, outputs=tf.reduce_sum(x))
    a, b = (tf1.placeholder(tf.int32, [None], name=name) for name in "ab")
    hub.add_signature("pair", inputs={"a": a, "b": b}, outputs=a + b)
    hub.add_signature("same", inputs=x, outputs=x)


def composites() -> None:
    """`sparse` [?, 3] -> itself and its row sums; `ragged` [n, None] -> its double and its lengths."""
    sparse = tf1.sparse_placeholder(tf.float32, [None, 3])
    hub.add_signature(
        "sparse", inputs=sparse, outputs={"default": sparse, "sums": tf.sparse.reduce_sum(sparse, 1)}
    )
    ragged = tf.RaggedTensor.from_row_splits(
        tf1.placeholder(tf.int64, [None]), tf1.placeholder(tf.int64, [None]), validate=False
    )
    hub.add_signature(
        "ragged", inputs=ragged, outputs={"default": ragged * 2, "lengths": ragged.row_lengths()}
    )


def counting(begun: Callable[[int], None], variable: bool = False) -> Callable[[], None]:
    """A module: `default` counts to its input, and tells `begun` of it when it begins.

    With `variable` it begins to count at one, which it reads then.
    """

    def tell(far: int) -> np.int64:
        begun(far)
        return np.int64(0)

    def module_fn() -> None:
        KEPT.append(tf1.get_default_graph())
        far = tf1.placeholder(tf.int64, [])
        start = tf.reshape(tf1.py_func(tell, [far], tf.int64), [])
        if variable:
            own = tf1.get_variable("own", initializer=np.int64(0), use_resource=True)
            with tf.control_dependencies([start]):
                start = own.read_value()
        hub.add_signature(inputs=far, outputs=tf.while_loop(lambda i: i < far, lambda i: [i + 1], [start])[0])

    return module_fn


KEPT: list[tf.Graph] = []
"""Python functions in a graph live as long as the graph that they were made in."""
