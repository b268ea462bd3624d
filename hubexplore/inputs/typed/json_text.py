"""Typed text that is JSON."""

from __future__ import annotations

import json
from typing import Any

from hubexplore.errors import SignatureError
from hubexplore.inputs.fields import Field


def read(field: Field, text: str) -> Any:
    """What the text says as JSON: one value, or a row on each line.

    Raises:
      SignatureError: it is empty or no JSON; names the input, line and column.
    """
    if not text.strip():
        raise empty(field)
    try:
        return json.loads(text)
    except RecursionError:
        raise SignatureError(f"Input {field.name!r}: the lists are nested too deeply.") from None
    except ValueError as error:
        # Not by splitlines: a text may hold what is a line break to Unicode only.
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) > 1:
            try:
                return [json.loads(line.strip().rstrip(",")) for line in lines]
            except (ValueError, RecursionError):
                pass
        where = (
            f", line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        )
        what = error.msg if isinstance(error, json.JSONDecodeError) else "a number is too long"
        raise SignatureError(
            f"Input {field.name!r}{where}: this is no JSON ({what}); expected: {field.hint}."
        ) from None


def empty(field: Field) -> SignatureError:
    """The error of an input that has no text."""
    return SignatureError(f"Input {field.name!r} is empty; expected: {field.hint}.")
