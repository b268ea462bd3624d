"""The line of a magic to its options, and an error to one line."""

from __future__ import annotations

import argparse
import contextlib
import functools
import keyword
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

from IPython.core.error import UsageError
from IPython.core.magic import needs_local_scope, no_var_expand
from IPython.core.magic_arguments import MagicArgumentParser, magic_arguments
from IPython.utils.text import DollarFormatter, FullEvalFormatter

from hubexplore.display.wording import beginning, printable
from hubexplore.errors import HubError, closest

Namespace = Mapping[str, Any]

Reader = Callable[[MagicArgumentParser, str, bool, Namespace | None], argparse.Namespace]
"""Makes options of a parser, a line, whether a cell follows, and the namespace for `{name}` or None."""

# Quotes keep spaces together, and so do braces.
_QUOTED: Final = r"""(?:"[^"]*"|'[^']*')"""
# Possessive (++, from Python 3.11): with backtracking, a long word without its last quote takes exponential
# time.
_PART: Final = re.compile(rf"""{_QUOTED}|(?:\{{[^{{}}]*\}}|[^\s"'])++""")
_WORD: Final = re.compile(rf"(?:{_PART.pattern})++")
_ALL_QUOTED: Final = re.compile(rf"(?P<option>--[\w-]+=)?(?P<content>{_QUOTED}+)")
# Words that need no quotes: nothing in them is expanded or split, ends a statement or asks for help.
_PLAIN: Final = re.compile(r"[\w./~][\w@%+=:,./~^-]*")
# Put before a word that begins with a hyphen and is not an option. No line can hold this character.
_VALUE_MARK: Final = "\0"
_HELP: Final = re.compile(r"\s*--help(\s.*)?|(.*\s)?--help\s*", re.DOTALL)


class Help:
    """The help of a magic, shown as text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def one_line(error: object) -> str:
    """The message of an error on one line, safe to print."""
    return printable(" ".join(str(error).splitlines()))


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Turns a HubError into exactly UsageError, which IPython shows as one line, and which stops the run.

    A subclass of UsageError would show a traceback. IPython prints the line unchanged, so that the text of
    any other UsageError is made safe here as well.
    """
    try:
        yield
    except (HubError, UsageError) as error:
        raise UsageError(one_line(error)) from None


@contextlib.contextmanager
def _short_interrupts(is_line: bool) -> Iterator[None]:
    """Leaves the frames below a line out of the traceback of an interrupt.

    They say nothing to a user, and IPython may take longer than a second to show them. Below a cell is code
    of the user.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        if not is_line:
            raise
        # A new one: contextlib gives the same one its traceback back.
        short = KeyboardInterrupt(*error.args)
        vars(short).update(vars(error))
        raise short from None


def read_options(
    parser: MagicArgumentParser, line: str, _: bool = False, namespace: Namespace | None = None
) -> argparse.Namespace:
    """Returns the options in a line; the error for an unknown one names the nearest."""
    arguments: list[str] = []
    for word in words(line, namespace):
        # argparse would take a value that begins with a hyphen for an option, and drop two hyphens.
        if word.is_value and word.startswith("-"):
            if word != "--" and arguments and arguments[-1] in options_of(parser):
                arguments[-1] += f"={word}"
            else:
                arguments.append(_VALUE_MARK + word)
            continue
        option = word.split("=")[0]
        if word.startswith("--") and option not in options_of(parser):
            raise UsageError(_unknown(parser, word))
        arguments += [option, f"{_VALUE_MARK}--"] if word == f"{option}=--" else [str(word)]
    try:
        options, unknown = parser.parse_known_args(arguments)
    except UsageError as error:
        message = one_line(str(error).replace(_VALUE_MARK, ""))
        raise UsageError(f"%{parser.prog}: {message}. Write: {usage(parser)}") from None
    if unknown:
        raise UsageError(_unknown(parser, unknown[0]))
    return argparse.Namespace(**{name: _without_marks(value) for name, value in vars(options).items()})


def _without_marks(value: Any) -> Any:
    """The value of an argument without the marks that `read_options` put in."""
    if isinstance(value, list):
        return [_without_marks(item) for item in value]
    return value.removeprefix(_VALUE_MARK) if isinstance(value, str) else value


def magic(
    read: Reader = read_options, cell: bool = False, expand: bool = True
) -> Callable[[Callable[..., Any]], Any]:
    """Decorates a magic so that it takes parsed options instead of the line; goes above its `@argument`s.

    The docstring and the arguments become the help, which `--help` returns; a HubError becomes a UsageError.
    `{expression}` and `$name` are replaced here and not by IPython: word by word, so that a value with
    spaces needs no quotes. `{{` and `$$` stand for one such character, and in single quotes `$` for itself.

    Args:
      read: makes options of the line.
      cell: whether the magic works only over a cell.
      expand: whether `{expression}` and `$name` are replaced by their values.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        magic_arguments()(function)
        parser: MagicArgumentParser = vars(function)["parser"]
        parser.allow_abbrev = False

        @functools.wraps(function)
        def run(self: Any, line: str, body: str | None = None, local_ns: Namespace | None = None) -> Any:
            __tracebackhide__ = True  # IPython hides such frames in the traceback of an error in user code
            if _HELP.fullmatch(line):
                return Help(function.__doc__ or "")
            with one_line_errors(), _short_interrupts(is_line=body is None):
                if cell and body is None:
                    begin = f"%{parser.prog} needs a cell: begin it with %%{parser.prog}"
                    raise UsageError(f"{begin} {line}".rstrip())
                namespace = {**self.notebook.user_ns, **(local_ns or {})} if expand else None
                options = read(parser, line, body is not None, namespace)
                return function(self, options) if body is None else function(self, options, body)

        return cast(Callable[..., Any], needs_local_scope(no_var_expand(run)))

    return decorate


