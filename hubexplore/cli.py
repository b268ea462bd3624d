"""The commands `hubexplore show PATH` and `hubexplore convert PATH OUT`, in a terminal.

Exit codes: 0 fine, 1 the other module cannot replace this one or the converted one does something else,
2 bad input (one line on stderr), 130 Ctrl-C.
Nothing is imported before it is needed: a look at a module should take a fraction of a second.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import math
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from hubexplore import __version__
from hubexplore.errors import ConversionError, DiagramError, HubError

if TYPE_CHECKING:
    from hubexplore.display.rich.summaries import Summary

ToText = Callable[..., str]
"""Makes text. Arguments: whether it is coloured, and the number of columns if that is known."""

CANNOT_REPLACE: Final = 1
NOT_THE_SAME: Final = 1
TARGETS: Final = ("saved-model", "hub")
"""Formats that `convert` writes."""
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130
# Characters of a message, which may quote names of any length.
MAX_MESSAGE: Final = 2000
# Tables cannot be read in fewer columns; a narrower terminal breaks their lines.
LEAST_WIDTH: Final = 60

EXAMPLES: Final = """examples:
  hubexplore show path/to/module
  hubexplore show module.tar.gz --signature default --graph default.svg
  hubexplore show path/to/module --compare path/to/newer || echo "cannot replace it"
  hubexplore show path/to/module --stats '*/kernel'
