"""An op that TensorFlow defines and cannot run: the error says so, and which signature needs it."""

from __future__ import annotations

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.hub.running.run_error_classes import NoKernelError
from hubexplore.hub.running.run_errors import explain_run_error

v1 = tf.compat.v1


def buckets() -> None:
    x, bounds = v1.placeholder(tf.float32, [None]), tf.constant([1.0])
    found = tf.raw_ops.BoostedTreesBucketize(float_values=[x], bucket_boundaries=[bounds])
    hub.add_signature(inputs=x, outputs=found[0])
    hub.add_signature("twice", inputs=x, outputs=x * 2)


def test_the_error_names_op_and_signature() -> None:
    spec = hub.create_module_spec(buckets)
    with tf.Graph().as_default():
        module = hub.Module(spec)
        result = module(tf.constant([0.5]))
        with v1.Session() as session, pytest.raises(tf.errors.InvalidArgumentError) as raised:
            session.run(result)
    explained = explain_run_error(raised.value, [module])
    assert isinstance(explained, NoKernelError)
    assert isinstance(explained, tf.errors.InvalidArgumentError)
    assert str(explained) == (
        "The op 'BoostedTreesBucketize' cannot run: today's TensorFlow defines it, but has no kernel "
        "for it on a CPU or GPU. The op is needed by signature 'default' of module 'module'. In a graph "
        "without it, these signatures run: 'twice'. Other inputs will not help: run what needs the op with "
        "the version of TensorFlow that wrote the module."
    )
    with tf.Graph().as_default(), v1.Session() as session:
        assert session.run(hub.Module(spec)(tf.constant([0.5]), signature="twice")).tolist() == [1.0]
