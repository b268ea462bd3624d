"""Typed text that is JSON, or has a JSON value on each line."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from hubexplore.errors import SignatureError
from hubexplore.inputs.fields import Field

_MARKS: Final = re.compile(r'[][{}]|"(?:[^"\\]|\\.)*"')
"""Brackets and strings of JSON."""


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
        what, where = "a number is too long", ""
        if isinstance(error, json.JSONDecodeError):
            mark, start = _unclosed(text, error)
            what = f"{mark!r} is not closed" if mark else error.msg
            where = (
                f", line {text.count(chr(10), 0, start) + 1}, column {start - text.rfind(chr(10), 0, start)}"
            )
        raise SignatureError(
            f"Input {field.name!r}{where}: this is not valid JSON ({what}); expected: {field.hint}."
        ) from None


def _unclosed(text: str, error: json.JSONDecodeError) -> tuple[str, int]:
    """Returns the innermost bracket or quotation mark that is not closed, and its index in the text.

    If the error has another cause, this is "" and the index of the error.
    """
    if error.msg.startswith("Unterminated string"):
        return text[error.pos : error.pos + 1], error.pos
    opened: list[int] = []
    # The parser reports the end of the text where a bracket is missing, and all before it is valid then.
    if error.pos >= len(text.rstrip()):
        for match in _MARKS.finditer(text):
            if match.group() in ("[", "{"):
                opened.append(match.start())
            elif match.group() in ("]", "}") and opened:
                opened.pop()
    return (text[opened[-1]], opened[-1]) if opened else ("", error.pos)


def empty(field: Field) -> SignatureError:
    """The error for an input without text."""
    return SignatureError(f"Input {field.name!r} is empty; expected: {field.hint}.")
