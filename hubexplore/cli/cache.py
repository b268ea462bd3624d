"""`hubexplore cache`: what is in the cache, whether it is whole, and how it gets to another machine."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from hubexplore.cli.options import add_json
from hubexplore.cli.terminal import DIFFERENT, one_line, write_out, writing
from hubexplore.errors import SettingError

if TYPE_CHECKING:
    from hubexplore.hub.resolve.stored.inventory import Entry

EXAMPLES: Final = """examples:
  hubexplore cache list
  hubexplore cache verify                              # exit code 1 if an entry is damaged
  hubexplore cache prune --days 90 --size 20GB --dry-run
  hubexplore cache pack models.tar kaggle:google/nnlm/tensorFlow1/en-dim128/1
  hubexplore cache unpack models.tar

exit codes: 0 fine, 1 an entry is damaged (verify) or in use (prune), 2 bad input
"""


def add(commands: Any) -> None:
    """Adds the command to the subparsers of argparse."""
    cache = commands.add_parser(
        "cache",
        help="list, verify, prune, pack or unpack the cache",
        description="Looks after the cache of downloaded models.",
        epilog=EXAMPLES,
    )
    actions = cache.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list what is in the cache")
    verify = actions.add_parser("verify", help="compare all files with what was recorded")
    prune = actions.add_parser("prune", help="remove entries that are old, or more than fit")
    pack = actions.add_parser("pack", help="write entries to a tar file")
    unpack = actions.add_parser("unpack", help="add the entries of such a file")
    verify.add_argument("names", metavar="HANDLE", nargs="*", help="by default all entries")
    prune.add_argument("--days", type=float, metavar="N", help="remove what was not used for N days")
    prune.add_argument(
        "--size", metavar="SIZE", help="keep at most SIZE, such as 20GB; what was not used longest goes first"
    )
    prune.add_argument("--dry-run", action="store_true", help="say what would be removed, and remove nothing")
    pack.add_argument("file", metavar="OUT.tar")
    pack.add_argument("names", metavar="HANDLE", nargs="*", help="by default all entries")
    unpack.add_argument("file", metavar="FILE")
    for action in (listing, verify, prune, unpack):
        add_json(action)
    for action, function in (
        (listing, _list), (verify, _verify), (prune, _prune), (pack, _pack), (unpack, _unpack),
    ):  # fmt: skip
        action.set_defaults(run=function, parser=action)


def _list(arguments: argparse.Namespace) -> int:
    from hubexplore.hub.resolve.stored import inventory

    _print(arguments, [_row(entry) for entry in inventory.entries()])
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from hubexplore.hub.resolve.stored import inventory

    rows = []
    for entry in inventory.chosen(arguments.names):
        problem = inventory.damage(entry)
        recorded = inventory.is_recorded(entry)
        state = f"damaged: {problem}" if problem else "whole" if recorded else "no record of its files"
        rows.append({**_row(entry), "state": state, "damaged": problem is not None})
    _print(arguments, rows)
    return DIFFERENT if any(row["damaged"] for row in rows) else 0


def _prune(arguments: argparse.Namespace) -> int:
    if arguments.days is None and arguments.size is None:
        arguments.parser.error("give --days N, --size SIZE, or both")
    if arguments.days is not None and not arguments.days >= 0:
        arguments.parser.error(f"--days takes a number of days, not {arguments.days}")
    from hubexplore.hub.resolve import cache, size_limits
    from hubexplore.hub.resolve.stored import inventory

    cache.require_local("hubexplore cache prune")
    size = None if arguments.size is None else size_limits.parsed(arguments.size)
    if arguments.size is not None and size is None:
        raise SettingError(f"--size takes a size such as 20GB or 500MB, not {arguments.size!r}.")
    rows = []
    for entry in inventory.to_prune(inventory.entries(), arguments.days, size):
        done = arguments.dry_run or cache.drop(entry.key)
        state = (
            "would be removed"
            if arguments.dry_run
            else "removed"
            if done
            else "kept: in use, or of another user"
        )
        rows.append({**_row(entry), "state": state, "kept": not done})
    _print(arguments, rows)
    return DIFFERENT if any(row["kept"] for row in rows) else 0


def _pack(arguments: argparse.Namespace) -> int:
    from hubexplore.hub.resolve import cache
    from hubexplore.hub.resolve.stored import inventory, packing
    from hubexplore.summary.files.paths import local_to_write

    cache.require_local("hubexplore cache pack")
    entries = inventory.chosen(arguments.names)
    if not entries:
        arguments.parser.error("the cache is empty: run hubexplore fetch HANDLE first")
    file = local_to_write(arguments.file, "The file of the pack")
    with writing(file):
        packing.pack(file, entries)
    return 0


def _unpack(arguments: argparse.Namespace) -> int:
    from hubexplore.hub.resolve import cache
    from hubexplore.hub.resolve.stored import packing
    from hubexplore.summary.files.paths import absolute

    cache.require_local("hubexplore cache unpack")
    done = packing.unpack(absolute(arguments.file, "The packed file"))
    _print(
        arguments,
        [{"handle": handle, "state": "added" if is_new else "was there already"} for handle, is_new in done],
    )
    return 0


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "handle": entry.handle,
        "size": entry.size,
        "days": round(entry.days, 1),
        "folder": entry.folder,
    }


def _print(arguments: argparse.Namespace, rows: Iterable[dict[str, Any]]) -> None:
    """Prints rows as JSON, or each as a line: size, days since its use, state, handle."""
    if arguments.json:
        write_out(json.dumps(list(rows), indent=2))
        return
    from hubexplore.hub.resolve.size_limits import binary_size_text

    is_empty = True
    for row in rows:
        is_empty = False
        columns = ""
        if "size" in row:
            columns = f"{binary_size_text(row['size']):>10}  {row['days']:>6.0f} days  "
        # Other programs and users write records: what is printed is made safe.
        words = one_line(": ".join(filter(None, (row["handle"] or row.get("folder", ""), row.get("state")))))
        write_out(columns + words.rstrip("\n"))
    if is_empty:
        sys.stderr.write(one_line("There is nothing to list."))
