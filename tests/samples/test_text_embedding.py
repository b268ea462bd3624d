"""The sample `text-embedding`."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore import samples
from hubexplore.samples import text_embedding

Embed = Callable[..., Any]

# Five sets, each of words that belong together. A word's neighbours should be from its own set.
KINDS = {
    "numbers": "two three four five six seven eight nine ten twenty thirty forty hundred",
    "kin": "father mother brother sister son daughter husband wife aunt uncle cousin",
    "food": "bread wine meat corn oil honey flour cakes milk",
    "days": "monday tuesday wednesday thursday friday saturday sunday",
    "metals": "gold silver brass iron tin lead",
}
# Pairs of sentences about one thing, with next to no words in common.
PAIRS = [
    ("The king sat on his throne in the palace", "A queen ruled over her kingdom"),
    ("We drank wine and ate bread", "They had meat and tea for supper"),
    ("She wrote a letter to her sister", "He read the note from his brother"),
    ("The ship sailed across the sea in a storm", "A boat was lost among great waves"),
    ("Soldiers fought with swords", "An army went to war"),
    ("They danced at the ball", "The music was delightful"),
]


@pytest.fixture(scope="module")
def embed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embed]:
    with hub.eval_function_for_module("sample:text-embedding") as function:
        yield function


def cosines(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    directions = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    products: npt.NDArray[np.float32] = directions @ directions.T
    return products


def test_a_sentence_becomes_a_vector(embed: Embed) -> None:
    vectors = embed(["a green tree", "the sea"])
    assert vectors.shape == (2, 100)
    assert vectors.dtype == np.float32


def test_case_and_punctuation_do_not_matter(embed: Embed) -> None:
    plain, shouted = embed(["a kings good wine", "  A King's -- GOOD wine!"])
    np.testing.assert_array_equal(plain, shouted)


def test_the_order_of_words_does_not_matter(embed: Embed) -> None:
    one, other = embed(["bread and wine", "wine and bread"])
    np.testing.assert_allclose(one, other, rtol=1e-5)


def test_words_add_up_over_the_root_of_their_number(embed: Embed) -> None:
    bread, wine, both = embed(["bread", "wine", "bread wine"])
    np.testing.assert_allclose(both, (bread + wine) / np.sqrt(2), rtol=1e-5)


@pytest.mark.parametrize("empty", ["", "   ", "?!"])
def test_no_words_give_zeros(embed: Embed, empty: str) -> None:
    np.testing.assert_array_equal(embed([empty]), np.zeros((1, 100)))


def test_no_sentences_give_no_vectors(embed: Embed) -> None:
    assert embed(np.array([], dtype=object)).shape == (0, 100)


def test_an_unknown_word_counts_little_and_always_the_same(embed: Embed) -> None:
    once, again, bread = embed(["spaceship", "Spaceship", "bread"])
    np.testing.assert_array_equal(once, again)
    assert 0 < np.linalg.norm(once) < np.linalg.norm(bread) / 2


def test_words_tell_which_are_known(embed: Embed) -> None:
    result = embed({"sentences": ["The spaceship, Ärger", "", "bread"]}, signature="words", as_dict=True)
    words = [[word.decode() for word in sentence] for sentence in result["words"].to_list()]
    assert words == [["the", "spaceship", "ärger"], [], ["bread"]]
    assert result["known"].to_list() == [[True, False, False], [], [True]]
    np.testing.assert_array_equal(result["default"], embed(["The spaceship, Ärger", "", "bread"]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_nearest_words_are_of_the_same_kind(embed: Embed, kind: str) -> None:
    """Among the words of all sets, the three nearest to each are mostly from its own."""
    labels = np.array([label for label, words in KINDS.items() for _ in words.split()])
    vectors = embed([word for words in KINDS.values() for word in words.split()])
    similarities = cosines(vectors) - 2 * np.eye(len(labels))
    nearest = np.argsort(-similarities, axis=1)[:, :3]
    same = labels[nearest] == labels[:, np.newaxis]
    assert same[labels == kind].mean() > 0.85


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("Silver", "gold"),
        ("brother", "sister"),
        ("bread", "wine"),
        ("three", "two"),
        ("monday", "tuesday"),
        ("dinner", "breakfast"),
        ("letter", "note"),
        ("summer", "winter"),
        ("war", "battle"),
        ("river", "sea"),
    ],
)
def test_neighbours_of_a_word(embed: Embed, word: str, near: str) -> None:
    result = embed({"words": [word]}, signature="neighbours", as_dict=True)
    neighbours = [neighbour.decode() for neighbour in result["default"][0]]
    assert near in neighbours
    assert word.lower() not in neighbours
    assert len(neighbours) == 10
    assert list(result["cosines"][0]) == sorted(result["cosines"][0], reverse=True)


def test_a_cosine_is_that_of_the_vectors(embed: Embed) -> None:
    result = embed({"words": ["silver"]}, signature="neighbours", as_dict=True)
    pair = embed(["silver", result["default"][0, 0].decode()])
    assert cosines(pair)[0, 1] == pytest.approx(result["cosines"][0, 0], rel=1e-5)


def test_sentences_about_one_thing_are_nearest(embed: Embed) -> None:
    vectors = embed([sentence for pair in PAIRS for sentence in pair])
    similarities = cosines(vectors) - 2 * np.eye(len(vectors))
    partner = np.arange(len(vectors)) ^ 1
    assert list(similarities.argmax(axis=1)) == list(partner)


def test_the_vocabulary_is_its_asset() -> None:
    asset = pathlib.Path(samples.resolve("text-embedding"), "assets", "vocabulary.txt")
    assert asset.read_bytes() == text_embedding.VOCABULARY.read_bytes()
    words = asset.read_text(encoding="utf-8").splitlines()
    assert len(words) == len(set(words)) > 9000


def test_its_tables_are_initialised_with_all_others() -> None:
    with tf.Graph().as_default() as graph:
        hub.Module("sample:text-embedding")
        assert len(graph.get_collection(tf.compat.v1.GraphKeys.TABLE_INITIALIZERS)) == 2


def test_its_vectors_can_be_trained() -> None:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        module = hub.Module("sample:text-embedding", trainable=True)
        loss = tf.reduce_sum(module(tf.constant(["bread wine"])) ** 2)
        step = tf.compat.v1.train.GradientDescentOptimizer(0.1).minimize(loss)
        session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
        before = session.run(loss)
        session.run(step)
        assert session.run(loss) < before
