"""The data sets of the samples."""

from __future__ import annotations

import numpy as np

from hubexplore import samples


def test_all_digits_are_the_held_out_ones_and_those_of_the_training() -> None:
    images, labels = samples.digit_images(with_training=True)
    held_out, held_out_labels = samples.digit_images()
    assert images.shape == (1797, 8, 8, 1)
    assert labels.shape == (1797,)
    assert np.array_equal(images[:360], held_out)
    assert np.array_equal(labels[:360], held_out_labels)
    assert (images.min(), images.max()) == (0, 1)
    assert set(labels[360:]) == set(range(10))
    assert len(samples.digit_images(400, with_training=True)[0]) == 400


def test_verses_are_whole_and_in_order() -> None:
    verses = samples.verses()
    assert len(verses) == 3779
    assert list(dict.fromkeys(book for book, _, _ in verses)) == ["Matthew", "Mark", "Luke", "John"]
    assert ("John", "11:35", "Jesus wept.") in verses
    assert len({(book, place) for book, place, _ in verses}) == len(verses)
