"""Where to cut a signature so that what is left has no op that a format lacks.

An obstacle goes with all that comes before it, as the lookup of words does, or with all that comes after it,
as the lookup of the names of classes does. Of several, the first ones go with what is before them and the
others with what is after them; each such way is tried. The front then moves on, node by node, and the place
is taken that keeps much and has few inputs, as the one behind a concatenation of features.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
_MOST_SPLITS: Final = 9
"""Maximum number of ways to share the obstacles between before and after that are tried."""
_ALL_OUTPUTS: Final = 2
"""How many times as much a cut without all outputs has to keep, to be better than one that has them."""
_MOST_READY: Final = 64
"""Maximum number of nodes among which the next one is chosen."""
_UNFIT: Final = frozenset({"string", "resource", "variant", ""})
# What is no reason to keep a part of a graph.
_TRIVIAL: Final = frozenset({
    "Const", "Identity", "IdentityN", "NoOp", "Placeholder", "ReadVariableOp", "Shape", "StridedSlice",
    "VarHandleOp", "Variable", "VariableV2", "Pack", "Reshape", "Cast", "Rank", "Size", "ExpandDims",
    "Squeeze", "Transpose",
    # What only leads values into branches and loops, and out of them.
    "Enter", "RefEnter", "Exit", "RefExit", "Merge", "RefMerge", "Switch", "RefSwitch", "NextIteration",
    "RefNextIteration", "LoopCond",
})  # fmt: skip
# Their outputs depend on shapes, not on values.
_OF_SHAPES: Final = frozenset({"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"})
_ENTERS: Final = frozenset({"Enter", "RefEnter"})
_EXITS: Final = frozenset({"Exit", "RefExit"})
_BACKWARDS: Final = frozenset({"NextIteration", "RefNextIteration"})


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
    loops = _loops(graph)
    valued = _valued(graph)
    found = [
        _cut(graph, consumers, stop, loops, valued, before, after)
        for before, after in _sides(graph, consumers, anchors, stop)
    ]

    def amount(cut: CutAdvice) -> tuple[int, int]:
        outputs = len(cut.outputs.keys() & graph.outputs)
        return cut.kept * (_ALL_OUTPUTS if outputs == len(graph.outputs) else 1), outputs

    return max(filter(None, found), key=amount, default=None)


def _valued(graph: SignatureGraph) -> set[str]:
    """The nodes whose outputs depend on values, and not on shapes only: what is worth converting."""
    consumers = consumers_of({name: node for name, node in graph.nodes.items() if node.op not in _OF_SHAPES})
    fed = set(graph.inputs.values())
    first = {
        name
        for name in graph.active
        if graph.nodes[name].op not in _OF_SHAPES
        and (
            any(tensor in fed for tensor in _data_inputs(graph, name))
            or not any(node_of(tensor) in graph.active for tensor in _data_inputs(graph, name))
        )
    }
    return follow(consumers, first)


def _computing(graph: SignatureGraph, valued: Iterable[str]) -> set[str]:
    return {name for name in valued if graph.nodes[name].op not in _TRIVIAL}


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
    loops: Sequence[set[str]],
    valued: Collection[str],
    before: Collection[str],
    after: Collection[str],
) -> CutAdvice | None:
    """The cut that takes some nodes away with what is before them, others with what is after them."""
    active = set(graph.active)
    front = reach(graph.nodes, before, stop).nodes & active if before else set[str]()
    back = follow(consumers, after)
    # A tensor in a loop has no single value: loops stay or go as a whole.
    # Each as a whole, one after the other: what is before a loop may be loops, too.
    for _ in loops:
        opened = [loop for loop in loops if not front.isdisjoint(loop) and not loop & active <= front]
        if not opened:
            break
        front |= reach(graph.nodes, set().union(*opened), stop).nodes & active
    for _ in loops:
        opened = [loop for loop in loops if not back.isdisjoint(loop) and not loop <= back]
        if not opened:
            break
        back |= follow(consumers, set().union(*opened))
    inside = set[str]().union(*loops)
    computing = _computing(graph, valued)
    outputs = _outputs(graph, front, back, inside, valued)
    if not outputs:
        return None
    found = _Sweep(graph, front, outputs, inside, computing).best()
    if found is None:
        return None
    tensors, kept = found
    originals = {tensor: name for name, tensor in graph.inputs.items()}
    names = _distinct(originals.get(tensor) or _short_name(tensor) for tensor in tensors)
    return CutAdvice(dict(zip(names, tensors, strict=True)), outputs, kept, len(computing) - kept)


def _loops(graph: SignatureGraph) -> list[set[str]]:
    """The nodes inside of loops of TF1: a set for each loop, with those of the loops in it."""
    nodes = graph.nodes
    entries = [name for name, node in nodes.items() if node.op in _ENTERS]
    if not entries:
        return []
    # A loop begins at its Enter and ends before its Exit. What follows an Exit inside of another loop leads
    # back into that one, so that it stays or goes with it anyway.
    no_exits = {name: node for name, node in nodes.items() if node.op not in _EXITS}
    inside = follow(consumers_of(no_exits), entries)
    linked: dict[str, list[str]] = {name: [] for name in nodes if name in inside}
    for name, others in linked.items():
        for other in map(node_of, nodes[name].input):
            if other in linked:
                others.append(other)
                linked[other].append(name)
    loops: list[set[str]] = []
    seen: set[str] = set()
    for name in linked:
        if name not in seen:
            loops.append(follow(linked, [name]))
            seen |= loops[-1]
    return loops


def _sides(
    graph: SignatureGraph, consumers: Mapping[str, Iterable[str]], anchors: Collection[str], stop: Cut
) -> list[tuple[set[str], set[str]]]:
    """The anchors that go with what is before them, and those that go with what is after them: all ways."""
    every = set(anchors)
    found = [(every, set[str]()), (set[str](), every)]
    if len(anchors) > _MOST_ANCHORS:
        return found
    active = set(graph.active)
    above = {name: len(reach(graph.nodes, [name], stop).nodes & active) for name in anchors}
    before = {name for name in anchors if above[name] <= len(follow(consumers, [name]))}
    found.append((before, every - before))
    # Anchors one after the other: those of a loop, which need each other, are at one place.
    places = sorted(set(above.values()))[:-1]
    step = -(-len(places) // (_MOST_SPLITS - 1)) or 1
    for place in places[::step]:
        before = {name for name in anchors if above[name] <= place}
        found.append((before, every - before))
    return found


def _dtype(graph: SignatureGraph, tensor: str) -> str:
    node = graph.nodes.get(node_of(tensor)) or graph.fed.get(node_of(tensor))
    described = None if node is None else definition(node.op)
    if node is None or described is None:
        return ""
    return output_of(described, node.attr, tensor.partition(":")[2])[1].removesuffix("_ref")


def _data_inputs(graph: SignatureGraph, name: str) -> list[str]:
    return [tensor_of(edge) for edge in graph.nodes[name].input if edge[:1] != "^"]


def _outputs(
    graph: SignatureGraph,
    front: Collection[str],
    back: Collection[str],
    loops: Collection[str],
    valued: Collection[str],
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
    fit = _worth(
        graph, [tensor for tensor in crossing if _dtype(graph, tensor) not in _UNFIT][:_MOST_ANCHORS], valued
    )
    names = _distinct([*found, *map(_short_name, fit)])[len(found) :]
    return {**found, **dict(zip(names[:_MOST_NAMES], fit, strict=False))}


def _worth(graph: SignatureGraph, tensors: Iterable[str], valued: Collection[str]) -> list[str]:
    """Of tensors those that each are computed by something that the others do not have, in their order.

    Not the sizes that a loop counts up to, nor the zeros that it begins with.
    """
    stop, computing = Cut(tensors=frozenset(graph.inputs.values())), _computing(graph, valued)
    needed = {
        tensor: reach(graph.nodes, [tensor], stop).nodes & computing
        for tensor in tensors
        if node_of(tensor) in valued
    }
    covered: set[str] = set()
    worth = set()
    for tensor in sorted(needed, key=lambda one: -len(needed[one])):
        if needed[tensor] - covered:
            worth.add(tensor)
            covered |= needed[tensor]
    return [tensor for tensor in needed if tensor in worth]


class _Sweep:
    """Moves the front on through what the outputs need, and looks for the best place."""

    def __init__(
        self,
        graph: SignatureGraph,
        front: set[str],
        outputs: Mapping[str, str],
        loops: Collection[str],
        computing: Collection[str],
    ) -> None:
        self._graph, self._loops, self._computing = graph, loops, computing
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
        left = sum(name in self._computing for name in self._kept)
        best: tuple[float, list[str], int] | None = None
        for name in self._order():
            if name:
                left -= name in self._computing
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
                one for one in producers if one in self._kept and self._graph.nodes[one].op not in _BACKWARDS
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
