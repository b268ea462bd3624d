"""Whether a graph in a file is one: each input exists, and nothing is computed from itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hubexplore.errors import DamagedModuleError, closest
from hubexplore.summary.graph.traversal import node_of

_BACK_EDGES: Final = frozenset({"NextIteration", "RefNextIteration"})
_MOST_NAMED: Final = 6
_NEAR: Final = 200


def checked_index(nodes: Sequence[Any], title: str) -> dict[str, Any]:
    """Node name -> node, of a graph whose edges lead somewhere and that has no cycle but those of loops.

    Raises:
      DamagedModuleError: names the nodes.
    """
    index = {node.name: node for node in nodes}
    if len(index) < len(nodes) or "" in index:
        names = Counter(node.name for node in nodes)
        twice = next(name for name, count in names.items() if count > 1 or not name)
        raise DamagedModuleError(
            f"{title}: two of its nodes have the name {twice!r}, which TensorFlow refuses. The file "
            f"is altered."
        )
    for name, node in index.items():
        for edge in node.input:
            if node_of(edge) not in index:
                wanted = node_of(edge)
                near = [other for other in index if abs(len(other) - len(wanted)) <= 2][:_NEAR]
                raise DamagedModuleError(
                    f"{title}: the node {name!r} takes {edge!r}, but the graph has no node {wanted!r}."
                    f"{closest(wanted, near)} The file is truncated or altered; get it again, or freeze the "
                    f"graph again."
                )
    check_cycle(index, title)
    return index


def check_cycle(index: Mapping[str, Any], title: str) -> None:
    """Checks that no node is computed from itself, but for the loops of TF1.

    Args:
      index: node name -> node; inputs that it lacks do not count.
      title: what messages call the graph.

    Raises:
      DamagedModuleError: names the nodes.
    """
    cycle = _cycle(index)
    if cycle:
        shown = " <- ".join(map(repr, cycle[:_MOST_NAMED])) + (" ..." if len(cycle) > _MOST_NAMED else "")
        raise DamagedModuleError(
            f"{title}: its nodes form a cycle, so none of them can be computed: {shown}. The file is altered."
        )


def _cycle(index: Mapping[str, Any]) -> list[str]:
    """The names of the nodes of a cycle, each computed from the next one; empty without one."""
    # Repeatedly takes away nodes that wait for nothing; the edges back of loops do not count.
    waiting = dict.fromkeys(index, 0)
    consumers: dict[str, list[str]] = {}
    for name, node in index.items():
        for edge in node.input:
            producer = node_of(edge)
            if producer in index and index[producer].op not in _BACK_EDGES:
                waiting[name] += 1
                consumers.setdefault(producer, []).append(name)
    ready = [name for name, count in waiting.items() if not count]
    for name in ready:  # grows while it is walked
        for consumer in consumers.get(name, ()):
            waiting[consumer] -= 1
            if not waiting[consumer]:
                ready.append(consumer)
    if len(ready) == len(index):
        return []
    # Each node that still waits has an input that does as well, so following these leads into a cycle.
    name = next(node for node, count in waiting.items() if count)
    path: dict[str, int] = {}
    while name not in path:
        path[name] = len(path)
        name = next(
            producer
            for producer in map(node_of, index[name].input)
            if waiting.get(producer) and index[producer].op not in _BACK_EDGES
        )
    return [*list(path)[path[name] :], name]
