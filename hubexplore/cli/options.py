"""Options that several commands share, with the same words."""

from __future__ import annotations

import argparse


def add_path(parser: argparse.ArgumentParser, metavar: str = "PATH", optional: bool = False) -> None:
    """Adds the positional argument `path`: the module; None if it is `optional` and left out."""
    kinds = "directory, archive, URL or sample:NAME"
    if optional:
        parser.add_argument("path", metavar=metavar, nargs="?", help=kinds)
    else:
        parser.add_argument("path", metavar=metavar, help=kinds)


def add_tags(parser: argparse.ArgumentParser, verb: str = "") -> None:
    """Adds `--tags`: the graph variant, as text or None; `verb` says what is done with it alone."""
    words = f"{verb} only this" if verb else "this"
    parser.add_argument("--tags", metavar="T[,T]", help=f"{words} graph variant; '' is the one without tags")


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Adds the flag `--trust`: a module with dangers is run."""
    parser.add_argument(
        "--trust",
        action="store_true",
        help="run it even if it can touch things outside of itself, such as files; this is remembered",
    )


def add_json(parser: argparse.ArgumentParser, rows: str = "") -> None:
    """Adds the flag `--json`; `rows` names what its rows are."""
    parser.add_argument(
        "--json", action="store_true", help=f"print JSON{rows and ', with a row for each '}{rows}"
    )


def add_html(parser: argparse.ArgumentParser) -> None:
    """Adds `--html`: the file for a page, or None."""
    parser.add_argument("--html", metavar="FILE", help="write one self-contained page")


def add_no_color(parser: argparse.ArgumentParser) -> None:
    """Adds the flag `--no-color`: text without colours."""
    parser.add_argument(
        "--no-color", action="store_true", help="print without colours, as if NO_COLOR were set"
    )
