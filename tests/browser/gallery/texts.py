"""Modules that take or return texts, tokens and ids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf
from playwright.sync_api import expect

import hubexplore as hub
from tests.browser.gallery.exhibit import Exhibit
from tests.browser.panel import Panel

tf1 = tf.compat.v1
SENTENCES = (
    "The king sat on his throne.", "A queen ruled over the kingdom.",
    "She wrote a long letter to her sister.", "They had bread and wine.",
)  # fmt: skip
FILMS = (
    "The Long Voyage Home", "Ship of Fools", "A Night on the Harbour", "The Lighthouse Keeper",
    "Storm over the Harbour", "The Garden of Letters", "Bread and Wine", "A Letter from the Sea",
    "The Last Ship", "Gardens in the Rain",
)  # fmt: skip
VOCABULARY = Path(__file__).with_name("vocabulary.txt")


def sentences_in(panel: Panel, folder: Path) -> None:
    panel.field("default").fill("\n".join(SENTENCES))


def check_sentence(panel: Panel) -> None:
    output = panel.output("default")
    expect(output.get_by_text("Most alike")).to_be_visible()
    expect(output).to_contain_text("4 × 100 float32")


def bags(texts: tf.Tensor) -> tf.Tensor:
    """Returns which letters of the alphabet, in pairs, each text has: a poor man's embedding."""
    pairs = tf.strings.unicode_split(tf.strings.lower(texts), "UTF-8")
    joined = tf.strings.join([pairs[:, :-1], pairs[:, 1:]])
    ids = tf.strings.to_hash_bucket_fast(joined, 256)
    return tf.nn.l2_normalize(tf.reduce_sum(tf.one_hot(ids.to_tensor(-1), 256), 1), -1)


def search() -> None:
    """Finds the films whose titles are most like a query."""
    query = tf1.placeholder(tf.string, [None], "query")
    scores, at = tf.nn.top_k(tf.matmul(bags(query), bags(tf.constant(FILMS)), transpose_b=True), 5)
    ids = tf.constant(np.arange(len(FILMS)) * 37 + 1004)
    hub.add_signature(
        "default",
        {"query": query},
        {"titles": tf.gather(tf.constant(FILMS), at), "item_ids": tf.gather(ids, at), "scores": scores},
    )


def queries_in(panel: Panel, folder: Path) -> None:
    panel.field("query").fill("a ship in the harbour\nletters")


def check_ranking(panel: Panel) -> None:
    ranking = panel.output("titles, item_ids, scores")
    expect(ranking.get_by_role("table")).to_have_count(2)
    expect(ranking.get_by_role("row").nth(1)).to_contain_text("Harbour")
    expect(ranking).to_contain_text("a ship in the harbour")


def table_of_words() -> tf.lookup.StaticVocabularyTable:
    initializer = tf.lookup.TextFileInitializer(
        str(VOCABULARY),
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    return tf.lookup.StaticHashTable(initializer, 1)


def tokenizer() -> None:
    """Splits sentences into words of a vocabulary."""
    sentences = tf1.placeholder(tf.string, [None], "sentences")
    words = tf.strings.split(tf.strings.regex_replace(tf.strings.lower(sentences), "[^a-z ]", ""))
    tokens = words.to_tensor("[PAD]")
    hub.add_signature(
        "default", {"sentences": sentences}, {"tokens": tokens, "ids": table_of_words().lookup(tokens)}
    )


def lines_in(panel: Panel, folder: Path) -> None:
    panel.field("sentences").fill("The ship was lost at sea.\nA letter from the zebra")


def check_tokens(panel: Panel) -> None:
    expect(panel.output("tokens, ids").locator(".chip")).to_have_count(12)


def continuation() -> None:
    """Continues rows of word ids by the ids that follow in the vocabulary."""
    ids = tf1.placeholder(tf.int64, [None, None], "input_ids")
    mask = tf1.placeholder(tf.int64, [None, None], "input_mask")
    table = table_of_words()
    hub.add_signature(
        "default", {"input_ids": ids, "input_mask": mask}, {"output_ids": (ids + 1) % table.size() * mask}
    )


def ids_in(panel: Panel, folder: Path) -> None:
    panel.field("input_ids").fill("2 3 4 5 6 7\n8 9 10 2 11 0")
    panel.field("input_mask").fill("1 1 1 1 1 1\n1 1 1 1 1 0")


def check_ids(panel: Panel) -> None:
    ids = panel.output("output_ids")
    expect(ids.get_by_label("View")).to_have_value("Table")
    expect(ids.get_by_role("row").nth(2)).to_contain_text("9")


def writer() -> None:
    """Writes an answer of several lines, and says how sure it is of each."""
    prompts = tf1.placeholder(tf.string, [None], "prompts")
    text = tf.strings.join(
        [
            "def answer():\n    # ",
            prompts,
            "\n    return ",
            tf.strings.as_string(tf.strings.length(prompts)),
            "\n",
        ]
    )
    hub.add_signature(
        "default",
        {"prompts": prompts},
        {
            "log_prob": -tf.cast(tf.strings.length(prompts), tf.float32) / 7,
            "num_tokens": tf.strings.length(prompts) // 4,
            "text": text,
        },
    )


def prompts_in(panel: Panel, folder: Path) -> None:
    panel.field("prompts").fill("How many ships sail?\nCount the letters of this sentence.")


def check_generation(panel: Panel) -> None:
    expect(panel.results.get_by_role("region").first).to_have_accessible_name("text")
    expect(panel.output("text").locator("pre.lines").first).to_contain_text("def answer():\n")


EXHIBITS = (
    Exhibit(
        "sentence", "Sentences",
        "Only distances between embeddings mean something: all similarities, and the most alike pair.",
        "sample:text-embedding", sentences_in, check_sentence,
    ),
    Exhibit(
        "ranking", "A ranking",
        "Titles, ids and scores of one shape are one ranked table for each query.",
        search, queries_in, check_ranking,
    ),
    Exhibit(
        "text-generation", "Generated text",
        "The text comes first, with its lines; numbers about it follow.",
        writer, prompts_in, check_generation,
    ),
    Exhibit(
        "tokens", "Tokens",
        "Tokens are chips with their ids.",
        tokenizer, lines_in, check_tokens,
    ),
    Exhibit(
        "ids", "Ids",
        "Ids are typed and read one by one; they are never scores.",
        continuation, ids_in, check_ids,
    ),
)  # fmt: skip
