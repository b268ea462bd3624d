"""The line magics: each parses, calls the session, and returns a value."""

from __future__ import annotations

import argparse
import contextlib
import keyword
import os
import re
from collections.abc import Iterator
from typing import Any, Final

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from hubexplore.display.tables import printable
from hubexplore.errors import HubError
from hubexplore.hub.module import Module
from hubexplore.notebook.session import NotebookSession


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Turns a HubError into exactly UsageError, which IPython shows as one line and which stops the run."""
    try:
        yield
    except HubError as error:
        raise UsageError(printable(" ".join(str(error).splitlines()))) from None


@magics_class
class HubMagics(Magics):
    """`%hub_load`, `%hub_call` and `%hub_export` over one session.

    Args:
      shell: the running IPython.
      session: holds the modules.
    """

    def __init__(self, shell: InteractiveShell, session: NotebookSession) -> None:
        super().__init__(shell)
        self._notebook = shell
        self._user = shell.user_ns
        self._session = session

    def close(self) -> None:
        """Closes the session."""
        self._session.close()

    @magic_arguments()
    @argument("handle", help="Path, archive, URL or sample:NAME; {variable} is replaced by its value.")
    @argument("--as", dest="name", help="Variable to bind; by default made from the handle.")
    @argument("--tags", default="", help="Tags of the graph variant, separated by commas.")
    @argument("--trainable", action="store_true", help="Make its variables trainable.")
    @line_magic
    def hub_load(self, line: str) -> Any:
        """Load a module into the notebook's session and bind a variable to it.

        The Python that it stands for: `NAME = session.load(HANDLE, NAME, tags, trainable)`.
        """
        options = _parsed(self.hub_load, line)
        handle = _unquoted(options.handle)
        name = options.name or variable_name(handle)
        _check_variable(name)
        tags = [tag.strip() for tag in _unquoted(options.tags).split(",") if tag.strip()]
        with one_line_errors():
            self._user[name] = self._session.load(handle, name, tags, options.trainable)
        return self._user[name]

    @magic_arguments()
    @argument("name", help="Variable of a loaded module.")
    @argument("expression", nargs="*", help="Python expression for the inputs, if it has any.")
    @argument("--signature", help="Name of the signature, or {variable}; by default 'default'.")
    @argument("--as-dict", action="store_true", help="Return all outputs by name.")
    @no_var_expand
    @line_magic
    def hub_call(self, line: str) -> Any:
        """Evaluate a signature of a loaded module and return its values.

        The Python that it stands for: `session.call(NAME, EXPRESSION, signature, as_dict)`.
        """
        name, expression, signature, as_dict = split_call(line)
        inputs = self._evaluated(expression)
        if signature and signature[0] + signature[-1] == "{}":
            signature = str(self._evaluated(signature[1:-1]))
        with one_line_errors():
            return self._session.call(self._named(name), inputs, signature, as_dict)

    @magic_arguments()
    @argument("name", help="Variable of a loaded module.")
    @argument("path", help="Directory to write; it must not hold a module yet.")
    @line_magic
    def hub_export(self, line: str) -> Any:
        """Write a loaded module, with the values its variables have now, and return the path.

        The Python that it stands for: `session.export(NAME, PATH)`.
        """
        options = _parsed(self.hub_export, line)
        path = os.path.expanduser(_unquoted(options.path))  # noqa: PTH111  # Path would spoil gs://...
        with one_line_errors():
            return self._session.export(self._named(options.name), path)

    def _named(self, name: str) -> Module | str:
        """The module that a variable of the user holds, whatever name it was loaded by; else the name."""
        value = self._user.get(name)
        return value if isinstance(value, Module) else name

    def _evaluated(self, expression: str) -> Any:
        """The value of a Python expression; None for an empty one."""
        if not expression:
            return None
        try:
            code = compile(expression, "<inputs of %hub_call>", "eval")
        except SyntaxError as error:
            raise UsageError(
                f"%hub_call takes one Python expression for the inputs; {printable(expression)!r} is none: "
                f"{error.msg}. Options are --signature S and --as-dict."
            ) from None
        return self._notebook.ev(code)


def _parsed(magic: Any, line: str) -> argparse.Namespace:
    try:
        options: argparse.Namespace = parse_argstring(magic, line)
    except ValueError as error:  # from the splitting into words
        raise UsageError(f"{error}: put quotes of the other kind around a word that holds one.") from None
    return options


def _unquoted(word: str) -> str:
    """A word of a magic's line without the quotes around it, which IPython leaves on."""
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'" else word


_NAME: Final = re.compile(r"\s*(?P<name>\w+)(?P<rest>.*)", re.DOTALL)
_SIGNATURE: Final = r"(?P<signature>\"[^\"]*\"|'[^']*'|\{\w+\}|[^\s\"'()\[\]{}]+)"
_OPTION: Final = rf"(?:--as-dict|--signature(?:\s+|=){_SIGNATURE})"
_LAST_OPTION: Final = re.compile(rf"(?:^|\s){_OPTION}\s*$")
_FIRST_OPTION: Final = re.compile(rf"{_OPTION}\s+")


def split_call(line: str) -> tuple[str, str, str | None, bool]:
    """Splits `NAME EXPR --signature S --as-dict` into name, expression, signature and as_dict.

    Options may stand before or after the expression; inside of it they belong to it. Any Python expression
    may stand there, with spaces, quotes and brackets.
    """
    match = _NAME.fullmatch(line)
    if not match:
        raise UsageError("%hub_call: say which module: %hub_call NAME [EXPR] [--signature S] [--as-dict]")
    rest, signature, as_dict = match["rest"].strip(), None, False
    while found := _LAST_OPTION.search(rest):
        rest = rest[: found.start()].rstrip()
        signature, as_dict = _option(found, signature, as_dict)
    while found := _FIRST_OPTION.match(rest):
        rest = rest[found.end() :]
        signature, as_dict = _option(found, signature, as_dict)
    if rest.startswith("--"):
        raise UsageError(f"%hub_call has no option {rest.split()[0]!r}; it has --signature S and --as-dict.")
    return match["name"], rest, signature, as_dict


def _option(found: re.Match[str], signature: str | None, as_dict: bool) -> tuple[str | None, bool]:
    if found["signature"] is None:
        return signature, True
    return _unquoted(found["signature"]), as_dict


def variable_name(handle: str) -> str:
    """A Python name made of the last part of a handle: `sample:text-embedding` gives `text_embedding`."""
    last = re.split(r"[/\\:]", re.sub(r"[?#].*", "", handle).rstrip("/\\"))[-1]
    name = re.sub(r"\W", "_", re.sub(r"\.(tar\.gz|tgz)$", "", last), flags=re.ASCII).strip("_")
    name = name if name and not name[0].isdigit() else f"module_{name}".rstrip("_")
    return f"{name}_" if keyword.iskeyword(name) else name


def _check_variable(name: str) -> None:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UsageError(f"%hub_load: --as needs the name of a variable; {name!r} cannot be one.")
