"""Where to cut a signature so that what is left has no op that a format lacks.

An obstacle goes with all that comes before it, as the lookup of words does, or with all that comes after it,
as the lookup of the names of classes does: whichever is less. The front then moves on, node by node, and the
place is taken that keeps much and has few inputs, as the one behind a concatenation of features.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from hubexplore.summary.free_names import free_name
from hubexplore.summary.graph.ops.op_definitions import definition
from hubexplore.summary.graph.ops.op_outputs import output_of
from hubexplore.summary.graph.traversal import Cut, consumers_of, follow, node_of, reach, tensor_of
from hubexplore.summary.portability.obstacles import SignatureGraph

_MOST_ANCHORS: Final = 64
"""Maximum number of obstacles whose side is chosen one by one."""
_MOST_NAMES: Final = 16
"""Maximum number of inputs or outputs of a cut that is still advice."""
_MOST_READY: Final = 64
"""Maximum number of nodes among which the next one is chosen."""
_UNFIT: Final = frozenset({"string", "resource", "variant", ""})
# What is no reason to keep a part of a graph.
_TRIVIAL: Final = frozenset({
    "Const", "Identity", "IdentityN", "NoOp", "Placeholder", "ReadVariableOp", "Shape", "StridedSlice",
    "VarHandleOp", "Variable", "VariableV2", "Pack", "Reshape", "Cast", "Rank", "Size", "ExpandDims",
    "Squeeze",
})  # fmt: skip
_BACKWARDS: Final = "NextIteration"


@dataclass(frozen=True)
class CutAdvice:
    """A cut, by the arguments of `spec.cut`.

    Attributes:
      inputs: name -> tensor.
      outputs: name -> tensor.
      kept: how many ops that compute are left.
      lost: how many are cut away.
    """

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    kept: int
    lost: int


def advise(graph: SignatureGraph, anchors: Collection[str]) -> CutAdvice | None:
    """Finds a cut; None if nothing worth converting is left.

    Args:
      graph: of a signature.
      anchors: names of the nodes that cannot be converted.
    """
    consumers = consumers_of(graph.nodes)
    stop = Cut(tensors=frozenset(graph.inputs.values()))
    loops = _loops(graph, consumers)
    every = set(anchors)
    sides = [_sides(graph, consumers, anchors, stop), (every, set[str]()), (set[str](), every)]
    found = [_cut(graph, consumers, stop, loops, before, after) for before, after in sides]
    # All outputs are worth more than some.
    return max(
        filter(None, found), key=lambda cut: (len(cut.outputs.keys() & graph.outputs), cut.kept), default=None
    )


def kept_nodes(graph: SignatureGraph, advice: CutAdvice) -> set[str]:
    """Names of the nodes that a cut keeps: what its outputs compute with, not what they only wait for."""
    cut = set(advice.inputs.values())
    kept: set[str] = set()
    stack = [tensor for tensor in advice.outputs.values() if tensor not in cut]
    while stack:
        name = node_of(stack.pop())
        if name in graph.nodes and name not in kept:
            kept.add(name)
            stack += [tensor for tensor in _data_inputs(graph, name) if tensor not in cut]
    return kept


def _cut(  # noqa: PLR0917 - one caller
    graph: SignatureGraph,
    consumers: Mapping[str, Iterable[str]],
    stop: Cut,
    loops: set[str],
    before: Collection[str],
    after: Collection[str],
) -> CutAdvice | None:
    """The cut that takes some nodes away with what is before them, others with what is after them."""
    front = reach(graph.nodes, before, stop).nodes & set(graph.active) if before else set()
    back = follow(consumers, after)
    # A tensor in a loop has no single value: loops stay or go as a whole.
    if front & loops:
        front |= reach(graph.nodes, loops, stop).nodes & set(graph.active)
    if back & loops:
        back |= follow(consumers, loops)
    outputs = _outputs(graph, front, back, loops)
    if not outputs:
        return None
    found = _Sweep(graph, front, outputs, loops).best()
    if found is None:
        return None
    tensors, kept = found
    originals = {tensor: name for name, tensor in graph.inputs.items()}
    names = _distinct(originals.get(tensor) or _short_name(tensor) for tensor in tensors)
    every = sum(graph.nodes[name].op not in _TRIVIAL for name in graph.active)
    return CutAdvice(dict(zip(names, tensors, strict=True)), outputs, kept, every - kept)


def _loops(graph: SignatureGraph, consumers: Mapping[str, Iterable[str]]) -> set[str]:
    """The nodes inside of loops of TF1."""
    entries = [name for name, node in graph.nodes.items() if node.op in ("Enter", "RefEnter")]
    if not entries:
        return set()
    exits = [name for name, node in graph.nodes.items() if node.op in ("Exit", "RefExit")]
    return (follow(consumers, entries) & reach(graph.nodes, exits).nodes) - set(exits)


def _sides(
    graph: SignatureGraph, consumers: Mapping[str, Iterable[str]], anchors: Collection[str], stop: Cut
) -> tuple[set[str], set[str]]:
    """The anchors that go with what is before them, and those that go with what is after them."""
    if len(anchors) > _MOST_ANCHORS:
        return set(anchors), set()
    before: set[str] = set()
    after: set[str] = set()
    active = set(graph.active)
    for anchor in anchors:
        above = len(reach(graph.nodes, [anchor], stop).nodes & active)
        below = len(follow(consumers, [anchor]))
        (before if above <= below else after).add(anchor)
    return before, after


def _dtype(graph: SignatureGraph, tensor: str) -> str:
    node = graph.nodes.get(node_of(tensor)) or graph.fed.get(node_of(tensor))
    described = None if node is None else definition(node.op)
    if node is None or described is None:
        return ""
    return output_of(described, node.attr, tensor.partition(":")[2])[1].removesuffix("_ref")


def _data_inputs(graph: SignatureGraph, name: str) -> list[str]:
    return [tensor_of(edge) for edge in graph.nodes[name].input if edge[:1] != "^"]


def _outputs(
    graph: SignatureGraph, front: Collection[str], back: Collection[str], loops: Collection[str]
) -> dict[str, str]:
    """The outputs that are left; in place of those that are not, what was computed for them."""
    found = {
        name: tensor
        for name, tensor in graph.outputs.items()
        if node_of(tensor) in graph.active and node_of(tensor) not in front and node_of(tensor) not in back
    }
    if len(found) == len(graph.outputs):
        return found
    crossing: dict[str, None] = {}
    for name in (name for name in graph.nodes if name in back):
        for tensor in _data_inputs(graph, name):
            producer = node_of(tensor)
            is_left = producer in graph.active and producer not in front and producer not in back
            if is_left and producer not in loops and tensor not in found.values():
                crossing[tensor] = None
    fit = [tensor for tensor in crossing if _dtype(graph, tensor) not in _UNFIT]
    names = _distinct([*found, *map(_short_name, fit)])[len(found) :]
    return {**found, **dict(zip(names[:_MOST_NAMES], fit, strict=False))}


class _Sweep:
    """Moves the front on through what the outputs need, and looks for the best place."""

    def __init__(
        self, graph: SignatureGraph, front: set[str], outputs: Mapping[str, str], loops: Collection[str]
    ) -> None:
        self._graph, self._loops = graph, loops
        self._originals = frozenset(graph.inputs.values())
        self._outputs = {node_of(tensor) for tensor in outputs.values()}
        self._kept = self._needed(front)
        # Tensor -> how many of the nodes after the front use it.
        self._users: dict[str, int] = {}
        self._made: dict[str, list[str]] = {}
        for name in self._kept:
            for tensor in self._inputs(name):
                self._users[tensor] = self._users.get(tensor, 0) + 1
        for tensor in self._users:
            self._made.setdefault(node_of(tensor), []).append(tensor)
        self._frontier = dict.fromkeys(
            tensor for tensor in self._users if tensor in self._originals or node_of(tensor) not in self._kept
        )
        self._unfit = sum(map(self._is_unfit, self._frontier))

    def _inputs(self, name: str) -> list[str]:
        """The data inputs of a node that are computed at each call."""
        return [
            tensor
            for tensor in dict.fromkeys(_data_inputs(self._graph, name))
            if tensor in self._originals or node_of(tensor) in self._graph.active
        ]

    def _needed(self, front: Collection[str]) -> dict[str, None]:
        needed: set[str] = set()
        stack = list(self._outputs)
        while stack:
            name = stack.pop()
            if name in needed:
                continue
            needed.add(name)
            stack += [
                node_of(tensor)
                for tensor in self._inputs(name)
                if tensor not in self._originals and node_of(tensor) not in front
            ]
        return dict.fromkeys(name for name in self._graph.nodes if name in needed)

    def best(self) -> tuple[list[str], int] | None:
        """The inputs of the best cut, and how many ops that compute are after it; None if there is none."""
        left = sum(self._graph.nodes[name].op not in _TRIVIAL for name in self._kept)
        best: tuple[float, list[str], int] | None = None
        for name in self._order():
            if name:
                left -= self._graph.nodes[name].op not in _TRIVIAL
            if not self._unfit and self._frontier and left and len(self._frontier) <= _MOST_NAMES:
                score = left / (len(self._frontier) + 2)
                if best is None or score > best[0]:
                    best = score, list(self._frontier), left
        return None if best is None else best[1:]

    def _is_unfit(self, tensor: str) -> bool:
        return node_of(tensor) in self._loops or _dtype(self._graph, tensor) in _UNFIT

    def _order(self) -> Iterator[str]:
        """Yields nodes that the front has moved past, beginning with "", until it would take an output away.

        Each comes after all that it needs. Of those that may be next, that which leaves the fewest tensors;
        nodes of loops last, because a front that runs through a loop is no place for a cut.
        """
        yield ""
        waiting: dict[str, int] = {}
        followers: dict[str, list[str]] = {}
        for name in self._kept:
            producers = {node_of(tensor) for tensor in self._inputs(name) if tensor not in self._originals}
            producers = {
                one for one in producers if one in self._kept and self._graph.nodes[one].op != _BACKWARDS
            }
            waiting[name] = len(producers)
            for producer in producers:
                followers.setdefault(producer, []).append(name)
        free = [name for name, count in waiting.items() if not count and name not in self._outputs]
        ready: dict[bool, list[str]] = {True: [], False: []}  # whether it is in a loop -> names
        for name in free:
            ready[name in self._loops].append(name)
        while any(ready.values()):
            name = self._next(ready[not ready[False]])
            self._pass(name)
            yield name
            for follower in followers.get(name, ()):
                waiting[follower] -= 1
                if not waiting[follower] and follower not in self._outputs:
                    ready[follower in self._loops].append(follower)

    def _next(self, ready: list[str]) -> str:
        """Takes the node out of a list that leaves the fewest tensors."""
        # Among the first ones only: a graph may have thousands that wait for nothing.
        return ready.pop(min(range(min(len(ready), _MOST_READY)), key=lambda at: self._growth(ready[at])))

    def _growth(self, name: str) -> int:
        """By how many tensors the frontier grows when it moves past a node."""
        gone = sum(self._users[tensor] == 1 for tensor in self._inputs(name))
        return len(self._made.get(name, ())) - gone

    def _pass(self, name: str) -> None:
        for tensor in self._inputs(name):
            self._users[tensor] -= 1
            if not self._users[tensor] and tensor in self._frontier:
                del self._frontier[tensor]
                self._unfit -= self._is_unfit(tensor)
        for tensor in self._made.get(name, ()):
            if self._users[tensor]:
                self._frontier[tensor] = None
                self._unfit += self._is_unfit(tensor)


def _short_name(tensor: str) -> str:
    """A name for an input or output: the last part of the op's."""
    last = node_of(tensor).rpartition("/")[2]
    name = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in last).strip("_")
    return name if name[:1].isalpha() else f"tensor_{name}".rstrip("_")


def _distinct(names: Iterable[str]) -> list[str]:
    used: set[str] = set()
    found = []
    for name in names:
        candidate = free_name(name, used, first=2)
        used.add(candidate)
        found.append(candidate)
    return found
