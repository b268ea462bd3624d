"""Compares the graphs of two variants, and finds what the nodes of variables and assets stand for.

A node is compared by what it computes, not by its name. That needs an identity for nodes that compute nothing
themselves: a variable by its name or stored value, an asset by its content.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

from hubexplore.summary.compare.structure import ComparedGraph, GraphComparison, compare_graphs
from hubexplore.summary.compare.weight_values import asset_digests, checksum
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.model import VariantSummary
from hubexplore.summary.source import Source


class VariantOrigin(NamedTuple):
    """A graph variant, and the source of its graph, weights and assets; None if these are not at hand."""

    variant: VariantSummary
    source: Source | None

    @property
    def has_graph(self) -> bool:
        """Whether the graph is at hand."""
        return self.source is not None and self.variant.tags in self.source.meta_graphs


def compare_origins(first: VariantOrigin, second: VariantOrigin) -> GraphComparison:
    """Compares the graphs of two variants; an empty result if one of them is not at hand."""
    if not (first.has_graph and second.has_graph):
        return GraphComparison()
    return compare_graphs(_compared_graph(first, second), _compared_graph(second, first))


def _compared_graph(origin: VariantOrigin, other: VariantOrigin) -> ComparedGraph:
    assert origin.source is not None  # noqa: S101  # for mypy: `compare_origins` has checked it
    identities = {**_variable_identities(origin, other), **_asset_identities(origin, other)}
    meta_graph = origin.source.meta_graphs[origin.variant.tags]
    return ComparedGraph(origin.variant, meta_graph, identities, origin.source.weights is not None)


def _variable_identities(origin: VariantOrigin, other: VariantOrigin) -> Mapping[str, str]:
    """Returns node -> identity of its variable: the name if both sides have it, else the stored value."""
    other_names = {variable.name for variable in other.variant.variables}
    identities: dict[str, str] = {}
    for variable in origin.variant.variables:
        if variable.name in other_names:
            identity = f"variable {variable.name!r}"
        else:
            checksums = checksum(variable, origin.source)
            # Two variables of one module may hold equal values, as zeros, and still be two.
            if checksums is None or origin.source is other.source:
                continue
            identity = f"a value with checksum {checksums}"
        # A partition is told from the others by where it begins in the whole variable.
        if variable.partitions:
            identities.update({part.node: f"{identity} from {part.offset}" for part in variable.partitions})
        elif variable.node:
            identities[variable.node] = identity
    return identities


def _asset_identities(origin: VariantOrigin, other: VariantOrigin) -> Mapping[str, str]:
    """Returns node -> identity of the asset whose path it holds: the content of the file, else its name."""
    digests = {} if origin.source is other.source else asset_digests(origin.variant, origin.source)
    identities: dict[str, str] = {}
    for asset in origin.variant.assets:
        digest = digests.get(asset.name)
        identity = f"an asset with SHA-256 {digest[:16]}" if digest else f"asset {asset.name!r}"
        identities.update({node_of(tensor): identity for tensor in asset.tensors})
    return identities


def renamed(variant: VariantSummary, matched: Mapping[str, str]) -> VariantSummary:
    """Returns the second variant with its nodes named as the nodes of the first that they correspond to."""
    # Facts name nodes too, and nodes that correspond must not differ by their names there.
    first_names = {other_name: name for name, other_name in matched.items() if name != other_name}
    if not first_names:
        return variant

    def first_name(name: str) -> str:
        node, colon, port = name.partition(":")
        return f"{first_names.get(node, node)}{colon}{port}"

    return dataclasses.replace(
        variant,
        losses=tuple(map(first_name, variant.losses)),
        update_ops=tuple(map(first_name, variant.update_ops)),
        tables=tuple(dataclasses.replace(table, node=first_name(table.node)) for table in variant.tables),
        collections=tuple(
            dataclasses.replace(collection, entries=tuple(map(first_name, collection.entries)))
            if collection.kind == "nodes"
            else collection
            for collection in variant.collections
        ),
    )
