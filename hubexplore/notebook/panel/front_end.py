"""Which front end the notebook has, as far as it makes a difference to the panel."""

from __future__ import annotations

import os
import sys
import weakref
from typing import Any


def in_marimo() -> bool:
    """Whether a notebook of marimo runs this. One that runs as a script shows nothing, and does not count."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def knows_earlier_widgets() -> bool:
    """Whether a new page of the front end asks the kernel for the widgets that it has already.

    Those of Jupyter's servers do, which tell kernels the path of the notebook. VS Code does not, and puts its
    name into that path; Colab does not; marimo closes the widgets of a cell when the cell runs again.
    """
    path = os.environ.get("JPY_SESSION_NAME", "")
    return bool(path) and "-jvsc-" not in path and not in_marimo()


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
