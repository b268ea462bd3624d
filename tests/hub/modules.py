"""Small modules for the tests, and what tests do with modules. Plain tf.compat.v1 only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import hubexplore as hub

tf1 = tf.compat.v1
MATRIX = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], np.float32)


def initialized_session() -> Any:
    """A session on the default graph whose variables and tables are initialised."""
    session = tf1.Session()
    session.run([tf1.global_variables_initializer(), tf1.tables_initializer()])
    return session


def run(fetches: Any, feeds: Mapping[Any, Any] | None = None) -> Any:
    """Values of fetches in a new initialised session on the default graph."""
    with initialized_session() as session:
        return session.run(fetches, feeds)


def export(spec: hub.ModuleSpec, path: Path | str, tags: Iterable[str] | None = None) -> str:
    """Exports a spec with its initial values, those of its variant `tags`; returns the path."""
    if tags is None:
        tags = max(spec.get_tags(), key=len)
    with tf.Graph().as_default():
        module = hub.Module(spec, tags=tags)
        with initialized_session() as session:
            module.export(str(path), session)
    return str(path)


def evaluate(
    spec: Any, inputs: Any = None, signature: str | None = None, tags: Iterable[str] | None = None
) -> Any:
    """All outputs of a call by name, in a graph of its own; a second call must give the same."""
    with tf.Graph().as_default():
        module = hub.Module(spec, tags=tags)
        first = module(inputs, signature=signature, as_dict=True)
        second = module(inputs, signature=signature, as_dict=True)
        values = run([first, second])
    tf.nest.map_structure(np.testing.assert_array_equal, *values)
    return values[0]


@contextlib.contextmanager
def edited(path: Path | str) -> Iterator[Any]:
    """The SavedModel message of a module directory, to change; it is written back."""
    file = Path(path) / "saved_model.pb"
    message = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    yield message
    file.write_bytes(message.SerializeToString())


def read_graphs(path: Path | str) -> Any:
    """The SavedModel message of a module directory."""
    return saved_model_pb2.SavedModel.FromString((Path(path) / "saved_model.pb").read_bytes())


def new_ops(graph: tf.Graph, build: Callable[[], Any]) -> list[Any]:
    """The ops that `build` adds to a graph."""
    before = len(graph.get_operations())
    build()
    return list(graph.get_operations()[before:])


# Module functions.


def double() -> None:
    """No state: default [n] -> [n]."""
    x = tf1.placeholder(tf.float32, [None], name="x")
    hub.add_signature(inputs=x, outputs=tf.multiply(x, 2.0, name="y"))


def affine() -> None:
    """Two variables, one in a scope: default [n, 2] -> [n, 3], x @ MATRIX + 10."""
    x = tf1.placeholder(tf.float32, [None, 2], name="x")
    with tf1.variable_scope("layer"):
        w = tf1.get_variable("w", initializer=MATRIX)
    b = tf1.get_variable("b", initializer=[10.0, 10.0, 10.0])
    hub.add_signature(inputs=x, outputs=tf.identity(tf.matmul(x, w) + b, name="y"))


def scaled(use_resource: bool = True) -> None:
    """One variable w = 3 of either kind: default [n] -> [n], x * w."""
    with tf1.variable_scope("", use_resource=use_resource):
        w = tf1.get_variable("w", initializer=3.0)
    x = tf1.placeholder(tf.float32, [None], name="x")
    hub.add_signature(inputs=x, outputs=tf.multiply(x, w, name="y"))


def partitioned() -> None:
    """A variable s = 7 [4, 2] in two parts, an ordinary one q [2]: no inputs, outputs `s` and `q`."""
    partitioner = tf1.fixed_size_partitioner(2)
    with tf1.variable_scope("scope"):
        s = tf1.get_variable("s", [4, 2], initializer=tf1.constant_initializer(7.0), partitioner=partitioner)
    q = tf1.get_variable("q", initializer=[5.0, 6.0])
    hub.add_signature(outputs={"s": tf.convert_to_tensor(s), "q": tf.identity(q)})


def regularized() -> None:
    """A variable w = [1, 2] with loss 5: default [n, 2] -> [n, 2]."""
    w = tf1.get_variable(
        "w", initializer=[1.0, 2.0], regularizer=lambda value: tf.reduce_sum(value * value, name="loss")
    )
    x = tf1.placeholder(tf.float32, [None, 2], name="x")
    hub.add_signature(inputs=x, outputs=x * w)


def normalized(training: bool = False, momentum: float = 0.5) -> None:
    """Batch normalisation by hand, with update ops if training: default [n, 1] -> [n, 1]."""
    x = tf1.placeholder(tf.float32, [None, 1], name="x")
    gamma = tf1.get_variable("gamma", initializer=[1.0])
    mean = tf1.get_variable("moving_mean", initializer=[0.0], trainable=False)
    tf1.add_to_collection(tf1.GraphKeys.MODEL_VARIABLES, mean)
    if training:
        batch_mean = tf.reduce_mean(x, axis=0)
        update = tf1.assign_sub(mean, (mean - batch_mean) * (1.0 - momentum), name="update_mean")
        tf1.add_to_collection(tf1.GraphKeys.UPDATE_OPS, update)
        y = (x - batch_mean) * gamma
    else:
        y = (x - mean) * gamma
    hub.add_signature(inputs=x, outputs=tf.identity(y, name="y"))


_WORD = tf.string, tf.lookup.TextFileIndex.WHOLE_LINE
_NUMBER = tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER


def line_numbers(vocabulary: str) -> tf.lookup.TextFileInitializer:
    """The initializer of a table from the words of a vocabulary file to their line numbers, from 0."""
    return tf.lookup.TextFileInitializer(vocabulary, *_WORD, *_NUMBER)


def line_texts(vocabulary: str) -> tf.lookup.TextFileInitializer:
    """The initializer of a table from the line numbers of a vocabulary file, from 0, to its words."""
    return tf.lookup.TextFileInitializer(vocabulary, *_NUMBER, *_WORD)


def lookup(vocabulary: str, name: str | None = None) -> None:
    """Positions of words in a vocabulary file, an asset: string [n] -> int64 [n], -1 if unknown."""
    initializer = line_numbers(vocabulary)
    table = tf.lookup.StaticHashTable(initializer, -1)
    words = tf1.placeholder(tf.string, [None], name="words")
    hub.add_signature(name, inputs=words, outputs=table.lookup(words))


def partitioned_only() -> None:
    """Signature `parts` with a partitioned variable s = 7 [4, 2], for modules with others beside it."""
    partitioner = tf1.fixed_size_partitioner(2)
    s = tf1.get_variable("s", [4, 2], initializer=tf1.constant_initializer(7.0), partitioner=partitioner)
    hub.add_signature("parts", outputs={"s": tf.convert_to_tensor(s)})


def two_signatures() -> None:
    """Signatures `sum` (inputs a, b; outputs sum, difference) and `constant` (no inputs)."""
    a = tf1.placeholder(tf.float32, [None], name="a")
    b = tf1.placeholder(tf.float32, [None], name="b")
    hub.add_signature("sum", inputs={"a": a, "b": b}, outputs={"sum": a + b, "difference": a - b})
    hub.add_signature("constant", outputs=tf.constant([1.0, 2.0]))
