"""`hubexplore doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any, Final

from hubexplore.cli.options import add_html, add_json, add_no_color, add_path
from hubexplore.cli.terminal import BAD_INPUT, has_colours, write_out, writing

PROBLEMS: Final = 1
"""Exit code: the doctor found a problem."""
LEAST_WIDTH: Final = 60

EXAMPLES: Final = """examples:
  hubexplore doctor
  hubexplore doctor path/to/module
  hubexplore doctor --error "Missing implementation that supports: loader"
  hubexplore doctor --list

exit codes: 0 healthy, 1 problems found, 2 something could not be looked at
"""


def add(commands: Any) -> None:
    """Adds the command to the subparsers of argparse."""
    doctor = commands.add_parser(
        "doctor", help="say what is wrong with the installation, the cache or a module",
        description="Checks the installation, the cache and a module, and says what to do about each "
        "problem. Nothing is downloaded, and no part of a module runs.",
        epilog=EXAMPLES,
    )  # fmt: skip
    add_path(doctor, optional=True)
    what = doctor.add_mutually_exclusive_group()
    what.add_argument(
        "--error", metavar="TEXT", help="explain the message of an error; - reads it from stdin"
    )
    what.add_argument(
        "--list",
        action="store_true",
        dest="topics",
        help="list what users often stumble over, with solutions",
    )
    add_json(doctor)
    add_html(doctor)
    add_no_color(doctor)
    doctor.set_defaults(run=run, parser=doctor)


def run(arguments: argparse.Namespace) -> int:
    """Prints the report; returns the exit code."""
    from hubexplore.checkup.examination import doctor

    if arguments.path is not None and (arguments.error is not None or arguments.topics):
        arguments.parser.error("a PATH is not checked together with --error or --list")
    error = sys.stdin.read() if arguments.error == "-" else arguments.error
    report = doctor(arguments.path, error=error, topics=arguments.topics)
    if arguments.html is not None:
        with writing(arguments.html):
            Path(arguments.html).write_text(report.to_html(), encoding="utf-8")
    elif arguments.json:
        write_out(report.to_json(indent=2))
    else:
        columns = shutil.get_terminal_size((0, 0)).columns if sys.stdout.isatty() else 0
        colour = has_colours() and not arguments.no_color
        write_out(report.to_text(colour, max(columns, LEAST_WIDTH)) if columns else report.to_text(colour))
    if not report.examined:
        return BAD_INPUT
    return 0 if report.healthy else PROBLEMS
