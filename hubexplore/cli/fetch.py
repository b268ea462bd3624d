"""`hubexplore fetch`: puts models into the cache, so that they open without a network."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from typing import Any, Final

from hubexplore.cli.options import add_json
from hubexplore.cli.terminal import BAD_INPUT, one_line, write_out
from hubexplore.errors import HubError

EXAMPLES: Final = """examples:
  hubexplore fetch kaggle:google/nnlm/tensorFlow1/en-dim128/1
  hubexplore fetch https://tfhub.dev/google/nnlm-en-dim128/1 hf:OWNER/NAME
  hubexplore cache pack models.tar          # then, on a machine without a network:
  hubexplore cache unpack models.tar

exit codes: 0 all were fetched, 2 one was not; the others were
"""


def add(commands: Any) -> None:
    """Adds the command to the subparsers of argparse."""
    fetch = commands.add_parser(
        "fetch",
        help="download models into the cache",
        description="Downloads models into the cache and prints the folder of each.",
        epilog=EXAMPLES,
    )
    fetch.add_argument(
        "handles", metavar="HANDLE", nargs="+", help="kaggle:..., hf:..., URL, archive, sample:NAME"
    )
    fetch.add_argument("--again", action="store_true", help="download them even if they are in the cache")
    add_json(fetch)
    fetch.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Fetches models; returns the exit code."""
    from hubexplore.display.wording import visible
    from hubexplore.hub.resolve import fetch
    from hubexplore.summary.files.redaction import redacted

    rows: list[dict[str, str]] = []
    failed = False
    for handle in arguments.handles:
        try:
            # What the packages of services print is not what this command prints.
            with contextlib.redirect_stdout(sys.stderr):
                folder = fetch(handle, arguments.again)
        except (HubError, OSError) as error:
            failed = True
            rows.append({"handle": redacted(handle), "error": str(error)})
            sys.stderr.write(one_line(f"hubexplore: {error}"))
            continue
        rows.append({"handle": redacted(handle), "folder": folder})
        if not arguments.json:
            write_out(visible(folder, len(folder)))
    if arguments.json:
        write_out(json.dumps(rows, indent=2))
    return BAD_INPUT if failed else 0
