"""Small modules to join, and what the tests of joined modules ask of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import hubexplore as hub

tf1 = tf.compat.v1


def widen(training: bool = False) -> None:
    """A variable: `default` x float32 [n] -> float32 [n, 3]; doubled in training."""
    x = tf1.placeholder(tf.float32, [None], name="x")
    row = tf1.get_variable("row", initializer=[1.0, 2.0, 4.0])
    wide = x[:, tf.newaxis] * row
    hub.add_signature(inputs={"x": x}, outputs={"default": wide * 2.0 if training else wide})


def weigh(training: bool = False) -> None:
    """A variable and an update op: `default` values [n, 3] and `scale` [] -> `default` [n], `seen` [n, 3]."""
    values = tf1.placeholder(tf.float32, [None, 3], name="values")
    scale = tf1.placeholder(tf.float32, [], name="scale")
    weights = tf1.get_variable("weights", initializer=[10.0, 1.0, 0.1])
    seen = tf1.get_variable("seen", initializer=0.0, trainable=False)
    if training:
        tf1.add_to_collection(tf1.GraphKeys.UPDATE_OPS, seen.assign_add(tf.reduce_sum(values)))
    total = tf.reduce_sum(values * weights, axis=1) * scale
    hub.add_signature(inputs={"values": values, "scale": scale}, outputs={"default": total, "seen": values})


def count_words(vocabulary: str) -> None:
    """A table and an asset: `default` string [n] -> int64 [n], `ragged` string [n] -> ragged string."""
    texts = tf1.placeholder(tf.string, [None], name="texts")
    initializer = tf.lookup.TextFileInitializer(
        vocabulary,
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    table = tf.lookup.StaticHashTable(initializer, -1)
    hub.add_signature(inputs={"texts": texts}, outputs=table.lookup(texts))
    hub.add_signature("ragged", inputs={"texts": texts}, outputs=tf.strings.split(texts))


VARIANTS = [((), {"training": False}), ({"train"}, {"training": True})]


def made(module_fn: Any, path: Path, variants: Any = None, **arguments: Any) -> str:
    """Writes a module with its initial values; returns its path."""
    from tests.hub import modules

    pairs = variants or [((), arguments)]
    return modules.export(hub.create_module_spec(module_fn, pairs), path, pairs[0][0])


def values(
    spec: Any, inputs: Any, tags: Iterable[str] | None = None, signature: str | None = None
) -> dict[str, Any]:
    """All outputs of a call."""
    with hub.eval_function_for_module(spec, tags=tags) as function:
        outputs: dict[str, Any] = function(inputs, signature=signature, as_dict=True)
    return outputs


def assert_equal(first: Any, second: Any) -> None:
    """Both have the same values, bit for bit."""
    tf.nest.map_structure(np.testing.assert_array_equal, first, second)
