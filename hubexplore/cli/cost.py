"""`hubexplore cost`: what a signature costs, counted without running it."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from typing import Any, Final

from hubexplore.cli.options import add_html, add_json, add_no_color, add_path, add_tags
from hubexplore.cli.show import LEAST_WIDTH
from hubexplore.cli.terminal import has_colours, write_out, writing
from hubexplore.errors import SignatureError

_SHAPE: Final = re.compile(r"(?:(?P<name>.+)=)?(?P<sizes>[0-9?]+(?:[x,][0-9?]+)*)")
MSG_SHAPE: Final = (
    "--shape takes INPUT=SIZES with an x between sizes, such as images=8x224x224x3; for a single input also "
    "the sizes alone. ? is an open size. Got {got!r}."
)
EXAMPLES: Final = """examples:
  hubexplore cost path/to/module
  hubexplore cost path/to/module --signature default --batch 32 --json
  hubexplore cost path/to/module --shape tokens=1x128 --shape mask=1x128 --html cost.html
"""


def add(commands: Any) -> None:
    """Adds the command to the subparsers of argparse."""
    parser = commands.add_parser(
        "cost",
        help="count what a signature costs",
        description="Counts parameters, multiply-adds and bytes of activations, without running anything.",
        epilog=EXAMPLES,
    )
    add_path(parser)
    parser.add_argument("--signature", metavar="S", help="by default 'default', else 'serving_default'")
    add_tags(parser)
    parser.add_argument(
        "--batch", metavar="N", type=int, default=1, help="number of rows where it is open; by default 1"
    )
    parser.add_argument(
        "--shape",
        metavar="I=AxB",
        action="append",
        default=[],
        help="the shape of an input, such as images=8x224x224x3; repeat it for more",
    )
    add_json(parser, "op")
    add_html(parser)
    add_no_color(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Counts the cost of a signature; returns the exit code."""
    from hubexplore.hub.summarize import summarize

    shapes = _shapes(arguments.shape)
    summary = summarize(arguments.path)
    cost = summary.cost(shapes, arguments.signature, tags=arguments.tags, batch=arguments.batch)
    if arguments.html is not None:
        from hubexplore.summary.files.atomic_write import write_file
        from hubexplore.summary.files.paths import local_to_write

        file = local_to_write(arguments.html, "The FILE of --html")
        page = cost.to_html().encode(errors="backslashreplace")
        with writing(file):
            write_file(file, page)
    if arguments.json:
        write_out(cost.to_json(2))
    elif arguments.html is None:
        colour = not arguments.no_color and has_colours()
        if sys.stdout.isatty():
            write_out(cost.to_text(colour, max(shutil.get_terminal_size().columns, LEAST_WIDTH)))
        else:
            write_out(cost.to_text(colour))
    return 0


def _shapes(texts: list[str]) -> Any:
    """Returns the shapes by name; the shape alone if a single one has no name, None for none."""
    shapes: dict[str, tuple[int | None, ...]] = {}
    for text in texts:
        match = _SHAPE.fullmatch(text)
        sizes = re.split("[x,]", match["sizes"]) if match else []
        if match is None or any("?" in size and size != "?" for size in sizes):
            raise SignatureError(MSG_SHAPE.format(got=text))
        # More digits than any size has: `int` of a made-up number could take seconds.
        if any(len(size) > 15 for size in sizes) or (match["name"] is None and len(texts) > 1):
            raise SignatureError(MSG_SHAPE.format(got=text))
        shape = tuple(None if size == "?" else int(size) for size in sizes)
        if match["name"] is None:
            return shape
        shapes[match["name"]] = shape
    return shapes or None
