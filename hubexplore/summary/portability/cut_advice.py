"""Where to cut a signature so that what is left has no op that a format lacks.

An obstacle goes with all that comes before it, as the lookup of words does, or with all that comes after it,
as the lookup of the names of classes does. Of several, the first ones go with what is before them and the
others with what is after them; each such way is tried. The front then moves on, node by node, and the place
is taken that keeps much and has few inputs, as the one behind a concatenation of features.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hubexplore.summary.free_names import free_name
from hubexplore.summary.graph.ops.op_definitions import definition
from hubexplore.summary.graph.ops.op_outputs import output_of
from hubexplore.summary.graph.traversal import consumers_of, follow, node_of, tensor_of
from hubexplore.summary.portability.obstacles import SignatureGraph

_MOST_ANCHORS: Final = 64
"""Maximum number of obstacles whose side is chosen one by one."""
_MOST_NAMES: Final = 16
"""Maximum number of inputs or outputs of a cut that is still advice."""
_MOST_SPLITS: Final = 9
"""Maximum number of ways to share the obstacles between before and after that are tried."""
_ALL_OUTPUTS: Final = 2
"""How many times as much a cut without all outputs has to keep, to be better than one that has them."""
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

    Linear in the nodes, except for the heap of those that the front may move past next.

    Args:
      graph: of a signature.
      anchors: names of the nodes that cannot be converted.
    """
    edges = _Edges(graph)
    found = [_cut(edges, before, after) for before, after in _sides(edges, anchors)]

    def amount(cut: CutAdvice) -> tuple[int, int]:
        outputs = len(cut.outputs.items() & graph.outputs.items())
        return cut.kept * (_ALL_OUTPUTS if outputs == len(graph.outputs) else 1), outputs

    return max(filter(None, found), key=amount, default=None)


class _Edges:
    """The edges of a signature's graph, read once for all cuts that are tried: reading them is what costs.

    Attributes:
      graph: of the signature.
      originals: tensors of its inputs.
      data: node -> tensors that it takes.
      inputs: node -> those of them that are computed at each call, each once.
      consumers: node -> nodes that have it as an input.
      producers: node that computes at each call -> those of its inputs that do.
      valued: nodes whose outputs depend on values, and not on shapes only: what is worth converting.
      computing: those of them that count.
      inside: nodes inside of loops of TF1.
      forwards: `consumers`, where each node of a loop leads to all others of it.
      backwards: `producers`, likewise.
    """

    def __init__(self, graph: SignatureGraph) -> None:
        self.graph = graph
        nodes, active = graph.nodes, frozenset(graph.active)
        self.originals = frozenset(graph.inputs.values())
        self.data = {name: _data_inputs(graph, name) for name in nodes}
        self.inputs = {
            name: [
                tensor
                for tensor in dict.fromkeys(tensors)
                if tensor in self.originals or node_of(tensor) in active
            ]
            for name, tensors in self.data.items()
        }
        self.consumers = consumers_of(nodes)
        self.producers = {
            name: [
                node_of(edge)
                for edge in nodes[name].input
                if node_of(edge) in active and (edge[:1] == "^" or tensor_of(edge) not in self.originals)
            ]
            for name in active
        }
        self.valued = self._valued()
        self.computing = {name for name in self.valued if nodes[name].op not in _TRIVIAL}
        loops = _loops(graph)
        self.inside = set[str]().union(*loops)
        # A tensor in a loop has no single value: loops stay or go as a whole.
        self.forwards = _with_rings(self.consumers, loops)
        self.backwards = _with_rings(self.producers, [loop & active for loop in loops])
        self._unfit: dict[str, bool] = {}

    def _valued(self) -> set[str]:
        graph = self.graph
        by_value = {name: node for name, node in graph.nodes.items() if node.op not in _OF_SHAPES}
        first = {
            name
            for name in graph.active
            if name in by_value
            and (
                not self.originals.isdisjoint(self.data[name])
                or not any(node_of(tensor) in graph.active for tensor in self.data[name])
            )
        }
        return follow(consumers_of(by_value), first)

    def is_unfit(self, tensor: str) -> bool:
        """Whether a tensor cannot be an input or output of a part, for its dtype."""
        if tensor not in self._unfit:
            self._unfit[tensor] = _dtype(self.graph, tensor) in _UNFIT
        return self._unfit[tensor]


def _with_rings(links: Mapping[str, list[str]], rings: Iterable[Collection[str]]) -> dict[str, list[str]]:
    """Links of nodes, and those that lead from each node of a ring to the next one."""
    found = dict(links)
    for ring in map(list, rings):
        for name, following in zip(ring, ring[1:] + ring[:1], strict=True):
            found[name] = [*found.get(name, ()), following]
    return found


