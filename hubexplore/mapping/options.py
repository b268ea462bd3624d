"""The arguments of `hubexplore.map` in the words of a command line or of a magic."""

from __future__ import annotations

from typing import Any

from hubexplore.errors import MapError


def columns_by_input(words: list[str]) -> Any:
    """The argument `inputs` of `hubexplore.map` in words such as `images=path` or `x=a,b`; None without any.

    Raises:
      MapError: (a ValueError) a word without an input is not the only one.
    """
    if not words:
        return None
    if len(words) == 1 and "=" not in words[0]:
        return words[0]
    pairs = [word.partition("=") for word in words]
    if any(not separator for _, separator, _ in pairs):
        raise MapError("--inputs takes INPUT=COLUMN, or one column for the only input.")
    return {name: columns.split(",") if "," in columns else columns for name, _, columns in pairs}


def named_outputs(text: str | None) -> dict[str, str] | None:
    """The argument `outputs` in text such as `scores=score,features`; None for all outputs."""
    if text is None:
        return None
    pairs = [word.partition("=") for word in text.split(",")]
    return {name: column or name for name, _, column in pairs}


def kept_columns(text: str | None) -> list[str] | bool:
    """The argument `keep` in text such as `id,label` or `*`."""
    if text is None:
        return False
    return text == "*" or text.split(",")
