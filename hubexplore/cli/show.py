"""`hubexplore show`: what is in a module, in a terminal."""

from __future__ import annotations

import argparse
import functools
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hubexplore.cli.options import add_html, add_json, add_no_color, add_path, add_tags
from hubexplore.cli.terminal import DIFFERENT, has_colours, write_out, writing
from hubexplore.errors import DiagramError, closest

if TYPE_CHECKING:
    from hubexplore.display.rich.summaries import Summary

ToText = Callable[..., str]
"""Makes text. Arguments: whether it is coloured, and the number of columns if that is known."""

LEAST_WIDTH: Final = 60
"""Minimum number of columns of a table; a narrower terminal breaks its lines."""

EXAMPLES: Final = """examples:
  hubexplore show path/to/module
  hubexplore show module.tar.gz --signature default --graph default.svg
  hubexplore show path/to/module --graph default.svg --color flops
  hubexplore show path/to/module --compare path/to/newer || echo "cannot replace it"
  hubexplore show path/to/module --stats '*/kernel'
  hubexplore compare path/to/module path/to/fine-tuned --weights
  hubexplore show frozen.pb --inputs image --outputs scores=Softmax,features=pool5/Mean:0
"""


def add(commands: Any) -> None:
    """Adds the command to the subparsers of argparse."""
    show = commands.add_parser(
        "show", help="show what is in a module", description="Shows what is in a module.", epilog=EXAMPLES
    )
    add_path(show, optional=True)
    what = show.add_mutually_exclusive_group()
    what.add_argument(
        "--compare",
        metavar="OTHER",
        help="show what differs from OTHER; exit code 1 if OTHER cannot replace PATH",
    )
    what.add_argument(
        "--stats",
        metavar="PATTERN",
        nargs="?",
        const="",
        help="show statistics of the weights, of all variables or those that match",
    )
    what.add_argument("--graph", metavar="FILE", help="write a diagram: FILE.svg, FILE.png or FILE.dot")
    show.add_argument(
        "--color",
        metavar="WHAT",
        help="with --graph: colour the boxes by parameters, multiply_adds, flops or activation_bytes",
    )
    show.add_argument(
        "--weights", action="store_true", help="with --compare: also compare the values of the variables"
    )
    add_common_options(show)
    show.set_defaults(run=run, parser=show)


def add_common_options(show: argparse.ArgumentParser) -> None:
    """Adds the options that say which part of a module is meant, and in which form it is shown."""
    add_json(show)
    add_html(show)
    show.add_argument("--signature", metavar="NAME", help="only this signature")
    show.add_argument(
        "--inputs",
        metavar="T[,T]",
        help="of a frozen graph or checkpoint: tensors that are its inputs; by default the placeholders",
    )
    show.add_argument(
        "--outputs", metavar="T[,T]", help="tensors that are its outputs, each as TENSOR or NAME=TENSOR"
    )
    add_tags(show, "show")
    add_no_color(show)


def run(arguments: argparse.Namespace) -> int:
    """Shows a module; returns the exit code."""
    if arguments.path is None and arguments.stats:
        arguments.path, arguments.stats = arguments.stats, ""  # `show --stats PATH`
    if arguments.path is None:
        arguments.parser.error("the PATH of a module is missing")
    if arguments.weights and arguments.compare is None:
        arguments.parser.error("--weights compares two modules: name the other one with --compare OTHER")
    if arguments.color is not None and arguments.graph is None:
        arguments.parser.error("--color is for diagrams: write one with --graph FILE")
    from hubexplore.display.rich.summaries import displayable
    from hubexplore.hub.summarize import summarize
    from hubexplore.summary.model import FROZEN_GRAPH, TRAINING_CHECKPOINT
    from hubexplore.summary.selection import likewise, narrowed
    from hubexplore.summary.tags import chosen
    from hubexplore.summary.wishes import from_options

    signatures = from_options(arguments.inputs, arguments.outputs)
    whole = summarize(arguments.path, signatures=signatures)
    tags = (
        None
        if arguments.tags is None
        else chosen(arguments.tags, (variant.tags for variant in whole.variants))
    )
    summary = displayable(narrowed(whole, tags, arguments.signature))
    if arguments.compare is None:
        _output(arguments, *_views(arguments, summary))
        if arguments.graph is not None:
            _write_graph(arguments.graph, summary, arguments.signature, arguments.color)
        return 0
    other = summarize(arguments.compare)
    if signatures is not None and other.format in (FROZEN_GRAPH, TRAINING_CHECKPOINT):
        other = summarize(arguments.compare, signatures=signatures)
    if tags is not None or arguments.signature is not None:
        other = displayable(likewise(other, summary, arguments.signature, whole))
    comparison = summary.compare(other, weights=arguments.weights)
    _output(arguments, comparison.to_text, comparison.to_json, comparison.to_html)
    return 0 if comparison.replaceable else DIFFERENT


def _views(
    arguments: argparse.Namespace, summary: Summary
) -> tuple[ToText, Callable[[int], str], Callable[[], str]]:
    """Returns what makes text (coloured or not), JSON (with an indentation) and an HTML page."""
    if arguments.stats is None:
        from hubexplore.display.card import text

        return functools.partial(text.module, summary), summary.to_json, summary.to_html
    statistics = summary.variables.stats(arguments.stats or None)
    return statistics.to_text, statistics.to_json, statistics.to_html


def _output(
    arguments: argparse.Namespace,
    to_text: ToText,
    to_json: Callable[[int], str],
    to_html: Callable[[], str],
) -> None:
    """Writes a page where one is asked for, and prints JSON or text unless only files are asked for."""
    if arguments.html is not None:
        from hubexplore.summary.files.atomic_write import write_file
        from hubexplore.summary.files.paths import local_to_write

        file = local_to_write(arguments.html, "The FILE of --html")
        page = to_html().encode(errors="backslashreplace")
        with writing(file):
            write_file(file, page)
    if arguments.json:
        write_out(to_json(2))
    elif arguments.html is None and arguments.graph is None:
        colour = not arguments.no_color and has_colours()
        if sys.stdout.isatty():
            write_out(to_text(colour, max(shutil.get_terminal_size().columns, LEAST_WIDTH)))
        else:
            write_out(to_text(colour))


def _write_graph(path: str, summary: Summary, signature: str | None, color: str | None) -> None:
    from hubexplore.display.diagram import ENDINGS, QUANTITIES
    from hubexplore.summary.files.paths import local_to_write

    if color is not None and color not in QUANTITIES:
        quantities = ", ".join(QUANTITIES)
        raise DiagramError(f"--color takes one of {quantities}. Got {color!r}.{closest(color, QUANTITIES)}")

    target = Path(local_to_write(path, "The FILE of --graph"))
    if target.is_dir() or target.suffix.lower() not in ENDINGS:
        finding = "is a directory" if target.is_dir() else "does not"
        endings = ", ".join(ENDINGS)
        raise DiagramError(f"A diagram is written to a file that ends in {endings}; {path!r} {finding}.")
    picture = summary.graph(signature, color=color)
    with writing(str(target)):
        picture.save(target)
