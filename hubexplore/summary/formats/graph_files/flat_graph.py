"""The graph of a file as the conversions need it: checked, indexed, without calls of functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.errors import DamagedModuleError
from hubexplore.summary.formats.graph_files.graph_check import checked_index
from hubexplore.summary.formats.graph_files.module_graph import function_definitions
from hubexplore.summary.graph.functions.function_nesting import find_endless
from hubexplore.summary.graph.functions.inlining import inline
from hubexplore.summary.graph.ops.op_definitions import OpDefinition

_CALLS: Final = frozenset({"PartitionedCall", "StatefulPartitionedCall"})


@dataclass(frozen=True)
class FlatGraph:
    """A graph whose calls became their bodies.

    Attributes:
      nodes: node name -> node.
      tensors: tensor of a call in the file -> the tensor that is its value.
      functions: the definitions of functions that nodes call by their type.
    """

    nodes: Mapping[str, Any]
    tensors: Mapping[str, str]
    functions: Mapping[str, OpDefinition]


def flatten(meta_graph: Any, title: str) -> FlatGraph:
    """Checks the graph of a file, and puts the bodies of called functions in place of the calls.

    Raises:
      DamagedModuleError: edges lead nowhere, nodes or functions need themselves.
    """
    graph = meta_graph.graph_def
    nodes = checked_index(list(graph.node), title)
    library = graph.library
    called = {function.signature.name for function in library.function}
    if not called:
        return FlatGraph(nodes, {}, {})
    problem = find_endless(graph.node, library)
    if problem:
        raise DamagedModuleError(f"{title} cannot be run. {problem}")
    if not any(node.op in _CALLS or node.op in called for node in nodes.values()):
        return FlatGraph(nodes, {}, {})
    flat = inline(graph)
    index = {node.name: node for node in flat.nodes}
    definitions = function_definitions(library, (node.op for node in index.values()))
    return FlatGraph(index, flat.tensors, definitions)
