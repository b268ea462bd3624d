"""Which front end the notebook has, as far as it makes a difference to the panel."""

from __future__ import annotations

import sys
import weakref
from typing import Any


def in_marimo() -> bool:
    """Whether a notebook of marimo runs this. One that runs as a script shows nothing, and does not count."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def close_with_its_cell(panel: Any) -> None:
    """Closes a panel when its cell runs again: marimo only closes the comm of each widget then.

    ipywidgets keeps every widget, and the panel would keep the module that it loaded.
    """
    panel_reference, comm = weakref.ref(panel), panel.comm
    close = comm.close

    def close_both(*arguments: Any, **options: Any) -> None:
        close(*arguments, **options)
        if (shown := panel_reference()) is not None:
            shown.close()

    comm.close = close_both
