"""Which front end the notebook has, as far as it makes a difference to the panel."""

from __future__ import annotations

import sys


def in_marimo() -> bool:
    """Whether a notebook of marimo runs this. One that runs as a script shows nothing, and does not count."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())
