"""What a check finds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from hubexplore.errors import HubError

State = Literal["ok", "warning", "problem"]
OK: Final = "ok"
WARNING: Final = "warning"
PROBLEM: Final = "problem"

_END: Final = re.compile(r"\.(?= [A-Z'\"`])")


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
      subject: what was checked: "protobuf", "dot", the handle of a module.
      state: "ok", "warning" (something may not work), or "problem" (something does not work).
      sentence: what was found.
      remedy: what to do, as one or more sentences; empty if there is nothing to do.
    """

    subject: str
    state: State
    sentence: str
    remedy: str = ""


@dataclass(frozen=True)
class Section:
    """Findings of one kind, under a heading."""

    heading: str
    findings: tuple[Finding, ...]


def of_error(subject: str, error: HubError, *quoted: str) -> Finding:
    """Returns a problem with the words of an error.

    Args:
      subject: what was checked.
      error: says first what happened, then what to do.
      *quoted: names in the message, which may look like the end of a sentence.
    """
    return Finding(subject, PROBLEM, *cause_and_remedy(str(error), quoted))


def cause_and_remedy(message: str, quoted: Iterable[str] = ()) -> tuple[str, str]:
    """Divides a message after its first sentence."""
    masked = message
    for name in quoted:
        for form in (repr(name), name):
            masked = masked.replace(form, "x" * len(form)) if name else masked
    end = _END.search(masked)
    return (message[: end.end()], message[end.end() + 1 :]) if end else (message, "")
