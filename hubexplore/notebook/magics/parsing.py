"""From the line of a magic to its options, and from what goes wrong to one line."""

from __future__ import annotations

import argparse
import contextlib
import functools
import keyword
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser, magic_arguments

from hubexplore.display.tables import printable
from hubexplore.errors import HubError, closest

Reader = Callable[[MagicArgumentParser, str, bool], argparse.Namespace]
"""Makes options of a parser, a line, and whether a cell follows."""

_WORD: Final = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""")
_QUOTED: Final = re.compile(r"""(?P<option>--[\w-]+=)?(?P<quote>["'])(?P<content>.*)(?P=quote)""", re.DOTALL)
_HELP: Final = re.compile(r"\s*--help(\s.*)?|(.*\s)?--help\s*", re.DOTALL)


class Help:
    """The help of a magic, shown as text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def one_line(error: object) -> str:
    """The message of an error in one line, safe to print."""
    return printable(" ".join(str(error).splitlines()))


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Turns a HubError into exactly UsageError, which IPython shows as one line and which stops the run."""
    try:
        yield
    except HubError as error:
        raise UsageError(one_line(error)) from None


def read_options(parser: MagicArgumentParser, line: str, _: bool = False) -> argparse.Namespace:
    """The options in a line; an unknown one is an error that names the nearest."""
    given = words(line)
    for word in given:
        if word.startswith("--") and word.split("=")[0] not in options_of(parser):
            raise UsageError(_unknown(parser, word))
    try:
        options, unknown = parser.parse_known_args(given)
    except UsageError as error:
        raise UsageError(f"%{parser.prog}: {one_line(error)}. Write: {usage(parser)}") from None
    if unknown:
        raise UsageError(_unknown(parser, unknown[0]))
    return options


def magic(read: Reader = read_options, cell: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Decorates a magic that takes parsed options in place of the line; stands above its `@argument`s.

    Its docstring becomes the whole help, `--help` returns that, and a HubError becomes a UsageError.

    Args:
      read: makes options of the line.
      cell: whether it works only over a cell.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        magic_arguments()(function)
        parser: MagicArgumentParser = vars(function)["parser"]
        parser.allow_abbrev = False

        @functools.wraps(function)
        def run(self: Any, line: str, body: str | None = None) -> Any:
            __tracebackhide__ = True  # IPython leaves such frames out of the traceback of a user's own error
            if _HELP.fullmatch(line):
                return Help(function.__doc__ or "")
            if cell and body is None:
                raise UsageError(
                    f"%{parser.prog} needs a cell: begin it with %%{parser.prog} {line}".rstrip()
                )
            with one_line_errors():
                options = read(parser, line, body is not None)
                return function(self, options) if body is None else function(self, options, body)

        return run

    return decorate


def words(line: str) -> list[str]:
    """The words of a line; quotes keep spaces together, and go where they enclose a whole word."""
    if _WORD.sub("", line).strip():
        raise UsageError("No closing quotation: put quotes of the other kind around a word that holds one.")
    return [unquoted(match.group()) for match in _WORD.finditer(line)]


def unquoted(word: str) -> str:
    """A word without the quotes around it: `'a b'` gives `a b`, `--as='a'` gives `--as=a`."""
    match = _QUOTED.fullmatch(word)
    return f"{match['option'] or ''}{match['content']}" if match else word


def options_of(parser: argparse.ArgumentParser) -> list[str]:
    """The options that a magic has."""
    return [option for action in parser._actions for option in action.option_strings]


def usage(parser: argparse.ArgumentParser) -> str:
    """How to write a magic, in one line."""
    return " ".join(parser.format_usage().replace("::", "").split())


def _unknown(parser: MagicArgumentParser, word: str) -> str:
    name = word.split("=", maxsplit=1)[0]
    if name.startswith("-"):
        nearest = closest(name, ["--help", *options_of(parser)])
        return f"%{parser.prog} has no option {printable(name)!r}.{nearest} Write: {usage(parser)}"
    return (
        f"%{parser.prog} does not know what to do with {printable(word)!r}; a path with spaces needs quotes. "
        f"Write: {usage(parser)}"
    )


_VALUE: Final = r"(?:\"[^\"]*\"|'[^']*'|\{\w+\}|[^\s\"'()\[\]{}]+)"
_OPTION: Final = rf"--(?:as-dict|lines|csv|(?:signature|batch-size|fetch|out)(?:\s+|=){_VALUE})"
_LAST_OPTION: Final = re.compile(rf"(?:^|\s)(?P<option>{_OPTION})\s*$")
_FIRST_OPTION: Final = re.compile(rf"(?P<option>{_OPTION})\s+")
_CAPTURE: Final = re.compile(r"\s*(?P<out>\w+)\s*<<(?P<rest>.*)", re.DOTALL)
_CAPTURE_LAST: Final = re.compile(r"(?P<rest>.*?)(?P<out>\w+)\s*<<\s*", re.DOTALL)
_NAME: Final = re.compile(r"\s*(?P<name>\w+)(?P<rest>.*)", re.DOTALL)


def read_call(parser: MagicArgumentParser, line: str, has_cell: bool) -> argparse.Namespace:
    """The options of a call: `[VAR <<] NAME [EXPR]`, or `NAME [VAR <<]` over a cell.

    Options may stand before or after the expression; inside of it they belong to it. Any Python expression
    may stand there, with spaces, quotes and brackets.

    Returns:
      The options, with `expression` as text, and `silent`: whether the result goes into `out` only.
    """
    captured = _CAPTURE.fullmatch(line) or (_CAPTURE_LAST.fullmatch(line) if has_cell else None)
    if captured:
        line = captured["rest"]
    if has_cell:
        options, expression = read_options(parser, line), ""
        if options.expression:
            raise UsageError(f"%%{parser.prog}: the expression belongs into the cell, not behind the name.")
    else:
        options, expression = _read_call_line(parser, line)
    options.expression, options.silent = expression, captured is not None
    options.out = captured["out"] if captured else options.out
    if options.out:
        check_variable(options.out, f"%{parser.prog}")
    return options


def _read_call_line(parser: MagicArgumentParser, line: str) -> tuple[argparse.Namespace, str]:
    match = _NAME.fullmatch(line)
    if not match:
        read_options(parser, f"_ {line}")  # which tells an option that is none
        raise UsageError(f"%{parser.prog}: say which module. Write: {usage(parser)}")
    # A semicolon at the end of a line keeps IPython from showing the value.
    rest = match["rest"].strip().rstrip("; ")
    found_options: list[str] = []
    while found := _LAST_OPTION.search(rest):
        rest = rest[: found.start()].rstrip()
        found_options.insert(0, found["option"])
    while found := _FIRST_OPTION.match(rest):
        rest = rest[found.end() :]
        found_options.insert(0, found["option"])
    if rest.startswith("--"):
        raise UsageError(_unknown(parser, rest.split()[0]))
    return read_options(parser, " ".join([match["name"], *found_options])), rest


def check_variable(name: str, magic_name: str) -> None:
    """Raises UsageError if no variable can have this name."""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UsageError(f"{magic_name} needs the name of a variable; {printable(name)!r} cannot be one.")