class LineWord(str):
    """A word of a line.

    Attributes:
      is_value: whether it cannot be an option even if it begins with a hyphen: it was quoted, or expanded.
    """

    __slots__ = ("is_value",)
    is_value: bool


def words(line: str, namespace: Namespace | None = None) -> list[LineWord]:
    """Returns the words of a line. Quotes keep spaces together, and are removed around a whole word.

    Args:
      line: the line as typed.
      namespace: the values for `{expression}` and `$name`; None replaces nothing. What has no value stays as
        it was typed.
    """
    if _WORD.sub("", line).strip():
        raise UsageError(
            "A quotation mark is not closed. Put quotes of the other kind around a word that holds one."
        )
    return [_word(match.group(), namespace) for match in _WORD.finditer(line)]


def _word(typed: str, namespace: Namespace | None) -> LineWord:
    """The meaning of a typed word: `'a b'` gives `a b`, `--as='a'` gives `--as=a`."""
    whole = _ALL_QUOTED.fullmatch(typed)
    parts = [
        (part[1:-1] if whole and part[0] in "\"'" else part, part[0] == "'") for part in _PART.findall(typed)
    ]
    word = LineWord("".join(_expanded(part, namespace, is_single) for part, is_single in parts))
    word.is_value = not typed.startswith("-")
    return word


def _expanded(text: str, namespace: Namespace | None, is_single: bool) -> str:
    """A text with `{expression}` and `$name` replaced by their values, as IPython does it."""
    if namespace is None or not set(text) & {"{", "}", "$"}:
        return text
    formatter = FullEvalFormatter() if is_single else DollarFormatter()
    try:
        return str(formatter.vformat(text, (), namespace))
    except Exception:  # noqa: BLE001 - as in IPython, what has no value, for any reason, stays as typed
        return text


def split_last_word(text: str) -> tuple[list[str], str]:
    """The finished words of a line up to the cursor, and the typed part of the last word, with its quotes."""
    start = len(text) - len(text.lstrip())
    # A word is finished if a blank follows it. After an open quote it goes on, whatever follows.
    while (match := _WORD.match(text, start)) and (rest := text[match.end() :])[:1].isspace():
        start = len(text) - len(rest.lstrip())
    return list(words(text[:start])), text[start:]


def unquoted(typed: str) -> str:
    """The meaning of the typed part of a word, whose last quote may be open."""
    for quote in ("", "'", '"'):
        if _WORD.fullmatch(typed + quote):
            return _word(typed + quote, None).replace("{{", "{").replace("}}", "}")
    return typed


def quoted(text: str) -> str | None:
    """Returns how to write exactly this text on the line of a magic; None if no line can hold it."""
    if not text.isprintable():  # a line break in a name would start a new line of code
        return None
    if _PLAIN.fullmatch(text):
        return text
    # In single quotes $ needs no escape. A single quote itself goes into double quotes, between the parts.
    text = text.replace("{", "{{").replace("}", "}}")
    return '"\'"'.join(f"'{part}'" for part in text.split("'"))


def options_of(parser: argparse.ArgumentParser) -> list[str]:
    """The options of a magic."""
    return [option for action in parser._actions for option in action.option_strings]


def usage(parser: argparse.ArgumentParser) -> str:
    """The usage of a magic on one line."""
    return " ".join(parser.format_usage().replace("::", "").split())


