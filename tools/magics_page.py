"""The page of the magics, made of their docstrings and parsers, so that it says what `--help` says."""

from __future__ import annotations

import argparse
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from hubexplore.notebook.magics import HubMagics
from hubexplore.notebook.magics.line_parser import usage

INTRODUCTION = """\
# Magics

`%load_ext hubexplore` makes these known to a notebook. They keep one [session](sessions.md), and each says
which Python it stands for. `--help` behind one, as in `%hub_load --help`, shows its part of this page.
"""
SETTINGS = """\
## Settings

`%config HubMagics` lists them, `%config HubMagics.batch_size = 64` sets one.

| setting | default | what it does |
| --- | --- | --- |
"""


def page() -> str:
    """Returns the page as Markdown: the magics by the alphabet, then the settings."""
    names = sorted({**HubMagics.magics["line"], **HubMagics.magics["cell"]})
    parts = [INTRODUCTION, *(section(name, getattr(HubMagics, name)) for name in names)]
    return "\n".join([*parts, SETTINGS + "".join(settings())])


def section(name: str, method: Callable[..., Any]) -> str:
    """Returns what a magic does, how to write it, and its arguments."""
    parser: argparse.ArgumentParser = vars(method)["parser"]
    line = usage(parser).removeprefix("%")
    forms = [
        textwrap.fill(f"{mark}{line}", 88, subsequent_indent="    ", break_on_hyphens=False)
        for mark in marks(name, method)
    ]
    title = forms[0].split()[0]
    return "\n".join(
        [
            f"## {title}\n",
            "```text",
            *forms,
            "```\n",
            f"{coded(inspect.cleandoc(parser.description or ''))}\n",
        ]
        + [f"{each}\n" for each in arguments(parser)]
    )


def marks(name: str, method: Callable[..., Any]) -> list[str]:
    """Returns what may stand before its name: `%` for a line, `%%` over a cell."""
    cell = inspect.signature(method).parameters.get("cell")
    if cell is None or name not in HubMagics.magics["cell"]:
        return ["%"]
    return ["%", "%%"] if cell.default is None else ["%%"]


def arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yields each argument as an item of a definition list."""
    for action in parser._actions:
        value = str(action.metavar or (action.dest.upper() if action.option_strings else action.dest))
        taken = "" if action.nargs == 0 else f" {value}"
        words = [f"{option}{taken}" for option in action.option_strings] or [value]
        yield f"`{', '.join(words)}`\n: {coded(action.help or '')}"


def coded(text: str) -> str:
    """Returns the text with its options as code, where they are not in code already."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"--[\w-]+|\{\w+\}|%+hub_\w+", r"`\g<0>`", part)
        for part in parts
    )


def settings() -> Iterator[str]:
    """Yields each setting as a row of a table."""
    for name, trait in sorted(HubMagics.class_traits(config=True).items()):
        yield f"| `{name}` | `{trait.default()}` | {coded(trait.help)} |\n"
