"""Tab completion of the magics: options, names, signatures, tags, handles and paths."""

from __future__ import annotations

import argparse
import contextlib
import glob
import os
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher
from IPython.core.error import UsageError

import hubexplore
from hubexplore.errors import HubError
from hubexplore.notebook.magics.line_parser import quoted, split_last_word, unquoted
from hubexplore.notebook.magics.session_magic import ACTIONS
from hubexplore.summary.files.archive_names import ARCHIVE_SUFFIXES

if TYPE_CHECKING:
    from hubexplore.notebook.magics import HubMagics

_LINE: Final = re.compile(r"(?:.*?[=\s])?%{1,2}(?P<magic>hub_\w+)\s+(?P<words>.*)", re.DOTALL)
# A line without %, which IPython's automagic runs, unless what follows makes it a statement of Python.
_BARE_LINE: Final = re.compile(r"\s*(?P<magic>hub_\w+)\s+(?P<words>(?![=,]).*)", re.DOTALL)
_OPTION: Final = re.compile(r"(--[\w-]+=)?(.*)", re.DOTALL)
# Magics that take modules which are not loaded.
_TAKES_UNLOADED: Final = ("hub_show", "hub_try")
# Beginnings of a path that would be read as a home directory, an option, or a handle with a scheme.
_MISREAD: Final = re.compile(r"[~-]|[^/]*:")


class Completer:
    """Completes lines with the magics of hubexplore, and no others.

    Args:
      magics: the magics, whose sessions and variables are offered.
    """

    def __init__(self, magics: HubMagics) -> None:
        self._magics = magics

    def matches(self, line: str) -> tuple[str, list[str]]:
        """Returns the completions of a line that ends at the cursor.

        Returns:
          The typed part of the last word, and its completions: none where Python completes it, the word
          itself where nothing fits, or IPython would offer file names, which it does not quote. Names of
          modules and folders are quoted where they need it, so that what is inserted means exactly that name;
          a name that no line can hold is not offered.
        """
        match = _LINE.fullmatch(line) or (self._magics.notebook.automagic and _BARE_LINE.fullmatch(line))
        method = self._magics.magics["line"].get(match["magic"]) if match else None
        if not match or method is None:
            return "", []
        before, typed = split_last_word(match["words"])
        option, word = _OPTION.fullmatch(typed).groups("")  # type: ignore[union-attr]  # it matches any text
        before = [*before, option[:-1]] if option else before
        texts: Iterable[str | None] | None = ()
        # A line that is not finished is often wrong. Completion never raises: IPython would print the
        # traceback into the cell. ValueError comes from a zero byte in a path.
        with contextlib.suppress(HubError, OSError, UsageError, ValueError):
            texts = self._texts(method.parser, match["magic"], before, word)
        if texts is None:
            return typed, []
        return typed, [option + text for text in texts if text is not None] or [typed]

    def _texts(
        self, parser: argparse.ArgumentParser, magic: str, before: list[str], typed: str
    ) -> Iterable[str | None] | None:
        """Texts for a word, each None if no line can hold it; None instead of all where Python completes."""
        actions = {option: action for action in parser._actions for option in action.option_strings}
        last = actions.get(before[-1]) if before else None
        positionals, at = _positions(before, actions)
        names: Iterable[str] | None
        if last is not None and last.nargs != 0:
            names = self._values(magic, last.dest, positionals)
        elif typed.startswith("-"):
            return [option for option in ("--help", *actions) if option.startswith(typed)]
        else:
            names = self._offered(parser, at, positionals, unquoted(typed))
        if names is None:
            return None
        return [quoted(name) for name in names if _is_begun(name, unquoted(typed))]

    def _offered(
        self, parser: argparse.ArgumentParser, at: int, positionals: list[str], word: str
    ) -> Iterable[str] | None:
        """Names for the positional argument at `at`; None where Python completes."""
        positional = [action for action in parser._actions if not action.option_strings]
        if positional and positional[-1].nargs == "*":
            at = min(at, len(positional) - 1)
        if at >= len(positional):
            return []
        if positional[at].dest == "expression":
            return self._magics.notebook.user_ns if word.isidentifier() else None
        return self._words(positional[at].dest, positionals, word)

    def _values(self, magic: str, option: str, positionals: list[str]) -> Iterable[str]:
        """Values for an option."""
        name = positionals[0] if positionals else ""
        if option in ("signature", "of") and (magic, option) != ("hub_cut", "signature"):
            known = self._magics.signatures(name)
            return known or (self._of_summary(name, _signatures) if magic in _TAKES_UNLOADED else [])
        if option == "tags" and magic in ("hub_load", *_TAKES_UNLOADED):
            return self._of_summary(name, _tags)
        if magic == "hub_convert":
            # Here for speed only: each import costs `%load_ext` a millisecond.
            from hubexplore.session.conversion.formats import FORMATS
            from hubexplore.session.conversion.request import QUANTIZATIONS

            return {"to": FORMATS, "quantize": QUANTIZATIONS}.get(option, ())
        return []

    def _words(self, argument: str, positionals: list[str], word: str) -> Iterable[str]:
        """Values for a positional argument."""
        names = self._magics.module_names()
        if argument == "name" and positionals:
            return self._magics.book.names() if positionals[0] in ("use", "reset", "close") else []
        modules = [*_samples(), *_stored(word), *_paths(word)]
        offers: dict[str, Iterable[str]] = {
            "name": names,
            "handle": modules,
            "module": [*names, *modules],
            "first": [*names, *modules],
            "second": [*names, *modules],
            "path": _paths(word),
            "action": ACTIONS,
        }
        return offers[argument]

    def _of_summary(self, name: str, of: Callable[[Any], Iterable[str]]) -> Iterable[str]:
        """Names in the summary of a module on this machine; completing downloads and builds nothing."""
        is_known = name in self._magics.module_names()
        if not is_known and not os.path.exists(name) and not _is_built(name):  # noqa: PTH110 - as resolve()
            return []
        return of(self._magics.summary(name))


