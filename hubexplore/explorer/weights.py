"""What a variable is for, told from the graph and the vocabularies of its module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hubexplore.explorer.class_labels import vocabularies
from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.model import ModuleSummary, VariableSummary, VariantSummary
from hubexplore.summary.weights.constant_values import stored_values

MAX_TEXTS: Final = 200_000
"""Maximum number of texts of a constant that are read as a vocabulary."""
MAX_BUCKETS: Final = 0.5
"""Maximum share of rows of an embedding that no word of the vocabulary has: buckets for unknown words."""
_GATHERS: Final = frozenset({
    "Gather", "GatherV2", "ResourceGather", "SparseSegmentMean", "SparseSegmentSqrtN", "SparseSegmentSum",
})  # fmt: skip
# What lies between a variable and the op that looks rows up.
_PASSED: Final = frozenset({"ConcatV2", "Enter", "Identity", "ReadVariableOp", "Switch"})


def is_embedding(
    summary: ModuleSummary, variant: VariantSummary, variable: VariableSummary, nodes: frozenset[str]
) -> bool:
    """Returns whether rows of a matrix are looked up, or have words of the module as names.

    Args:
      summary: of the module.
      variant: that has the variable.
      variable: in question.
      nodes: `looked_up` of the graph of the variant.
    """
    if variable.shape is None or len(variable.shape) != 2:
        return False
    own = {variable.node, *(part.node for part in variable.partitions)} - {""}
    return bool(own & nodes) or bool(row_labels(summary, variant, variable))


def looked_up(meta_graph: Any) -> frozenset[str]:
    """Returns the names of the nodes whose rows the graph looks up; functions are not followed."""
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    found: set[str] = set()
    stack = [node_of(node.input[0]) for node in nodes.values() if node.op in _GATHERS and len(node.input) > 0]
    # Backwards from the lookups, each node once.
    while stack:
        name = stack.pop()
        if name in found or name not in nodes:
            continue
        found.add(name)
        if nodes[name].op in _PASSED:
            stack += map(node_of, nodes[name].input)
    return frozenset(found)


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
