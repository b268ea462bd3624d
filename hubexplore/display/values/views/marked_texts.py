"""Texts in which the words that a module does not know are marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.theme import MARKS
from hubexplore.display.values.views.texts import MAX_TEXTS, more_note, short_text
from hubexplore.display.wording import MAX_SENTENCE, visible

_CONTEXT: Final = 60
"""Number of characters that a long text keeps before its first marked word."""


def unknown_words(rows: Sequence[str], words: Sequence[str]) -> Markup:
    """Returns the rows that contain some of the words, with these marked, and the words that no row has.

    A module looks words up as it normalises them, so that upper and lower case are the same here.

    Args:
      rows: what went in.
      words: not empty.
    """
    by_length = sorted(words, key=len, reverse=True)  # the longest of several that fit
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, by_length))})(?!\w)", re.IGNORECASE)
    with_words = [(at, row) for at, row in enumerate(rows) if pattern.search(row)]
    seen = {match.casefold() for _, row in with_words for match in pattern.findall(row)}
    others = [word for word in words if word.casefold() not in seen]
    parts: list[Markup] = []
    if with_words:
        items = (
            tag(
                "li",
                *([tag("span", f"{at}: ", class_="note")] if len(rows) > 1 else []),
                _marked(row, pattern),
            )
            for at, row in with_words[:MAX_TEXTS]
        )
        remaining = len(with_words) - MAX_TEXTS
        parts += [
            tag("ul", *items, class_="plain"),
            *([more_note(remaining, "row")] if remaining > 0 else []),
        ]
    if others:
        chips = [tag("span", short_text(word), class_="chip unknown") for word in others[:MAX_TEXTS]]
        spaced = [part for chip in chips for part in (chip, " ")]
        parts.append(tag("p", tag("span", "As the module looks them up: ", class_="note"), *spaced))
    return join(tag("style", MARKS), *parts)


def _marked(text: str, pattern: re.Pattern[str]) -> Markup:
    first = pattern.search(text)
    begin = 0 if first is None or len(text) <= MAX_SENTENCE else max(first.start() - _CONTEXT, 0)
    parts: list[str] = ["…"] if begin else []
    shown = text[begin : begin + MAX_SENTENCE]
    end = 0
    for match in pattern.finditer(shown):
        parts += [visible(shown[end : match.start()], MAX_SENTENCE)] if match.start() > end else []
        parts.append(tag("mark", visible(match[0], MAX_SENTENCE), class_="unknown"))
        end = match.end()
    if end < len(shown):
        parts.append(visible(shown[end:], MAX_SENTENCE))
    return tag("code", *parts, *(["…"] if begin + len(shown) < len(text) else []))
