"""Plans a call: which slice of a variant's graph lies between inputs, state and outputs.

A plan is made once for each (tags, signature, trainable) and is the same for every instance and every call,
so all walks over the variant's graph happen here and none in a call.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import AuthoringError
from hubexplore.hub.graph.contexts import ContextSpec, check_contexts, read_contexts, touched
from hubexplore.hub.graph.replay import Replay, plan_replay
from hubexplore.hub.graph.shared_names import SHARED_NAMES
from hubexplore.hub.graph.slice import GraphSlice, check_complete, colocated_with, slice_graph
from hubexplore.hub.tensor_info import InfoDict
from hubexplore.hub.variants.graph_checks import check_names
from hubexplore.hub.variants.graph_variant import GraphVariant, node_list
from hubexplore.summary.graph.traversal import PLACEHOLDERS, Cut, Reach, node_of, reach, tensor_of

_KEYS: Final = tf.compat.v1.GraphKeys


@dataclass(frozen=True, eq=False)
class ApplyPlan:
    """What to import for a call of a signature; the same for every call.

    Attributes:
      inputs: the signature's inputs.
      outputs: the signature's outputs.
      graph_slice: the nodes between inputs, state and outputs, with the update ops and losses that belong to
        them.
      fed: names of the tensors that the inputs replace.
      from_inputs: those of `fed` that the slice uses.
      from_state: state tensors that the slice uses.
      controls: replaced nodes that the slice waits for -> the tensor whose replacement it waits for.
      state_nodes: names of the variant's state nodes.
      collections: collection -> names in the slice to add to it on every call.
      contexts: TF1 control-flow contexts of the slice.
    """

    inputs: InfoDict
    outputs: InfoDict
    graph_slice: GraphSlice
    fed: frozenset[str]
    from_inputs: tuple[str, ...]
    from_state: tuple[str, ...]
    controls: Mapping[str, str]
    collections: Mapping[str, tuple[str, ...]]
    contexts: tuple[ContextSpec, ...]
    state_nodes: frozenset[str]

    @functools.cached_property
    def imported(self) -> frozenset[str]:
        """Names of the slice's nodes."""
        return frozenset(node.name for node in self.graph_slice.graph_def.node)

    @functools.cached_property
    def looked_up(self) -> tuple[str, ...]:
        """Names of the slice's nodes that a call asks the graph for."""
        tensors = [name for info in self.outputs.values() for name in info.component_names]
        elements = [name for names in self.collections.values() for name in names]
        return tuple(
            {node_of(name): None for name in (*tensors, *elements) if node_of(name) in self.imported}
        )

    @functools.cached_property
    def replay(self) -> Replay | None:
        """How to build the slice again without the importer; None where that is not possible."""
        return plan_replay(self.graph_slice, (*self.from_inputs, *self.from_state))

    @functools.cached_property
    def has_shared_names(self) -> bool:
        """Whether a node of the slice names a resource or loop that others could share."""
        return any(key in node.attr for node in self.graph_slice.graph_def.node for key in SHARED_NAMES)


def plan_apply(variant: GraphVariant, signature: str | None, trainable: bool) -> ApplyPlan:
    """Finds what a call of a signature consists of.

    The slice is what the outputs reach going back, cut at the tensors that inputs replace and at the state,
    which is there already. Update ops and losses join it if all that they read has a value in the call, and
    so do all nodes of a TF1 cond or loop that the slice touches. Linear in the nodes that are reached, except
    for nested contexts (see `close_over_contexts`).

    Args:
      variant: the graph variant.
      signature: its name; None means `default`.
      trainable: whether update ops, and losses that depend on the inputs, belong to it.
    """
    inputs, outputs = variant.input_infos(signature), variant.output_infos(signature)
    fed = frozenset(tensor_of(name) for info in inputs.values() for name in info.component_names)
    results = [name for info in outputs.values() for name in info.component_names]
    check_names(variant.nodes, [*fed, *results], f"The signature {signature!r}")
    cut = cut_at(variant, inputs)
    candidates = _candidates(variant, fed) if trainable else {}
    for key, names in candidates.items():
        check_names(variant.nodes, names, f"The collection {key!r}", ops=True)
    # A first walk only finds the candidates that need a placeholder of another signature: such an update op
    # would fail in every run of UPDATE_OPS.
    region = reach(variant.nodes, [*results, *chain.from_iterable(candidates.values())], cut)
    if any(variant.nodes[name].op in PLACEHOLDERS for name in region.nodes):
        unfed = variant.needing_placeholder(region.nodes, cut)
        candidates = {
            key: [name for name in names if node_of(name) not in unfed] for key, names in candidates.items()
        }
    assets = [
        name
        for name in dict.fromkeys(node_list(variant.meta_graph, _KEYS.ASSET_FILEPATHS))
        if name not in fed
        and is_constant(variant.nodes.get(node_of(name)))
        # Outside of graphs, assets belong to the state.
        and node_of(name) not in variant.state_nodes
    ]
    targets = [*results, *chain.from_iterable(candidates.values()), *assets]
    region, contexts = close_over_contexts(variant, cut, targets)
    check_complete(region.missing)
    check_names(variant.nodes, region.cut_tensors, "The module's graph")
    check_contexts(contexts, variant.nodes, region.nodes | set(map(node_of, region.cut_tensors)))
    candidates[_KEYS.ASSET_FILEPATHS] = assets
    graph_slice = slice_graph(variant, region.nodes)
    _check_colocations(graph_slice, fed)
    return ApplyPlan(
        inputs=inputs,
        outputs=outputs,
        graph_slice=graph_slice,
        fed=fed,
        from_inputs=tuple(sorted(region.cut_tensors & fed)),
        from_state=tuple(sorted(region.cut_tensors - fed)),
        controls=_controls(region, fed),
        collections={key: tuple(names) for key, names in candidates.items()},
        contexts=contexts,
        state_nodes=variant.state_nodes,
    )


