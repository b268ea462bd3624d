"""`hubexplore card`: the card that goes with a published model."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from hubexplore.cli.options import add_path, add_trust
from hubexplore.cli.terminal import one_line

EXAMPLES: Final = """examples:
  hubexplore card path/to/module README.md
  hubexplore card module.tar.gz card.html --title "Sentence vectors"
  hubexplore card path/to/module README.md --no-examples
"""


def add(commands: Any) -> None:
    """Adds the command to the subparsers of argparse."""
    card = commands.add_parser(
        "card", help="write the card that goes with a published model",
        description="Writes a card with all that is known of a model, and questions for what is not.",
        epilog=EXAMPLES,
    )  # fmt: skip
    add_path(card)
    card.add_argument(
        "file", metavar="FILE", help="FILE.md, with the picture of the graph beside it, or FILE.html"
    )
    card.add_argument("--title", metavar="TEXT", help="title of the card; by default the name of the model")
    card.add_argument("--no-examples", action="store_true", help="read the model only, do not run it")
    card.add_argument("--overwrite", action="store_true", help="replace files that are there")
    add_trust(card)
    card.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Writes a card; returns the exit code."""
    if not arguments.no_examples:
        from hubexplore.session.tf_startup import import_tensorflow

        import_tensorflow()
    from hubexplore.explorer.model_card.card import card, files_of

    # Before the model is run, which may take a minute.
    files_of(arguments.file, arguments.overwrite)
    made = card(
        arguments.path,
        title=arguments.title,
        examples=not arguments.no_examples,
        trust=arguments.trust,
    )
    files = made.save(arguments.file, overwrite=arguments.overwrite)
    for file in files:
        sys.stderr.write(one_line(f"Wrote {file}"))
    return 0
