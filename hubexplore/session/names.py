"""Names for the modules of a session."""

from __future__ import annotations

import keyword
import re
from typing import Any

from hubexplore.summary.files.redaction import redacted


def variable_name(handle: str) -> str:
    """A Python name made of the last part of a handle: `sample:text-embedding` gives `text_embedding`."""
    last = re.split(r"[/\\:]", re.sub(r"[?#].*", "", redacted(handle)).rstrip("/\\"))[-1]
    name = re.sub(
        r"\W", "_", re.sub(r"\.(tar(\.(gz|bz2|xz))?|tgz|tbz2?|txz|zip)$", "", last), flags=re.ASCII
    ).strip("_")
    name = name if name and not name[0].isdigit() else f"module_{name}".rstrip("_")
    return f"{name}_" if keyword.iskeyword(name) else name


def free_scope(graph: Any, name: str) -> str:
    """A scope for a module called `name` that neither ops nor variables of a graph use yet."""
    # TensorFlow allows these characters in a scope, and the slash, which would nest scopes.
    scope = re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip("_-") or "module"
    with graph.as_default():
        # Not marked as used, since the module takes the name when it enters the scope.
        return str(graph.unique_name(scope, mark_as_used=False))
