"""The sample `text-embedding`: English sentences to vectors, on word vectors from two old books.

The vector of a word reflects the words around it in the King James Bible and in Jane Austen's novels. So
`bread` is close to `wine`, and everything invented since 1820 is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

import hubexplore as hub
from hubexplore.samples import files

if TYPE_CHECKING:
    import numpy.typing as npt

NEIGHBOURS = 10
"""Number of words that the signature `neighbours` returns for each word."""
_FOLDER = files.WEIGHTS / "text-embedding"
VOCABULARY = _FOLDER / "vocabulary.txt"
WEIGHTS = _FOLDER / "weights.npz"


def split_words(sentences: tf.Tensor) -> tf.RaggedTensor:
    """Lower-cases and splits sentences into words.

    A word is a run of letters and digits of any script. An apostrophe inside a word is dropped (`king's`
    becomes `kings`); everything else separates words.

    Args:
      sentences: string [batch], UTF-8.

    Returns:
      string [batch, (words)]; an empty row for a sentence without words.
    """
    # Without the encoding, only ASCII letters would be lower-cased.
    text = tf.strings.lower(sentences, encoding="utf-8")
    text = tf.strings.regex_replace(text, "['\u2019]", "")
    text = tf.strings.regex_replace(text, r"[^\p{L}\p{N}]+", " ")
    return tf.strings.split(text)


class _Vocabulary:
    """The lookup tables from words to rows of the word vectors and back, both filled from one asset.

    The asset has a word in each line. Row i belongs to line i; rows after the last line are buckets, which
    unknown words share by their hash.
    """

    def __init__(self, words: int, buckets: int) -> None:
        self.words = words
        asset = str(VOCABULARY)
        text, line = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        to_row = tf.lookup.TextFileInitializer(asset, tf.string, text, tf.int64, line, vocab_size=words)
        to_word = tf.lookup.TextFileInitializer(asset, tf.int64, line, tf.string, text, vocab_size=words)
        self._rows = tf.lookup.StaticVocabularyTable(to_row, buckets)
        self._words = tf.lookup.StaticHashTable(to_word, "<unknown>")

    def rows_of(self, words: tf.Tensor) -> tf.Tensor:
        """Returns the rows of words: string of any shape to int64 of the same shape."""
        return self._rows.lookup(words)

    def words_at(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns the words of rows: int64 of any shape to string of the same shape."""
        return self._words.lookup(rows)


def _add_sentence_signatures(vectors: tf.Variable, vocabulary: _Vocabulary) -> None:
    sentences = tf.compat.v1.placeholder(tf.string, [None], name="sentences")
    words = split_words(sentences)
    rows = vocabulary.rows_of(words.values)
    embeddings = tf.math.unsorted_segment_sqrt_n(
        tf.gather(vectors, rows), words.value_rowids(), words.nrows(), name="embeddings"
    )
    embeddings.set_shape([None, vectors.shape[-1]])
    known = words.with_values(rows < vocabulary.words)
    hub.add_signature(inputs=sentences, outputs=embeddings)
    hub.add_signature(
        "words",
        inputs={"sentences": sentences},
        outputs={"default": embeddings, "words": words, "known": known},
    )


def _add_neighbours_signature(vectors: tf.Variable, vocabulary: _Vocabulary) -> None:
    words = tf.compat.v1.placeholder(tf.string, [None], name="words")
    directions = tf.math.l2_normalize(tf.convert_to_tensor(vectors), axis=-1)
    queries = tf.gather(directions, vocabulary.rows_of(tf.strings.lower(words, encoding="utf-8")))
    # Without the rows of the buckets, which stand for no single word.
    cosines = tf.matmul(queries, directions[: vocabulary.words], transpose_b=True)
    best = tf.math.top_k(cosines, NEIGHBOURS + 1)
    # The nearest row to each query is the word itself, which is left out here and in the cosines.
    nearest = vocabulary.words_at(tf.cast(best.indices[:, 1:], tf.int64))
    hub.add_signature(
        "neighbours",
        inputs={"words": words},
        outputs={"default": nearest, "cosines": best.values[:, 1:]},
    )


def module_fn() -> None:
    """Adds three signatures.

    `default` takes sentences, string [None], and gives float32 [None, 100]: the sum of the vectors
    of the words, divided by the square root of their number; zeros where there is no word.
    `words` gives that too, and `words`, string [None, (words)], and `known`, bool [None, (words)]:
    whether the word is in the vocabulary.
    `neighbours` takes `words`, string [None], and gives the 10 words whose vectors have the largest
    cosine with each word's, string [None, 10], and the `cosines`, float32 [None, 10]. For a word
    that is not in the vocabulary, both are meaningless.
    """
    with np.load(WEIGHTS, allow_pickle=False) as archive:
        words, shape = int(archive["words"]), archive["codes"].shape
    vectors = tf.compat.v1.get_variable(
        "word_vectors", shape, initializer=tf.compat.v1.truncated_normal_initializer(stddev=0.1, seed=1)
    )
    vocabulary = _Vocabulary(words, buckets=shape[0] - words)
    _add_sentence_signatures(vectors, vocabulary)
    _add_neighbours_signature(vectors, vocabulary)


def create_spec() -> hub.ModuleSpec:
    """Returns the module's definition: one variant, without tags."""
    return hub.create_module_spec(module_fn)


def load_weights() -> dict[str, npt.NDArray[Any]]:
    """Returns the trained word vectors, float32 [words + buckets, 100], as `word_vectors`.

    They are stored as int8 with a factor for each row.
    """
    with np.load(WEIGHTS, allow_pickle=False) as archive:
        return {"word_vectors": archive["codes"] * archive["factors"][:, np.newaxis]}
