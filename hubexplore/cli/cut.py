"""`hubexplore cut`: a part of a module as a module."""

from __future__ import annotations

import argparse
from typing import Any, Final

from hubexplore.cli.options import add_path, add_tags, add_trust
from hubexplore.cli.terminal import DIFFERENT, write_out

MSG_TRUST: Final = "hubexplore cut --trust PATH OUT ..."

EXAMPLES: Final = """examples:
  hubexplore cut path/to/module path/to/features --output features=block4/Relu
  hubexplore cut path/to/module head --input x=block4/Relu --output logits --signature head
  hubexplore cut sample:digits path/to/part --output conv1/Relu --output conv2/Relu --keep-signatures
"""


def add(commands: Any) -> None:
    """Adds the command to the subparsers of argparse."""
    cut = commands.add_parser(
        "cut", help="write a part of a module as a module",
        description="Writes what lies between tensors of a module as a module, and compares the two.",
        epilog=EXAMPLES,
    )  # fmt: skip
    add_path(cut)
    cut.add_argument("out", metavar="OUT", help="directory to write; it must not hold a model yet")
    cut.add_argument(
        "--output",
        action="append",
        metavar="[NAME=]TENSOR",
        help="op or tensor that it returns, with a name for it; can be repeated",
    )
    cut.add_argument(
        "--input",
        action="append",
        metavar="[NAME=]TENSOR",
        help="op or tensor that it takes; by default the inputs that the outputs need",
    )
    cut.add_argument("--signature", metavar="NAME", help="name of the new signature; by default default")
    cut.add_argument(
        "--of", metavar="NAME", help="signature whose inputs are meant; by default the usual one"
    )
    cut.add_argument("--keep-signatures", action="store_true", help="keep the old ones, and what they need")
    add_tags(cut, "cut")
    cut.add_argument("--overwrite", action="store_true", help="replace a module in OUT")
    cut.add_argument("--no-verify", action="store_true", help="do not run the module and what was written")
    add_trust(cut)
    cut.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Writes a part of a module; returns the exit code."""
    from hubexplore.summary.wishes import sides_from_options

    # What was typed is checked first: to import TensorFlow takes seconds.
    inputs, outputs = sides_from_options(arguments.input, arguments.output)
    from hubexplore.session.tf_startup import import_tensorflow

    import_tensorflow()
    from hubexplore.hub.danger_check import require_trust
    from hubexplore.hub.loading import open_spec
    from hubexplore.session.cutting.proof import check_cut
    from hubexplore.session.session import NotebookSession
    from hubexplore.summary.tags import chosen

    spec = open_spec(arguments.path)
    existing = [tuple(sorted(tags)) for tags in spec.get_tags()]
    tags = None if arguments.tags is None else chosen(arguments.tags, existing)
    require_trust(spec, trust=arguments.trust, remedy=MSG_TRUST)
    cut = spec.cut(
        inputs, outputs, arguments.signature, of=arguments.of,
        keep_signatures=arguments.keep_signatures, tags=tags,
    )  # fmt: skip
    report = None if arguments.no_verify else check_cut(cut)
    with NotebookSession("cut") as session:
        module = session.load(cut, "module", min(cut.get_tags(), key=len))
        written = session.export(module, arguments.out, arguments.overwrite, not arguments.no_verify)
    for part in filter(None, [*cut.notes, report, written]):
        write_out(part if isinstance(part, str) else repr(part))
    differs = report is not None and bool(report.largest_difference)
    return DIFFERENT if differs or written.largest_difference else 0
