"""Trains the word vectors of the sample `text-embedding` and writes them. Takes about a minute.

    python tools/train_words.py

The text, 1.5 million words, is in the public domain and comes from two Debian packages, which are
downloaded (`apt-get download`) and unpacked into a temporary folder, not installed:

* bible-kjv-text: the King James Version of the Bible (1611), printed by the program of bible-kjv,
* r-cran-janeaustenr: Jane Austen's six novels (1811 to 1818).

Method: positive pointwise mutual information of words within five words of each other, factorised by
a truncated singular value decomposition, with the context distribution smoothed and the singular
values taken to the power 1/2 (Levy, Goldberg, Dagan: "Improving Distributional Similarity with
Lessons Learned from Word Embeddings", 2015). So that the sum of vectors makes a good sentence vector, a
frequent word's vector is made shorter and the direction that all sentences share is removed
(Arora, Liang, Ma: "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", 2017).

Needs SciPy and a Debian system, which hubexplore itself does not.
"""

from __future__ import annotations

import collections
import pathlib
import re
import struct
import subprocess
import tempfile
import zlib

import numpy as np
import numpy.typing as npt
import scipy.sparse
import scipy.sparse.linalg

from hubexplore.samples import text_embedding

SEED = 1
PACKAGES = ("bible-kjv", "bible-kjv-text", "r-cran-janeaustenr")
LEAST_COUNT = 5  # A word met less often is left out.
WINDOW = 5  # How many words to each side are context; nearer ones count more.
DIMENSIONS = 100
SMOOTHING = 0.75  # Of the context distribution, after Levy et al.
FREQUENT = 1e-3  # A word of this relative frequency keeps half of its length, after Arora et al.
BUCKETS = 64  # For unknown words.
BUCKET_LENGTH = 0.25  # Of an unknown word's vector, relative to the median: a weak fingerprint.

Matrix = npt.NDArray[np.float64]


