"""What a scan found, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from hubexplore.cli.scanning.judging import Judged
from hubexplore.display.card import access_section
from hubexplore.display.card.text import BOLD
from hubexplore.display.card.text import section as section_text
from hubexplore.display.records import plain_data
from hubexplore.display.wording import MAX_SENTENCE, counted, visible

SCHEMA: Final = 1
_MAX_PATH: Final = 300


def text(results: Sequence[Judged], colour: bool, quiet: bool = False) -> str:
    """Returns a line for each model, below it what was found, and last how many there are of each kind.

    Args:
      results: of the scan.
      colour: whether what needs attention is bold.
      quiet: whether models without dangers are left out.
    """
    shown = [one for one in results if not quiet or one.verdict != "no danger"]
    return "\n".join([*(line for one in shown for line in _lines(one, colour)), total(results)])


def _lines(result: Judged, colour: bool) -> Iterator[str]:
    path = visible(result.label, _MAX_PATH)
    if result.verdict == "unreadable":
        yield f"{path}: not readable: {visible(result.error, MAX_SENTENCE)}"
        return
    head = f"{path}: {access_section.verdict(result.capabilities)}"
    yield BOLD.format(head) if colour and result.verdict == "danger" else head
    section = access_section.outside_access(result.capabilities)
    if section is not None:
        # The first line is the heading of the section, which the line above has in other words.
        yield from section_text(section, "", colour).split("\n")[1:]


def total(results: Sequence[Judged]) -> str:
    """Returns "12 models: 2 with dangers, 1 not readable"."""
    counts = counts_of(results)
    parts = [
        f"{counts[verdict]:,} {words}"
        for verdict, words in (("danger", "with dangers"), ("unreadable", "not readable"))
        if counts[verdict]
    ]
    return f"{counted(len(results), 'model')}: {', '.join(parts) or 'no dangers'}"


def counts_of(results: Sequence[Judged]) -> dict[str, int]:
    """Returns the number of models by verdict."""
    verdicts = [one.verdict for one in results]
    return {verdict: verdicts.count(verdict) for verdict in ("danger", "no danger", "unreadable")}


def as_json(results: Sequence[Judged]) -> str:
    """Returns JSON of ASCII characters: "schema", "counts" by verdict, and "models".

    The capabilities of a model are those that `hubexplore show --json` prints.
    """
    models: list[dict[str, Any]] = [
        {
            "path": one.label,
            "format": one.format,
            "verdict": one.verdict,
            "capabilities": plain_data(one.capabilities),
            "error": one.error,
        }
        for one in results
    ]
    return json.dumps({"schema": SCHEMA, "counts": counts_of(results), "models": models}, indent=2)
