"""The line of an error that says what happened, for notes and tables with room for one line."""

from __future__ import annotations

import re
from typing import Final

# What TensorFlow 2.16 to 2.21 write above the message of the op that failed: a heading, where the op was made
# (indented), and the number of errors if there are several.
_PREFACE: Final = re.compile(
    r"\s*$|Graph execution error:|Detected at node |<stack traces unavailable>|Node: '|\d+ root error|\s{4,}"
)
_NUMBERED: Final = re.compile(r"\s*\(0\) [A-Z_]+: ")


def error_line(error: BaseException) -> str:
    """Returns the first line of a message that says what happened, without a final period.

    For an error without a message it is the name of its class.
    """
    return message_line(str(error)) or type(error).__name__


def message_line(message: str) -> str:
    """Returns that line of the message of an error; "" if there is none."""
    lines = (line for line in message.splitlines() if not _PREFACE.match(line))
    return _NUMBERED.sub("", next(lines, "")).strip().rstrip(".")