"""

CONVERT_EXAMPLES: Final = """examples:
  hubexplore convert path/to/module path/to/saved_model --to saved-model
  hubexplore convert module.tar.gz models/mine --to saved-model --version 1
  hubexplore convert path/to/saved_model path/to/module --to hub
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, _line(f"{self.prog}: {message}. See {self.prog} --help."))


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code.

    Args:
      arguments: what follows the command's name; by default of this process.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for a terminal that lacks a character
    # TensorFlow is loaded for `gs://` and for samples never used before; its log is of no use here.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        parsed = _parsed(arguments)
        return _convert(parsed) if parsed.command == "convert" else _show(parsed)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (HubError, OSError) as error:
        sys.stderr.write(_line(f"hubexplore: {error}"))
        return BAD_INPUT


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(
        "hubexplore", description="Inspect TensorFlow Hub modules and SavedModels, or convert them.",
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"hubexplore {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    show = _add_show(commands)
    _add_convert(commands)
    parsed = parser.parse_args(arguments)
    if parsed.path is None and parsed.stats:
        parsed.path, parsed.stats = parsed.stats, ""  # `show --stats PATH`
    if parsed.path is None:
        show.error("the PATH of a module is missing")
    return parsed


def _add_show(commands: Any) -> argparse.ArgumentParser:
    """Adds the command `show`."""
    show: argparse.ArgumentParser = commands.add_parser(
        "show", help="show what is in a module", description="Shows what is in a module.", epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    show.add_argument("path", metavar="PATH", nargs="?", help="directory, archive, URL or sample:NAME")
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
    show.add_argument("--json", action="store_true", help="print JSON")
    show.add_argument("--html", metavar="FILE", help="write one self-contained page")
    show.add_argument("--signature", metavar="NAME", help="only this signature")
    show.add_argument("--tags", metavar="T[,T]", help="only this graph variant; '' is the one without tags")
    show.add_argument(
        "--no-color", action="store_true", help="print without colours, as if NO_COLOR were set"
    )
    return show


def _add_convert(commands: Any) -> None:
    """Adds the command `convert`."""
    convert = commands.add_parser(
        "convert", help="write a module in another format",
        description="Writes a module in another format, and compares what was written with it.",
        epilog=CONVERT_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    convert.add_argument("path", metavar="PATH", help="directory, archive, URL or sample:NAME")
    convert.add_argument("out", metavar="OUT", help="directory to write; it must not hold a model yet")
    convert.add_argument(
        "--to",
        required=True,
        choices=TARGETS,
        help="saved-model: a TF2 SavedModel, which everything loads; hub: a TF1 Hub module",
    )
    convert.add_argument("--tags", metavar="T[,T]", help="this graph variant; '' is the one without tags")
    convert.add_argument(
        "--version",
        type=int,
        metavar="N",
        help="of a saved-model: write OUT/N, as TensorFlow Serving expects",
    )
    convert.add_argument("--overwrite", action="store_true", help="replace a model of this format in OUT")
    convert.add_argument("--no-verify", action="store_true", help="do not run what was written")


def _convert(arguments: argparse.Namespace) -> int:
    if arguments.version is not None and arguments.to != "saved-model":
        raise ConversionError("--version belongs to --to saved-model, the only format with versions.")
    from hubexplore.hub.loading import open_spec
    from hubexplore.summary.lookup import default_tags
    from hubexplore.summary.tags import chosen

    spec = open_spec(arguments.path)
    existing = [tuple(sorted(tags)) for tags in spec.get_tags()]
    tags = (
        default_tags(existing, lambda tags: f"--tags {','.join(tags)}")
        if arguments.tags is None
        else chosen(arguments.tags, existing)
    )
    verify = not arguments.no_verify
    report: Any
    if arguments.to == "hub":
        from hubexplore.session.session import NotebookSession

        with NotebookSession("convert") as session:
            module = session.load(spec, "module", tags)
            report = session.export(module, arguments.out, arguments.overwrite, verify)
    else:
        from hubexplore.session.export.save import save

        report = save(
            spec, arguments.out, tags=tags, version=arguments.version, overwrite=arguments.overwrite,
            verify=verify,
        )  # fmt: skip
    _print(repr(report))
    return NOT_THE_SAME if report.largest_difference == math.inf else 0


def _show(arguments: argparse.Namespace) -> int:
    from hubexplore.display.rich.summaries import displayable
    from hubexplore.hub.summarize import summarize
    from hubexplore.summary.selection import likewise, narrowed
    from hubexplore.summary.tags import chosen

    whole = summarize(arguments.path)
    tags = (
        None
        if arguments.tags is None
        else chosen(arguments.tags, (variant.tags for variant in whole.variants))
    )
    summary = displayable(narrowed(whole, tags, arguments.signature))
    if arguments.compare is None:
        _output(arguments, *_views(arguments, summary))
        if arguments.graph is not None:
            _write_graph(arguments.graph, summary, arguments.signature)
        return 0
    other = summarize(arguments.compare)
    if tags is not None or arguments.signature is not None:
        other = displayable(likewise(other, summary, arguments.signature))
    comparison = summary.compare(other)
    _output(arguments, comparison.to_text, comparison.to_json, comparison.to_html)
    return 0 if comparison.replaceable else CANNOT_REPLACE


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
        with _writing(file):
            write_file(file, page)
    if arguments.json:
        _print(to_json(2))
    elif arguments.html is None and arguments.graph is None:
        colour = not arguments.no_color and _has_colours()
        if sys.stdout.isatty():
            _print(to_text(colour, max(shutil.get_terminal_size().columns, LEAST_WIDTH)))
        else:
            _print(to_text(colour))


def _has_colours() -> bool:
    # https://no-color.org: set and not empty.
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _print(text: str) -> None:
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError as error:
        # Python flushes once more on exit, which must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # the reader, such as `head`, has enough
            raise OSError(f"the output cannot be written: {error.strerror or error}") from error


def _write_graph(path: str, summary: Summary, signature: str | None) -> None:
    from hubexplore.display.diagram import ENDINGS
    from hubexplore.summary.files.paths import local_to_write

    target = Path(local_to_write(path, "The FILE of --graph"))
    if target.is_dir() or target.suffix.lower() not in ENDINGS:
        finding = "is a directory" if target.is_dir() else "does not"
        endings = ", ".join(ENDINGS)
        raise DiagramError(f"A diagram is written to a file that ends in {endings}; {path!r} {finding}.")
    picture = summary.graph(signature)
    with _writing(str(target)):
        picture.save(target)


@contextlib.contextmanager
def _writing(path: str) -> Iterator[None]:
    """Says what was written, or why it could not be."""
    try:
        yield
    except OSError as error:
        raise OSError(f"{path!r} cannot be written: {error.strerror or error}") from error
    sys.stderr.write(_line(f"Wrote {path}"))


def _line(message: str) -> str:
    """Returns a message in one line that is safe to print."""
    from hubexplore.display.wording import visible

    return f"{visible(' '.join(message.split()), MAX_MESSAGE)}\n"