def is_constant(node: Any) -> bool:
    """Whether a node exists and is a constant, as assets are."""
    return node is not None and node.op == "Const"


def cut_at(variant: GraphVariant, inputs: InfoDict) -> Cut:
    """Where a walk back from the outputs of a call stops: at what its inputs replace, and at the state."""
    fed = frozenset(tensor_of(name) for info in inputs.values() for name in info.component_names)
    return Cut(fed, variant.state_nodes, variant.state_nodes | {node_of(name) for name in fed})


def _candidates(variant: GraphVariant, fed: frozenset[str]) -> dict[str, list[str]]:
    """The update ops, and the losses that are not part of the state: each collection without repetitions."""
    updates = node_list(variant.meta_graph, _KEYS.UPDATE_OPS)
    losses = node_list(variant.meta_graph, _KEYS.REGULARIZATION_LOSSES)
    state_losses = set(variant.state_losses)
    return {
        _KEYS.UPDATE_OPS: [name for name in dict.fromkeys(updates) if name not in fed],
        _KEYS.REGULARIZATION_LOSSES: [
            name for name in dict.fromkeys(losses) if name not in state_losses and name not in fed
        ],
    }


def close_over_contexts(
    variant: GraphVariant, cut: Cut, targets: list[str]
) -> tuple[Reach, tuple[ContextSpec, ...]]:
    """The reach of targets, grown until every control-flow context in it is whole.

    A context can be rebuilt only with all of its nodes, and these may reach into further contexts: the loop
    ends at a fixed point, after at most one round per context, since each round includes another one. Without
    contexts, the usual case, this is one walk.
    """
    contexts = read_contexts(variant.meta_graph)
    region = reach(variant.nodes, targets, cut)
    included: list[ContextSpec] = []
    while contexts and len(touching := touched(contexts, region.nodes)) > len(included):
        included = touching
        members = {name for context in included for name in context.nodes}
        added = sorted(members & variant.nodes.keys() - variant.state_nodes)
        region = reach(variant.nodes, [*targets, *added], cut)
    return region, tuple(included)


def _check_colocations(graph_slice: GraphSlice, fed: frozenset[str]) -> None:
    """Refuses a node whose companion is replaced in some of its outputs and used in others.

    The constraint could then mean the op of the caller as well as the one that is imported.

    Raises:
      AuthoringError: (a ValueError) names both nodes.
    """
    members = {node.name for node in graph_slice.graph_def.node}
    replaced = {node_of(name): name for name in sorted(fed) if node_of(name) in members}
    for node in graph_slice.graph_def.node if replaced else ():
        for companion in colocated_with(node):
            if companion in replaced and companion != node.name:
                raise AuthoringError(
                    f"Node {node.name!r} must share a device with {companion!r} (constraint "
                    f"'loc:@{companion}'), but {replaced[companion]!r} is replaced by an input while other "
                    f"outputs of {companion!r} are used. Such a signature cannot be applied: use a separate "
                    f"placeholder for each of its inputs."
                )


def _controls(region: Reach, fed: frozenset[str]) -> dict[str, str]:
    """For each replaced node that others wait for: the replaced tensor to wait for instead."""
    # The first output by name wins, so that the same op is waited for in each process.
    by_node = {node_of(name): name for name in sorted(fed, reverse=True)}
    return {name: by_node.get(name, f"{name}:0") for name in sorted(region.cut_controls)}
