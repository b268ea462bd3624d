"""Sizes that a graph computes from sizes: as many multiply-adds as when TensorFlow runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from hubexplore.summary.cost import Cost
from hubexplore.summary.cost.formulas import formula
from hubexplore.summary.graph.messages import MetaGraphDef
from hubexplore.summary.model import TensorSummary
from tests.summary.cost.graphs import Model

v1 = tf.compat.v1


def first(x: Any) -> Any:
    """The number of rows, which the graph reads before it runs."""
    return tf.shape(x)[0]


def rows_of(x: Any, count: Any) -> Any:
    """As many rows, of 8 numbers."""
    return tf.zeros([count, 8]) + x[0] * 0.0


COMPUTED: dict[str, Callable[[Any], Any]] = {
    "frames": lambda x: tf.signal.frame(x[:, 0], 8, 6),
    "frames with a padding": lambda x: tf.signal.frame(x[:, 0], 8, 6, pad_end=True),
    "spectra": lambda x: tf.abs(tf.signal.stft(x[:, 0], 14, 4, 14)),
    "spectra and back": lambda x: tf.signal.irfft(tf.signal.rfft(x, [6]), [8]),
    "rounded up in floats": lambda x: rows_of(x, tf.cast(tf.math.ceil(first(x) / 2), tf.int32)),
    "rounded down in floats": lambda x: rows_of(x, tf.cast(tf.floor(first(x) / 2), tf.int32)),
    "rounded up by negation": lambda x: rows_of(x, -(-first(x) // 4)),
    "at least": lambda x: rows_of(x, tf.maximum(0, first(x) - 7)),
    "at most": lambda x: rows_of(x, tf.minimum(first(x), 11)),
    "reversed sizes": lambda x: tf.transpose(tf.zeros(tf.reverse(tf.shape(x), [0]))) + x * 0.0,
    "ones in place of sizes": lambda x: tf.tile(x, tf.ones_like(tf.shape(x))),
    "zeros in place of sizes": lambda x: tf.slice(x, tf.zeros_like(tf.shape(x)), [5, -1]),
    "a square": lambda x: rows_of(x, tf.square(first(x))),
    "split sizes": lambda x: rows_of(x, tf.split(tf.shape(x), 2)[0][0]),
    "an end that is computed": lambda x: x[: first(x) // 4 * 4],
    "sums of segments": lambda x: tf.math.unsorted_segment_sum(x, tf.zeros([first(x)], tf.int32), 5),
    "a padding that is computed": lambda x: tf.pad(x, [[0, 3 * first(x)], [0, 0]]),
    "rows times columns": lambda x: tf.gather(
        x, tf.reshape((tf.range(3) * 2)[:, None] + tf.range(3)[None, :], [-1])
    ),
    "sums of an integer": lambda x: rows_of(x, tf.cumsum([first(x), 2])[1]),
}


def traced(function: Callable[[Any], Any], rows: int | None, batch: int | None = 1) -> Cost:
    """What it costs to multiply the rows that a function returns with a matrix of 8 x 4."""
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 8], name="x")
        tf.matmul(tf.ensure_shape(function(x), [None, 8]), tf.ones([8, 4]), name="product")
        model = Model()
        message = v1.train.export_meta_graph(graph=graph, clear_extraneous_savers=True)
        model.message = MetaGraphDef.FromString(message.SerializeToString())
        model.inputs = [TensorSummary("x", "float32", (None, 8), "dense", "x:0")]
    return model.cost("product", None if rows is None else (rows, 8), batch=batch)


@pytest.mark.parametrize("rows", [15, 16, 33])
@pytest.mark.parametrize("name", COMPUTED)
def test_sizes_are_those_of_a_run(name: str, rows: int) -> None:
    with tf.Graph().as_default(), v1.Session() as session:
        count = len(session.run(COMPUTED[name](tf.constant(np.ones((rows, 8), np.float32)))))
    cost = traced(COMPUTED[name], rows)
    if name == "sums of an integer":
        # Not followed; it must not be taken for the number of rows without a word.
        assert any("number of rows" in note for note in cost.notes)
    else:
        assert (cost.multiply_adds, cost.notes) == (count * 8 * 4, ())


def test_an_open_length_gives_a_formula() -> None:
    cost = traced(COMPUTED["frames"], None, batch=None)
    assert formula(cost.total.multiply_adds) == "32·⌊(x[0] − 8)/6⌋ + 32"


def test_an_empty_slice_is_no_conflict() -> None:
    cost = traced(lambda x: rows_of(x, tf.reduce_prod(tf.shape(x)[2:]) * first(x)), None)
    assert cost.notes == ()
    assert cost.multiply_adds == 8 * 4


def test_records_have_a_row_each() -> None:
    with tf.Graph().as_default() as graph:
        records = v1.placeholder(tf.string, [None], name="records")
        features = {
            "dense": tf.io.FixedLenFeature([8], tf.float32),
            "sparse": tf.io.VarLenFeature(tf.int64),
        }
        parsed = tf.io.parse_example(tf.strings.join([records, ""]), features)
        tf.matmul(parsed["dense"], tf.ones([8, 4]), name="product")
        model = Model()
        model.message = MetaGraphDef.FromString(
            v1.train.export_meta_graph(graph=graph, clear_extraneous_savers=True).SerializeToString()
        )
        model.inputs = [TensorSummary("records", "string", (None,), "dense", "records:0")]
    assert formula(model.cost("product", batch=None).total.multiply_adds) == "32·records[0]"
