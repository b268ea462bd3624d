"""Typed text as the value of an input, and back.

Numbers are rows of a table, one per line; texts are one per line; tf.Example messages are a JSON object each;
everything else, and these as well, may be written as JSON.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.inputs.fields import RAGGED, SPARSE, Field
from hubexplore.inputs.input_value import Array
from hubexplore.inputs.typed import json_text, nested_lists, tf_examples
from hubexplore.inputs.typed.literals import Literals, counted

LIMIT: Final = 1_000_000
"""Bytes of typed text that are read."""
MAX_WRITTEN: Final = 20_000
"""Characters that `write` makes at most."""
_SEPARATORS: Final = re.compile(r"\s*[,;]\s*|\s+")


def read(field: Field, text: str) -> Any:
    """The value that was typed for an input.

    Args:
      field: the input.
      text: at most `LIMIT` bytes.

    Returns:
      An array of the input's dtype (object, of bytes, for texts); a `Sparse`; or nested lists if it is
      ragged. A single row where rows are wanted is one row.

    Raises:
      SignatureError: it cannot be read or does not fit; names the input, the line, what was found and what
        is expected.
    """
    if len(text) > LIMIT or len(text.encode("utf-8", "replace")) > LIMIT:
        raise SignatureError(
            f"Input {field.name!r}: typed text may have {LIMIT:,} bytes; bring so much as a file."
        )
    return parse(field, text)


def parse(field: Field, text: str) -> Any:
    """Like `read`, but of any length: for files of text."""
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
    """The text that `read` turns into this value again.

    Returns:
      None where it would be longer than `MAX_WRITTEN`, or the value cannot be typed.
    """
    if field.problem or nested_lists.entries(value) > MAX_WRITTEN // 2:
        return None
    is_example = field.encoded == "example"
    candidates = [tf_examples.write(value)] if is_example else _candidates(Literals(field), value)
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
    """Rows of numbers or truth values, one per line.

    Returns:
      An array [lines, entries], or [] for a single entry.
    """
    field = literals.field
    rows: list[list[Any]] = []
    first = 0
    for number, line in enumerate(text.split("\n"), 1):
        words = _words(line)
        if not words:
            continue
        first = first or number
        rows.append([literals.entry(word, f"line {number}") for word in words])
        if len(rows[-1]) != len(rows[0]):
            raise SignatureError(
                f"Input {field.name!r}, line {number}: found "
                f"{counted(len(rows[-1]), 'entry', 'entries')}, expected {len(rows[0])} as in line {first}."
            )
    if not rows:
        raise json_text.empty(field)
    return nested_lists.array(literals, rows[0][0] if len(rows) == len(rows[0]) == 1 else rows)


def _words(line: str) -> list[str]:
    stripped = line.strip()
    return (
        _SEPARATORS.split(stripped[:-1].rstrip() if stripped[-1:] in (",", ";") else stripped)
        if stripped
        else []
    )


def _texts(literals: Literals, text: str) -> Array:
    field, shape = literals.field, literals.field.shape
    if not text:
        raise json_text.empty(field)
    if text.lstrip()[:1] == "[":
        # A sentence may begin so too, and then is no JSON.
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            pass
        else:
            return nested_lists.dense(literals, parsed)
    if shape == ():
        return nested_lists.array(literals, literals.entry(text))
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
    """Texts for a value, the most readable first; not all of them need read back as the same."""
    if literals.field.kind == SPARSE:
        return [nested_lists.sparse_rows(literals, value), nested_lists.sparse_entries(literals, value)]
    rows = nested_lists.rows_of(literals, value)
    texts: list[str | None] = []
    if literals.field.kind != RAGGED and isinstance(value, np.ndarray) and value.ndim <= 2 and value.size:
        texts.append(_lines(literals, value))
    return [*texts, None if rows is None else nested_lists.json_text(rows, literals.field)]


def _lines(literals: Literals, value: Array) -> str | None:
    # One text or number per line, or one row.
    separator = "\t" if literals.is_text else ", "
    as_column = literals.is_text and value.ndim == 1
    rows = value.reshape(-1, 1) if as_column else np.atleast_2d(value)
    words = [[literals.word(entry) for entry in row] for row in rows]
    if any(word is None for row in words for word in row):
        return None
    return "\n".join(separator.join(word or "" for word in row) for row in words)
