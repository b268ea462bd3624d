"""`%hub_convert`."""

from __future__ import annotations

import argparse
from typing import Any

from IPython.core.magic import line_magic, magics_class
from IPython.core.magic_arguments import argument

from hubexplore.notebook.magics.base import TRUST_HELP, HubMagicsBase
from hubexplore.notebook.magics.line_parser import magic


@magics_class
class ConvertMagics(HubMagicsBase):
    """The magic that writes a module for another runtime or library."""

    @magic()
    @argument("name", help="Variable or name of a loaded module, or a handle.")
    @argument("path", help="File or directory to write; nothing may be there yet.")
    @argument(
        "--to",
        help="Format, unless PATH ends in .onnx, .tflite, .safetensors or .npz; also saved-model and hub.",
    )
    @argument(
        "--signature", action="append", help="ONNX and LiteRT only: convert this signature; may be repeated."
    )
    @argument(
        "--quantize",
        help="LiteRT only: dynamic or float16 (smaller weights), or int8 (all numbers, needs --data).",
    )
    @argument("--data", help="For --quantize int8: variable or file with examples of inputs.")
    @argument("--timeout", type=float, default=600.0, help="Longest time in seconds of the converter.")
    @argument("--overwrite", action="store_true", help="Replace files of this format.")
    @argument("--trust", action="store_true", help=TRUST_HELP)
    @line_magic
    def hub_convert(self, options: argparse.Namespace) -> Any:
        """Write a module as ONNX, LiteRT, safetensors or npz, and compare what was written.

        Values of variables are those that a loaded module has now. The result is a report, which can be used
        as a path. It shows the largest difference of each output in the runtime of the format.

        The equivalent Python:
        `hubexplore.convert(NAME, PATH, to=..., signature=..., quantize=..., data=..., session=...)`.
        """
        # On first use, for speed only: `%load_ext` would import TensorFlow.
        import hubexplore

        module = self.named(options.name)
        if isinstance(module, str) and self.book.is_started and module in self.session.names:
            module = self.session.module(module)
        is_loaded = not isinstance(module, str)
        return hubexplore.convert(
            module if is_loaded else self.source(options.name),
            options.path,
            options.to,
            signature=options.signature,
            session=self.session.session if is_loaded else None,
            quantize=options.quantize,
            data=self.notebook.user_ns.get(options.data, options.data),
            verify=self.verify_exports,
            timeout=options.timeout,
            overwrite=options.overwrite,
            trust=options.trust,
        )
