"""Small TF2 models of all kinds, written as SavedModels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

Feeds = dict[str, dict[str, Any]]
"""Signature -> input -> value."""


def spec(*shape: int | None, dtype: tf.DType = tf.float32, name: str | None = None) -> tf.TensorSpec:
    """A TensorSpec."""
    return tf.TensorSpec(shape, dtype, name)


def function(body: Callable[..., Any], *specs: Any) -> Any:
    """A tf.function with a fixed signature."""
    return tf.function(body, input_signature=specs)


def numbers(*shape: int) -> Any:
    """Numbers that differ: -1, -0.9, ..."""
    return (np.arange(np.prod(shape), dtype=np.float32) / 10 - 1).reshape(shape)


def save(model: Any, path: Path, **signatures: Any) -> str:
    """Writes a model with these signatures, and returns its path."""
    tf.saved_model.save(model, str(path), signatures=signatures)
    return str(path)


class Dense(tf.Module):  # type: ignore[misc]  # TensorFlow is untyped
    """A layer with variables that have no names of their own."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.kernel = tf.Variable(numbers(inputs, outputs))
        self.bias = tf.Variable(tf.ones([outputs]), trainable=False)

    def __call__(self, x: Any) -> Any:
        """An affine function."""
        return x @ self.kernel + self.bias


def layers(path: Path) -> Feeds:
    """Layers in attributes and in a list; calls of functions inside of functions."""
    model = tf.Module()
    model.dense, model.more = Dense(2, 2), [Dense(2, 2), Dense(2, 1)]
    inner = tf.function(lambda x: tf.nn.relu(model.dense(x)), autograph=False)
    middle = tf.function(lambda x: model.more[0](inner(inner(x))), autograph=False)
    model.f = function(lambda x: {"default": model.more[1](middle(x)), "same": x}, spec(None, 2, name="x"))
    save(model, path, default=model.f)
    return {"default": {"x": numbers(3, 2)}}


def sharing(path: Path) -> Feeds:
    """Several signatures that share variables, one of which is in use twice."""
    model = tf.Module()
    model.encoder, model.decoder = Dense(3, 2), Dense(2, 3)
    model.alias = model.encoder
    model.encode = function(lambda x: {"z": model.encoder(x)}, spec(None, 3, name="x"))
    model.decode = function(lambda z: {"x": model.decoder(z)}, spec(None, 2, name="z"))
    model.both = function(lambda x: model.decode(model.encode(x)["z"]), spec(None, 3, name="x"))
    save(model, path, encode=model.encode, decode=model.decode, serving_default=model.both)
    return {
        "encode": {"x": numbers(2, 3)},
        "decode": {"z": numbers(2, 2)},
        "serving_default": {"x": numbers(2, 3)},
    }


def nothing_to_train(path: Path) -> Feeds:
    """No variables; an output that is an input, and one that is a constant."""
    model = tf.Module()
    model.f = function(
        lambda x, y: {"sum": x + y, "x": x, "constant": tf.constant([1.0, 2.0])}, spec(None), spec(None)
    )
    save(model, path, serving_default=model.f)
    return {"serving_default": {"x": numbers(2), "y": numbers(2)}}


def lookups(path: Path) -> Feeds:
    """Tables that are filled from assets and from constants, and an asset that is read."""
    words = path.parent / "words.txt"
    words.write_text("a\nb\nc\n")
    model, tables = tf.Module(), tf.lookup
    model.asset = tf.saved_model.Asset(str(words))
    lines = (tf.string, tables.TextFileIndex.WHOLE_LINE, tf.int64, tables.TextFileIndex.LINE_NUMBER)
    model.file = tables.StaticHashTable(tables.TextFileInitializer(model.asset, *lines), -1)
    model.buckets = tables.StaticVocabularyTable(tables.TextFileInitializer(str(words), *lines), 2)
    values = tables.KeyValueTensorInitializer(["a", "k"], [3.0, 4.0])
    model.values = tables.StaticHashTable(values, 0.0)
    anonymous = tables.KeyValueTensorInitializer(["a", "k"], [5, 6])
    model.anonymous = tables.StaticHashTable(anonymous, 0, experimental_is_anonymous=True)
    model.weight = tf.Variable(2.0)
    model.look = function(
        lambda x: {
            "file": model.file.lookup(x),
            "buckets": model.buckets.lookup(x),
            "values": model.values.lookup(x) * model.weight,
            "anonymous": model.anonymous.lookup(x),
            "read": tf.io.read_file(model.asset.asset_path),
        },
        spec(None, dtype=tf.string, name="x"),
    )
    save(model, path, serving_default=model.look)
    return {"serving_default": {"x": np.array(["b", "k", "a", "?"], object)}}


