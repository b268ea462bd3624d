"""The state of a variant as its collections list it, and which of it a part of the graph uses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.framework import variable_pb2

from hubexplore.errors import reading
from hubexplore.hub.variants.graph_variant import GraphVariant, node_list
from hubexplore.hub.variants.variable_collections import local_variables
from hubexplore.hub.variants.variable_specs import VARIABLE_COLLECTIONS, describe
from hubexplore.summary.graph.traversal import Cut, calls_of_attr, node_of, reach
from hubexplore.summary.reading.local_variables import VARIABLE_OPS

_KEYS: Final = tf.compat.v1.GraphKeys


class StateLists:
    """What belongs to the variables and tables of a variant.

    Args:
      variant: whose graph it is.
    """

    def __init__(self, variant: GraphVariant) -> None:
        self._variant = variant
        self._targets = _variables(variant)
        self._initializers = list(_single(variant, node_list(variant.meta_graph, _KEYS.TABLE_INITIALIZERS)))
        self._tables: dict[str, frozenset[str]] | None = None
        self._done: set[str] = set()
        self._locals_read = False

    def targets(self, nodes: Collection[str]) -> Iterator[str]:
        """Yields what the state among some nodes needs beside them, once for each variable and table."""
        for handle in [name for name in self._targets if name in nodes and name not in self._done]:
            self._done.add(handle)
            yield from self._targets[handle]
        if not self._locals_read and any(
            name not in self._targets and self._variant.nodes[name].op in VARIABLE_OPS
            for name in self._variant.state_nodes.intersection(nodes)
        ):
            self._locals_read = True
            for spec in local_variables(self._variant).values():
                self._targets.setdefault(spec.handle, _named(self._variant, spec.proto))
            yield from self.targets(nodes)
        for name in self._usable(nodes):
            if name not in self._done:
                self._done.add(name)
                yield name

    def _usable(self, nodes: Collection[str]) -> Iterator[str]:
        """Yields the initialisers of the tables among some nodes."""
        if not self._initializers:
            return
        tables = self._filled
        calls = any(not filled for filled in tables.values()) and _has_calls(self._variant, nodes)
        for name, filled in tables.items():
            # What names no table fills one that only functions know.
            if not filled.isdisjoint(nodes) if filled else calls:
                yield name

    @property
    def _filled(self) -> Mapping[str, frozenset[str]]:
        """Name of an initialiser -> the state that it fills."""
        if self._tables is None:
            state = self._variant.state_nodes
            cut = Cut(nodes=state, controls=state)
            nodes = self._variant.nodes
            self._tables = {
                name: frozenset(map(node_of, reach(nodes, [name], cut).cut_tensors))
                for name in self._initializers
            }
        return self._tables

    def remaining(self, nodes: Collection[str]) -> dict[str, list[str]]:
        """The lists of table initialisers and assets, without what is not among some nodes."""
        files = node_list(self._variant.meta_graph, _KEYS.ASSET_FILEPATHS)
        lists = {
            _KEYS.TABLE_INITIALIZERS: list(self._usable(nodes)),
            _KEYS.ASSET_FILEPATHS: [name for name in dict.fromkeys(files) if node_of(name) in nodes],
        }
        return {key: names for key, names in lists.items() if names}


def _variables(variant: GraphVariant) -> dict[str, list[str]]:
    """Node of a listed variable -> the nodes that its description names."""
    targets: dict[str, list[str]] = {}
    for proto in protos(variant.meta_graph):
        targets.setdefault(node_of(proto.variable_name), _named(variant, proto))
    return targets


def protos(meta_graph: Any) -> Iterator[Any]:
    """Yields the descriptions of variables in all collections."""
    for key in VARIABLE_COLLECTIONS:
        if key in meta_graph.collection_def:
            for content in meta_graph.collection_def[key].bytes_list.value:
                with reading("The module's list of variables", DecodeError):
                    yield variable_pb2.VariableDef.FromString(content)


def _named(variant: GraphVariant, proto: Any) -> list[str]:
    if not proto.snapshot_name and node_of(proto.variable_name) in variant.nodes:
        # Early releases left it out; this fills it in.
        describe(proto, variant.nodes)
    names = (proto.snapshot_name, proto.initializer_name, proto.initial_value_name)
    return [node_of(name) for name in names if name and node_of(name) in variant.nodes]


def _single(variant: GraphVariant, names: Iterable[str]) -> Iterator[str]:
    """Yields initialisers, those in a group one by one: a group fills tables that may not be there."""
    stack = [node_of(name) for name in reversed(list(names))]
    seen: set[str] = set()
    while stack:
        name = stack.pop()
        node = variant.nodes.get(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        if node.op == "NoOp" and node.input:
            stack.extend(node_of(edge) for edge in reversed(list(node.input)))
        else:
            yield name


def _has_calls(variant: GraphVariant, nodes: Iterable[str]) -> bool:
    """Whether one of the nodes calls a function."""
    functions = {function.signature.name for function in variant.library.function}
    return bool(functions) and any(
        variant.nodes[name].op in functions
        or any(
            call.name in functions
            for attr in variant.nodes[name].attr.values()
            for call in calls_of_attr(attr)
        )
        for name in nodes
    )
