"""Checks of a module's graph that TensorFlow makes too late, or only by aborting the process.

The importer refuses a damaged graph as a whole and adds nothing. What it does not look at is what names
the graph from outside (signatures, collections, lists of variables) and the bodies of functions: a mistake there
would show when half of the ops are in the user's graph, or, worse, when a session runs them.
All checks are linear in what they look at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hubexplore.errors import DamagedModuleError
from hubexplore.hub import tf_internals
from hubexplore.summary.graph import node_of

_TENSOR: Final = re.compile(r"[^:^]+:\d{1,9}")


def check_names(nodes: Mapping[str, Any], names: Iterable[str], what: str, *, ops: bool = False) -> None:
    """Checks names of tensors (`"node:0"`).

    A node that is not there is not reported here: the walk over the graph names all of those at once.

    Args:
      nodes: node name -> NodeDef.
      names: to check.
      what: where the names stand, for the message.
      ops: whether they may also be names of nodes.

    Raises:
      DamagedModuleError: a name is none, or the node has no such output.
    """
    for name in names:
        if ops and name and ":" not in name and name[0] != "^":
            continue
        if not _TENSOR.fullmatch(name):
            raise DamagedModuleError(f"{what} names {name!r}, which is no name of a tensor.")
        node = nodes.get(node_of(name))
        count = None if node is None else _output_count(node)
        if count is not None and int(name.rpartition(":")[2]) >= count:
            raise DamagedModuleError(f"{what} names {name!r}, but that node ({node.op}) has {count} outputs.")


def _output_count(node: Any) -> int | None:
    """How many outputs a node has; None where TensorFlow does not know its op, as for a function."""
    definition = tf_internals.op_def(node.op)
    if definition is None:
        return None
    count = 0
    for argument in definition.output_arg:
        if argument.number_attr:
            count += int(_attr(node, definition, argument.number_attr).i)
        elif argument.type_list_attr:
            count += len(_attr(node, definition, argument.type_list_attr).list.type)
        else:
            count += 1
    return count


def _attr(node: Any, definition: Any, name: str) -> Any:
    """The value of an attribute, else its default."""
    if name in node.attr:
        return node.attr[name]
    return next(attr.default_value for attr in definition.attr if attr.name == name)
