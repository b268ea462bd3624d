"""`hubexplore compare`: what differs between two modules, in their weights too."""

from __future__ import annotations

from typing import Any, Final

from hubexplore.cli import show
from hubexplore.cli.options import add_path

EXAMPLES: Final = """examples:
  hubexplore compare path/to/module path/to/newer || echo "cannot replace it"
  hubexplore compare path/to/module path/to/fine-tuned --weights
  hubexplore compare path/to/module path/to/fine-tuned --weights --html changes.html
"""


def add(commands: Any) -> None:
    """Adds the command to the subparsers of argparse."""
    compare = commands.add_parser(
        "compare",
        help="compare two modules",
        description="Shows what differs between two modules; exit code 1 if B cannot replace A.",
        epilog=EXAMPLES,
    )
    add_path(compare, "A")
    compare.add_argument("compare", metavar="B", help="the other module, like A")
    compare.add_argument(
        "--weights", action="store_true", help="also read and compare the values of all variables"
    )
    show.add_common_options(compare)
    # The same as `hubexplore show A --compare B`.
    compare.set_defaults(run=show.run, parser=compare, stats=None, graph=None, color=None)
