"""Planning a call: which slice of a variant's graph lies between inputs, state and outputs."""

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
from hubexplore.hub.variants.variant import Variant, node_list
from hubexplore.summary.graph.traversal import PLACEHOLDERS, Cut, Reach, node_of, reach, tensor_of

_KEYS: Final = tf.compat.v1.GraphKeys


@dataclass(frozen=True, eq=False)
class ApplyPlan:
    """What to import for a call of a signature; the same for every call.

    Attributes:
      inputs: the signature's inputs.
      outputs: the signature's outputs.
      part: the nodes between inputs, state and outputs, with the update ops and losses that belong to them.
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
    part: GraphSlice
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
        return frozenset(node.name for node in self.part.graph_def.node)

    @functools.cached_property
    def found_by_name(self) -> tuple[str, ...]:
        """Names of the slice's nodes that a call asks the graph for."""
        tensors = [name for info in self.outputs.values() for name in info.component_names]
        elements = [name for names in self.collections.values() for name in names]
        return tuple(
            {node_of(each): None for each in (*tensors, *elements) if node_of(each) in self.imported}
        )

    @functools.cached_property
    def replay(self) -> Replay | None:
        """How to build the slice again without the importer; None where that is not possible."""
        return plan_replay(self.part, (*self.from_inputs, *self.from_state))

    @functools.cached_property
    def has_shared_names(self) -> bool:
        """Whether a node of the slice names a resource or loop that others could share."""
        return any(key in node.attr for node in self.part.graph_def.node for key in SHARED_NAMES)


def plan_apply(variant: Variant, signature: str | None, trainable: bool) -> ApplyPlan:
    """Finds what a call of a signature consists of.

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
    found = reach(variant.nodes, [*results, *chain.from_iterable(candidates.values())], cut)
    if any(variant.nodes[name].op in PLACEHOLDERS for name in found.nodes):
        unfed = variant.needing_placeholder(found.nodes, cut)
        candidates = {
            key: [name for name in names if node_of(name) not in unfed] for key, names in candidates.items()
        }
    assets = [
        name
        for name in dict.fromkeys(node_list(variant.meta_graph, _KEYS.ASSET_FILEPATHS))
        if name not in fed and is_constant(variant.nodes.get(node_of(name)))
    ]
    targets = [*results, *chain.from_iterable(candidates.values()), *assets]
    found, contexts = close_over_contexts(variant, cut, targets)
    check_complete(found.missing)
    check_names(variant.nodes, found.cut_tensors, "The module's graph")
    check_contexts(contexts, variant.nodes, found.nodes | set(map(node_of, found.cut_tensors)))
    candidates[_KEYS.ASSET_FILEPATHS] = assets
    part = slice_graph(variant, found.nodes)
    _check_colocations(part, fed)
    return ApplyPlan(
        inputs=inputs,
        outputs=outputs,
        part=part,
        fed=fed,
        from_inputs=tuple(sorted(found.cut_tensors & fed)),
        from_state=tuple(sorted(found.cut_tensors - fed)),
        controls=_controls(found, fed),
        collections={key: tuple(names) for key, names in candidates.items()},
        contexts=contexts,
        state_nodes=variant.state_nodes,
    )


def is_constant(node: Any) -> bool:
    """Whether a node is there and is a constant, as assets are."""
    return node is not None and node.op == "Const"


def cut_at(variant: Variant, inputs: InfoDict) -> Cut:
    """Where a walk back from the outputs of a call stops: at what its inputs replace, and at the state."""
    fed = frozenset(tensor_of(name) for info in inputs.values() for name in info.component_names)
    return Cut(fed, variant.state_nodes, variant.state_nodes | {node_of(name) for name in fed})


def _candidates(variant: Variant, fed: frozenset[str]) -> dict[str, list[str]]:
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
    variant: Variant, cut: Cut, targets: list[str]
) -> tuple[Reach, tuple[ContextSpec, ...]]:
    """The reach of targets, grown until every control-flow context in it is whole."""
    contexts = read_contexts(variant.meta_graph)
    found = reach(variant.nodes, targets, cut)
    included: list[ContextSpec] = []
    while contexts and len(now := touched(contexts, found.nodes)) > len(included):
        included = now
        inside = {name for context in included for name in context.nodes}
        more = sorted(inside & variant.nodes.keys() - variant.state_nodes)
        found = reach(variant.nodes, [*targets, *more], cut)
    return found, tuple(included)


def _check_colocations(part: GraphSlice, fed: frozenset[str]) -> None:
    """Raises AuthoringError where a node goes with one of which some outputs are replaced and others used."""
    inside = {node.name for node in part.graph_def.node}
    torn = {node_of(name): name for name in sorted(fed) if node_of(name) in inside}
    for node in part.graph_def.node if torn else ():
        for other in colocated_with(node):
            if other in torn and other != node.name:
                raise AuthoringError(
                    f"Node {node.name!r} must share a device with {other!r} (constraint 'loc:@{other}'), but "
                    f"{torn[other]!r} is replaced by an input while other outputs of {other!r} are used. "
                    f"Such a signature cannot be applied: make each of its inputs a placeholder of its own."
                )


def _controls(found: Reach, fed: frozenset[str]) -> dict[str, str]:
    """For each replaced node that others wait for: the replaced tensor to wait for instead."""
    by_node = {node_of(name): name for name in sorted(fed, reverse=True)}
    return {name: by_node.get(name, f"{name}:0") for name in sorted(found.cut_controls)}
