"""Reads the slice of a graph that signatures need.

Each field of a message is read once: with Python's protobuf, access to a field costs more than all else here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from hubexplore.summary.graph.functions.bodies import takes_elements
from hubexplore.summary.graph.functions.inner_tensors import flat_view
from hubexplore.summary.graph.traversal import index_nodes, node_of, tensor_of
from hubexplore.summary.model import SignatureSummary, TensorSummary, VariantSummary
from hubexplore.summary.outline.dataflow import hidden_nodes
from hubexplore.summary.outline.dataflow.flow import (
    ASSET,
    CONSTANT,
    HIDDEN,
    INPUT,
    MISSING,
    OP,
    OUTPUT,
    PASS_THROUGH,
    TABLE,
    VARIABLE,
    DataFlow,
    Wire,
)
from hubexplore.summary.outline.dataflow.function_bodies import Frame, Inliner
from hubexplore.summary.outline.dataflow.node_kinds import (
    CONTROL_OPS,
    PASS_THROUGH_OPS,
    TABLE_OPS,
    VARIABLE_OPS,
)


def read_flow(
    meta_graph: Any,
    variant: VariantSummary,
    signatures: Sequence[SignatureSummary],
    expand: Collection[str],
    marked: Collection[str] = frozenset(),
) -> DataFlow:
    """Returns the slice that the signatures need, or the whole graph if there are no signatures.

    Args:
      meta_graph: MetaGraphDef-shaped message.
      variant: facts about it.
      signatures: signatures of the variant.
      expand: names that the reader asked to see. Constants, pass-through ops and shape arithmetic with one of
        these names, or directly in a scope with one of these names, are not hidden.
      marked: paths of nodes that are never hidden; what depends on them by control is wired to them.
    """
    graph_def = meta_graph.graph_def
    functions = {function.signature.name: function for function in graph_def.library.function}
    flat = flat_view(graph_def)
    if flat is not None:
        functions |= {function.signature.name: function for function in flat.functions}
    nodes = index_nodes(graph_def.node if flat is None else flat.nodes)
    flow = DataFlow(graph_names=nodes.keys(), functions=functions, marked=marked)
    if flat is not None:
        # A call that was inlined is no node any more, but a signature may still name it.
        flow.graph_names = nodes.keys() | flat.controls.keys()
        flow.function_scopes.update((scope, name) for scope, name in flat.scopes.items() if scope)
    builder = _FlowBuilder(flow, nodes, variant, {} if flat is None else flat.tensors)
    builder.build(signatures)
    # A function is unfolded wherever it is called.
    flow.expand = frozenset(expand) | {
        scope for scope, name in flow.function_scopes.items() if name in expand
    }
    flow.expand |= {scope for name in expand for scope in hidden_nodes.paths_ending_in(flow.names, name)}
    # In this order: hiding needs the topological order; wires are rerouted once it is known what stays
    # visible; what only control edges need is found by the wires that are left.
    hidden_nodes.set_order(flow)
    hidden_nodes.hide_static(flow)
    hidden_nodes.bypass_pass_through(flow)
    hidden_nodes.hide_control_only(flow)
    return flow


class _FlowBuilder:
    """Fills a DataFlow with kinds and wires as they are in the graph; nothing is hidden yet."""

    # Linear in the nodes of the slice and of the inlined bodies.

    def __init__(
        self, flow: DataFlow, nodes: dict[str, Any], variant: VariantSummary, values: Mapping[str, str]
    ) -> None:
        self.flow, self.nodes, self.variant = flow, nodes, variant
        # Tensor of an inlined call -> the tensor that has its value.
        self.values = values
        self.inliner = Inliner(flow.functions, self._add_nodes, self._add_missing)
        self.spans: list[tuple[Frame, int, int]] = []
        self.missing_nodes: dict[str, int] = {}
        self.kind_of_op: dict[str, str] = {}

    def build(self, signatures: Sequence[SignatureSummary]) -> None:
        flow, root = self.flow, Frame()
        feeds = self._add_inputs(signatures)
        root.feeds = feeds
        inputs = self._slice(signatures, feeds)
        self.inliner.inline(root, {name: node for name, node in self.nodes.items() if name in inputs})
        self._mark_resources(root)
        for frame, first, end in self.spans:
            if frame is root:
                self._wire_root(root, first, end, inputs)
            else:
                for number in range(first, end):
                    flow.wires[number] = self._resolved(frame, flow.messages[number].input)
        self._wire_control_calls()
        self._connect_computed_inputs(feeds, inputs, root)
        self._add_outputs(signatures, root)
        flow.function_scopes |= self.inliner.function_scopes

    def _add_inputs(self, signatures: Sequence[SignatureSummary]) -> dict[str, int]:
        """Adds the inputs, one for all signatures that feed a tensor; returns tensor name -> input."""
        feeds: dict[str, int] = {}
        for signature, tensor in ((owner.name, tensor) for owner in signatures for tensor in owner.inputs):
            names = list(self._tensors(tensor))
            shared = next((feeds[name] for name in names if name in feeds), None)
            number = self._endpoint(signature, tensor, INPUT, shared)
            for name in names if shared is None else ():
                # A node input that is output 0 is written without ":0"; both forms are looked up.
                feeds[name] = feeds[name.removesuffix(":0")] = number
        return feeds

    def _tensors(self, tensor: TensorSummary) -> Iterator[str]:
        """The full names of the tensors of an input or output, in the graph without calls."""
        for name in map(tensor_of, tensor.tensors):
            yield self.values.get(name, name)

    def _add_outputs(self, signatures: Sequence[SignatureSummary], root: Frame) -> None:
        """Adds the outputs; signatures that return the same tensors share one."""
        numbers: dict[tuple[str, ...], int] = {}
        # A tensor that only another signature feeds is computed in this one.
        unfed = Frame(definitions=root.definitions)
        for signature in signatures:
            fed = {name for tensor in signature.inputs for name in self._tensors(tensor)}
            for tensor in signature.outputs:
                number = self._endpoint(signature.name, tensor, OUTPUT, numbers.get(tensor.tensors))
                if tensor.tensors in numbers:
                    continue
                numbers[tensor.tensors] = number
                self.flow.outputs.append(number)
                for name in self._tensors(tensor):
                    frame = root if name in fed or node_of(name) not in root.definitions else unfed
                    self.flow.wires[number] = [*self.flow.wires[number], *self._resolved(frame, (name,))]

    def _endpoint(self, signature: str, tensor: TensorSummary, kind: str, number: int | None) -> int:
        """Records the name of an input or output in a signature; adds its node if `number` is None."""
        if number is None:
            number = self.flow.add(tensor.name, "", None, kind)
            self.flow.tensors[number] = tensor
        self.flow.signature_names.setdefault(number, []).append((signature, tensor.name))
        return number

    def _slice(self, signatures: Sequence[SignatureSummary], feeds: Collection[str]) -> dict[str, list[str]]:
        """Returns node name -> its inputs for all nodes that the signatures need."""
        if not signatures:
            return {name: list(node.input) for name, node in self.nodes.items()}
        # A walk stops at what its signature feeds. That makes a difference only where the fed node has inputs
        # of its own; signatures without such feeds share one walk, so a hundred of them cost one.
        walks: dict[frozenset[str], list[str]] = {}
        leaves = {name for name in feeds if not self._has_inputs(name)}
        for signature in signatures:
            fed = {name for tensor in signature.inputs for name in self._tensors(tensor)} - leaves
            targets = walks.setdefault(frozenset(fed), [])
            targets.extend(name for tensor in signature.outputs for name in self._tensors(tensor))
        inputs: dict[str, list[str]] = {}
        for tensors, targets in walks.items():
            stops = tensors | {name.removesuffix(":0") for name in tensors} | leaves
            inputs.update(self._needed_inputs([target for target in targets if target not in stops], stops))
        return inputs

    def _has_inputs(self, tensor: str) -> bool:
        """Returns whether the node of a tensor takes anything, unlike a placeholder."""
        node = self.nodes.get(node_of(tensor))
        return node is not None and len(node.input) > 0

    def _needed_inputs(self, targets: Iterable[str], stops: Collection[str]) -> dict[str, list[str]]:
        """Returns node name -> its inputs for all nodes that the targets need."""
        nodes = self.nodes
        inputs_of: dict[str, list[str]] = {}
        stack = [node_of(target) for target in targets]
        while stack:
            name = stack.pop()
            if name in inputs_of or name not in nodes:
                continue
            inputs_of[name] = inputs = list(nodes[name].input)
            for edge in inputs:
                if edge in inputs_of or edge in stops:
                    continue
                # Most inputs are plain names, which need no parsing.
                stack.append(edge if edge in nodes else node_of(edge))
        return inputs_of

    def _connect_computed_inputs(self, feeds: dict[str, int], needed: Collection[str], root: Frame) -> None:
        """Wires inputs of one signature to the nodes that compute these tensors in another signature."""
        for tensor, number in feeds.items():
            name = node_of(tensor)
            definition = root.definitions.get(name)
            if name not in needed or not isinstance(definition, int) or self.flow.wires[number]:
                continue
            if self.flow.ops[definition].startswith("Placeholder"):
                self.flow.wires[number] = self.flow.wires[definition]
                self.flow.kinds[definition] = HIDDEN
            else:
                self.flow.wires[number] = ((definition, tensor.partition(":")[2]),)

    def _add_nodes(self, frame: Frame, nodes: dict[str, Any], ops: list[str]) -> int:
        """Adds the nodes of a frame and returns the number of the first one."""
        # There are far fewer op types than nodes, and the kind of a type may cost a regular expression.
        for op in set(ops) - self.kind_of_op.keys():
            self.kind_of_op[op] = _kind_of_op(op)
        prefix, kind_of_op = frame.prefix, self.kind_of_op
        names = [prefix + name for name in nodes] if prefix else list(nodes)
        first = self.flow.extend(names, ops, list(nodes.values()), [kind_of_op[op] for op in ops])
        self.spans.append((frame, first, first + len(ops)))
        return first

    def _mark_resources(self, root: Frame) -> None:
        """Marks the nodes that the summary lists as variables, tables and assets."""
        variant = self.variant
        kinds = {table.node: TABLE for table in variant.tables}
        for variable in variant.variables:
            kinds[variable.node] = VARIABLE
            kinds.update((part.node, VARIABLE) for part in variable.partitions)
        kinds.update((node_of(tensor), ASSET) for asset in variant.assets for tensor in asset.tensors)
        for name, kind in kinds.items():
            definition = root.definitions.get(name)
            if isinstance(definition, int) and name:
                self.flow.kinds[definition] = kind

    def _add_missing(self, name: str) -> int:
        if name not in self.missing_nodes:
            self.missing_nodes[name] = self.flow.add(name, "", None, MISSING)
        return self.missing_nodes[name]

    def _wire_root(self, root: Frame, first: int, end: int, inputs: dict[str, list[str]]) -> None:
        """Sets the wires of the graph's own nodes."""
        # Most inputs are first outputs of such nodes: one look-up each. A node with any other input (an
        # output number, a control edge, a fed tensor, an inlined call) takes the general way.
        names, wires, feeds = self.flow.names, self.flow.wires, root.feeds
        wire_of: dict[str, Wire] = {
            name: (number, "") for number, name in enumerate(names[first:end], first) if name not in feeds
        }
        for number in range(first, end):
            edges = inputs[names[number]]
            try:
                wires[number] = [wire_of[edge] for edge in edges]
            except KeyError:
                wires[number] = self._resolved(root, edges)

    def _wire_control_calls(self) -> None:
        """Wires branches to their condition and to the results of their bodies, loops to the latter."""
        flow = self.flow
        for frame, name, call in self.inliner.control_calls:
            number = frame.definitions[name]
            if isinstance(number, int):
                op = flow.ops[number]
                # The rest of its inputs comes through the bodies; a dataset hands on what they do not use.
                inputs = flow.messages[number].input
                direct = inputs if takes_elements(op) else inputs[: int(CONTROL_OPS[op] != "loop")]
                wires = self._resolved(frame, direct)
                for inner_frame, function in call.bodies:
                    wires += self._resolved(inner_frame, function.ret.values())
                flow.wires[number] = wires

    def _resolved(self, frame: Frame, inputs: Iterable[str]) -> list[Wire]:
        wires: list[Wire] = []
        definitions, feeds = frame.definitions, frame.feeds
        for edge in inputs:
            if edge[:1] == "^":
                if self.flow.marked and f"{frame.prefix}{edge[1:]}" in self.flow.marked:
                    producer_of_control = definitions.get(edge[1:])
                    if isinstance(producer_of_control, int):
                        wires.append((producer_of_control, ""))
                continue
            producer, _, port = edge.partition(":")
            definition = definitions.get(producer)
            # `__class__ is` is measurably faster here than isinstance; there are no subclasses of int.
            if definition.__class__ is int and edge not in feeds:
                wires.append((definition, "" if port == "0" else port))
            else:
                wires.extend(self.inliner.producers(frame, edge))
        return wires


def _kind_of_op(op: str) -> str:
    if op == "Const":
        return CONSTANT
    if op in PASS_THROUGH_OPS:
        return PASS_THROUGH
    if op in VARIABLE_OPS:
        return VARIABLE
    return TABLE if TABLE_OPS.search(op) else OP
