"""The variables of the notebook around a panel."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from hubexplore.notebook.panel.front_end import in_marimo


def notebook_variables() -> Mapping[str, Any]:
    """Returns the variables of the notebook; none without one."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        # marimo runs the cells in the module __main__.
        return vars(sys.modules["__main__"]) if in_marimo() else {}
    variables: Mapping[str, Any] = shell.user_ns
    return variables
