"""Names and content of the nodes that a conversion adds to a graph."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from hubexplore.summary.free_names import free_name

# What TensorFlow's importer does not take in the name of a node.
_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9_.\-/]")


def node_name(text: str) -> str:
    """A text of strangers as the name of a node that TensorFlow takes."""
    parts = [_FORBIDDEN.sub("_", part) or "_" for part in text.split("/")]
    name = "/".join(parts).lstrip("_/-")
    return name or "variable"


def unused(name: str, used: set[str]) -> str:
    """`name`, or `name_1`, ..., which is then in use; names differ also where case does not count."""
    candidate = free_name(name, used, ignore_case=True)
    used.add(candidate.lower())
    return candidate


def set_empty(node: Any, dtype: int, shape: Iterable[int]) -> None:
    """Makes a Const one without content, which TensorFlow takes for zeros."""
    node.attr["dtype"].type = dtype
    tensor = node.attr["value"].tensor
    tensor.dtype = dtype
    tensor.tensor_shape.SetInParent()
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
