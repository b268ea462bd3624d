"""`%hub_cut`."""

from __future__ import annotations

import argparse
from typing import Any

from IPython.core.magic import line_magic, magics_class
from IPython.core.magic_arguments import argument

from hubexplore.notebook.magics.base import HubMagicsBase
from hubexplore.notebook.magics.line_parser import check_variable, magic
from hubexplore.session.names import variable_name
from hubexplore.summary.wishes import sides_from_options


@magics_class
class CutMagics(HubMagicsBase):
    """The magic that cuts a part out of a module."""

    @magic()
    @argument("name", help="Variable or name of a loaded module.")
    @argument(
        "--output",
        action="append",
        metavar="[NAME=]TENSOR",
        help="Op or tensor that the cut returns, with a name for it; can be repeated.",
    )
    @argument(
        "--input",
        action="append",
        metavar="[NAME=]TENSOR",
        help="Op or tensor that the cut takes; by default the inputs that its outputs need.",
    )
    @argument("--as", dest="new", metavar="NEW", help="Variable to bind; by default NAME_cut.")
    @argument("--signature", help="Name of the new signature; by default default.")
    @argument("--of", metavar="SIGNATURE", help="Signature whose inputs are meant; by default the usual one.")
    @argument("--keep", action="store_true", help="Keep the old signatures, with all that they need.")
    @argument("--no-check", action="store_true", help="Do not compare the cut with the module.")
    @line_magic
    def hub_cut(self, options: argparse.Namespace) -> Any:
        """Cut a part out of a loaded module: a new module with just what is between inputs and outputs.

        It has the values that the variables have now. Its outputs are compared with what the module computes
        on an example; its card says what was found. %hub_export NEW PATH writes it.

        The equivalent Python: `NEW = session.cut(NAME, ["TENSOR"], {"NAME": "TENSOR"}, name="NEW")`.
        """
        module = self.named(options.name)
        inputs, outputs = sides_from_options(options.input, options.output)
        new = check_variable(options.new or variable_name(f"{options.name}_cut"), "%hub_cut: --as")
        self.notebook.user_ns[new] = self.session.cut(
            module, inputs, outputs, name=new, signature=options.signature, of=options.of,
            keep_signatures=options.keep, check=not options.no_check,
        )  # fmt: skip
        return self.notebook.user_ns[new]
