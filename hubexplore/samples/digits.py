"""The sample `digits`: a small convolutional network that reads handwritten digits.

Three convolutions with batch normalisation, an average over the image and one dense layer, in two
variants: one without tags for inference, and `train`, whose batch normalisation uses the statistics of the
batch and adds update ops for the moving averages. It classifies 354 of 360 held-out images correctly (98.3
%), as measured by tools/train_digits.py; some of these come from writers whose other digits it was trained
on.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf

import hubexplore as hub
from hubexplore.samples import files

if TYPE_CHECKING:
    import numpy.typing as npt

IMAGE_SIZE = 8
"""Height and width of an image in pixels."""
CLASSES = 10
_FILTERS_AND_STRIDES = ((24, 1), (32, 2), (48, 1))
# A small decay, because an epoch over the training set has only about twenty batches.
_MOVING_AVERAGE_DECAY = 0.95
_L2_PENALTY = 1e-4
_GRAPH_VARIANTS: list[tuple[set[str], dict[str, Any]]] = [
    (set(), {"is_training": False}),
    ({"train"}, {"is_training": True}),
]


class Layers(NamedTuple):
    """The outputs of the network for images [batch, 8, 8, 1]; all float32.

    Attributes:
      convolutions: The output of each convolution block, [batch, height, width, filters].
      features: [batch, 48].
      logits: [batch, 10], the unnormalised log-probability of each digit.
    """

    convolutions: list[tf.Tensor]
    features: tf.Tensor
    logits: tf.Tensor


def _l2_penalty(weights: tf.Tensor) -> tf.Tensor:
    return _L2_PENALTY * tf.nn.l2_loss(weights)


def _batch_norm(values: tf.Tensor, is_training: bool) -> tf.Tensor:
    """Normalises [batch, height, width, channels]; in training, adds two ops to UPDATE_OPS."""
    channels = [values.shape[-1]]
    variable = functools.partial(tf.compat.v1.get_variable, shape=channels)
    gamma = variable("gamma", initializer=tf.compat.v1.ones_initializer())
    beta = variable("beta", initializer=tf.compat.v1.zeros_initializer())
    mean = variable("moving_mean", initializer=tf.compat.v1.zeros_initializer(), trainable=False)
    variance = variable("moving_variance", initializer=tf.compat.v1.ones_initializer(), trainable=False)
    if not is_training:
        return tf.compat.v1.nn.fused_batch_norm(values, gamma, beta, mean, variance, is_training=False)[0]
    normalised, batch_mean, batch_variance = tf.compat.v1.nn.fused_batch_norm(values, gamma, beta)
    for moving, current in ((mean, batch_mean), (variance, batch_variance)):
        step = (1 - _MOVING_AVERAGE_DECAY) * (moving.read_value() - current)
        # `read_value=False` returns the op itself; by default a read of the new value would be added.
        update = moving.assign_sub(step, read_value=False)
        tf.compat.v1.add_to_collection(tf.compat.v1.GraphKeys.UPDATE_OPS, update)
    return normalised


def _convolution_block(values: tf.Tensor, filters: int, stride: int, is_training: bool) -> tf.Tensor:
    """Adds a 3 x 3 convolution, batch normalisation and a ReLU."""
    kernel = tf.compat.v1.get_variable(
        "kernel",
        [3, 3, values.shape[-1], filters],
        # Scale 2 suits layers with a ReLU (He et al. 2015).
        initializer=tf.compat.v1.variance_scaling_initializer(scale=2.0, seed=filters),
        regularizer=_l2_penalty,
    )
    values = tf.nn.conv2d(values, kernel, strides=stride, padding="SAME")
    return tf.nn.relu(_batch_norm(values, is_training))


def network(images: tf.Tensor, is_training: bool) -> Layers:
    """Adds the network to the current graph.

    Args:
      images: float32 [batch, 8, 8, 1], 0 for paper and 1 for ink.
      is_training: Whether to normalise by the batch and to add update ops.
    """
    convolutions = []
    values = images
    for i, (filters, stride) in enumerate(_FILTERS_AND_STRIDES, start=1):
        with tf.compat.v1.variable_scope(f"conv{i}"):
            values = _convolution_block(values, filters, stride, is_training)
        convolutions.append(values)
    features = tf.reduce_mean(values, axis=[1, 2], name="features")
    with tf.compat.v1.variable_scope("logits"):
        kernel = tf.compat.v1.get_variable(
            "kernel",
            [features.shape[-1], CLASSES],
            initializer=tf.compat.v1.variance_scaling_initializer(seed=CLASSES),
            regularizer=_l2_penalty,
        )
        bias = tf.compat.v1.get_variable("bias", [CLASSES], initializer=tf.compat.v1.zeros_initializer())
        logits = tf.matmul(features, kernel) + bias
    return Layers(convolutions, features, logits)


def module_fn(is_training: bool) -> None:
    """Adds two signatures for `images`, float32 [None, 8, 8, 1] in [0, 1].

    `default` gives `default`, the logits, and `probabilities`, both float32 [None, 10].
    `image_feature_vector` gives `default`, float32 [None, 48], and the output of each
    convolution block as `conv1`, `conv2`, `conv3`.
    """
    images = tf.compat.v1.placeholder(tf.float32, [None, IMAGE_SIZE, IMAGE_SIZE, 1], name="images")
    layers = network(images, is_training)
    scores = {"default": layers.logits, "probabilities": tf.nn.softmax(layers.logits)}
    features = {"default": layers.features}
    features |= {f"conv{i}": values for i, values in enumerate(layers.convolutions, start=1)}
    hub.add_signature(inputs={"images": images}, outputs=scores)
    hub.add_signature("image_feature_vector", inputs={"images": images}, outputs=features)
    info = hub.ImageModuleInfo()
    info.default_image_size.height = info.default_image_size.width = IMAGE_SIZE
    hub.attach_image_module_info(info)


def create_spec() -> hub.ModuleSpec:
    """Returns the module's definition: the variants without tags and `train`."""
    return hub.create_module_spec(module_fn, tags_and_args=_GRAPH_VARIANTS)


def load_weights() -> dict[str, npt.NDArray[Any]]:
    """Returns the trained values, float32, by the name of the variable."""
    with np.load(files.WEIGHTS / "digits" / "weights.npz", allow_pickle=False) as archive:
        return dict(archive)
