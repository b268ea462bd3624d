"""`%hub_lens`: look at what a module made of a data set."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from IPython.core.magic import line_magic, magics_class
from IPython.core.magic_arguments import argument

from hubexplore.notebook.magics.base import HubMagicsBase
from hubexplore.notebook.magics.line_parser import magic

if TYPE_CHECKING:
    from hubexplore.notebook.panel.lens.panel import Lens


@magics_class
class LensMagics(HubMagicsBase):
    """The magic that opens a lens."""

    @magic()
    @argument("result", metavar="RESULT", help="Variable with a table, or the path of Parquet files.")
    @argument("other", metavar="OTHER", nargs="?", help="The result of another module for the same rows.")
    @argument("--label", help="The column with the right answers.")
    @argument("--prediction", help="The column that is compared with it.")
    @argument("--vectors", help="The column that is drawn as a map.")
    @line_magic
    def hub_lens(self, options: argparse.Namespace) -> Lens:
        """Look at a mapped data set: a map of its vectors, its rows, and where it is wrong.

        The equivalent Python: `hubexplore.lens(RESULT, OTHER, label=..., prediction=..., vectors=...)`.
        """
        from hubexplore.notebook.panel.lens.panel import lens

        return lens(
            self._table(options.result),
            None if options.other is None else self._table(options.other),
            label=options.label,
            prediction=options.prediction,
            vectors=options.vectors,
        )

    def _table(self, word: str) -> Any:
        """Returns the variable of this name; else the word, as a path."""
        return self.shell.user_ns.get(word, word) if self.shell is not None else word
