"""The sample `digits`."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore import samples

# As tools/train_digits.py printed it when it wrote the weights: 354 of 360.
HELD_OUT_ACCURACY = 354 / 360


def test_images_are_as_the_module_takes_them() -> None:
    images, labels = samples.digit_images()
    assert images.shape == (360, 8, 8, 1)
    assert images.dtype == np.float32
    assert images.min() == 0
    assert images.max() == 1
    assert labels.shape == (360,)
    assert labels.dtype == np.int64
    assert set(labels) == set(range(10))


def test_some_images_are_the_first_ones() -> None:
    images, labels = samples.digit_images(20)
    all_images, all_labels = samples.digit_images()
    np.testing.assert_array_equal(images, all_images[:20])
    np.testing.assert_array_equal(labels, all_labels[:20])


def test_it_reads_digits_it_never_saw() -> None:
    images, labels = samples.digit_images()
    with hub.eval_function_for_module("sample:digits") as function:
        logits = function(images)
    assert np.mean(logits.argmax(axis=1) == labels) == pytest.approx(HELD_OUT_ACCURACY, abs=1 / 360)


def test_an_image_does_not_depend_on_the_others_in_its_batch() -> None:
    images, _ = samples.digit_images(5)
    with hub.eval_function_for_module("sample:digits") as function:
        np.testing.assert_allclose(function(images)[:1], function(images[:1]), rtol=1e-4, atol=1e-5)


def test_the_train_variant_uses_the_batch() -> None:
    images, _ = samples.digit_images(5)
    with hub.eval_function_for_module("sample:digits", tags={"train"}) as function:
        assert not np.allclose(function(images)[:1], function(images[:1]), rtol=1e-2)


def test_probabilities_are_the_softmax_of_the_logits() -> None:
    images, _ = samples.digit_images(5)
    with hub.eval_function_for_module("sample:digits") as function:
        scores = function(images, as_dict=True)
    assert scores.keys() == {"default", "probabilities"}
    powers = np.exp(scores["default"])
    np.testing.assert_allclose(scores["probabilities"], powers / powers.sum(axis=1, keepdims=True), rtol=1e-4)


def test_features_come_with_the_layers_below() -> None:
    images, _ = samples.digit_images(2)
    with hub.eval_function_for_module("sample:digits") as function:
        layers = function({"images": images}, signature="image_feature_vector", as_dict=True)
    shapes = {name: layer.shape for name, layer in layers.items()}
    assert shapes == {
        "default": (2, 48),
        "conv1": (2, 8, 8, 24),
        "conv2": (2, 4, 4, 32),
        "conv3": (2, 4, 4, 48),
    }


def test_the_expected_image_size_is_attached() -> None:
    spec = hub.load_module_spec("sample:digits")
    assert list(hub.get_expected_image_size(spec)) == [8, 8]
    assert hub.get_num_image_channels(spec) == 1
    info = spec.get_attached_message("image_module_info", hub.ImageModuleInfo, required=True)
    assert info.default_image_size.height == 8


def test_it_has_two_variants() -> None:
    assert [set(tags) for tags in hub.load_module_spec("sample:digits").get_tags()] == [set(), {"train"}]


def test_fine_tuning_sees_penalties_updates_and_weights() -> None:
    with tf.Graph().as_default() as graph:
        module = hub.Module("sample:digits", trainable=True, tags={"train"})
        module(tf.constant(samples.digit_images(4)[0]))
        assert len(tf.compat.v1.losses.get_regularization_losses()) == 4
        assert len(graph.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS)) == 6
        assert len(tf.compat.v1.trainable_variables()) == 11
        assert len(module.variables) == 17


def test_fine_tuning_moves_loss_and_averages() -> None:
    images, labels = samples.digit_images(64)
    with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
        module = hub.Module("sample:digits", trainable=True, tags={"train"})
        upside_down = tf.constant(images[:, ::-1])
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, module(upside_down))
        loss = tf.reduce_mean(losses)
        with tf.control_dependencies(graph.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS)):
            step = tf.compat.v1.train.AdamOptimizer(0.01).minimize(loss)
        session.run(tf.compat.v1.global_variables_initializer())
        average = module.variable_map["conv1/moving_mean"]
        before, average_before = session.run([loss, average])
        for _ in range(20):
            session.run(step)
        after, average_after = session.run([loss, average])
    assert after < before / 2
    assert not np.allclose(average_after, average_before)