def saved_twice(path: Path) -> Feeds:
    """A model that was loaded and saved again: functions make its tables."""
    feeds = lookups(path.parent / "first")
    model = tf.saved_model.load(str(path.parent / "first"))
    tf.saved_model.save(model, str(path), signatures=dict(model.signatures))
    return feeds


def ragged(path: Path) -> Feeds:
    """A ragged input, which a signature takes as its parts."""
    model = tf.Module()
    model.rows = tf.Variable(numbers(5, 2))
    rows = tf.RaggedTensorSpec([None, None], tf.int64, ragged_rank=1)
    model.f = function(
        lambda r: {
            "mean": tf.reduce_mean(tf.ragged.map_flat_values(tf.nn.embedding_lookup, model.rows, r), axis=1)
        },
        rows,
    )
    save(model, path, serving_default=model.f)
    return {"serving_default": {"r": np.array([1, 2, 4], np.int64), "r_1": np.array([0, 1, 3], np.int64)}}


def sparse(path: Path) -> Feeds:
    """A sparse input, which a signature takes as its parts."""
    model = tf.Module()
    model.weights = tf.Variable(numbers(3, 2))
    model.f = function(
        lambda x: {"y": tf.sparse.sparse_dense_matmul(x, model.weights)},
        tf.SparseTensorSpec([None, 3], tf.float32),
    )
    save(model, path, serving_default=model.f)
    feeds = {
        "x": np.array([[0, 1], [1, 2]], np.int64),
        "x_1": np.array([1.0, 2.0], np.float32),
        "x_2": np.array([2, 3], np.int64),
    }
    return {"serving_default": feeds}


def generator(path: Path) -> Feeds:
    """A loop that writes text, as many steps as it is told, with a table and a variable inside."""
    model = tf.Module()
    words = ["a", "b", "c"]
    model.next = tf.Variable(np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], np.float32))
    table = tf.lookup.KeyValueTensorInitializer(words, [0, 1, 2])
    model.ids = tf.lookup.StaticHashTable(table, 0)

    def generate(start: Any, n: Any) -> Any:
        def step(i: Any, ids: Any, text: Any) -> Any:
            following = tf.argmax(tf.gather(model.next, ids), -1, output_type=tf.int32)
            return i + 1, following, text + tf.gather(words, following)

        shapes = (tf.TensorShape([]), tf.TensorShape([None]), tf.TensorShape([None]))
        _, _, text = tf.while_loop(
            lambda i, *_: i < n, step, (0, model.ids.lookup(start), start), shape_invariants=shapes
        )
        return {"text": text}

    model.generate = function(
        generate, spec(None, dtype=tf.string, name="start"), spec(dtype=tf.int32, name="n")
    )
    save(model, path, serving_default=model.generate)
    return {"serving_default": {"start": np.array(["a", "c"], object), "n": np.int32(4)}}


def branches(path: Path) -> Feeds:
    """A cond, a case and a loop that read variables."""
    model = tf.Module()
    model.w, model.u = tf.Variable(2.0), tf.Variable(3.0)

    def f(x: Any, n: Any) -> Any:
        y = tf.cond(tf.reduce_sum(x) > 0, lambda: x * model.w, lambda: x - model.u)
        z = tf.switch_case(n, [lambda: y + 1.0, lambda: y * model.u, lambda: y - model.w])
        _, z = tf.while_loop(lambda i, _: i < n, lambda i, z: (i + 1, z * model.w + model.u), (0, z))
        return {"y": y, "z": z}

    model.f = function(f, spec(None, name="x"), spec(dtype=tf.int32, name="n"))
    save(model, path, serving_default=model.f)
    return {"serving_default": {"x": numbers(3), "n": np.int32(2)}}