def bible(root: pathlib.Path) -> list[str]:
    """Returns the verses of the Bible, from the unpacked packages in `root`."""
    # -f: one verse a line, after its reference.
    command = [f"{root}/usr/bin/bible", "-p", f"{root}/usr/lib/", "-f", "Genesis1:1-Revelation22:21"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [line.partition(" ")[2] for line in lines]


def austen(root: pathlib.Path) -> list[str]:
    """Returns the paragraphs of Jane Austen's novels, from the unpacked packages in `root`.

    The file is R's: for each novel, four bytes, then a zlib stream with one character vector, whose
    elements (type 9) have a 4-byte header, a 4-byte length, big-endian, and their bytes.
    """
    remaining = (root / "usr/lib/R/site-library/janeaustenr/data/Rdata.rdb").read_bytes()
    paragraphs = []
    while remaining:
        decompressor = zlib.decompressobj()
        stream = decompressor.decompress(remaining[4:])
        remaining = decompressor.unused_data
        lines = []
        position = stream.index(b"\x00\x04\x00\x09")
        while position + 8 <= len(stream) and stream[position + 3] == 9:
            (length,) = struct.unpack(">i", stream[position + 4 : position + 8])
            lines.append(stream[position + 8 : position + 8 + length].decode())
            position += 8 + length
        paragraphs += re.split(r"\n\s*\n", "\n".join(lines))
    return [p for p in paragraphs if not re.match(r"(?i)\s*(chapter|volume)\b", p)]


def read_passages() -> list[list[str]]:
    """Returns all passages (verses, paragraphs) as lists of words, split as the module does it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["apt-get", "download", "--quiet", *PACKAGES], check=True, cwd=folder)
        root = pathlib.Path(folder) / "unpacked"
        for package in sorted(pathlib.Path(folder).glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", package, root], check=True)
        passages = bible(root) + austen(root)
    split = text_embedding.split_words(passages).to_list()
    return [[word.decode() for word in words] for words in split]


def count_words(passages: list[list[str]]) -> dict[str, int]:
    """Returns the counts of the frequent words, the most frequent first, ties by alphabet."""
    counts = collections.Counter(word for words in passages for word in words)
    frequent = [(word, count) for word, count in counts.items() if count >= LEAST_COUNT]
    return dict(sorted(frequent, key=lambda item: (-item[1], item[0])))


def count_pairs(passages: list[list[str]], vocabulary: list[str]) -> scipy.sparse.coo_matrix:
    """Returns how often two words meet, [words, words], symmetric, weighted by their distance."""
    rows = {word: row for row, word in enumerate(vocabulary)}
    apart = [-1] * WINDOW  # Between passages, so that no window reaches over their ends.
    stream = np.array([row for words in passages for row in [rows.get(w, -1) for w in words] + apart])
    size = len(vocabulary)
    pairs = scipy.sparse.csr_matrix((size, size))
    for distance in range(1, WINDOW + 1):
        left, right = stream[:-distance], stream[distance:]
        known = (left >= 0) & (right >= 0)
        weights = np.full(known.sum(), (WINDOW - distance + 1) / WINDOW)
        pairs += scipy.sparse.csr_matrix((weights, (left[known], right[known])), shape=(size, size))
    return (pairs + pairs.T).tocoo()


def word_vectors(pairs: scipy.sparse.coo_matrix) -> Matrix:
    """Returns unit vectors [words, DIMENSIONS] for the words whose meetings `pairs` counts."""
    counts = np.asarray(pairs.sum(axis=1)).ravel()
    contexts = counts**SMOOTHING / np.sum(counts**SMOOTHING)
    information = np.log(pairs.data / (counts[pairs.row] * contexts[pairs.col]))
    # Pairs that never meet would have minus infinity; without negative values the matrix stays sparse.
    positive = information > 0
    cells = (information[positive], (pairs.row[positive], pairs.col[positive]))
    matrix = scipy.sparse.csr_matrix(cells, shape=pairs.shape)
    # svds begins with a random vector unless it is given one.
    start = np.random.default_rng(SEED).standard_normal(len(counts))
    left, values, _ = scipy.sparse.linalg.svds(matrix, k=DIMENSIONS, v0=start)
    vectors = left * np.sqrt(values)
    unit: Matrix = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def for_sentences(
    vectors: Matrix, frequencies: Matrix, passages: list[list[str]], rows: dict[str, int]
) -> Matrix:
    """Shortens the vectors of frequent words and removes what all passages have in common."""
    vectors = vectors * (FREQUENT / (FREQUENT + frequencies))[:, np.newaxis]
    known = ([rows[word] for word in words if word in rows] for words in passages)
    sums = np.stack([vectors[some].mean(axis=0) for some in known if some])
    _, _, directions = np.linalg.svd(sums, full_matrices=False)
    return vectors - np.outer(vectors @ directions[0], directions[0])


def quantise(vectors: Matrix) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Returns (codes, factors) with vectors ~ codes * factors, one factor a row."""
    factors = (np.abs(vectors).max(axis=1) / 127).astype(np.float32)
    return np.rint(vectors / factors[:, np.newaxis]).astype(np.int8), factors


def main() -> None:
    passages = read_passages()
    counts = count_words(passages)
    vocabulary = list(counts)
    total = sum(len(words) for words in passages)
    print(f"{len(passages)} passages, {total} words, {len(vocabulary)} different of {LEAST_COUNT} and more")
    vectors = word_vectors(count_pairs(passages, vocabulary))
    frequencies = np.array(list(counts.values())) / total
    rows = {word: row for row, word in enumerate(vocabulary)}
    vectors = for_sentences(vectors, frequencies, passages, rows)
    noise = np.random.default_rng(SEED).standard_normal((BUCKETS, DIMENSIONS))
    length = BUCKET_LENGTH * np.median(np.linalg.norm(vectors, axis=1))
    buckets = noise * length / np.linalg.norm(noise, axis=1, keepdims=True)
    codes, factors = quantise(np.concatenate([vectors, buckets]))
    text_embedding.VOCABULARY.write_text("".join(f"{word}\n" for word in vocabulary), encoding="utf-8")
    np.savez_compressed(
        text_embedding.WEIGHTS, allow_pickle=False, codes=codes, factors=factors, words=len(vocabulary)
    )


if __name__ == "__main__":
    main()
