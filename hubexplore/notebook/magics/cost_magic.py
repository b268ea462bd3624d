"""`%hub_cost`: what a signature costs."""

from __future__ import annotations

import argparse
from typing import Any

from IPython.core.magic import line_magic, magics_class
from IPython.core.magic_arguments import argument

from hubexplore.notebook.magics.base import HubMagicsBase
from hubexplore.notebook.magics.cell_code import evaluated
from hubexplore.notebook.magics.line_parser import magic, read_call


@magics_class
class CostMagics(HubMagicsBase):
    """The magic that counts and measures."""

    @magic(read=read_call)
    @argument("name", help="Variable or name of a loaded module.")
    @argument(
        "expression", nargs="*", help="Python expression for the inputs; by default they are generated."
    )
    @argument(
        "--signature",
        help="Name of the signature, or {variable}; by default 'default', else 'serving_default'.",
    )
    @argument(
        "--seconds", type=float, default=10.0, help="Time for the curve over numbers of rows; 0 for no curve."
    )
    @argument("--out", help="Variable to bind to the result.")
    @argument("--count", action="store_true", help="Count in the graph only, and run nothing.")
    @line_magic
    def hub_cost(self, options: argparse.Namespace) -> Any:
        """Measure what a signature of a loaded module costs: time by op, memory, latency by number of rows.

        The equivalent Python: `session.cost(NAME, EXPRESSION, signature, seconds=10)`; with --count
        `NAME.cost(EXPRESSION, signature)`, where the expression may be a shape such as `(1, 224, 224, 3)`.
        """
        __tracebackhide__ = True
        cost = self._cost(options)
        if options.out:
            self.notebook.user_ns[options.out] = cost
        return None if options.silent else cost

    def _cost(self, options: argparse.Namespace) -> Any:
        __tracebackhide__ = True
        inputs = (
            evaluated(self.notebook, "%hub_cost", None, options.expression) if options.expression else None
        )
        module = self.named(options.name)
        if options.count:
            live = self.session.module(module) if isinstance(module, str) else module
            return live.cost(inputs, options.signature)
        return self.session.cost(module, inputs, options.signature, seconds=options.seconds)
