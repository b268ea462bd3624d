"""`%hub_call` and `%%hub_call`."""

from __future__ import annotations

import argparse
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import line_cell_magic, magics_class
from IPython.core.magic_arguments import argument

from hubexplore.notebook.magics.base import HubMagicsBase
from hubexplore.notebook.magics.cell_code import evaluated
from hubexplore.notebook.magics.line_parser import magic, read_call
from hubexplore.summary.lookup import default_signature


@magics_class
class CallMagics(HubMagicsBase):
    """The magics that run a signature."""

    @magic(read=read_call)
    @argument("name", help="Variable or name of a loaded module.")
    @argument("expression", nargs="*", help="Python expression for the inputs, if it has any.")
    @argument(
        "--signature",
        help="Name of the signature, or {variable}; by default 'default', else 'serving_default'.",
    )
    @argument("--as-dict", action="store_true", help="Return all outputs by name.")
    @argument("--batch-size", type=int, help="Number of rows to run at a time, with a progress bar.")
    @argument(
        "--fetch",
        action="append",
        help="Return this tensor as well, as in conv1/Relu; repeat it for more. The result is then a pair.",
    )
    @argument("--out", help="Variable to bind to the result.")
    @argument(
        "--lines", action="store_true", help="The cell is text: each line that is not empty is one input."
    )
    @argument(
        "--csv",
        action="store_true",
        help="The cell is rows of comma-separated values, with the names of inputs above them or without.",
    )
    @line_cell_magic
    def hub_call(self, options: argparse.Namespace, cell: str | None = None) -> Any:
        """Evaluate a signature of a loaded module and return its values.

        `%hub_call NAME EXPR` takes the inputs from one Python expression. Under `%%hub_call NAME` the cell is
        the expression, which may span lines, or text (--lines), or a table (--csv). `x = %hub_call ...` keeps
        the result; so do `--out x`, and `x <<` before or after the name, which then shows nothing.

        The equivalent Python:
        `session.call(NAME, EXPRESSION, signature, as_dict, fetch, batch_size)`.
        """
        # IPython leaves frames with this name out of tracebacks: an error in the expression shows the
        # lines of the cell, not those of the magic.
        __tracebackhide__ = True
        # The object in a variable wins over a loaded name: the variable may hold another module by now.
        module = self.named(options.name)
        inputs = self._inputs(options, cell)
        values = self.session.call(
            module,
            inputs,
            options.signature,
            options.as_dict,
            fetch=options.fetch,
            **self._batches(options.batch_size),
        )
        if options.out:
            self.notebook.user_ns[options.out] = values
        return None if options.silent else values

    def _inputs(self, options: argparse.Namespace, cell: str | None) -> Any:
        """The inputs from the line or the cell; None if there are none."""
        __tracebackhide__ = True
        if cell is None:
            if options.lines or options.csv:
                raise UsageError("%hub_call: --lines and --csv need a cell: begin it with %%hub_call.")
            return self._evaluated(options.expression)
        if options.lines and options.csv:
            raise UsageError("%%hub_call takes --lines or --csv, not both.")
        if options.lines:
            return [line for line in cell.splitlines() if line.strip()]
        if options.csv:
            module = self.named(options.name)
            live = self.session.module(module) if isinstance(module, str) else module
            # On first use, for speed only: `%load_ext` would import NumPy.
            from hubexplore.notebook.magics import csv_rows

            signature = options.signature or default_signature(live.get_signature_names())
            return csv_rows.inputs(cell, live.get_input_info_dict(signature))
        if not cell.strip():
            return None
        return evaluated(self.notebook, f"%%hub_call {options.name}", cell, cell)

    def _evaluated(self, expression: str) -> Any:
        __tracebackhide__ = True
        return evaluated(self.notebook, "%hub_call", None, expression) if expression else None

    def _batches(self, size: int | None) -> dict[str, Any]:
        """Arguments for `session.call`: rows at a time (None for all), and the bar (None for slow calls)."""
        # The setting has 0 for all rows at once, as a trait has one type; `session.call` has None.
        batch_size = (self.batch_size or None) if size is None else size
        return {"batch_size": batch_size, "progress": None if self.show_progress else False}
