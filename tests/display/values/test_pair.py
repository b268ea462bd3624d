"""Two values are shown side by side, with what differs."""

import numpy as np

from hubexplore.display import values
from tests.display.values.composites import Ragged, ragged, sparse

RANDOM = np.random.default_rng(1)


class TestPair:
    def test_equal(self) -> None:
        assert "They are equal." in values.pair(np.ones(3), np.ones(3)).html
        assert "They are equal." in values.pair(np.array([np.nan]), np.array([np.nan])).html

    def test_equal_values_are_drawn_once_and_folded(self) -> None:
        vector = np.arange(3.0)
        equal, other = values.pair(vector, vector), values.pair(vector, vector + 1)
        assert (equal.html.count("<img"), len(equal.hovers)) == (1, 1)
        assert equal.html.index("<details") < equal.html.index("<img")
        assert (other.html.count("<img"), len(other.hovers)) == (3, 3)

    def test_the_largest_difference_and_where(self) -> None:
        html = values.pair(np.zeros((2, 3)), np.array([[0, 0, 0.5], [0, -2, 0]])).html
        assert "Largest difference: 2 at [1, 1]; 2 of 6 entries differ." in html

    def test_both_are_in_one_view(self) -> None:
        shares = np.array([[0.25, 0.75]])
        drawn = values.pair(shares, shares * 2, name="output", labels=["a", "b"])
        assert drawn.html.count("Bars of the highest scores.") == 2
        assert "Bars" not in drawn.html.rpartition("Second − first")[2]
        assert len(drawn.hovers) == drawn.html.count("<img") == 3

    def test_a_difference_of_images_is_grey_where_there_is_none(self) -> None:
        images = RANDOM.uniform(size=(2, 8, 8, 1))
        drawn = values.pair(images, np.clip(images + 0.25, 0, 2))
        assert "−0.25 is black, 0 is grey, 0.25 is white" in drawn.html
        assert len(drawn.hovers) == drawn.html.count("<img") == 6

    def test_grey_pictures_are_compared_as_pictures(self) -> None:
        picture = np.linspace(0, 1, 144).reshape(12, 12)
        html = values.pair(picture, picture**2, is_picture=True).html
        assert html.count("Brightness: ") == 3
        assert "0 is grey" in html.split("Second − first")[1]
        assert "Brightness" not in values.pair(picture, picture**2).html

    def test_large_integers_are_compared_exactly(self) -> None:
        assert "1 of 1 entry differs" not in values.pair(np.array([2**62]), np.array([2**62])).html
        assert "They are equal." not in values.pair(np.array([2**62]), np.array([2**62 + 1])).html

    def test_scalars(self) -> None:
        assert "They differ by 1.5." in values.pair(np.float32(1), np.float32(2.5)).html
        assert "One of them is NaN or Inf." in values.pair(np.float32(1), np.float32(np.nan)).html

    def test_to_or_from_nan(self) -> None:
        html = values.pair(np.array([1.0, 2.0]), np.array([1.0, np.nan])).html
        assert "Largest difference: to or from NaN or Inf at [1]; 1 of 2 entries differ." in html

    def test_shapes_differ(self) -> None:
        assert "Their shapes differ." in values.pair(np.zeros(2), np.zeros(3)).html

    def test_texts(self) -> None:
        html = values.pair(np.array(["a", "b"]), np.array(["a", "c"])).html
        assert "1 of 2 entries differ." in html

    def test_composites(self) -> None:
        assert "They are equal." in values.pair(ragged(), ragged()).html
        other = Ragged(ragged().flat_values, [np.array([0, 2, 3, 7])])
        assert "different places" in values.pair(ragged(), other).html
        assert "They are equal." in values.pair(sparse(), sparse()).html
