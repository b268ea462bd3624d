"""`hubexplore trust`: which modules with dangers the user trusts."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any, Final

from hubexplore.cli.options import add_json
from hubexplore.cli.terminal import write_out

EXAMPLES: Final = """examples:
  hubexplore trust add path/to/module
  hubexplore trust list
  hubexplore trust forget 3f2a9c
"""
_SHOWN_DIGITS: Final = 12


def add(commands: Any) -> None:
    """Adds the command to the subparsers of argparse."""
    trust = commands.add_parser(
        "trust",
        help="list, add or forget modules that may touch things outside of themselves",
        description="Lists, adds or forgets modules that may touch things outside of themselves. A module is "
        "recognized by its content: a changed one is not trusted, a copy is.",
        epilog=EXAMPLES,
    )
    actions = trust.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="show what is trusted")
    add_json(listing)
    listing.set_defaults(run=_list)
    adding = actions.add_parser("add", help="trust a module; shows what it can touch")
    adding.add_argument("paths", metavar="PATH", nargs="+", help="directory, archive, URL or sample:NAME")
    adding.set_defaults(run=_add)
    forgetting = actions.add_parser("forget", help="trust a module no longer")
    forgetting.add_argument(
        "words", metavar="DIGEST", nargs="+", help="the first digits of a digest, or a title, as in the list"
    )
    forgetting.set_defaults(run=_forget)


def _list(arguments: argparse.Namespace) -> int:
    from hubexplore.trust import trusted

    modules = trusted.modules()
    if arguments.json:
        write_out(json.dumps([asdict(module) for module in modules], indent=2))
    elif not modules:
        write_out("No modules are trusted.")
    else:
        write_out("\n".join(line for module in modules for line in _lines(module)))
    return 0


def _lines(module: Any) -> list[str]:
    from hubexplore.display.wording import MAX_SENTENCE, visible

    head = (
        f"{module.digest[:_SHOWN_DIGITS]}  {visible(module.date, 10)}  {visible(module.title, MAX_SENTENCE)}"
    )
    return [head, *(f"    {visible(sentence, MAX_SENTENCE)}" for sentence in module.findings)]


def _add(arguments: argparse.Namespace) -> int:
    from hubexplore.display.wording import visible
    from hubexplore.hub.summarize import summarize
    from hubexplore.trust import gate, trusted
    from hubexplore.trust.content import content_of

    for path in arguments.paths:
        suspect = gate.suspect_in(summarize(path))
        if suspect is None:
            write_out(f"{visible(path)} has no dangers, so it runs without being trusted.")
            continue
        sentences = tuple(finding.sentence for finding in suspect.dangers)
        entry = trusted.add(content_of(suspect.place).digest, suspect.title, sentences)
        write_out("\n".join(["Trusted from now on:", *_lines(entry)]))
    return 0


def _forget(arguments: argparse.Namespace) -> int:
    from hubexplore.trust import trusted

    removed = trusted.forget(arguments.words)
    write_out("\n".join(["No longer trusted:", *(line for one in removed for line in _lines(one))]))
    return 0