def install(magics: HubMagics) -> None:
    """Adds the completions to the shell of the magics."""
    completer = Completer(magics)

    @context_matcher(identifier=_identifier(magics))
    def hub_matcher(context: CompletionContext) -> SimpleMatcherResult:
        typed, texts = completer.matches(context.text_until_cursor)
        following = context.line_with_cursor[context.cursor_position :][:1]
        completions = [SimpleCompletion(text=_before(following, typed, text)) for text in texts]
        # The whole typed word is replaced. IPython's own last token begins only after a colon, an equals sign
        # or a quote, and would leave half of a handle or path on the line.
        return SimpleMatcherResult(
            completions=completions, matched_fragment=typed, suppress=bool(completions)
        )

    magics.notebook.Completer.custom_matchers.append(hub_matcher)


def uninstall(magics: HubMagics) -> None:
    """Removes the completions."""
    matchers = magics.notebook.Completer.custom_matchers
    identifier = _identifier(magics)
    # By identifier: after %reload_ext the module is another one, and so is the class of the matcher.
    matchers[:] = [
        matcher for matcher in matchers if getattr(matcher, "matcher_identifier", "") != identifier
    ]


def _before(following: str, typed: str, text: str) -> str:
    """What to insert instead of `typed` so that with the character that follows, `text` is on the line.

    An editor that closes quotes by itself has put one there, and it stays.
    """
    option, word = _OPTION.fullmatch(typed).groups("")  # type: ignore[union-attr]  # it matches any text
    if text == typed or following not in ("'", '"') or word[:1] != following:
        return text
    value = text.removeprefix(option)
    if value[:1] == value[-1:] == following:
        return text[:-1]
    # Text that needs no quotes gets them; after other quotes these two stand for an empty string.
    return f"{option}{following}{value}" if "'" not in value else f"{text}{following}"


def _identifier(magics: HubMagics) -> str:
    return f"hubexplore.{id(magics)}"


def _positions(before: list[str], actions: dict[str, argparse.Action]) -> tuple[list[str], int]:
    """The finished words that are positional arguments, and their number."""
    positionals: list[str] = []
    skip = False
    for word in before:
        if skip or word.startswith("--"):
            action = actions.get(word)
            skip = not skip and action is not None and action.nargs != 0 and "=" not in word
            continue
        if word:
            positionals.append(word)
    return positionals, len(positionals)


def _signatures(summary: Any) -> Iterable[str]:
    return dict.fromkeys(signature.name for signature in summary.signatures)


def _tags(summary: Any) -> Iterable[str]:
    return [",".join(variant.tags) for variant in summary.variants if variant.tags]


def _samples() -> list[str]:
    return [f"sample:{name}" for name in hubexplore.samples.names()]


def _stored(word: str) -> list[str]:
    """Handles of models in the cache, if the word begins as one of a service does."""
    if not word.startswith(("kaggle:", "hf:", "http")):
        return []
    from hubexplore.hub.resolve import cache
    from hubexplore.hub.resolve.stored import inventory

    # A completion must not wait for a network.
    if cache.is_remote():
        return []
    return [entry.handle for entry in inventory.entries() if entry.handle.startswith(word)]


def _is_built(handle: str) -> bool:
    """Whether a handle names a sample that is in the cache."""
    samples = hubexplore.samples
    scheme, _, name = handle.partition(":")
    return scheme == "sample" and name in samples.names() and bool(samples.is_built(name))


def _is_begun(name: str, word: str) -> bool:
    """Whether a name begins with a word; a path may have `./` before it, which makes it read as a path."""
    return name.startswith((word, f"./{word}"))


def _paths(word: str) -> list[str]:
    """Directories and archives whose paths begin with a word, each as it has to be written."""
    matches = sorted(glob.glob(glob.escape(os.path.expanduser(word)) + "*"))  # noqa: PTH111, PTH207 - text stays text
    home = os.path.expanduser("~")  # noqa: PTH111
    paths = [
        f"{path}/" if is_directory else path
        for path in matches
        if ((is_directory := os.path.isdir(path)) or path.endswith(ARCHIVE_SUFFIXES))  # noqa: PTH112
    ]
    if word.startswith("~"):
        return [f"~{path.removeprefix(home)}" for path in paths]
    return [f"./{path}" if _MISREAD.match(path) else path for path in paths]