def _unknown(parser: MagicArgumentParser, word: str) -> str:
    name = word.split("=", maxsplit=1)[0]
    if name.startswith("-"):
        nearest = closest(name, ["--help", *options_of(parser)])
        return f"%{parser.prog} has no option {beginning(name)!r}.{nearest} Write: {usage(parser)}"
    return (
        f"%{parser.prog} takes no argument {beginning(word.removeprefix(_VALUE_MARK))!r}; a path with spaces "
        f"needs quotes. Write: {usage(parser)}"
    )


# The options of a call, recognised around an expression that is any Python. Only their exact names count: `x
# --y` is an expression. A value ends at a bracket or a quote, which belong to the expression.
_VALUE: Final = rf"(?:{_QUOTED}+|\{{\w+\}}|[^\s\"'()\[\]{{}}]+)"
_CAPTURE: Final = re.compile(r"\s*(?P<out>\w+)\s*<<(?P<rest>.*)", re.DOTALL)
_CAPTURE_LAST: Final = re.compile(r"(?P<rest>.*?)(?P<out>\w+)\s*<<\s*", re.DOTALL)
# The name ends at a blank, or at the bracket or quote with which an expression begins.
_NAME: Final = re.compile(rf"\s*(?P<name>{_PLAIN.pattern}(?![^\s;])|\w+|{_QUOTED}+)(?P<rest>.*)", re.DOTALL)


def read_call(
    parser: MagicArgumentParser, line: str, has_cell: bool, namespace: Namespace | None = None
) -> argparse.Namespace:
    """The options of a call: `[VAR <<] NAME [EXPR]`, or `NAME [VAR <<]` over a cell.

    Options go before or after the expression; inside of it they are a part of it. The expression may be any
    Python, with spaces, quotes and brackets.

    Returns:
      The options, with `expression` as text, and `silent`: whether the result only goes into `out`.
    """
    captured = _CAPTURE.fullmatch(line) or (_CAPTURE_LAST.fullmatch(line) if has_cell else None)
    if captured:
        line = captured["rest"]
    if has_cell:
        options, expression = read_options(parser, line, namespace=namespace), ""
        if options.expression:
            raise UsageError(f"%%{parser.prog}: the expression goes into the cell, not after the name.")
    else:
        options, expression = _read_call_line(parser, line, namespace)
    options.expression, options.silent = expression, captured is not None
    options.out = captured["out"] if captured else options.out
    if options.out:
        options.out = check_variable(options.out, f"%{parser.prog}")
    return options


def _read_call_line(
    parser: MagicArgumentParser, line: str, namespace: Namespace | None
) -> tuple[argparse.Namespace, str]:
    match = _NAME.fullmatch(line)
    if not match:
        read_options(parser, f"_ {line}")  # raises for an unknown option
        raise UsageError(f"%{parser.prog}: say which module. Write: {usage(parser)}")
    # A semicolon at the end of a line keeps IPython from showing the value.
    rest = match["rest"].strip().rstrip("; ")
    found_options: list[str] = []
    last_option, first_option = _option_patterns(parser)
    # From both ends inwards, one option at a time, so that none is looked for inside of the expression.
    while option := last_option.search(rest):
        rest = rest[: option.start()].rstrip()
        found_options.insert(0, option["option"])
    while option := first_option.match(rest):
        rest = rest[option.end() :]
        found_options.insert(0, option["option"])
    if rest.startswith("--"):
        raise UsageError(_unknown(parser, rest.split()[0]))
    return read_options(parser, " ".join([match["name"], *found_options]), namespace=namespace), rest


def _option_patterns(parser: MagicArgumentParser) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Returns what finds an option of a call after an expression, and one before it."""
    actions = [action for action in parser._actions if action.option_strings and action.dest != "help"]
    names = {action.option_strings[-1].removeprefix("--"): action.nargs != 0 for action in actions}
    switches = [re.escape(name) for name, has_value in names.items() if not has_value]
    others = [re.escape(name) for name, has_value in names.items() if has_value]
    option = rf"--(?:{'|'.join(switches)}|(?:{'|'.join(others)})(?:\s+|=){_VALUE})"
    # `re` keeps what it has compiled.
    return re.compile(rf"(?:^|\s)(?P<option>{option})\s*$"), re.compile(rf"(?P<option>{option})\s+")


def check_variable(name: str, magic_name: str) -> str:
    """Returns the name as Python reads it in source code, in the normal form NFKC.

    Raises:
      UsageError: no variable can have this name.
    """
    normalized = unicodedata.normalize("NFKC", name)
    if not normalized.isidentifier() or keyword.iskeyword(normalized) or normalized == "__debug__":
        raise UsageError(
            f"{magic_name} needs the name of a variable; {printable(name)!r} is not a valid one."
        )
    return normalized
