"""The graphs of two variants, with what the nodes of variables and assets stand for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

from hubexplore.summary.compare.structure import Graph, Structure, compare_structure
from hubexplore.summary.compare.weight_values import asset_digests, checksum
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.model import VariantSummary
from hubexplore.summary.source import Source


class Origin(NamedTuple):
    """A graph variant and where its graph, weights and assets are; None where they are not at hand."""

    variant: VariantSummary
    source: Source | None

    @property
    def has_graph(self) -> bool:
        """Whether the graph is at hand."""
        return self.source is not None and self.variant.tags in self.source.meta_graphs


def structure(first: Origin, second: Origin) -> Structure:
    """Compares the graphs, if both are at hand."""
    if not (first.has_graph and second.has_graph):
        return Structure()
    return compare_structure(_graph(first, second), _graph(second, first))


def _graph(own: Origin, other: Origin) -> Graph:
    assert own.source is not None  # noqa: S101  # for mypy: `structure` asked
    names = {**_variables(own, other), **_assets(own, other)}
    meta_graph = own.source.meta_graphs[own.variant.tags]
    return Graph(own.variant, meta_graph, names, own.source.weights is not None)


def _variables(own: Origin, other: Origin) -> Mapping[str, str]:
    """Returns what the nodes of variables stand for: a name that both have, or else a stored value."""
    there = {each.name for each in other.variant.variables}
    found: dict[str, str] = {}
    for variable in own.variant.variables:
        if variable.name in there:
            identity = f"variable {variable.name!r}"
        else:
            stored = checksum(variable, own.source)
            if stored is None or own.source is other.source:
                continue
            identity = f"a value with checksum {stored}"
        if variable.partitions:
            found.update({part.node: f"{identity} from {part.offset}" for part in variable.partitions})
        elif variable.node:
            found[variable.node] = identity
    return found


def _assets(own: Origin, other: Origin) -> Mapping[str, str]:
    """Returns what the nodes that hold paths of assets stand for: the content of the file."""
    digests = {} if own.source is other.source else asset_digests(own.variant, own.source)
    found: dict[str, str] = {}
    for asset in own.variant.assets:
        digest = digests.get(asset.name)
        identity = f"an asset with SHA-256 {digest[:16]}" if digest else f"asset {asset.name!r}"
        found.update({node_of(tensor): identity for tensor in asset.tensors})
    return found


def renamed(variant: VariantSummary, matched: Mapping[str, str]) -> VariantSummary:
    """Returns the second variant's facts, its nodes named as those of the first that they correspond to."""
    back = {other: one for one, other in matched.items() if one != other}
    if not back:
        return variant

    def old(name: str) -> str:
        node, colon, port = name.partition(":")
        return f"{back.get(node, node)}{colon}{port}"

    return dataclasses.replace(
        variant,
        losses=tuple(map(old, variant.losses)),
        update_ops=tuple(map(old, variant.update_ops)),
        tables=tuple(dataclasses.replace(each, node=old(each.node)) for each in variant.tables),
        collections=tuple(
            dataclasses.replace(each, entries=tuple(map(old, each.entries))) if each.kind == "nodes" else each
            for each in variant.collections
        ),
    )
