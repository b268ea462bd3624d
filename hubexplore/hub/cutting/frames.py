"""Which tensors are inside of the loops and conds of TF1, where they have several values or none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from hubexplore.errors import CutError
from hubexplore.summary.graph.traversal import consumers_of, node_of

_ENTERS: Final = frozenset({"Enter", "RefEnter"})
_EXITS: Final = frozenset({"Exit", "RefExit"})
_SWITCHES: Final = frozenset({"Switch", "RefSwitch"})
_MERGES: Final = frozenset({"Merge", "RefMerge"})
_MOST_NAMED: Final = 4

MSG_LOOP: Final = (
    "{tensor!r} is inside of a loop, which computes it in each pass, so it cannot be an {kind}. Name a "
    "tensor that leaves the loop: {choice}."
)
MSG_COND: Final = (
    "{tensor!r} is in a branch of a cond, which may not run, so it cannot be an {kind}. Name a tensor that "
    "leaves the cond: {choice}."
)


def check_outside(nodes: Mapping[str, Any], inputs: Iterable[str], outputs: Iterable[str]) -> None:
    """Checks that tensors are in no loop and no branch of a cond.

    Linear in the nodes; a second time where a tensor is inside.

    Args:
      nodes: node name -> NodeDef.
      inputs: names of tensors ("x:0").
      outputs: likewise.

    Raises:
      CutError: (a ValueError) names the tensor, and what leaves the loop or cond instead.
    """
    sides = {"input": list(inputs), "output": list(outputs)}
    # Most graphs have none of them, and what comes before an input may be most of a graph.
    if {node.op for node in nodes.values()}.isdisjoint(_ENTERS | _SWITCHES):
        return
    every = [*sides["input"], *sides["output"]]
    # What is in the frame of a loop depends on an Enter of it, and what leaves it passes an Exit.
    for begins, ends, message in ((_ENTERS, _EXITS, MSG_LOOP), (_SWITCHES, _EXITS | _MERGES, MSG_COND)):
        if not _depends_on(nodes, every, begins, ends):
            continue
        for kind, tensors in sides.items():
            for tensor in tensors:
                if _depends_on(nodes, [tensor], begins, ends):
                    choice = _leaving(nodes, tensor, ends)
                    raise CutError(message.format(tensor=tensor, kind=kind, choice=choice))


def _depends_on(
    nodes: Mapping[str, Any], tensors: Iterable[str], begins: Collection[str], ends: Collection[str]
) -> bool:
    """Whether a tensor needs a node of a type in `begins` without one of a type in `ends` between."""
    stack = list(map(node_of, tensors))
    seen = set(stack)
    while stack:
        node = nodes.get(stack.pop())
        if node is None or node.op in ends:
            continue
        if node.op in begins:
            return True
        for edge in node.input:
            name = node_of(edge)
            if name not in seen:
                seen.add(name)
                stack.append(name)
    return False


def _leaving(nodes: Mapping[str, Any], tensor: str, ends: Collection[str]) -> str:
    """The tensors by which what depends on a tensor leaves its loop or cond."""
    consumers = consumers_of(nodes)
    stack = [node_of(tensor)]
    seen = set(stack)
    found: list[str] = []
    while stack:
        for name in consumers.get(stack.pop(), ()):
            if name in seen:
                continue
            seen.add(name)
            if nodes[name].op in ends:
                found.append(name)
            else:
                stack.append(name)
    shown = ", ".join(repr(f"{name}:0") for name in sorted(found)[:_MOST_NAMED])
    return shown or "there is none that depends on it"
