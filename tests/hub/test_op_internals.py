"""Tests of `hubexplore.hub.op_internals`."""

from __future__ import annotations

import pytest
import tensorflow as tf

from hubexplore.hub.op_internals import static_shapes


def graph_with_calls_and_loops() -> tf.Graph:
    with tf.Graph().as_default() as graph:
        images = tf.compat.v1.placeholder(tf.float32, [None, 8, 8, 3], "images")

        features = tf.function(lambda values: tf.reduce_mean(values, [1, 2]), autograph=False)(images)
        tf.split(features, 3, axis=1, name="split")
        tf.reshape(features, tf.compat.v1.placeholder(tf.int32, [None], "shape"), "free")
        with tf.compat.v1.variable_scope("loop", use_resource=True):
            tf.while_loop(lambda step, _: step < 3, lambda step, state: (step + 1, state * 2), [0, features])
        tf.cond(tf.reduce_any(features > 0), lambda: features, lambda: features[:, ::-1], name="branch")
    return graph


def test_shapes_are_those_of_the_public_importer() -> None:
    graph_def = graph_with_calls_and_loops().as_graph_def()
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        expected = {tensor.name: tensor.shape for op in graph.get_operations() for tensor in op.outputs}
    assert len({shape.rank for shape in expected.values()}) > 3
    found = static_shapes(graph_def.SerializeToString(), list(expected))
    # As text: shapes of unknown rank are equal to nothing.
    assert {name: str(shape) for name, shape in found.items()} == {
        name: str(shape) for name, shape in expected.items()
    }


@pytest.mark.parametrize("name", ["images:1", "nothing:0"])
def test_a_tensor_that_is_not_there(name: str) -> None:
    graph_def = graph_with_calls_and_loops().as_graph_def()
    with pytest.raises(ValueError, match=name.partition(":")[0]):
        static_shapes(graph_def.SerializeToString(), [name])