def _reached_counts(
    links: Mapping[str, Iterable[str]], starts: Sequence[str], counted: Collection[str] | None = None
) -> dict[str, int]:
    """How many nodes `follow` reaches from each of some nodes, or how many of the counted ones.

    For all starts together, in one walk and a check; in one walk more for each level of nested loops.
    """
    order = _outermost_first(links, starts)
    # Each bit stands for a start from which the node is reached.
    marks = dict.fromkeys(order, 0)
    for number, start in enumerate(starts):
        marks[start] |= 1 << number
    is_changed = True
    while is_changed:
        is_changed = False
        for name in order:
            mark = marks[name]
            for other in links.get(name, ()):
                if mark & ~marks[other]:
                    marks[other] |= mark
                    is_changed = True
    totals = [0] * len(starts)
    for mark, count in Counter(marks[name] for name in order if counted is None or name in counted).items():
        for number in range(mark.bit_length()):
            totals[number] += count * (mark >> number & 1)
    return dict(zip(starts, totals, strict=True))


def _outermost_first(links: Mapping[str, Iterable[str]], starts: Iterable[str]) -> list[str]:
    """All nodes that are reached, each before those that it leads to, unless these lead back to it."""
    order: list[str] = []
    seen: set[str] = set()
    stack = [(start, False) for start in starts]
    while stack:
        name, is_done = stack.pop()
        if is_done:
            order.append(name)
        elif name not in seen:
            seen.add(name)
            stack.append((name, True))
            stack += [(other, False) for other in links.get(name, ()) if other not in seen]
    return order[::-1]


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


def _cut(edges: _Edges, before: Collection[str], after: Collection[str]) -> CutAdvice | None:
    """The cut that takes some nodes away with what is before them, others with what is after them."""
    graph = edges.graph
    front = follow(edges.backwards, (name for name in before if name in graph.active))
    outputs = _outputs(edges, front, follow(edges.forwards, after))
    if not outputs:
        return None
    found = _Sweep(edges, front, outputs).best()
    if found is None:
        return None
    tensors, kept = found
    originals = {tensor: name for name, tensor in graph.inputs.items()}
    names = _distinct(originals.get(tensor) or _short_name(tensor) for tensor in tensors)
    return CutAdvice(dict(zip(names, tensors, strict=True)), outputs, kept, len(edges.computing) - kept)


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


