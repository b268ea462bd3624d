"""The part of a graph that a picture is made of: its nodes, function bodies laid open, and who feeds whom.

Nodes are numbers here, and facts about them lists, because there may be hundreds of thousands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hubexplore.summary.graph import Cut, index_nodes, node_of, reach, tensor_of
from hubexplore.summary.model import SignatureSummary, TensorSummary, VariantSummary
from hubexplore.summary.outline.bodies import Frame, Frames
from hubexplore.summary.outline.names import PASSING_OPS, SHAPE_OPS, TABLE_OPS, UNSTABLE_OPS, VARIABLE_OPS

OP: Final = "op"
INPUT: Final = "input"
OUTPUT: Final = "output"
VARIABLE: Final = "variable"
TABLE: Final = "table"
ASSET: Final = "asset"
CONSTANT: Final = "constant"
MISSING: Final = "missing"
PASSING: Final = "passing"
"""A node that edges run through."""
ASIDE: Final = "aside"
"""A node that follows from constants and shapes alone."""

Wire = tuple[int, str]
"""(node, output): an output is "" or "2" in a graph, "name:2" in a body."""


@dataclass(eq=False)
class Flow:
    """Nodes by number; `wires` are their data inputs, with the passing nodes skipped.

    Attributes:
      names: unique paths of the graph's nodes; names in the signature for inputs and outputs.
      ops: types; empty for inputs, outputs and missing nodes.
      messages: NodeDef-shaped; None where there is none.
      kinds: OP, INPUT, ...
      tensors: the TensorSummary of inputs and outputs.
      ends: (signature, name in it) of inputs and outputs, which signatures may share.
      outputs: numbers of the outputs.
      opened: scope -> name of the function whose body it is.
      known: all node names of the graph, also outside of the slice.
      expand: names of what was asked for, functions as the scopes of their calls.
      rank: position of each node where values flow from lower to higher, circles aside.
    """

    names: list[str] = field(default_factory=list)
    ops: list[str] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    wires: list[Sequence[Wire]] = field(default_factory=list)
    tensors: dict[int, TensorSummary] = field(default_factory=dict)
    ends: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    outputs: list[int] = field(default_factory=list)
    opened: dict[str, str] = field(default_factory=dict)
    known: Collection[str] = ()
    rank: list[int] = field(default_factory=list)
    expand: frozenset[str] = frozenset()

    def add(self, name: str, op: str, message: Any, kind: str) -> int:
        """Adds a node and returns its number."""
        self.names.append(name)
        self.ops.append(op)
        self.messages.append(message)
        self.kinds.append(kind)
        self.wires.append(())
        return len(self.names) - 1


def read_flow(
    meta_graph: Any,
    variant: VariantSummary,
    signatures: Sequence[SignatureSummary],
    expand: Collection[str],
) -> Flow:
    """Returns the slice that the signatures need; the whole graph where there are no signatures.

    Args:
      meta_graph: MetaGraphDef-shaped.
      variant: facts about it.
      signatures: of the variant.
      expand: what the reader asked to see: constants, passing ops and shape arithmetic that are named here,
        or lie directly in a scope that is, do not step aside.
    """
    nodes = index_nodes(meta_graph.graph_def.node)
    flow = Flow(known=nodes.keys())
    builder = _Builder(flow, nodes, meta_graph.graph_def.library, variant)
    builder.build(signatures)
    # A function is unfolded wherever it is called.
    flow.expand = frozenset(expand) | {scope for scope, name in flow.opened.items() if name in expand}
    flow.expand |= {scope for name in expand for scope in _ending(flow.names, name)}
    _step_aside(flow)
    _skip_passing(flow)
    flow.rank = _ranks(flow.wires, flow.outputs)
    _drop_control(flow)
    return flow


def _ending(names: Iterable[str], wanted: str) -> set[str]:
    """Scopes and nodes that end in what a picture calls them, where no name begins with it."""
    inner = f"/{wanted.partition('..')[0]}/"
    rest = wanted[len(inner) - 2 :]
    found = set()
    for name in names:
        if name.startswith(inner[1:]) or name == inner[1:-1]:
            return set()
        at = f"{name}/".find(inner)
        if at >= 0:
            found.add(name[: at + len(inner) - 1] + rest)
    return found


class _Builder:
    """Fills a Flow; afterwards its kinds and wires are as in the graph, nothing stepped aside yet."""

    def __init__(self, flow: Flow, nodes: dict[str, Any], library: Any, variant: VariantSummary) -> None:
        self.flow, self.nodes = flow, nodes
        self.frames = Frames(
            {function.signature.name: function for function in library.function}, self._add, self._missing
        )
        self.frame_of: dict[int, Frame] = {}
        self.lost: dict[str, int] = {}
        self.variables = {part.node for each in variant.variables for part in each.partitions}
        self.variables |= {each.node for each in variant.variables}
        self.tables = {each.node for each in variant.tables}
        self.assets = {node_of(tensor) for each in variant.assets for tensor in each.tensors}

    def build(self, signatures: Sequence[SignatureSummary]) -> None:
        flow, root = self.flow, Frame()
        cut = self._inputs(signatures)
        root.cut = cut
        wanted = self._slice(signatures) if signatures else set(self.nodes)
        self.frames.fill(root, (node for name, node in self.nodes.items() if name in wanted))
        for number, frame in self.frame_of.items():
            flow.wires[number] = self._wires(frame, flow.messages[number].input)
        self._feed_inputs(cut, wanted, root)
        self._outputs(signatures, root)
        flow.opened = self.frames.opened

    def _inputs(self, signatures: Sequence[SignatureSummary]) -> dict[str, int]:
        """Adds the inputs; signatures that are fed at the same tensors share one."""
        cut: dict[str, int] = {}
        for signature, tensor in ((each.name, tensor) for each in signatures for tensor in each.inputs):
            known = next((cut[tensor_of(name)] for name in tensor.tensors if tensor_of(name) in cut), None)
            number = self._end(signature, tensor, INPUT, known)
            for name in tensor.tensors if known is None else ():
                # A graph's input is written without ":0".
                cut[tensor_of(name)] = cut[tensor_of(name).removesuffix(":0")] = number
        return cut

    def _outputs(self, signatures: Sequence[SignatureSummary], root: Frame) -> None:
        """Adds the outputs; signatures that give the same tensor share one."""
        known: dict[tuple[str, ...], int] = {}
        for signature, tensor in ((each.name, tensor) for each in signatures for tensor in each.outputs):
            number = self._end(signature, tensor, OUTPUT, known.get(tensor.tensors))
            if tensor.tensors not in known:
                known[tensor.tensors] = number
                self.flow.outputs.append(number)
                self.flow.wires[number] = self._wires(root, tensor.tensors)

    def _end(self, signature: str, tensor: TensorSummary, kind: str, number: int | None) -> int:
        """Notes under which names signatures know an input or output; adds it if `number` is None."""
        if number is None:
            number = self.flow.add(tensor.name, "", None, kind)
            self.flow.tensors[number] = tensor
        self.flow.ends.setdefault(number, []).append((signature, tensor.name))
        return number

    def _slice(self, signatures: Sequence[SignatureSummary]) -> set[str]:
        wanted: set[str] = set()
        for each in signatures:
            fed = frozenset(tensor_of(name) for tensor in each.inputs for name in tensor.tensors)
            targets = [name for tensor in each.outputs for name in tensor.tensors]
            wanted |= reach(self.nodes, targets, Cut(tensors=fed)).nodes
        return wanted

    def _feed_inputs(self, cut: dict[str, int], wanted: set[str], root: Frame) -> None:
        """What is an input to one signature may be computed in another one."""
        for tensor, number in cut.items():
            name = node_of(tensor)
            place = root.places.get(name)
            if name not in wanted or not isinstance(place, int) or self.flow.wires[number]:
                continue
            if self.flow.ops[place].startswith("Placeholder"):
                self.flow.wires[number] = self.flow.wires[place]
                self.flow.kinds[place] = ASIDE
            else:
                self.flow.wires[number] = ((place, tensor.partition(":")[2]),)

    def _add(self, name: str, node: Any, frame: Frame) -> int:
        op = node.op
        number = self.flow.add(name, op, node, OP if frame.prefix else self._kind(name, op))
        if frame.prefix:
            self.flow.kinds[number] = _kind_of_op(op)
        self.frame_of[number] = frame
        return number

    def _kind(self, name: str, op: str) -> str:
        if name in self.assets and name:
            return ASSET
        if name in self.variables and name:
            return VARIABLE
        return TABLE if name in self.tables else _kind_of_op(op)

    def _missing(self, name: str) -> int:
        if name not in self.lost:
            self.lost[name] = self.flow.add(name, "", None, MISSING)
        return self.lost[name]

    def _wires(self, frame: Frame, inputs: Iterable[str]) -> list[Wire]:
        if not frame.prefix:
            # The hot loop of a large graph: most inputs are ordinary nodes of the graph itself.
            wires: list[Wire] = []
            places, cut = frame.places, frame.cut
            for written in inputs:
                place = places.get(written)
                if place.__class__ is int and written not in cut:
                    wires.append((place, ""))
                elif written[:1] != "^":
                    wires.extend(self.frames.sources(frame, written))
            return wires
        return [
            wire
            for written in inputs
            if not written.startswith("^")
            for wire in self.frames.sources(frame, written)
        ]


def _kind_of_op(op: str) -> str:
    if op == "Const":
        return CONSTANT
    if op in PASSING_OPS:
        return PASSING
    if op in VARIABLE_OPS:
        return VARIABLE
    return TABLE if TABLE_OPS.search(op) else OP


def _step_aside(flow: Flow) -> None:
    """Marks as ASIDE what follows from constants and shapes alone, except what feeds an output."""
    expand = flow.expand
    consumers: list[list[int]] = [[] for _ in flow.names]
    for number, wires in enumerate(flow.wires):
        for source, _ in wires:
            consumers[source].append(number)
    named = {number for number, name in enumerate(flow.names) if name in expand} if expand else set()
    asked = named | {number for number, name in enumerate(flow.names) if _scope(name) in expand}
    waiting = [len(wires) for wires in flow.wires]
    ready = [number for number, kind in enumerate(flow.kinds) if kind == CONSTANT]
    ready += [number for number, op in enumerate(flow.ops) if op in SHAPE_OPS]
    settled = set(ready)
    while ready:
        number = ready.pop()
        for consumer in consumers[number]:
            waiting[consumer] -= 1
            if not waiting[consumer] and consumer not in settled and _follows(flow, consumer):
                settled.add(consumer)
                ready.append(consumer)
    shown = _feeding_outputs(flow, settled)
    for number in settled - shown:
        if flow.kinds[number] == CONSTANT:
            if number in named or any(consumer in named for consumer in consumers[number]):
                continue
        elif number in asked:
            continue
        flow.kinds[number] = ASIDE
    for number in asked:
        if flow.kinds[number] == PASSING and (flow.ops[number] == "Identity" or number in named):
            flow.kinds[number] = OP


def _scope(name: str) -> str:
    return name.rpartition("/")[0]


def _follows(flow: Flow, number: int) -> bool:
    return flow.kinds[number] in (OP, PASSING) and not UNSTABLE_OPS.search(flow.ops[number])


def _feeding_outputs(flow: Flow, settled: set[int]) -> set[int]:
    """Those of `settled` that an output follows from; constants only where they are the output."""
    stack = [source for output in flow.outputs for source, _ in flow.wires[output] if source in settled]
    shown = set(stack)
    while stack:
        for source, _ in flow.wires[stack.pop()]:
            if source in settled and source not in shown and flow.kinds[source] != CONSTANT:
                shown.add(source)
                stack.append(source)
    return shown


def _skip_passing(flow: Flow) -> None:
    """Replaces wires from passing nodes by wires from where these get their value."""
    kinds, wires = flow.kinds, flow.wires
    origin: dict[int, Wire] = {}
    for number, kind in enumerate(kinds):
        if kind != PASSING or number in origin:
            continue
        path: dict[int, None] = {}
        at, port = number, ""
        while kinds[at] == PASSING and at not in origin and at not in path and wires[at]:
            path[at] = None
            at, port = wires[at][0]
        end = origin.get(at, (at, port))
        origin.update((each, end) for each in path)
    if origin:
        for number in range(len(wires)):
            if any(source in origin for source, _ in wires[number]):
                wires[number] = [origin.get(wire[0], wire) for wire in wires[number]]


def _drop_control(flow: Flow) -> None:
    """Marks as ASIDE what no output gets a value from: it is there for control edges only."""
    if not flow.outputs:
        return
    reached = max(flow.rank[number] for number in flow.outputs)
    for number, kind in enumerate(flow.kinds):
        if (
            kind in (OP, CONSTANT)
            and flow.rank[number] > reached
            and _scope(flow.names[number]) not in flow.expand
        ):
            flow.kinds[number] = ASIDE


def _ranks(wires: Sequence[Sequence[Wire]], outputs: Sequence[int]) -> list[int]:
    """Positions such that what feeds a node comes before it; where there is a circle, as it comes."""
    rank = [-1] * len(wires)
    position = 0
    for start in (*outputs, *range(len(wires))):
        if rank[start] != -1:
            continue
        rank[start] = -2
        stack = [(start, iter(wires[start]))]
        while stack:
            number, sources = stack[-1]
            for source, _ in sources:
                if rank[source] == -1:
                    rank[source] = -2
                    stack.append((source, iter(wires[source])))
                    break
            else:
                stack.pop()
                rank[number] = position
                position += 1
    return rank
