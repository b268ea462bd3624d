"""Typed text that is JSON, or has a JSON value on each line."""

from __future__ import annotations

import json
from typing import Any

from hubexplore.errors import SignatureError
from hubexplore.inputs.fields import Field


def read(field: Field, text: str) -> Any:
    """Returns the JSON value of a text; values on separate lines become a list.

    Raises:
      SignatureError: it is empty or not valid JSON. The message names the input, line and column.
    """
    if not text.strip():
        raise empty(field)
    try:
        return json.loads(text)
    except RecursionError:
        raise SignatureError(f"Input {field.name!r}: the lists are nested too deeply.") from None
    except ValueError as error:
        # Not splitlines(): a string in JSON may hold other line breaks of Unicode, such as U+2028.
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) > 1:
            try:
                return [json.loads(line.strip().rstrip(",")) for line in lines]
            except (ValueError, RecursionError):
                pass
        # A ValueError of another class is the limit of int() for digits, which has no position.
        where = (
            f", line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        )
        what = error.msg if isinstance(error, json.JSONDecodeError) else "a number is too long"
        raise SignatureError(
            f"Input {field.name!r}{where}: this is not valid JSON ({what}); expected: {field.hint}."
        ) from None


def empty(field: Field) -> SignatureError:
    """The error for an input without text."""
    return SignatureError(f"Input {field.name!r} is empty; expected: {field.hint}.")
