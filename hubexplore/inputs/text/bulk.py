"""Many words as numbers at once: a table of a million numbers is read in less than a second.

`Literals` reads the same words one by one, and says which of them is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from hubexplore.inputs.text.literals import Literals, integer_limits
from hubexplore.summary.tensor_values import Array

MIN_WORDS: Final = 1_000
"""Number of words from which on it is worth it."""
_MAX_DIGITS: Final = 40
"""As `Literals` has it: int() takes time quadratic in the digits."""


def table(literals: Literals, text: str, delimiter: str, header: int = 0) -> Array | None:
    """Returns the numbers of a table without quoted values, as an array [rows, columns].

    Args:
      literals: of the input.
      text: rows on lines; empty ones are left out.
      delimiter: what separates the numbers of a row.
      header: number of rows to leave out at the top.

    Returns:
      None for a table that has to be read number by number.
    """
    if '"' in text:
        return None
    # No list for each row: the garbage collector would walk through a million of them again and again.
    text = text.replace("\r\n", "\n").strip("\n")
    lines = text.split("\n") if "\n\n" not in text else [line for line in text.split("\n") if line]
    lines = lines[header:]
    if delimiter not in text:
        made = numbers(literals, lines, text)
        return None if made is None else made.reshape(-1, 1)
    separators = lines[0].count(delimiter) if lines else 0
    if not all(line.count(delimiter) == separators for line in lines):
        return None
    joined = delimiter.join(lines)
    made = numbers(literals, joined.split(delimiter), joined)
    return None if made is None else made.reshape(len(lines), separators + 1)


def numbers(literals: Literals, words: Sequence[Any], text: str = "") -> Array | None:
    """Returns words as a vector in the dtype of the input, as `Literals.entry` reads each of them.

    Args:
      literals: of the input.
      words: anything else than strings gives None.
      text: with all words in it, where there is one.

    Returns:
      None for the words that have to be read one by one: some of them may not be numbers of this dtype.
    """
    dtype = literals.dtype
    if len(words) < MIN_WORDS or literals.is_text:
        return None
    try:
        text = text or " ".join(words)
        # Python's int and float accept these, no other format of numbers does.
        if "_" in text or not text.isascii():
            return None
        limits = integer_limits(dtype)
        if limits is not None:
            return _integers(words, dtype, limits)
        return _floats(words, dtype) if dtype.kind == "f" else None
    except (TypeError, ValueError, OverflowError):  # not words, or not numbers
        return None


def _integers(words: Sequence[str], dtype: np.dtype[Any], limits: tuple[int, int]) -> Array | None:
    if max(map(len, words)) > _MAX_DIGITS:
        return None
    values = list(map(int, words))
    if min(values) < limits[0] or max(values) > limits[1]:
        return None
    return np.array(values, dtype)


def _floats(words: Sequence[str], dtype: np.dtype[Any]) -> Array | None:
    wide = np.fromiter(map(float, words), np.float64, len(words))
    with np.errstate(all="ignore"):
        values = wide.astype(dtype)
    # An infinite number may have been a finite one that is too large.
    return None if np.isinf(values).any() else values
