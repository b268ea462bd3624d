"""`%hub_try`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from IPython.core.magic import line_magic, magics_class
from IPython.core.magic_arguments import argument

from hubexplore.notebook.magics.base import INPUTS_HELP, OUTPUTS_HELP, TRUST_HELP, HubMagicsBase
from hubexplore.notebook.magics.line_parser import magic
from hubexplore.summary.wishes import from_options

if TYPE_CHECKING:
    from hubexplore.notebook.panel.explorer import Explorer


@magics_class
class TryMagics(HubMagicsBase):
    """The magic that opens the panel."""

    @magic()
    @argument("module", metavar="X", help="Variable, name of a loaded module, or handle.")
    @argument("--signature", help="The signature to begin with; by default 'default'.")
    @argument("--tags", help="Tags of the graph variant to begin with, separated by commas.")
    @argument("--inputs", metavar="T[,T]", help=INPUTS_HELP)
    @argument("--outputs", metavar="T[,T]", help=OUTPUTS_HELP)
    @argument("--trust", action="store_true", help=TRUST_HELP)
    @line_magic
    def hub_try(self, options: argparse.Namespace) -> Explorer:
        """Try a module in a panel: a form for its inputs, its results as pictures, its graph and variables.

        The equivalent Python: `hubexplore.explore(X, signature, tags)`.
        """
        from hubexplore.notebook.panel.explorer import Explorer
        from hubexplore.notebook.panel.subject_lookup import find

        signatures = from_options(options.inputs, options.outputs)
        subject = find(self.subject(options.module), None, self.book, signatures)
        if options.trust:
            subject.trust()
        return Explorer(subject, options.signature, options.tags)
