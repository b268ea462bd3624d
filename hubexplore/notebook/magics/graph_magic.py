"""`%%hub_graph`: TensorFlow 1 code in the graph of the session."""

from __future__ import annotations

import argparse
from typing import Any

from IPython.core.magic import line_cell_magic, magics_class

from hubexplore.notebook.magics.base import HubMagicsBase
from hubexplore.notebook.magics.cell_code import Cell
from hubexplore.notebook.magics.line_parser import magic


@magics_class
class GraphMagics(HubMagicsBase):
    """The magic that runs code in the session's graph."""

    @magic(cell=True, expand=False)
    @line_cell_magic
    def hub_graph(self, options: argparse.Namespace, cell: str = "") -> Any:
        """Run a cell inside the session's graph, with its session as the default.

        Losses, optimizers and training loops are ordinary TensorFlow 1 code there, which calls loaded
        modules: `logits = digits(images)`, `loss.eval()`, `tf.compat.v1.get_default_session().run(train)`.
        New variables are initialised before anything runs and at the end. The names that the cell assigns
        stay in the notebook; the value of the last line is the result.

        The equivalent Python: `with session.building(): ...`.
        """
        __tracebackhide__ = True
        code = Cell(self.notebook, "%%hub_graph", cell)
        with self.session.building():
            value = code.run()
        # IPython hides the value of a cell that ends in a semicolon, but not that of a cell magic.
        return None if cell.rstrip().endswith(";") else value
