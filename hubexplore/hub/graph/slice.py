"""Cuts out the part of a variant's graph that an import needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tensorflow.core.framework import function_pb2, graph_pb2

from hubexplore.errors import DamagedModuleError
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.summary.graph.traversal import reached_functions

# The prefix of groups in the attribute `_class` that are constraints; Graph.colocate_with writes it.
_COLOCATION = b"loc:@"


@dataclass(frozen=True)
class GraphSlice:
    """Part of a graph, ready for `tf.import_graph_def`.

    Attributes:
      graph_def: the nodes, without functions. Colocation constraints on other nodes are taken out.
      library: the functions that the nodes call, directly or not.
      outer_companions: node -> names of the nodes outside of the slice with which it was colocated.
      inner_companions: for these nodes, names of the nodes in the slice with which it still is.
    """

    graph_def: graph_pb2.GraphDef
    library: function_pb2.FunctionDefLibrary
    outer_companions: Mapping[str, tuple[str, ...]]
    inner_companions: Mapping[str, tuple[str, ...]]


def slice_graph(
    variant: GraphVariant, names: set[str], graph_def: graph_pb2.GraphDef | None = None
) -> GraphSlice:
    """The slice of the named nodes, in the order of the variant.

    Costs one pass over the names of the variant; only the nodes of the slice are copied.

    Args:
      variant: whose graph it is.
      names: of the nodes.
      graph_def: an empty message that the nodes are written to, such as that of a new module.
    """
    original = variant.meta_graph.graph_def
    graph_def = graph_pb2.GraphDef() if graph_def is None else graph_def
    graph_def.versions.CopyFrom(variant.versions)
    # The message owns copies, so that the variant stays as it is when constraints are taken out below.
    graph_def.node.extend(node for name, node in variant.nodes.items() if name in names)
    outer_companions: dict[str, tuple[str, ...]] = {}
    inner_companions: dict[str, tuple[str, ...]] = {}
    for node in graph_def.node:
        companions = colocated_with(node)
        outer = tuple(name for name in companions if name not in names)
        # A group without the prefix is not a constraint. If it is not text either, the importer fails
        # half-way, when the ops are in the graph already.
        if outer or ("_class" in node.attr and len(companions) < len(node.attr["_class"].list.s)):
            outer_companions[node.name] = outer
            inner_companions[node.name] = tuple(name for name in companions if name in names)
            del node.attr["_class"]
            if inner_companions[node.name]:
                groups = (_COLOCATION + name.encode() for name in inner_companions[node.name])
                node.attr["_class"].list.s.extend(groups)
    return GraphSlice(graph_def, _library(graph_def, original.library), outer_companions, inner_companions)


def _library(graph_def: Any, everything: Any) -> function_pb2.FunctionDefLibrary:
    # Only functions that are called: a variant may have hundreds, and each is registered in the graph of the
    # user.
    functions = reached_functions(graph_def.node, everything)
    called = {function.signature.name for function in functions}
    library = function_pb2.FunctionDefLibrary(function=functions)
    library.gradient.extend(gradient for gradient in everything.gradient if gradient.function_name in called)
    return library


def colocated_with(node: Any) -> list[str]:
    """Names of the nodes that a node must share a device with."""
    if "_class" not in node.attr:
        return []
    return [
        group[len(_COLOCATION) :].decode(errors="replace")
        for group in node.attr["_class"].list.s
        if group.startswith(_COLOCATION)
    ]


def check_complete(missing: set[str]) -> None:
    """Raises DamagedModuleError where a graph refers to nodes that it does not hold."""
    if missing:
        names = ", ".join(repr(name) for name in sorted(missing)[:5])
        raise DamagedModuleError(f"The module's graph refers to nodes that it does not contain: {names}.")