def _sides(edges: _Edges, anchors: Collection[str]) -> list[tuple[set[str], set[str]]]:
    """The anchors that go with what is before them, and those that go with what is after them: all ways."""
    every = set(anchors)
    befores = [every, set[str]()]
    if len(anchors) <= _MOST_ANCHORS:
        above = _reached_counts(edges.producers, [name for name in anchors if name in edges.producers])
        below = _reached_counts(edges.consumers, list(anchors))
        befores.append({name for name in anchors if above.get(name, 0) <= below[name]})
        # Anchors one after the other: those of a loop, which need each other, are at one place.
        places = sorted(set(above.values()))[:-1]
        step = -(-len(places) // (_MOST_SPLITS - 1)) or 1
        befores += [{name for name in anchors if above.get(name, 0) <= place} for place in places[::step]]
    distinct = [before for number, before in enumerate(befores) if before not in befores[:number]]
    return [(before, every - before) for before in distinct]


def _dtype(graph: SignatureGraph, tensor: str) -> str:
    node = graph.nodes.get(node_of(tensor)) or graph.fed.get(node_of(tensor))
    described = None if node is None else definition(node.op)
    if node is None or described is None:
        return ""
    return output_of(described, node.attr, tensor.partition(":")[2])[1].removesuffix("_ref")


def _data_inputs(graph: SignatureGraph, name: str) -> list[str]:
    return [tensor_of(edge) for edge in graph.nodes[name].input if edge[:1] != "^"]


def _outputs(edges: _Edges, front: Collection[str], back: Collection[str]) -> dict[str, str]:
    """The outputs that are left; in place of those that are not, what was computed for them."""
    graph = edges.graph
    found = {
        name: tensor
        for name, tensor in graph.outputs.items()
        if node_of(tensor) in graph.active and node_of(tensor) not in front and node_of(tensor) not in back
    }
    if len(found) == len(graph.outputs):
        return found
    left = set(found.values())
    crossing: dict[str, None] = {}
    for name in (name for name in graph.nodes if name in back):
        for tensor in edges.data[name]:
            producer = node_of(tensor)
            is_left = producer in graph.active and producer not in front and producer not in back
            if is_left and producer not in edges.inside and tensor not in left:
                crossing[tensor] = None
    fit = _worth(edges, [tensor for tensor in crossing if not edges.is_unfit(tensor)][:_MOST_ANCHORS])
    names = _distinct([*found, *map(_short_name, fit)])[len(found) :]
    return {**found, **dict(zip(names[:_MOST_NAMES], fit, strict=False))}


def _worth(edges: _Edges, tensors: Iterable[str]) -> list[str]:
    """Of tensors those that each are computed by something that the others do not have, in their order.

    Not the sizes that a loop counts up to, nor the zeros that it begins with.
    """
    candidates = {
        tensor: node_of(tensor)
        for tensor in tensors
        if node_of(tensor) in edges.valued and tensor not in edges.originals
    }
    counts = _reached_counts(edges.producers, list(dict.fromkeys(candidates.values())), edges.computing)
    covered: set[str] = set()
    worth = set()
    for tensor, producer in sorted(candidates.items(), key=lambda one: -counts[one[1]]):
        # What was covered has all that is before it covered, so that each node is visited once.
        stack = [producer]
        while stack:
            name = stack.pop()
            if name not in covered:
                covered.add(name)
                stack += edges.producers[name]
                if name in edges.computing:
                    worth.add(tensor)
    return [tensor for tensor in candidates if tensor in worth]


class _Sweep:
    """Moves the front on through what the outputs need, and looks for the best place."""

    def __init__(self, edges: _Edges, front: set[str], outputs: Mapping[str, str]) -> None:
        self._edges, self._loops, self._inputs = edges, edges.inside, edges.inputs
        self._originals = edges.originals
        self._outputs = {node_of(tensor) for tensor in outputs.values()}
        self._kept = self._needed(front)
        # Tensor -> the nodes after the front that use it.
        self._users: dict[str, set[str]] = {}
        for name in self._kept:
            for tensor in self._inputs[name]:
                self._users.setdefault(tensor, set()).add(name)
        self._made: dict[str, list[str]] = {}
        for tensor in self._users:
            self._made.setdefault(node_of(tensor), []).append(tensor)
        self._frontier = dict.fromkeys(
            tensor for tensor in self._users if tensor in self._originals or node_of(tensor) not in self._kept
        )
        self._unfit = sum(map(self._is_unfit, self._frontier))
        # A heap of the nodes that may be next: (whether in a loop, growth, number, name). A node whose growth
        # becomes less is in it again.
        self._ready: list[tuple[bool, int, int, str]] = []
        self._numbers: dict[str, int] = {}

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
                for tensor in self._inputs[name]
                if tensor not in self._originals and node_of(tensor) not in front
            ]
        return dict.fromkeys(name for name in self._edges.graph.nodes if name in needed)

    def best(self) -> tuple[list[str], int] | None:
        """The inputs of the best cut, and how many ops that compute are after it; None if there is none."""
        computing = self._edges.computing
        left = sum(name in computing for name in self._kept)
        best: tuple[float, list[str], int] | None = None
        for name in self._order():
            if name:
                left -= name in computing
            if not self._unfit and self._frontier and left and len(self._frontier) <= _MOST_NAMES:
                score = left / (len(self._frontier) + 2)
                if best is None or score > best[0]:
                    best = score, list(self._frontier), left
        return None if best is None else best[1:]

    def _is_unfit(self, tensor: str) -> bool:
        return node_of(tensor) in self._loops or self._edges.is_unfit(tensor)

    def _order(self) -> Iterator[str]:
        """Yields nodes that the front has moved past, beginning with "", until it would take an output away.

        Each comes after all that it needs. Of those that may be next, that which leaves the fewest tensors;
        nodes of loops last, because a front that runs through a loop is no place for a cut.
        """
        yield ""
        nodes = self._edges.graph.nodes
        waiting: dict[str, int] = {}
        followers: dict[str, list[str]] = {}
        for name in self._kept:
            producers = {node_of(tensor) for tensor in self._inputs[name] if tensor not in self._originals}
            producers = {one for one in producers if one in self._kept and nodes[one].op not in _BACKWARDS}
            waiting[name] = len(producers)
            for producer in producers:
                followers.setdefault(producer, []).append(name)
        for name in [name for name, count in waiting.items() if not count]:
            self._may_be_next(name)
        while self._ready:
            name = heapq.heappop(self._ready)[-1]
            if name not in waiting:  # passed already, with a greater growth
                continue
            del waiting[name]
            self._pass(name)
            yield name
            for follower in followers.get(name, ()):
                if follower in waiting:
                    waiting[follower] -= 1
                    if not waiting[follower]:
                        self._may_be_next(follower)

    def _may_be_next(self, name: str) -> None:
        if name not in self._outputs:
            number = self._numbers.setdefault(name, len(self._numbers))
            heapq.heappush(self._ready, (name in self._loops, self._growth(name), number, name))

    def _growth(self, name: str) -> int:
        """By how many tensors the frontier grows when it moves past a node."""
        gone = sum(len(self._users[tensor]) == 1 for tensor in self._inputs[name])
        return len(self._made.get(name, ())) - gone

    def _pass(self, name: str) -> None:
        for tensor in self._inputs[name]:
            users = self._users[tensor]
            users.remove(name)
            if len(users) == 1:
                (last,) = users
                if last in self._numbers:
                    self._may_be_next(last)
            elif not users and tensor in self._frontier:
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
