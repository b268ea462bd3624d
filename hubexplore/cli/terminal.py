"""What the commands share: exit codes, parsing of options, and what is printed."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, Final, NoReturn

DIFFERENT: Final = 1
"""Exit code: the other module cannot replace this one, or the converted one computes something else."""
DANGER: Final = 1
"""Exit code of a scan: a model can touch things outside of itself."""
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130

MAX_MESSAGE: Final = 2000
"""Maximum number of characters of a message, which may quote names of any length."""


class CommandParser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def __init__(self, **options: Any) -> None:
        # Examples are printed as they are written. An abbreviation would change with each new option.
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Ends the process; see argparse."""
        self.exit(BAD_INPUT, one_line(f"{self.prog}: {message}. See {self.prog} --help."))


def has_colours() -> bool:
    """Whether standard output shows colours."""
    # https://no-color.org: set and not empty.
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def write_out(text: str) -> None:
    """Writes text to standard output.

    Raises:
      OSError: says why it cannot be written; not where the reader has read enough.
    """
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError as error:
        # Python flushes once more on exit, which must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # the reader, such as `head`, has enough
            raise OSError(f"the output cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def writing(path: str) -> Iterator[None]:
    """Says what was written, or why it could not be."""
    try:
        yield
    except OSError as error:
        raise OSError(f"{path!r} cannot be written: {error.strerror or error}") from error
    sys.stderr.write(one_line(f"Wrote {path}"))


def one_line(message: str) -> str:
    """Returns a message in one line that is safe to print."""
    from hubexplore.display.wording import visible

    return f"{visible(' '.join(message.split()), MAX_MESSAGE)}\n"
