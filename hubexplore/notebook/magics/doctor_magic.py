"""`%hub_doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

import argparse
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import line_magic, magics_class
from IPython.core.magic_arguments import argument

import hubexplore
from hubexplore.notebook.magics.base import HubMagicsBase
from hubexplore.notebook.magics.line_parser import magic


@magics_class
class DoctorMagics(HubMagicsBase):
    """The magic that checks the installation, the cache and modules."""

    @magic()
    @argument("module", metavar="X", nargs="?", help="Variable, name of a loaded module, or handle.")
    @argument("--error", metavar="TEXT", help="Explain the message of an error.")
    @argument("--list", action="store_true", dest="topics", help="List what users often stumble over.")
    @line_magic
    def hub_doctor(self, options: argparse.Namespace) -> Any:
        """Check the installation, the cache and a module, and say what to do about each problem.

        The equivalent Python: `hubexplore.doctor(X)`, `hubexplore.doctor(error=TEXT)`,
        `hubexplore.doctor(topics=True)`.
        """
        if options.module is not None and (options.error is not None or options.topics):
            raise UsageError("%hub_doctor: X is not checked together with --error or --list.")
        subject = None if options.module is None else self._checked(options.module)
        return hubexplore.doctor(subject, error=options.error, topics=options.topics)

    def _checked(self, word: str) -> Any:
        """What a word stands for; a word that stands for nothing is a path, whose absence is the finding."""
        try:
            return self.subject(word)
        except UsageError:
            return word
