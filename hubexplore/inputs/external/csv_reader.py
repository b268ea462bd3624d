"""Rows of comma-separated values: the one reader, for files and for cells under `%%hub_call --csv`."""

from __future__ import annotations

import csv
import io

from hubexplore.errors import SignatureError


def read_rows(
    text: str, source: str, delimiter: str = ",", skip_initial_space: bool = False
) -> list[list[str]]:
    """The rows of a table, as text; empty lines are left out.

    Args:
      text: the table, where quoted values may hold delimiters and line breaks (RFC 4180).
      source: where the text comes from, for messages.
      delimiter: what separates values.
      skip_initial_space: whether spaces after a delimiter are left out.

    Returns:
      Rows of any length each: what they have to fit is up to the caller.

    Raises:
      SignatureError: it is not a table, for example because a value is longer than `csv.field_size_limit()`.
    """
    # Not `text.splitlines()`: that would cut quoted values at their line breaks, and at those of Unicode.
    lines = io.StringIO(text, newline="")
    try:
        return [
            row for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=skip_initial_space) if row
        ]
    except csv.Error as error:
        raise SignatureError(f"{source} is not a table that can be read: {error}.") from None
