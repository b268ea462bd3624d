"""Texts of examples: sentences, words that the module knows, categories for columns of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from hubexplore.inputs.examples.example_kinds import CATEGORIES, SENTENCES, VOCABULARY
from hubexplore.inputs.fields import Field
from hubexplore.inputs.graph_uses import Use
from hubexplore.inputs.tables.columns import layout
from hubexplore.summary.tensor_values import Array

# Common words, which the vocabulary of a small text module, even one made of old books, has too.
_SENTENCES: Final = (
    "The king gave bread and wine to his servants.",
    "She walked with her sister to the village in the morning.",
    "A great storm came upon the sea, and the ship was lost.",
    "The old man was very fond of his garden.",
    "They kept the sheep upon the hills by night.",
    "Her mother wished to see all her daughters happily married.",
    "The water of the river was sweet and cold.",
    "He wrote a long letter to his friend in town.",
    "Gold and silver were brought into the house of the lord.",
    "The young ladies danced till the evening was over.",
    "My brother planted a tree before the door.",
    "The children slept while the rain fell upon the roof.",
)
_CATEGORIES: Final = ("alpha", "beta", "gamma", "delta")
# Words in names of inputs that are read, although they stand among numbers.
_PROSE_WORDS: Final = frozenset({
    "abstract", "body", "caption", "comment", "content", "context", "description", "document", "message",
    "note", "notes", "passage", "post", "prompt", "question", "query", "review", "sentence", "sentences",
    "summary", "text", "texts", "title", "tweet",
})  # fmt: skip
# Strings for inputs whose names say that they hold no sentences, such as ids of users or molecules.
_NAMED: Final = (
    (("smiles", "molecule", "molecules", "compound"),
     ("CCO", "c1ccccc1O", "CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C")),
    (("dna", "rna", "genome", "nucleotides"), ("ATGGCCATTGTAATG", "GGGCCGCTGAAAGGG", "TGCCCGATAGATTAC")),
    (("sequence", "sequences", "protein", "proteins", "peptide", "residues"),
     ("MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ", "GIVEQCCTSICSLYQLENYCN", "MALWMRLLPLLALLALWGPDPAAA")),
    (("date", "dates", "birthday"), ("2024-01-31", "2023-07-04", "2022-11-15", "2021-05-09")),
    (("id", "ids", "uid", "user", "users", "customer", "item", "items", "sku"), ("1", "2", "3", "4")),
)  # fmt: skip
_WORDS_IN_SENTENCE: Final = 6
"""Number of words of a vocabulary in one string."""
_SENTENCE_OFFSET: Final = 5
"""Distance between the first sentences of two inputs, so that pairs of texts differ."""


def text_kinds(fields: Sequence[Field]) -> list[str]:
    """Returns the kinds of examples for texts, the best first; none without texts.

    Args:
      fields: of a form, as `with_categories` returns them.
    """
    texts = [field for field in fields if is_text(field)]
    names = [SENTENCES] if not all(map(is_category, texts)) else [CATEGORIES] if texts else []
    if any(field.use and field.use.words for field in fields):
        if names == [CATEGORIES] and all(field.use and field.use.words for field in texts):
            return [VOCABULARY]
        # Sentences come first only where the graph splits them, and knows some of the words.
        return [*names, VOCABULARY] if all(map(_knows_sentences, fields)) else [VOCABULARY, *names]
    return names


def is_text(field: Field) -> bool:
    """Returns whether an input takes strings that the graph does not parse."""
    return field.dtype == "string" and not field.encoded and not (field.use and field.use.is_read)


def is_category(field: Field) -> bool:
    """Returns whether the strings of an input are names of categories, or others that are no sentences."""
    return (field.use is not None and field.use.is_category) or named_text(field.name, 0) is not None


def says_prose(name: str) -> bool:
    """Returns whether the name of an input or feature says that its texts are read."""
    return bool(_words_of(name) & _PROSE_WORDS)


def named_text(name: str, number: int) -> bytes | None:
    """Returns a string for an input or feature whose name says what it holds; None for other names."""
    words = _words_of(name)
    if words & _PROSE_WORDS:
        return None
    known = next((texts for keys, texts in _NAMED if not words.isdisjoint(keys)), None)
    return None if known is None else known[number % len(known)].encode()


def _words_of(name: str) -> set[str]:
    return set(re.split(r"[^a-z]+", name.lower()))


def with_categories(fields: Sequence[Field]) -> Sequence[Field]:
    """Returns the fields of a form; strings in a table with numbers are marked as categories in their use."""
    if not any(map(_may_be_category, fields)):
        return fields
    columns = layout(fields).columns
    if all(column.is_text for column in columns):
        return fields
    in_table = {column.name for column in columns if column.feature is None}
    return [
        replace(field, use=replace(field.use or Use(), is_category=True))
        if field.name in in_table and _may_be_category(field)
        else field
        for field in fields
    ]


def _may_be_category(field: Field) -> bool:
    is_split = field.use is not None and field.use.is_split
    return is_text(field) and field.kind == "dense" and not is_split and not says_prose(field.name)


def _knows_sentences(field: Field) -> bool:
    """Whether sentences suit: without a vocabulary, or if one of its first words is in a sentence."""
    if field.use is None or not field.use.words:
        return True
    known = {word.lower() for word in field.use.words}
    words = (word.lower().encode() for sentence in _SENTENCES for word in sentence.split())
    return field.use.is_split and any(word in known for word in words)


def plain_text(use: Use, kind: str, number: int, random: np.random.Generator, turn: int) -> bytes:
    """Returns a string that the graph does not parse.

    Args:
      use: what the graph does with it.
      kind: of the example.
      number: of the string, from 0.
      random: draws the texts of random examples.
      turn: number of the input among those of the signature.
    """
    is_random = kind not in (SENTENCES, CATEGORIES, VOCABULARY)
    if use.words and (kind == VOCABULARY or use.is_category):
        first = (int(random.integers(len(use.words))) if is_random else number) % len(use.words)
        return b" ".join(use.words[first : first + (_WORDS_IN_SENTENCE if use.is_split else 1)])
    if use.is_category:
        first = int(random.integers(len(_CATEGORIES))) if is_random else number
        return _CATEGORIES[first % len(_CATEGORIES)].encode()
    place = number + _SENTENCE_OFFSET * turn if kind == SENTENCES else int(random.integers(len(_SENTENCES)))
    return _SENTENCES[place % len(_SENTENCES)].encode()


def sentence_words(shape: tuple[int, ...], turn: int) -> Array:
    """The words of a sentence in each row, repeated where the row is longer."""
    rows = np.empty(shape, object)
    for number in range(shape[0]):
        words = (
            _SENTENCES[(number + _SENTENCE_OFFSET * turn) % len(_SENTENCES)]
            .rstrip(".")
            .replace(",", "")
            .split()
        )
        rows[number] = [words[place % len(words)].encode() for place in range(shape[1])]
    return rows
