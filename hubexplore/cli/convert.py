"""`hubexplore convert`: a module in another format."""

from __future__ import annotations

import argparse
import math
from typing import Any, Final

from hubexplore.cli.terminal import DIFFERENT, write_out
from hubexplore.errors import ConversionError

TARGETS: Final = ("saved-model", "hub")
"""Formats that are written."""

MSG_TRUST: Final = "hubexplore convert --trust PATH OUT ..."

EXAMPLES: Final = """examples:
  hubexplore convert path/to/module path/to/saved_model --to saved-model
  hubexplore convert module.tar.gz models/mine --to saved-model --version 1
  hubexplore convert path/to/saved_model path/to/module --to hub
"""


def add(commands: Any) -> None:
    """Adds the command to the subparsers of argparse."""
    convert = commands.add_parser(
        "convert", help="write a module in another format",
        description="Writes a module in another format, and compares what was written with it.",
        epilog=EXAMPLES,
    )  # fmt: skip
    convert.add_argument("path", metavar="PATH", help="directory, archive, URL or sample:NAME")
    convert.add_argument("out", metavar="OUT", help="directory to write; it must not hold a model yet")
    convert.add_argument(
        "--to",
        required=True,
        choices=TARGETS,
        help="saved-model: a TF2 SavedModel, which everything loads; hub: a TF1 Hub module",
    )
    convert.add_argument("--tags", metavar="T[,T]", help="this graph variant; '' is the one without tags")
    convert.add_argument(
        "--version",
        type=int,
        metavar="N",
        help="of a saved-model: write OUT/N, which TensorFlow Serving expects",
    )
    convert.add_argument("--overwrite", action="store_true", help="replace a model of this format in OUT")
    convert.add_argument("--no-verify", action="store_true", help="do not run what was written")
    convert.add_argument(
        "--trust",
        action="store_true",
        help="run it even if it can touch things outside of itself, such as files; this is remembered",
    )
    convert.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Writes a module in another format; returns the exit code."""
    if arguments.version is not None and arguments.to != "saved-model":
        raise ConversionError("--version belongs to --to saved-model, the only format with versions.")
    from hubexplore.session.tf_startup import import_tensorflow

    import_tensorflow()
    from hubexplore.hub.danger_check import require_trust
    from hubexplore.hub.loading import open_spec
    from hubexplore.summary.lookup import default_tags
    from hubexplore.summary.tags import chosen

    spec = open_spec(arguments.path)
    existing = [tuple(sorted(tags)) for tags in spec.get_tags()]
    tags = (
        default_tags(existing, lambda tags: f"--tags {','.join(tags)}")
        if arguments.tags is None
        else chosen(arguments.tags, existing)
    )
    verify = not arguments.no_verify
    if verify or arguments.to == "hub":
        require_trust(spec, trust=arguments.trust, remedy=MSG_TRUST)
    report: Any
    if arguments.to == "hub":
        from hubexplore.session.session import NotebookSession

        with NotebookSession("convert") as session:
            module = session.load(spec, "module", tags)
            report = session.export(module, arguments.out, arguments.overwrite, verify)
    else:
        from hubexplore.session.export.save import save

        report = save(
            spec, arguments.out, tags=tags, version=arguments.version, overwrite=arguments.overwrite,
            verify=verify,
        )  # fmt: skip
    write_out(repr(report))
    return DIFFERENT if report.largest_difference == math.inf else 0
