"""`hubexplore convert`: a module in another format."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable
from typing import Any, Final

from hubexplore.cli.options import add_path, add_tags, add_trust
from hubexplore.cli.terminal import DIFFERENT, write_out
from hubexplore.errors import ConversionError
from hubexplore.summary.lookup import default_tags
from hubexplore.summary.tags import Tags, chosen

TARGETS: Final = ("onnx", "tflite", "safetensors", "npz", "saved-model", "hub")
"""Formats that are written."""
MSG_TRUST: Final = "hubexplore convert --trust PATH OUT ..."
QUANTIZATIONS: Final = ("dynamic", "float16", "int8")

EPILOG: Final = """formats:
  onnx         a model for ONNX Runtime; needs pip install 'hubexplore[onnx]'
  tflite       a model for LiteRT (TensorFlow Lite) on phones; to compare it, pip install 'hubexplore[litert]'
  safetensors  the weights, as for PyTorch or JAX, beside a JSON file that says what each is
  npz          the weights for NumPy, beside the same JSON file
  saved-model  a TF2 SavedModel, for Keras, TensorFlow Serving and all that loads SavedModels
  hub          a TF1 Hub module

A file of ONNX holds one signature; a directory gets a file for each. What a format lacks is named before
anything is written, with the part of the module that can be converted.

examples:
  hubexplore convert path/to/module model.onnx
  hubexplore convert path/to/module models/onnx --to onnx
  hubexplore convert path/to/module model.tflite --quantize int8 --signature default --data examples.npz
  hubexplore convert path/to/module weights.safetensors
  hubexplore convert path/to/module path/to/saved_model --to saved-model
  hubexplore convert module.tar.gz models/mine --to saved-model --version 1
  hubexplore convert path/to/saved_model path/to/module --to hub
"""


def add(commands: Any) -> None:
    """Adds the command to the subparsers of argparse."""
    convert = commands.add_parser(
        "convert", help="write a module in another format",
        description="Writes a module in another format, runs the result, and prints how far its outputs are "
        "from those of the module.",
        epilog=EPILOG,
    )  # fmt: skip
    add_path(convert)
    convert.add_argument("out", metavar="OUT", help="file or directory to write; nothing may be there yet")
    convert.add_argument(
        "--to",
        choices=TARGETS,
        help="the format, see below; not needed if OUT ends in .onnx, .tflite, .safetensors or .npz",
    )
    add_tags(convert)
    convert.add_argument(
        "--signature",
        action="append",
        metavar="NAME",
        help="onnx and tflite only: convert this signature; may be repeated (default: all)",
    )
    convert.add_argument(
        "--quantize",
        choices=QUANTIZATIONS,
        help="tflite only: smaller numbers. dynamic: weights as 8-bit integers; float16: weights as 16-bit "
        "floats; int8: weights and all that is computed as 8-bit integers, which needs --data",
    )
    convert.add_argument(
        "--data",
        metavar="FILE",
        help="for --quantize int8: examples of inputs, in a .npz file with an array for each input, or a "
        ".npy file for the only input",
    )
    convert.add_argument(
        "--timeout",
        type=float,
        metavar="SECONDS",
        default=600.0,
        help="onnx and tflite only: longest time that the converter may take (default: 600)",
    )
    convert.add_argument(
        "--version",
        type=int,
        metavar="N",
        help="saved-model only: write OUT/N, the layout of TensorFlow Serving",
    )
    convert.add_argument(
        "--overwrite", action="store_true", help="replace what is in OUT, if it has this format"
    )
    convert.add_argument(
        "--no-verify", action="store_true", help="do not run the result, and compare nothing"
    )
    add_trust(convert)
    convert.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Writes a module in another format; returns the exit code."""
    if arguments.version is not None and arguments.to != "saved-model":
        raise ConversionError("--version belongs to --to saved-model, the only format with versions.")
    from hubexplore.session.conversion.convert import carry_out
    from hubexplore.session.conversion.formats import format_of
    from hubexplore.session.conversion.request import Request

    # Weights are written without TensorFlow.
    load = _summary if format_of(arguments.to, arguments.out).is_weights else _spec
    report: Any = carry_out(
        Request(
            load=lambda: load(arguments),
            path=arguments.out,
            to=arguments.to,
            signature=arguments.signature,
            quantize=arguments.quantize,
            data=arguments.data,
            verify=not arguments.no_verify,
            timeout=arguments.timeout,
            overwrite=arguments.overwrite,
            trust=arguments.trust,
            version=arguments.version,
            remedy=MSG_TRUST,
        )
    )
    write_out(repr(report))
    return DIFFERENT if report.largest_difference == math.inf else 0


def _spec(arguments: argparse.Namespace) -> tuple[Any, Tags]:
    """The spec, and the tags of its graph variant; TensorFlow is imported by now."""
    from hubexplore.hub.loading import open_spec

    spec = open_spec(arguments.path)
    return spec, _tags(arguments, (tuple(sorted(tags)) for tags in spec.get_tags()))


def _summary(arguments: argparse.Namespace) -> tuple[Any, Tags]:
    from hubexplore.hub.summarize import summarize

    summary = summarize(arguments.path)
    return summary, _tags(arguments, (variant.tags for variant in summary.variants))


def _tags(arguments: argparse.Namespace, existing: Iterable[Tags]) -> Tags:
    existing = list(existing)
    if arguments.tags is not None:
        return chosen(arguments.tags, existing)
    return default_tags(existing, lambda tags: f"--tags {','.join(tags)}")
