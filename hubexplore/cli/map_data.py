"""`hubexplore map`: a whole data set through a module, into Parquet files."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from hubexplore.cli.options import add_tags, add_trust
from hubexplore.cli.terminal import DIFFERENT, INTERRUPTED, one_line, write_out

EXAMPLES: Final = """examples:
  hubexplore map sample:digits data.parquet scores --inputs images=pixels
  hubexplore map kaggle:... 'texts/*.csv' embedded --inputs text --keep id --errors collect
  hubexplore map path/to/module pictures/ scores

exit codes: 0 all rows are in OUT, 1 some failed and are in OUT/_failed, 2 bad input, 130 Ctrl-C;
the same command continues what was interrupted
"""


def add(commands: Any) -> None:
    """Adds the command to the subparsers of argparse."""
    parser = commands.add_parser(
        "map",
        help="run a module on all rows of a data set",
        description="Runs a signature on all rows of a data set, and writes the results as Parquet files.",
        epilog=EXAMPLES,
    )
    parser.add_argument("handle", metavar="HANDLE", help="directory, archive, URL or sample:NAME")
    parser.add_argument(
        "data", metavar="DATA", help="file or pattern: Parquet, CSV, JSONL, TFRecord; or a folder of pictures"
    )
    parser.add_argument("out", metavar="OUT", help="folder for the result")
    parser.add_argument("--signature", metavar="S", help="by default 'default', else 'serving_default'")
    parser.add_argument(
        "--inputs",
        metavar="C | I=C[,C]",
        action="append",
        default=[],
        help="the column of the only input, or INPUT=COLUMN; several columns are a row side by side",
    )
    parser.add_argument("--outputs", metavar="O[,O]", help="the outputs that are wanted, as O or O=COLUMN")
    parser.add_argument("--keep", metavar="C[,C]", help="columns of the data to keep; '*' for all")
    add_tags(parser)
    parser.add_argument("--batch-size", metavar="N", type=int, help="rows at a time; by default chosen")
    parser.add_argument(
        "--errors",
        choices=("raise", "collect"),
        default="raise",
        help="collect: put rows that fail into OUT/_failed and go on",
    )
    parser.add_argument(
        "--again", action="store_true", help="replace a result in OUT instead of continuing it"
    )
    add_trust(parser)
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Maps a data set; returns the exit code."""
    from hubexplore.hub.quiet_start import quiet_tensorflow
    from hubexplore.session.tf_startup import import_tensorflow

    import_tensorflow()
    import tensorflow as tf

    with quiet_tensorflow():  # the first session looks for devices
        tf.config.list_logical_devices()
    from hubexplore.mapping.api import map as map_rows
    from hubexplore.mapping.options import columns_by_input, kept_columns, named_outputs

    try:
        result = map_rows(
            arguments.handle,
            arguments.data,
            signature=arguments.signature,
            inputs=columns_by_input(arguments.inputs),
            outputs=named_outputs(arguments.outputs),
            keep=kept_columns(arguments.keep),
            batch_size=arguments.batch_size or "auto",
            to=arguments.out,
            resume=not arguments.again,
            errors=arguments.errors,
            tags=None if arguments.tags is None else [tag for tag in arguments.tags.split(",") if tag],
            trust=arguments.trust,
            progress=False if arguments.quiet else None,
        )
    except KeyboardInterrupt as error:
        sys.stderr.write(one_line(f"hubexplore: {error}"))
        return INTERRUPTED
    files, failed = result if arguments.errors == "collect" else (result, ())
    write_out(repr(files))
    return DIFFERENT if len(failed) else 0
