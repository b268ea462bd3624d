"""`hubexplore scan`: what models can touch outside of themselves, before anything of them runs."""

from __future__ import annotations

import argparse
from typing import Any, Final

from hubexplore.cli.options import add_json, add_no_color
from hubexplore.cli.terminal import BAD_INPUT, DANGER, has_colours, write_out

EXAMPLES: Final = """examples:
  hubexplore scan path/to/module
  hubexplore scan models/ 'downloads/*.tar.gz' --quiet
  hubexplore scan models/ --sarif > models.sarif

exit codes:
  0  no dangers
  1  a model can touch things outside of itself
  2  no dangers, but something could not be read, or no model was found
"""


def add(commands: Any) -> None:
    """Adds the command to the subparsers of argparse."""
    scan = commands.add_parser(
        "scan",
        help="show what models can touch outside of themselves",
        description="Shows what models can touch outside of themselves: files, the network, Python code. "
        "Nothing of them runs.",
        epilog=EXAMPLES,
    )
    scan.add_argument(
        "paths", metavar="PATH", nargs="+",
        help="directory, whose models are found, also below it; archive, graph file, pattern or handle",
    )  # fmt: skip
    form = scan.add_mutually_exclusive_group()
    add_json(form)
    form.add_argument("--sarif", action="store_true", help="print SARIF 2.1.0, for code hosts and editors")
    scan.add_argument("--quiet", action="store_true", help="leave out models without dangers in the text")
    add_no_color(scan)
    scan.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Scans models; returns the exit code."""
    from hubexplore.cli.scanning.parallel import judge_all
    from hubexplore.cli.scanning.targets import targets
    from hubexplore.errors import MissingModuleError

    results = judge_all(targets(arguments.paths))
    if not results:
        raise MissingModuleError(f"There is no model in {', '.join(map(repr, arguments.paths))}.")
    if arguments.sarif:
        from hubexplore.cli.scanning.sarif import as_sarif

        write_out(as_sarif(results))
    else:
        from hubexplore.cli.scanning import reports

        if arguments.json:
            write_out(reports.as_json(results))
        else:
            write_out(reports.text(results, has_colours() and not arguments.no_color, arguments.quiet))
    verdicts = {one.verdict for one in results}
    # A danger outweighs the rest: whoever runs this before a deployment must not go on.
    return DANGER if "danger" in verdicts else BAD_INPUT if "unreadable" in verdicts else 0
