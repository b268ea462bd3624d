"""`%%hub_map` and `%hub_map`."""

from __future__ import annotations

import argparse
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import line_cell_magic, magics_class
from IPython.core.magic_arguments import argument

from hubexplore.notebook.magics.base import TRUST_HELP, HubMagicsBase
from hubexplore.notebook.magics.cell_code import evaluated
from hubexplore.notebook.magics.line_parser import magic


@magics_class
class MapMagics(HubMagicsBase):
    """The magic that runs a module on a whole data set."""

    @magic()
    @argument("name", help="Variable or name of a loaded module, or a handle.")
    @argument(
        "data", nargs="?", help="Variable, path or pattern of the data; under %%hub_map the cell is it."
    )
    @argument("--signature", help="Name of the signature; by default 'default', else 'serving_default'.")
    @argument(
        "--inputs",
        metavar="C | I=C[,C]",
        action="append",
        help="The column of the only input, or INPUT=COLUMN; several columns are a row side by side.",
    )
    @argument("--outputs", metavar="O[,O]", help="The outputs that are wanted, as O or O=COLUMN.")
    @argument("--keep", metavar="C[,C]", help="Columns of the data to keep; '*' for all.")
    @argument("--batch-size", type=int, help="Number of rows at a time; by default chosen.")
    @argument("--to", metavar="FOLDER", help="Write Parquet files there; the same line continues them.")
    @argument("--again", action="store_true", help="Replace a result in FOLDER instead of continuing it.")
    @argument("--collect", action="store_true", help="Return failed rows in a table of their own.")
    @argument("--out", help="Variable to bind to the result.")
    @argument("--trust", action="store_true", help=TRUST_HELP)
    @line_cell_magic
    def hub_map(self, options: argparse.Namespace, cell: str | None = None) -> Any:
        """Run a module on all rows of a data set, with progress.

        `%hub_map NAME DATA` takes a variable, a path or a pattern; under `%%hub_map NAME` the cell is a
        Python expression for the data. An interrupt stops at the next batch, and says how to go on.

        The equivalent Python:
        `hubexplore.map(NAME, DATA, signature=..., inputs=..., to=..., session=session)`.
        """
        __tracebackhide__ = True
        data = self._data(options, cell)
        # On first use, for speed only: `%load_ext` would import TensorFlow.
        import hubexplore
        from hubexplore.mapping.options import columns_by_input, kept_columns, named_outputs

        module = self.named(options.name)
        is_loaded = not isinstance(module, str) or (self.book.is_started and module in self.session.names)
        result = hubexplore.map(
            module if is_loaded else self.source(options.name),
            data,
            signature=options.signature,
            inputs=columns_by_input(options.inputs or []),
            outputs=named_outputs(options.outputs),
            keep=kept_columns(options.keep),
            batch_size=options.batch_size or "auto",
            to=options.to,
            resume=not options.again,
            errors="collect" if options.collect else "raise",
            session=self.session if is_loaded else None,
            trust=options.trust,
            progress=None if self.show_progress else False,
        )
        if options.out:
            self.notebook.user_ns[options.out] = result
        return result

    def _data(self, options: argparse.Namespace, cell: str | None) -> Any:
        __tracebackhide__ = True
        if cell is not None:
            if options.data:
                raise UsageError("%%hub_map takes the data from the cell; leave it out of the line.")
            return evaluated(self.notebook, f"%%hub_map {options.name}", cell, cell)
        if not options.data:
            raise UsageError("%hub_map needs data: a variable, a path or a pattern.")
        return self.notebook.user_ns.get(options.data, options.data)
