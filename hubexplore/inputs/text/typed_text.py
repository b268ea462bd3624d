"""Typed text as the value of an input, and back.

Numbers are rows of a table, one per line; texts are one per line; a tf.Example message is a JSON object on a
line. Sparse, ragged and deeper values are JSON, in which any value can be written.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.inputs.fields import RAGGED, SPARSE, Field
from hubexplore.inputs.text import bulk, json_text, nested_lists, tf_examples
from hubexplore.inputs.text.literals import Literals, counted
from hubexplore.summary.tensor_values import Array

LIMIT: Final = 1_000_000
"""Maximum size of typed text in bytes."""
MAX_WRITTEN: Final = 20_000
"""Maximum number of characters of the text that `write` returns."""
_SEPARATORS: Final = re.compile(r"\s*[,;]\s*|\s+")


def read(field: Field, text: str) -> Any:
    """Returns the typed value for an input.

    Args:
      field: the input.
      text: at most `LIMIT` bytes.

    Returns:
      An array of the dtype of the input (object, holding bytes, for texts); a `Sparse`; or nested lists for a
      ragged input. A single row becomes a batch of one.

    Raises:
      SignatureError: the text cannot be parsed or does not fit. The message names the input, the line, what
        was found and what was expected.
    """
    # A character takes at least one byte: most texts that are too long are refused without encoding a copy.
    if len(text) > LIMIT or len(text.encode("utf-8", "replace")) > LIMIT:
        raise SignatureError(
            f"Input {field.name!r}: the limit for typed text is {LIMIT:,} bytes; use a file instead."
        )
    return parse(field, text)


def parse(field: Field, text: str) -> Any:
    """Like `read`, for text of any length, as from files."""
    if field.problem:
        raise SignatureError(f"Input {field.name!r}: {field.problem}")
    text = text.replace("\r\n", "\n")
    if field.encoded == "example":
        return tf_examples.read(field, text)
    literals = Literals(field)
    if field.kind == SPARSE:
        return nested_lists.sparse(literals, json_text.read(field, text))
    if field.kind == RAGGED:
        return nested_lists.ragged(literals, json_text.read(field, text))
    if literals.is_text:
        return _texts(literals, text)
    if not text.strip():
        raise json_text.empty(field)
    if text.lstrip()[0] == "[":
        return nested_lists.dense(literals, json_text.read(field, text))
    return nested_lists.shaped(field, _table(literals, text))


def write(field: Field, value: Any) -> str | None:
    """Returns a text from which `read` makes the same value.

    Returns:
      None if it would be longer than `MAX_WRITTEN`, or the value cannot be typed.
    """
    if field.problem or nested_lists.entries(value) > MAX_WRITTEN // 2:
        return None
    is_example = field.encoded == "example"
    candidates = [tf_examples.write(value)] if is_example else _candidates(Literals(field), value)
    # Each candidate is read back before it is used: that is cheaper to trust than rules for quotes, tabs,
    # line breaks, empty texts and digits. None of them is longer than `MAX_WRITTEN`.
    for candidate in candidates:
        if candidate is None or len(candidate) > MAX_WRITTEN:
            continue
        try:
            again = read(field, candidate)
        except SignatureError:
            continue
        if nested_lists.same(again, value):
            return candidate
    return None


# ---- reading


def _table(literals: Literals, text: str) -> Array:
    """Parses rows of numbers or booleans, one per line.

    Returns:
      An array of shape [lines, entries], or () for a single entry.
    """
    field = literals.field
    # Not splitlines(): line numbers in messages have to be those that an editor shows.
    lines = [(number, words) for number, line in enumerate(text.split("\n"), 1) if (words := _words(line))]
    if not lines:
        raise json_text.empty(field)
    first, head = lines[0]
    if all(len(words) == len(head) for _, words in lines):
        quick = bulk.numbers(literals, [word for _, words in lines for word in words])
        if quick is not None:
            return quick.reshape(len(lines), len(head))
    rows: list[list[Any]] = []
    for number, words in lines:
        rows.append([literals.entry(word, f"line {number}") for word in words])
        if len(words) != len(head):
            raise SignatureError(
                f"Input {field.name!r}, line {number}: found {counted(len(words), 'entry', 'entries')}, "
                f"expected {len(head)} as in line {first}."
            )
    return nested_lists.array(literals, rows[0][0] if len(rows) == len(rows[0]) == 1 else rows)


def _words(line: str) -> list[str]:
    if "," not in line and ";" not in line:
        return line.split()
    stripped = line.strip()
    return _SEPARATORS.split(stripped[:-1].rstrip() if stripped[-1:] in (",", ";") else stripped)


def _texts(literals: Literals, text: str) -> Array:
    field, shape = literals.field, literals.field.shape
    if not text:
        raise json_text.empty(field)
    if text.lstrip()[:1] == "[":
        # A sentence may begin with a bracket as well; then it is not JSON.
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            pass
        else:
            return nested_lists.dense(literals, parsed)
    if shape == ():
        return nested_lists.array(literals, literals.entry(text))
    # A text keeps its blanks, and an empty line is an empty text; only the last line break is dropped.
    lines = text.removesuffix("\n").split("\n")
    if shape is not None and len(shape) > 1 and shape[-1] != 1:
        rows = [line.split("\t") for line in lines]
        uneven = next((number for number, row in enumerate(rows) if len(row) != len(rows[0])), None)
        if uneven is not None:
            raise SignatureError(
                f"Input {field.name!r}, line {uneven + 1}: found "
                f"{counted(len(rows[uneven]), 'text', 'texts')}, expected {len(rows[0])} as in line 1; texts "
                f"are separated by tabs."
            )
        entries = [[literals.entry(word) for word in row] for row in rows]
        return nested_lists.shaped(field, nested_lists.array(literals, entries))
    entries = [literals.entry(line, f"line {number}") for number, line in enumerate(lines, 1)]
    return nested_lists.shaped(field, nested_lists.array(literals, entries))


# ---- writing


def _candidates(literals: Literals, value: Any) -> list[str | None]:
    """Texts for a value, the most readable first; some may be read as another value."""
    if literals.field.kind == SPARSE:
        return [nested_lists.sparse_rows(literals, value), nested_lists.sparse_entries(literals, value)]
    rows = nested_lists.rows_of(literals, value)
    texts: list[str | None] = []
    if literals.field.kind != RAGGED and isinstance(value, np.ndarray) and value.ndim <= 2 and value.size:
        texts.append(_lines(literals, value))
    return [*texts, None if rows is None else nested_lists.json_text(rows, literals.field)]


def _lines(literals: Literals, value: Array) -> str | None:
    # A vector of texts has one on each line, as sentences are typed; a vector of numbers is one row.
    separator = "\t" if literals.is_text else ", "
    as_column = literals.is_text and value.ndim == 1
    rows = value.reshape(-1, 1) if as_column else np.atleast_2d(value)
    words = [[literals.word(entry) for entry in row] for row in rows]
    if any(word is None for row in words for word in row):
        return None
    return "\n".join(separator.join(word or "" for word in row) for row in words)
