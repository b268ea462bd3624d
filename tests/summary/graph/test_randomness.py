"""Which signatures draw random numbers."""

from __future__ import annotations

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.summary.graph.randomness import draws, is_random

tf1 = tf.compat.v1


def noisy() -> None:
    """Signatures that draw, and some that only seem to."""
    x = tf1.placeholder(tf.float32, [None, 3])
    start = tf1.get_variable("w", [3], initializer=tf1.random_normal_initializer())
    fed = tf1.placeholder_with_default(tf1.random.normal([2]), [2])
    hub.add_signature("noise", inputs=x, outputs=x + tf1.random.normal(tf.shape(x)))
    hub.add_signature("seeded", inputs=x, outputs=x + tf1.random.uniform(tf.shape(x), seed=3))
    hub.add_signature("dropout", inputs=x, outputs=tf.nn.dropout(x, 0.5))
    hub.add_signature("drawn", inputs=x, outputs=tf1.multinomial(x, 2))
    hub.add_signature("called", inputs=x, outputs=tf.function(lambda y: y + tf.random.normal([3]))(x))
    hub.add_signature("stateless", inputs=x, outputs=x + tf.random.stateless_normal([3], [1, 2]))
    hub.add_signature("weights", inputs=x, outputs=x + start)
    hub.add_signature("fed", inputs=fed, outputs=fed * 2.0)
    hub.add_signature("default", inputs=x, outputs=x * 2.0)


def test_signatures() -> None:
    summary = hub.create_module_spec(noisy).summary()
    (variant,) = summary.variants
    assert summary.source is not None
    found = {
        signature.name
        for signature in variant.signatures
        if is_random(
            summary.source.meta_graphs[()],
            [tensor.tensor for tensor in signature.inputs],
            [tensor.tensor for tensor in signature.outputs],
        )
    }
    assert found == {"noise", "seeded", "dropout", "drawn", "called"}


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("RandomStandardNormal", True), ("RandomUniformInt", True), ("RandomShuffle", True),
        ("TruncatedNormal", True), ("Multinomial", True), ("StatefulUniform", True),
        ("LogUniformCandidateSampler", True), ("StatelessRandomUniform", False), ("RandomDataset", False),
        ("StatelessMultinomial", False), ("MatMul", False),
    ],
)  # fmt: skip
def test_ops(op: str, expected: bool) -> None:
    assert draws(op) == expected