def odd_dtypes(path: Path) -> Feeds:
    """Variables of every kind of dtype, and one of unknown length."""
    model = tf.Module()
    model.all = [
        tf.Variable(tf.constant([1.5, 2.5], tf.bfloat16)),
        tf.Variable(np.array([1, 2], np.int8)),
        tf.Variable([True, False]),
        tf.Variable(np.array([1, 2], np.float16)),
        tf.Variable([1.0, 2.0], shape=[None]),
    ]
    model.text, model.complex = tf.Variable(["p", "q"]), tf.Variable(np.complex64(1 + 2j))
    model.f = function(
        lambda x: {
            "y": x + tf.add_n([tf.cast(v, tf.float32) for v in model.all]),
            "text": model.text.read_value(),
            "complex": model.complex * 2,
        },
        spec(2, name="x"),
    )
    save(model, path, serving_default=model.f)
    return {"serving_default": {"x": numbers(2)}}


def hostile_names(path: Path) -> Feeds:
    """Names that no node can have, and names of other nodes."""
    model = tf.Module()
    names = ["<script>alert(1)<", "_x y", "ü.x", "Read", "s", "serving_default_s", "variables"]
    model.d = {name: tf.Variable([1.0 + number, 2.0]) for number, name in enumerate(names)}
    model.s, model.serving_default_s = tf.Variable([1.0, 1.0]), tf.Variable([3.0, 1.0])

    def f(s: Any) -> Any:
        for variable in model.d.values():
            s *= variable
        return {"<b>out</b>": s + model.s * model.serving_default_s}

    model.f = function(f, spec(None, 2, name="s"))
    tf.saved_model.save(model, str(path), signatures={"serving_default": model.f, "a b:<i>": model.f})
    return {key: {"s": numbers(2, 2)} for key in ("serving_default", "a b:<i>")}


def examples(path: Path) -> Feeds:
    """Serialized tf.Examples."""
    model = tf.Module()
    model.weights = tf.Variable([[2.0], [3.0]])
    features = dict.fromkeys("ab", tf.io.FixedLenFeature([1], tf.float32))

    def f(serialized: Any) -> Any:
        parsed = tf.io.parse_example(serialized, features)
        return {"y": tf.concat([parsed["a"], parsed["b"]], 1) @ model.weights}

    model.f = function(f, spec(None, dtype=tf.string, name="examples"))
    save(model, path, serving_default=model.f)
    rows = [
        tf.train.Example(
            features=tf.train.Features(
                feature={
                    name: tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
                    for name, value in (("a", value), ("b", 1.0))
                }
            )
        ).SerializeToString()
        for value in (1.0, 2.0)
    ]
    return {"serving_default": {"examples": np.array(rows, object)}}


def datasets(path: Path) -> Feeds:
    """A dataset that is made and reduced inside of the signature."""
    model = tf.Module()
    model.w = tf.Variable(2.0)

    def f(x: Any) -> Any:
        dataset = tf.data.Dataset.from_tensor_slices(x).map(lambda v: v * 2.0).batch(2)
        return {"y": dataset.reduce(0.0, lambda total, batch: total + tf.reduce_sum(batch)) * model.w}

    model.f = function(f, spec(None, name="x"))
    save(model, path, serving_default=model.f)
    return {"serving_default": {"x": numbers(3)}}


ALL: Mapping[str, Callable[[Path], Feeds]] = {
    author.__name__: author
    for author in (
        layers,
        sharing,
        nothing_to_train,
        lookups,
        saved_twice,
        ragged,
        sparse,
        generator,
        branches,
        odd_dtypes,
        hostile_names,
        examples,
        datasets,
    )
}
"""The models of `tf.Module`, by name; each is an author that writes to a path, and returns what to feed."""
