"""The command `hubexplore run`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Final

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


def add_options(parser: argparse.ArgumentParser) -> None:
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


def run(options: argparse.Namespace, arguments: Sequence[str]) -> None:
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
