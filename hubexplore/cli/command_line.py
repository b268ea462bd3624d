"""Parses the command line and runs the command."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from hubexplore import __version__
from hubexplore.cli import (
    cache,
    card,
    compare,
    convert,
    cost,
    cut,
    doctor,
    fetch,
    map_data,
    run,
    scan,
    show,
    trust,
)
from hubexplore.cli.terminal import BAD_INPUT, INTERRUPTED, CommandParser, one_line
from hubexplore.errors import HubError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code.

    Args:
      arguments: what follows the command's name; by default of this process.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["run"]:
        # Before anything of this process is changed, and outside of `except`: it all belongs to the program.
        return run.main(words[1:])
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for a terminal that lacks a character
    # TensorFlow is loaded for `gs://` and for samples never used before; its log is of no use here.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        parsed = _parser().parse_args(words)
        code: int = parsed.run(parsed)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (HubError, OSError) as error:
        sys.stderr.write(one_line(f"hubexplore: {error}"))
        return BAD_INPUT
    return code


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="hubexplore",
        description="Inspects, compares, scans, fetches, runs and converts Hub modules and SavedModels.",
        epilog=show.EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"hubexplore {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in (
        show,
        compare,
        cost,
        scan,
        trust,
        doctor,
        card,
        cut,
        convert,
        map_data,
        run,
        fetch,
        cache,
    ):
        command.add(commands)
    return parser
