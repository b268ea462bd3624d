"""Reads the slice of a graph that signatures need; each field of a message once, for there may be many."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from hubexplore.summary.graph.traversal import index_nodes, node_of, tensor_of
from hubexplore.summary.model import SignatureSummary, TensorSummary, VariantSummary
from hubexplore.summary.outline.dataflow import hidden_nodes
from hubexplore.summary.outline.dataflow.flow import (
    ASIDE,
    ASSET,
    CONSTANT,
    INPUT,
    MISSING,
    OP,
    OUTPUT,
    PASSING,
    TABLE,
    VARIABLE,
    Flow,
    Wire,
)
from hubexplore.summary.outline.dataflow.function_bodies import Frame, Frames
from hubexplore.summary.outline.dataflow.node_kinds import CONTROL_OPS, PASSING_OPS, TABLE_OPS, VARIABLE_OPS


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
    functions = {each.signature.name: each for each in meta_graph.graph_def.library.function}
    flow = Flow(known=nodes.keys(), functions=functions)
    builder = _Builder(flow, nodes, variant)
    builder.build(signatures)
    # A function is unfolded wherever it is called.
    flow.expand = frozenset(expand) | {scope for scope, name in flow.opened.items() if name in expand}
    flow.expand |= {scope for name in expand for scope in hidden_nodes.ending(flow.names, name)}
    hidden_nodes.set_order(flow)
    hidden_nodes.step_aside(flow)
    hidden_nodes.skip_passing(flow)
    hidden_nodes.drop_control(flow)
    return flow


class _Builder:
    """Fills a Flow; afterwards its kinds and wires are as in the graph, nothing stepped aside yet."""

    def __init__(self, flow: Flow, nodes: dict[str, Any], variant: VariantSummary) -> None:
        self.flow, self.nodes, self.variant = flow, nodes, variant
        self.frames = Frames(flow.functions, self._add, self._missing)
        self.spans: list[tuple[Frame, int, int]] = []
        self.lost: dict[str, int] = {}
        self.kind_of: dict[str, str] = {}

    def build(self, signatures: Sequence[SignatureSummary]) -> None:
        flow, root = self.flow, Frame()
        cut = self._inputs(signatures)
        root.cut = cut
        inputs = self._slice(signatures, cut)
        self.frames.fill(root, {name: node for name, node in self.nodes.items() if name in inputs})
        self._name_kinds(root)
        for frame, first, end in self.spans:
            if frame is root:
                self._root_wires(root, first, end, inputs)
            else:
                for number in range(first, end):
                    flow.wires[number] = self._wires(frame, flow.messages[number].input)
        self._wire_choices()
        self._feed_inputs(cut, inputs, root)
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
        # What is an input to another signature only is computed in this one.
        uncut = Frame(places=root.places)
        for signature in signatures:
            fed = {tensor_of(name) for tensor in signature.inputs for name in tensor.tensors}
            for tensor in signature.outputs:
                number = self._end(signature.name, tensor, OUTPUT, known.get(tensor.tensors))
                if tensor.tensors in known:
                    continue
                known[tensor.tensors] = number
                self.flow.outputs.append(number)
                for name in tensor.tensors:
                    frame = root if tensor_of(name) in fed or node_of(name) not in root.places else uncut
                    self.flow.wires[number] = [*self.flow.wires[number], *self._wires(frame, (name,))]

    def _end(self, signature: str, tensor: TensorSummary, kind: str, number: int | None) -> int:
        """Notes under which names signatures know an input or output; adds it if `number` is None."""
        if number is None:
            number = self.flow.add(tensor.name, "", None, kind)
            self.flow.tensors[number] = tensor
        self.flow.ends.setdefault(number, []).append((signature, tensor.name))
        return number

    def _slice(self, signatures: Sequence[SignatureSummary], cut: Collection[str]) -> dict[str, list[str]]:
        """Returns node -> its inputs for what the signatures need."""
        if not signatures:
            return {name: list(node.input) for name, node in self.nodes.items()}
        # What is fed matters to a walk only where something else lies behind it, so most share one.
        walks: dict[frozenset[str], list[str]] = {}
        leaves = {name for name in cut if not self._goes_on(name)}
        for each in signatures:
            fed = {tensor_of(name) for tensor in each.inputs for name in tensor.tensors} - leaves
            targets = walks.setdefault(frozenset(fed), [])
            targets.extend(name for tensor in each.outputs for name in tensor.tensors)
        found: dict[str, list[str]] = {}
        for tensors, targets in walks.items():
            stops = tensors | {name.removesuffix(":0") for name in tensors} | leaves
            found.update(self._walk([each for each in targets if each not in stops], stops))
        return found

    def _goes_on(self, tensor: str) -> bool:
        node = self.nodes.get(node_of(tensor))
        return node is not None and len(node.input) > 0

    def _walk(self, targets: Iterable[str], stops: Collection[str]) -> dict[str, list[str]]:
        """Returns node -> its inputs for all that the targets need."""
        nodes = self.nodes
        found: dict[str, list[str]] = {}
        stack = [node_of(target) for target in targets]
        while stack:
            name = stack.pop()
            if name in found or name not in nodes:
                continue
            found[name] = inputs = list(nodes[name].input)
            for edge in inputs:
                if edge in found or edge in stops:
                    continue
                # A name alone is the common case.
                stack.append(edge if edge in nodes else node_of(edge))
        return found

    def _feed_inputs(self, cut: dict[str, int], wanted: Collection[str], root: Frame) -> None:
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

    def _add(self, frame: Frame, nodes: dict[str, Any], ops: list[str]) -> int:
        """Adds the nodes of a frame, and returns the number of the first."""
        for op in set(ops) - self.kind_of.keys():
            self.kind_of[op] = _kind_of_op(op)
        prefix, kind_of = frame.prefix, self.kind_of
        names = [prefix + name for name in nodes] if prefix else list(nodes)
        first = self.flow.extend(names, ops, list(nodes.values()), [kind_of[op] for op in ops])
        self.spans.append((frame, first, first + len(ops)))
        return first

    def _name_kinds(self, root: Frame) -> None:
        """Marks what the summary knows as variables, tables and assets."""
        variant = self.variant
        kinds = {each.node: TABLE for each in variant.tables}
        for variable in variant.variables:
            kinds[variable.node] = VARIABLE
            kinds.update((part.node, VARIABLE) for part in variable.partitions)
        kinds.update((node_of(tensor), ASSET) for each in variant.assets for tensor in each.tensors)
        for name, kind in kinds.items():
            place = root.places.get(name)
            if isinstance(place, int) and name:
                self.flow.kinds[place] = kind

    def _missing(self, name: str) -> int:
        if name not in self.lost:
            self.lost[name] = self.flow.add(name, "", None, MISSING)
        return self.lost[name]

    def _root_wires(self, root: Frame, first: int, end: int, inputs: dict[str, list[str]]) -> None:
        """Sets the wires of the graph's own nodes; most inputs are the first outputs of such nodes."""
        names, wires, cut = self.flow.names, self.flow.wires, root.cut
        wire_of: dict[str, Wire] = {
            name: (number, "") for number, name in enumerate(names[first:end], first) if name not in cut
        }
        for number in range(first, end):
            written = inputs[names[number]]
            try:
                wires[number] = [wire_of[each] for each in written]
            except KeyError:
                wires[number] = self._wires(root, written)

    def _wire_choices(self) -> None:
        """Branches and loops take their condition, if it is an input, and what their bodies give."""
        flow = self.flow
        for frame, name, call in self.frames.choices:
            number = frame.places[name]
            if isinstance(number, int):
                loop = CONTROL_OPS[flow.ops[number]] == "loop"
                given = [] if loop else self._wires(frame, flow.messages[number].input[:1])
                for inner, function in call.bodies:
                    given += self._wires(inner, function.ret.values())
                flow.wires[number] = given

    def _wires(self, frame: Frame, inputs: Iterable[str]) -> list[Wire]:
        wires: list[Wire] = []
        places, cut = frame.places, frame.cut
        for written in inputs:
            if written[:1] == "^":
                continue
            producer, _, port = written.partition(":")
            place = places.get(producer)
            if place.__class__ is int and written not in cut:
                wires.append((place, "" if port == "0" else port))
            else:
                wires.extend(self.frames.sources(frame, written))
        return wires


def _kind_of_op(op: str) -> str:
    if op == "Const":
        return CONSTANT
    if op in PASSING_OPS:
        return PASSING
    if op in VARIABLE_OPS:
        return VARIABLE
    return TABLE if TABLE_OPS.search(op) else OP
