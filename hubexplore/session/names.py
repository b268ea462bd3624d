"""Names for the modules of a session."""

from __future__ import annotations

import re
from typing import Any

from hubexplore.summary.files.handle_names import variable_name

__all__ = ["free_scope", "variable_name"]


def free_scope(graph: Any, name: str) -> str:
    """A scope for a module called `name` that neither ops nor variables of a graph use yet."""
    # TensorFlow allows these characters in a scope, and the slash, which would nest scopes.
    scope = re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip("_-") or "module"
    with graph.as_default():
        # Not marked as used, since the module takes the name when it enters the scope.
        return str(graph.unique_name(scope, mark_as_used=False))
