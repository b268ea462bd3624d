"""What a variable is for, told from the graph and the vocabularies of its module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from hubexplore.explorer.class_labels import vocabularies
from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.graph.traversal import calls_of_attr, node_of
from hubexplore.summary.model import ModuleSummary, VariableSummary, VariantSummary
from hubexplore.summary.weights.constant_values import stored_values

MAX_TEXTS: Final = 200_000
"""Maximum number of texts of a constant that are read as a vocabulary."""
MAX_BUCKETS: Final = 0.1
"""Maximum share of rows of an embedding that no word of the vocabulary has: buckets for unknown words."""
_GATHERS: Final = frozenset({
    "Gather", "GatherV2", "ResourceGather", "SparseSegmentMean", "SparseSegmentSqrtN", "SparseSegmentSum",
})  # fmt: skip
_BRANCHING: Final = frozenset({"Case", "If", "StatelessCase", "StatelessIf"})
# What lies between a variable and the op that looks rows up.
_PASSED: Final = frozenset({"ConcatV2", "Enter", "Identity", "ReadVariableOp", "Switch"})


def is_embedding(variable: VariableSummary, nodes: frozenset[str]) -> bool:
    """Returns whether the graph looks up rows of a matrix.

    Args:
      variable: in question.
      nodes: `looked_up` of the graph of a variant that has it.
    """
    if variable.shape is None or len(variable.shape) != 2:
        return False
    return not nodes.isdisjoint({variable.node, *(part.node for part in variable.partitions)} - {""})


def looked_up(meta_graph: Any) -> frozenset[str]:
    """Returns the names of the nodes whose rows the graph looks up, in itself or in its functions."""
    graph = meta_graph.graph_def
    return _Lookups({function.signature.name: function for function in graph.library.function}).of(graph.node)


class _Lookups:
    """Finds what is looked up, backwards from the ops that look up; each function is followed once."""

    def __init__(self, library: Mapping[str, Any]) -> None:
        self._library = library
        self._arguments: dict[str, frozenset[int]] = {}

    def of(self, body: Iterable[Any]) -> frozenset[str]:
        """Returns the names of nodes, and of arguments of a function, whose rows are looked up."""
        nodes = {node.name: node for node in body}
        found: set[str] = set()
        stack = [name for node in nodes.values() for name in self._tables_of(node)]
        while stack:
            name = stack.pop()
            if name in found:
                continue
            found.add(name)
            if name in nodes and nodes[name].op in _PASSED:
                stack += map(node_of, nodes[name].input)
        return frozenset(found)

    def _tables_of(self, node: Any) -> Iterator[str]:
        """Yields the inputs of a node whose rows it looks up."""
        if node.op in _GATHERS and node.input:
            yield node_of(node.input[0])
        # The first input of a condition is not an argument of its branches.
        inputs = node.input[1:] if node.op in _BRANCHING else node.input
        for attribute in node.attr.values():
            for call in calls_of_attr(attribute):
                places = self._looked_up_arguments(call.name)
                yield from (node_of(text) for at, text in enumerate(inputs) if at in places)

    def _looked_up_arguments(self, name: str) -> frozenset[int]:
        if name not in self._library:
            return frozenset()
        if name not in self._arguments:
            # A function that calls itself adds nothing to what it looks up.
            self._arguments[name] = frozenset()
            function = self._library[name]
            found = self.of(function.node_def)
            arguments = [argument.name for argument in function.signature.input_arg]
            self._arguments[name] = frozenset(at for at, name in enumerate(arguments) if name in found)
        return self._arguments[name]


def row_labels(summary: ModuleSummary, variant: VariantSummary, variable: VariableSummary) -> tuple[str, ...]:
    """Returns names for the rows of a variable from a vocabulary of its module; () if none fits.

    A vocabulary fits if it has a line for each row, or if only the last rows, buckets for unknown words, have
    no line. If two fit equally well, there are no names: wrong names would be worse.

    Returns:
      As many names as the vocabulary has lines (untrusted text): rows beyond have none.
    """
    rows = variable.shape[0] if variable.shape else None
    if not rows or rows < 2:
        return ()
    known = [*vocabularies(summary, variant.tags, rows), *_constant_texts(summary, variant, rows)]
    fitting = {words for words in known if rows * (1 - MAX_BUCKETS) <= len(words) <= rows}
    longest = max(map(len, fitting), default=0)
    best = [words for words in fitting if len(words) == longest]
    return best[0] if len(best) == 1 else ()


def _constant_texts(summary: ModuleSummary, variant: VariantSummary, rows: int) -> Iterator[tuple[str, ...]]:
    """Yields vectors of texts in the graph that have a text for each row."""
    source = summary.source
    graph = source.meta_graphs.get(variant.tags) if source is not None else None
    if graph is None or rows > MAX_TEXTS:
        return
    library = (node for function in graph.graph_def.library.function for node in function.node_def)
    for node in (*graph.graph_def.node, *library):
        if node.op != "Const" or dtype_name(node.attr["dtype"].type) != "string":
            continue
        proto = node.attr["value"].tensor
        if shape_of(proto.tensor_shape) != (rows,):
            continue
        values = stored_values(proto)
        if isinstance(values, tuple) and len(values) == rows:
            yield tuple(text.decode("utf-8", "replace") for text in values)


def aligned(variant: VariantSummary) -> Mapping[str, VariableSummary]:
    """Returns the variables of a variant by their name; of several with one name, the first."""
    found: dict[str, VariableSummary] = {}
    for variable in variant.variables:
        found.setdefault(variable.name, variable)
    return found
