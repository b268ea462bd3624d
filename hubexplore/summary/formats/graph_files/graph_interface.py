"""Inputs and outputs of a graph that declares none.

The inputs are its placeholders, and what its queues and iterators return; the outputs are the tensors that
nothing uses. Of a graph for training, what computes gradients, changes variables or writes summaries is left
out. If its other results all need labels, as a loss does, the outputs are the last tensors that do not.
Linear in nodes and edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.summary.formats.graph_files import graph_parts as parts
from hubexplore.summary.formats.graph_files.graph_parts import Nodes
from hubexplore.summary.graph.ops.op_definitions import OpDefinition
from hubexplore.summary.graph.traversal import consumers_of, follow, node_of, reach, tensor_of
from hubexplore.summary.module_format import DEFAULT_SIGNATURE

WITH_LABELS: Final = "with_labels"
"""Signature of a graph for training whose outputs include those that need labels, such as the loss."""
_EXITS: Final = frozenset({"Exit", "RefExit"})
_LOOPS: Final = frozenset({"While", "StatelessWhile"})
_FORWARDING: Final = frozenset({"Identity", "ReadVariableOp", "Cast", "StopGradient", "Enter", "RefEnter"})
_LOSSES: Final = frozenset({"SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits"})
_SWITCHES: Final = frozenset({"Switch", "RefSwitch"})

# Nodes between a tensor and what is made of its shape.
_LONGEST_SHAPE: Final = 8

Tensors = tuple[str, ...]


@dataclass(frozen=True)
class Interface:
    """Tensors ("x:0") that a signature takes and returns."""

    inputs: Tensors
    outputs: Tensors


def find(
    nodes: Nodes, functions: Mapping[str, OpDefinition], stateless: Iterable[str] = ()
) -> dict[str, Interface]:
    """The signatures by name that a graph has by default: `default`, for training graphs also WITH_LABELS.

    Args:
      nodes: node name -> node.
      functions: the definitions of the functions that nodes call by their type.
      stateless: variables without a value. What needs one of them is not an output.

    Returns:
      Nothing if the graph has no output.
    """
    return _Finder(nodes, functions, frozenset(stateless)).interfaces()


class _Finder:
    """Finds the interfaces of one graph."""

    def __init__(
        self, nodes: Nodes, functions: Mapping[str, OpDefinition], stateless: frozenset[str]
    ) -> None:
        self._nodes = nodes
        self._functions = functions
        self._training = parts.training_nodes(nodes)
        self._consumers = consumers_of(nodes)
        self._sources = [name for name in parts.inputs(nodes) if self._values(name)]
        if not self._sources:
            self._sources = parts.decoded_constants(nodes)
        writers = [name for name, node in nodes.items() if parts.is_writer(node)]
        # What follows from a write, as the result of an update of a metric does, changes state.
        # Only data counts: a result that waits for the update of a moving average is a result.
        data: dict[str, list[str]] = {}
        for name, node in nodes.items():
            for edge in node.input:
                if edge[:1] != "^":
                    data.setdefault(node_of(edge), []).append(name)
        self._data = data
        handles = [name for name, node in nodes.items() if parts.is_input(node) and not self._values(name)]
        starts = [*writers, *stateless, *handles, *parts.saver_nodes(nodes)]
        self._excluded = self._training | follow(data, starts)
        self._sources = [name for name in self._sources if name not in self._excluded]

    def interfaces(self) -> dict[str, Interface]:
        sinks = self._sinks()
        needing = self._below(self._sources)
        dependent = [name for name in sinks if name in needing]
        if dependent and (self._training or self._is_pipelined()):
            sinks = dependent
        if not sinks:
            return {}
        needing_labels = self._needing_labels(needing) if self._training else set()
        plain = [name for name in sinks if name not in needing_labels]
        if needing_labels:
            plain = self._results(plain, needing_labels, needing)
        if not needing_labels or not plain:
            return {DEFAULT_SIGNATURE: self._interface(sinks)}
        result = {DEFAULT_SIGNATURE: self._interface(plain)}
        if len(plain) < len(sinks) or plain != sinks:
            result[WITH_LABELS] = self._interface([*plain, *(name for name in sinks if name not in plain)])
        return result

    def _results(self, plain: list[str], needing_labels: set[str], needing: set[str]) -> list[str]:
        """The results of a graph with labels: of the sinks that need none, those that weights have a part in.

        Others, such as the shortest length that a recurrent layer computes and does not use, are left over.
        """
        _, weighted = self._around_weights()
        last = [] if weighted.intersection(plain) else self._last_before(needing_labels, needing)
        return [name for name in (*plain, *last) if name in weighted] or plain or last

    def _is_pipelined(self) -> bool:
        return any(parts.is_pipeline_end(self._nodes[name]) for name in self._sources)

    def _values(self, name: str) -> Tensors:
        """The tensors of a node that hold values."""
        node = self._nodes[name]
        dtypes = parts.dtypes_of(node, self._functions)
        if dtypes is None:
            return (f"{name}:0",)
        return tuple(f"{name}:{number}" for number, dtype in enumerate(dtypes) if parts.is_value(dtype))

    def _sinks(self) -> list[str]:
        """The nodes whose outputs nothing uses and that can be results, in the order of the graph."""
        # A size that nothing uses is left over from the building of a loss.
        sizes = {
            name
            for name, node in self._nodes.items()
            if parts.is_shape_of(node) and not self._consumers.get(name)
        }
        used = parts.used_nodes(self._nodes, self._training | sizes)
        # What only makes others wait, as a guard of an assertion does, is hardly a result.
        waited = {edge[1:] for node in self._nodes.values() for edge in node.input if edge[:1] == "^"}
        sinks = [
            self._behind_print(name)
            for name, node in self._nodes.items()
            if name not in used
            and name not in self._excluded
            and not parts.is_no_result(node)
            and not parts.is_writer(node)
            and not parts.is_observer(node)
            and node.op not in parts.VARIABLES
            and not self._is_branch_mark(node)
            and not self._is_weight(node)
            and self._values(name)
        ]
        sinks = [name for name in sinks if name not in waited] or sinks
        sinks = [name for name in sinks if name not in sizes] or sinks
        # The counter of a loop is left over where another of its values is used.
        continued = {self._loop(name) for name in used} - {""}
        return list(dict.fromkeys(name for name in sinks if self._loop(name) not in continued))

    def _loop(self, name: str) -> str:
        """The loop whose result a node returns; empty if it is not such a node."""
        node = self._nodes[name]
        if node.op in _EXITS:
            return name.rpartition("/")[0] or name
        producer = self._nodes.get(node_of(node.input[0])) if node.op == "Identity" and node.input else None
        return producer.name if producer is not None and producer.op in _LOOPS else ""

    def _behind_print(self, name: str) -> str:
        while self._nodes[name].op == "Print":
            name = node_of(self._nodes[name].input[0])
        return name

    def _is_branch_mark(self, node: Any) -> bool:
        """Whether it only says which branch of a condition is taken."""
        if node.op != "Identity" or not node.input:
            return False
        producer = self._nodes.get(node_of(node.input[0]))
        return producer is not None and producer.op in _SWITCHES

    def _is_weight(self, node: Any) -> bool:
        """Whether it only reads a constant or variable, also inside a condition."""
        while node is not None and (node.op in _FORWARDING or node.op in _SWITCHES) and node.input:
            node = self._nodes.get(node_of(node.input[0]))
            if node is not None and (node.op == "Const" or node.op in parts.VARIABLES):
                return True
        return False

    def _below(self, names: Iterable[str]) -> set[str]:
        return follow(self._data, names)

    def _needing_labels(self, needing: set[str]) -> set[str]:
        """The nodes that compare what the model computes with labels, and all behind them."""
        feeding, weighted = self._around_weights()
        labels = self._label_parts(feeding)
        if labels:
            return self._below(labels)
        # An autoencoder compares its results with its inputs, behind all of its weights.
        sizes = self._below(name for name in self._nodes if self._is_shape_of(name))
        given = self._below(
            name for name in self._sources if self._nodes[name].op != "PlaceholderWithDefault"
        )
        given -= weighted | sizes
        compared = []
        for name in (needing & weighted) - feeding - self._excluded:
            inputs = {node_of(edge) for edge in self._nodes[name].input if edge[:1] != "^"}
            if inputs & given and inputs & weighted:
                compared.append(name)
        return self._below(compared)

    def _around_weights(self) -> tuple[set[str], set[str]]:
        """The nodes that lead to one that takes the value of a variable, and the nodes behind variables."""
        weights = [name for name, node in self._nodes.items() if node.op in parts.VARIABLES]
        readers = set(weights)
        stack = list(weights)
        while stack:
            for name in self._data.get(stack.pop(), ()):
                if name not in readers and self._nodes[name].op in _FORWARDING:
                    readers.add(name)
                    stack.append(name)
        # Nodes that take the value of a variable directly, as a MatMul does; those of training do not count.
        meeting = {
            name
            for reader in readers
            for name in self._data.get(reader, ())
            if name not in self._excluded and not parts.is_writer(self._nodes[name])
        }
        producers: dict[str, list[str]] = {
            name: [node_of(edge) for edge in node.input if edge[:1] != "^"]
            for name, node in self._nodes.items()
        }
        return follow(producers, meeting), self._below(weights)

    def _label_parts(self, feeding: set[str]) -> set[str]:
        """Those of the sources that do not feed a node with a weight, by the tensor for queues."""
        labels = {
            name
            for name in self._sources
            if name not in feeding and self._nodes[name].op != "PlaceholderWithDefault"
        }
        for name in self._sources:
            if parts.is_pipeline_end(self._nodes[name]) and name in feeding:
                labels |= self._labels_of_pipeline(name, feeding)
        return labels if len(labels) < len(self._sources) or self._is_pipelined() else set()

    def _labels_of_pipeline(self, name: str, feeding: set[str]) -> set[str]:
        """The consumers of those outputs of a queue that do not feed a node with a weight."""
        ports: dict[str, list[str]] = {}
        for consumer in dict.fromkeys(self._data.get(name, ())):
            for edge in self._nodes[consumer].input:
                if edge[:1] != "^" and node_of(edge) == name:
                    ports.setdefault(tensor_of(edge), []).append(consumer)
        return {
            consumer
            for consumers in ports.values()
            if not any(consumer in feeding for consumer in consumers)
            for consumer in consumers
            if consumer not in self._training
        }

    def _last_before(self, needing_labels: set[str], needing: set[str]) -> list[str]:
        """The nodes that need inputs but no labels, and that only nodes with labels use."""
        last = [
            self._before_loss(name)
            for name, node in self._nodes.items()
            if name in needing
            and name not in needing_labels
            and name not in self._excluded
            and not parts.is_no_result(node)
            and not parts.is_input(node)
            and self._values(name)
            and any(consumer in needing_labels for consumer in self._data.get(name, ()))
            and all(
                consumer in needing_labels or consumer in self._excluded or self._is_shape_of(consumer)
                for consumer in self._data.get(name, ())
            )
            and not self._is_shape_part(name)
        ]
        return list(dict.fromkeys(last))

    def _before_loss(self, name: str) -> str:
        """What a loss takes, where a node is the Reshape that TensorFlow puts before it."""
        scope = name.rpartition("/")[0]
        node = self._nodes[name]
        is_of_loss = node.op == "Reshape" and any(
            self._nodes[consumer].op in _LOSSES and scope in {consumer, consumer.rpartition("/")[0]}
            for consumer in self._data.get(name, ())
        )
        return node_of(node.input[0]) if scope and is_of_loss else name

    def _is_shape_of(self, name: str) -> bool:
        return parts.is_shape_of(self._nodes[name]) or parts.is_observer(self._nodes[name])

    def _is_shape_part(self, name: str) -> bool:
        """Whether a tensor says how large another is: integers that were made of a shape."""
        dtypes = parts.dtypes_of(self._nodes[name], self._functions) or ()
        if not any(dtype in ("int32", "int64") for dtype in dtypes):
            return False
        for _ in range(_LONGEST_SHAPE):
            node = self._nodes.get(name)
            if node is None or parts.is_shape_of(node):
                return node is not None
            data = [node_of(edge) for edge in node.input if edge[:1] != "^"]
            if not data or node.op not in (
                "StridedSlice",
                "Slice",
                "Sub",
                "Pack",
                "ConcatV2",
                "Prod",
                "Cast",
            ):
                break
            name = data[0]
        return False

    def _interface(self, names: Iterable[str]) -> Interface:
        outputs = tuple(dict.fromkeys(tensor for name in names for tensor in self._values(name)))
        return Interface(inputs_of(self._nodes, outputs, self._sources), outputs)


def inputs_of(nodes: Nodes, outputs: Iterable[str], sources: Iterable[str] | None = None) -> Tensors:
    """The tensors of placeholders, queues and iterators that outputs need, in the order of the graph.

    Args:
      nodes: node name -> node.
      outputs: tensors.
      sources: nodes whose outputs are inputs; by default those that can be.
    """
    ends = set(parts.inputs(nodes) if sources is None else sources)
    needed = reached_before(nodes, map(node_of, outputs), ends)
    # An output may be an input as it is.
    tensors = {tensor for tensor in outputs if node_of(tensor) in ends}
    for name in needed - ends:
        tensors.update(
            tensor_of(edge) for edge in nodes[name].input if edge[:1] != "^" and node_of(edge) in ends
        )
    order = {name: number for number, name in enumerate(nodes)}
    return tuple(sorted(tensors, key=lambda tensor: (order[node_of(tensor)], int(tensor.rpartition(":")[2]))))


def reached_before(nodes: Nodes, targets: Iterable[str], ends: set[str]) -> set[str]:
    """The nodes that targets need, those in `ends` included, but not what these need."""
    cut = {name: _Leaf(name) if name in ends else node for name, node in nodes.items()}
    return reach(cut, targets).nodes


@dataclass(frozen=True)
class _Leaf:
    """A node whose inputs do not matter."""

    name: str
    input: tuple[str, ...] = ()
