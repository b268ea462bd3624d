"""Harmless models that the package makes, and its own samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

import hubexplore as hub
from tests.strangers.cases import benign
from tests.strangers.making import scratch, v1

SAMPLES = ("sample:digits", "sample:half-plus-two", "sample:text-embedding")


def authored(name: str, define: Callable[[], None]) -> None:
    """Registers a module that the package authors and exports."""

    def build(directory: Path) -> Path:
        with tf.Graph().as_default():
            module = hub.Module(hub.create_module_spec(define))
            with v1.Session() as session:
                session.run([v1.global_variables_initializer(), v1.tables_initializer()])
                module.export(str(directory), session)
        return directory

    build.__name__ = name
    benign(build)


def _weights() -> None:
    x = v1.placeholder(tf.float32, [None, 2])
    weight = v1.get_variable("weight", [2, 3], regularizer=tf.nn.l2_loss)
    hub.add_signature(inputs=x, outputs=tf.matmul(x, weight))


def _vocabulary() -> None:
    words = scratch({"words.txt": "a\nb\n"}) / "words.txt"
    x = v1.placeholder(tf.string, [None])
    rows: Any = tf.lookup.TextFileInitializer(
        str(words),
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    hub.add_signature(inputs=x, outputs=tf.lookup.StaticHashTable(rows, -1).lookup(x))


authored("authored_weights", _weights)
authored("authored_vocabulary", _vocabulary)
