"""The reference page of the magics, made from their docstrings and parsers as `--help` is."""

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

`%load_ext hubexplore` makes these available in a notebook. They share one [session](sessions.md), and each
shows the Python code that it stands for. `--help` after a magic, as in `%hub_load --help`, displays its part
of this page.
"""
SETTINGS = """\
## Settings

`%config HubMagics` lists them, `%config HubMagics.batch_size = 64` sets one.

| setting | default | what it does |
| --- | --- | --- |
"""


def page() -> str:
    """Returns the page as Markdown: the magics in alphabetical order, then the settings."""
    names = sorted({**HubMagics.magics["line"], **HubMagics.magics["cell"]})
    parts = [INTRODUCTION, *(section(name, getattr(HubMagics, name)) for name in names)]
    return "\n".join([*parts, SETTINGS + "".join(settings())])


def section(name: str, method: Callable[..., Any]) -> str:
    """Returns the section of a magic: its usage, description and arguments."""
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
        + [f"{argument}\n" for argument in arguments(parser)]
    )


def marks(name: str, method: Callable[..., Any]) -> list[str]:
    """Returns the prefixes of a magic: `%` for a line, `%%` for a cell."""
    cell = inspect.signature(method).parameters.get("cell")
    if cell is None or name not in HubMagics.magics["cell"]:
        return ["%"]
    return ["%", "%%"] if cell.default is None else ["%%"]


def arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yields each argument as an item of a definition list."""
    for action in parser._actions:
        value = str(action.metavar or (action.dest.upper() if action.option_strings else action.dest))
        suffix = "" if action.nargs == 0 else f" {value}"
        spellings = [f"{option}{suffix}" for option in action.option_strings] or [value]
        yield f"`{', '.join(spellings)}`\n: {coded(action.help or '')}"


def coded(text: str) -> str:
    """Marks options, fields and magics in a text as code, unless they are already inside code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"--[\w-]+|\{\w+\}|%+hub_\w+", r"`\g<0>`", part)
        for part in parts
    )


def settings() -> Iterator[str]:
    """Yields each setting as a row of a table."""
    for name, trait in sorted(HubMagics.class_traits(config=True).items()):
        yield f"| `{name}` | `{trait.default()}` | {coded(trait.help)} |\n"
