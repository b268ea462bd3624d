"""`hubexplore run`: a program that was written for tensorflow_hub, unchanged."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

from hubexplore.cli.terminal import BAD_INPUT, CommandParser, one_line
from hubexplore.errors import MissingProgramError

DESCRIPTION: Final = """\
Runs a program in which `import tensorflow_hub` means hubexplore. Everything else is as `python SCRIPT` would
do it: arguments, standard input, tracebacks, exit code. Nothing is installed or written; processes that the
program starts run without this, unless they are forked."""
EXAMPLES: Final = """examples:
  hubexplore run retrain.py --image_dir flowers
  hubexplore run --tf1 train.py --steps 100
  hubexplore run --tf1 --tf1-package bert -m my_package.train --data data
"""
# Of the options of this command, those that take a value.
_WITH_VALUE: Final = ("-m", "--tf1-package")


def add(commands: Any) -> None:
    """Adds the command to the subparsers of argparse, for --help; see `main`."""
    commands.add_parser("run", help="run a program that imports tensorflow_hub, unchanged")


def main(words: Sequence[str]) -> int:
    """Runs a program; returns 0 where Python itself would end with it.

    Args:
      words: what follows `run`. They are divided before they are parsed, because the arguments of the program
        may look like options of this command.
    """
    head, arguments = split(words)
    parser = CommandParser(prog="hubexplore run", description=DESCRIPTION, epilog=EXAMPLES)
    _add_options(parser)
    options = parser.parse_args(head)
    if options.module is None and options.script is None:
        parser.error("the SCRIPT is missing")
    try:
        _run(options, arguments)
    except MissingProgramError as error:
        sys.stderr.write(one_line(f"hubexplore: {error}"))
        return BAD_INPUT
    return 0


def _add_options(parser: argparse.ArgumentParser) -> None:
    """Adds what may stand before the program."""
    parser.usage = "hubexplore run [--tf1] [--tf1-package NAME] (SCRIPT | - | -m MODULE) [ARGUMENT ...]"
    parser.add_argument(
        "--tf1",
        action="store_true",
        help="`import tensorflow` means tf.compat.v1 with v2 behaviour off, in the program; not in libraries",
    )
    parser.add_argument(
        "--tf1-package",
        metavar="NAME",
        action="append",
        default=[],
        help="an installed package that is written for TensorFlow 1 as well; may be repeated",
    )
    parser.add_argument("-m", metavar="MODULE", dest="module", help="run a module, as python -m does")
    parser.add_argument("script", metavar="SCRIPT", nargs="?", help="a script; - is standard input")


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Divides what follows `run` into the options of the command with the program, and its arguments."""
    position = 0
    while position < len(arguments):
        argument = arguments[position]
        if argument == "-m":
            position += 2
            break
        if argument == "--":
            return [*arguments[:position], *arguments[position + 1 : position + 2]], [
                *arguments[position + 2 :]
            ]
        if argument in _WITH_VALUE:
            position += 2
        elif argument.startswith("-") and argument != "-":
            position += 1
            # `-mMODULE`, as Python accepts it.
            if argument.startswith("-m"):
                break
        else:
            position += 1
            break
    return [*arguments[:position]], [*arguments[position:]]


def _run(options: argparse.Namespace, arguments: Sequence[str]) -> None:
    """Runs the program; see `execution.run_file` for how it ends."""
    from hubexplore.programs import execution
    from hubexplore.programs.importers import Importers, script_folder
    from hubexplore.programs.installation import Installation, uninstall

    uninstall()
    packages = list(options.tf1_package)
    if options.module is not None:
        # A module may be installed; it is the program nevertheless.
        packages.append(options.module.partition(".")[0])
    folder = script_folder(os.path.dirname(options.script)) if options.module is None else None
    Installation(Importers(packages, folder) if options.tf1 or options.tf1_package else None)
    if options.module is not None:
        execution.run_module(options.module, arguments)
    else:
        execution.run_file(options.script, arguments)
