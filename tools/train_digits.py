"""Trains the sample `digits` and writes its weights and held-out images. Takes about a minute.

    python tools/train_digits.py

The images are scikit-learn's copy of the test set of "Optical Recognition of Handwritten Digits"
(E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, CC BY 4.0): 1,797 images of 8 x 8
pixels, 0 to 16. Every fifth image (after a shuffle with a fixed seed) is held out: it takes no part
in training, nor in any choice here, and is shipped so that anybody can measure the accuracy. Prints the
accuracy on the held-out images, which was 0.9833 (354 of 360) for the weights in the package. The set does
not tell who wrote what, so a writer's digits may be on both sides.

Needs scikit-learn, which hubexplore itself does not.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from sklearn.datasets import load_digits

from hubexplore.samples import digits, files

SEED = 20
EPOCHS = 60
BATCH = 64
PEAK_LEARNING_RATE = 4e-3
FOLDER = files.WEIGHTS / "digits"

Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


def load_split() -> tuple[tuple[Images, Labels], tuple[Images, Labels]]:
    """Returns (images, labels) to train on and held out; images float32 [n, 8, 8, 1] in [0, 1]."""
    data = load_digits()
    order = np.random.default_rng(SEED).permutation(len(data.target))
    images = (data.images[order, :, :, np.newaxis] / files.LARGEST_PIXEL).astype(np.float32)
    labels = data.target[order].astype(np.int64)
    held_out = np.arange(len(order)) % 5 == 0
    return (images[~held_out], labels[~held_out]), (images[held_out], labels[held_out])


def shifted(images: Images, rng: np.random.Generator) -> Images:
    """Moves each image by up to one pixel in each direction."""
    # Zeros are paper, so a digit can move without an edge appearing.
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    size = digits.IMAGE_SIZE
    corners = rng.integers(0, 3, size=(len(images), 2))
    windows = [image[y : y + size, x : x + size] for image, (y, x) in zip(padded, corners, strict=True)]
    return np.stack(windows)


def batches(images: Images, labels: Labels) -> Iterator[tuple[float, Images, Labels]]:
    """Yields (learning rate, images, labels), all epochs; the rate falls along a half cosine."""
    rng = np.random.default_rng(SEED)
    steps = EPOCHS * (len(images) // BATCH)
    step = 0
    for _ in range(EPOCHS):
        order = rng.permutation(len(images))
        # Whole batches only: the last, short one would disturb the batch statistics.
        for start in range(0, len(images) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            rate = PEAK_LEARNING_RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
            yield rate, shifted(images[chosen], rng), labels[chosen]
            step += 1


def train(images: Images, labels: Labels) -> dict[str, npt.NDArray[np.float32]]:
    """Returns the trained values by name of variable."""
    with tf.Graph().as_default(), tf.compat.v1.variable_scope("", use_resource=True):
        size = digits.IMAGE_SIZE
        inputs = tf.compat.v1.placeholder(tf.float32, [None, size, size, 1])
        targets = tf.compat.v1.placeholder(tf.int64, [None])
        rate = tf.compat.v1.placeholder(tf.float32, [])
        layers = digits.network(inputs, is_training=True)
        variables = tf.compat.v1.global_variables()
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(targets, layers.logits)
        ) + tf.add_n(tf.compat.v1.losses.get_regularization_losses())
        updates = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS)
        # Nothing else runs the updates of the moving averages, which inference depends on.
        with tf.control_dependencies(updates):
            step = tf.compat.v1.train.AdamOptimizer(rate).minimize(loss)
        with tf.compat.v1.Session() as session:
            session.run(tf.compat.v1.global_variables_initializer())
            for learning_rate, some_images, some_labels in batches(images, labels):
                feed = {rate: learning_rate, inputs: some_images, targets: some_labels}
                session.run(step, feed)
            weights: dict[str, Images] = session.run({v.op.name: v for v in variables})
            return weights


def accuracy(weights: dict[str, npt.NDArray[np.float32]], images: Images, labels: Labels) -> float:
    """Returns the share of images that the network without batch statistics classifies correctly."""
    with tf.Graph().as_default(), tf.compat.v1.variable_scope("", use_resource=True):
        logits = digits.network(tf.constant(images), is_training=False).logits
        variables = tf.compat.v1.global_variables()
        with tf.compat.v1.Session() as session:
            session.run([variable.assign(weights[variable.op.name]) for variable in variables])
            return float(np.mean(session.run(logits).argmax(axis=1) == labels))


def main() -> None:
    # With the fixed seeds, the same machine trains the same weights again.
    tf.config.experimental.enable_op_determinism()
    (images, labels), (held_out_images, held_out_labels) = load_split()
    weights = train(images, labels)
    print(f"training images: {len(labels)}, accuracy {accuracy(weights, images, labels):.4f}")
    held_out = accuracy(weights, held_out_images, held_out_labels)
    print(f"held-out images: {len(held_out_labels)}, accuracy {held_out:.4f}")
    pixels = np.rint(held_out_images[..., 0] * files.LARGEST_PIXEL).astype(np.uint8)
    np.savez_compressed(FOLDER / "weights.npz", allow_pickle=False, **weights)
    np.savez_compressed(
        FOLDER / "held_out.npz", allow_pickle=False, pixels=pixels, labels=held_out_labels.astype(np.uint8)
    )


if __name__ == "__main__":
    main()
