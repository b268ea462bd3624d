"""Applying a signature: one slice of the graph per call, wired to inputs and shared state."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import graph_pb2

from hubexplore.errors import AuthoringError
from hubexplore.hub import tf_internals
from hubexplore.hub.contexts import ContextSpec, read_contexts, rebuild, touched
from hubexplore.hub.functions import FunctionImporter
from hubexplore.hub.slicing import GraphSlice, check_complete, slice_graph
from hubexplore.hub.state import PLACEHOLDERS, State, needs_placeholder, prefix_shared_names
from hubexplore.hub.tensor_info import InfoDict, assemble, components
from hubexplore.hub.variant import Variant, node_list
from hubexplore.summary.graph import Reach, node_of, reach, tensor_of

_KEYS: Final = tf.compat.v1.GraphKeys


@dataclass(frozen=True)
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
    def has_shared_names(self) -> bool:
        """Whether a node of the slice names a resource that others could share."""
        return any("shared_name" in node.attr for node in self.part.graph_def.node)


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
    walk = _walker(variant, fed)
    collections: dict[str, tuple[str, ...]] = {}
    if trainable:
        collections[_KEYS.UPDATE_OPS] = tuple(_fed_only(variant, walk, _KEYS.UPDATE_OPS))
        losses = _fed_only(variant, walk, _KEYS.REGULARIZATION_LOSSES)
        collections[_KEYS.REGULARIZATION_LOSSES] = tuple(
            name for name in losses if needs_placeholder(variant, name)
        )
    targets = [*results, *(name for names in collections.values() for name in names)]
    found, contexts = _close_over_contexts(variant, walk, targets)
    check_complete(found.missing)
    assets = node_list(variant.meta_graph, _KEYS.ASSET_FILEPATHS)
    collections[_KEYS.ASSET_FILEPATHS] = tuple(name for name in assets if node_of(name) in found.nodes)
    part = slice_graph(variant, found.nodes)
    used = {tensor_of(edge) for node in part.graph_def.node for edge in node.input if not edge.startswith("^")}
    outside = {name for name in used if name in fed or node_of(name) not in found.nodes}
    return ApplyPlan(
        inputs=inputs,
        outputs=outputs,
        part=part,
        fed=fed,
        from_inputs=tuple(sorted(outside & fed)),
        from_state=tuple(sorted(outside - fed)),
        controls=_controls(found, fed),
        collections=collections,
        contexts=contexts,
        state_nodes=variant.state_nodes,
    )


def _walker(variant: Variant, fed: frozenset[str]) -> Callable[[Iterable[str]], Reach]:
    """A backward walk that stops at inputs and at state."""
    elsewhere = variant.state_nodes | {node_of(name) for name in fed}

    def is_replaced(tensor: str) -> bool:
        return tensor in fed or node_of(tensor) in variant.state_nodes

    def walk(targets: Iterable[str]) -> Reach:
        return reach(
            variant.nodes, targets, cut_tensor=is_replaced, cut_control=elsewhere.__contains__
        )

    return walk


def _fed_only(variant: Variant, walk: Callable[[Iterable[str]], Reach], collection: str) -> list[str]:
    """The members of a collection that this signature's inputs suffice to compute, each once."""
    names = dict.fromkeys(node_list(variant.meta_graph, collection))
    return [name for name in names if _is_fed(variant, walk([name]), name)]


def _is_fed(variant: Variant, found: Reach, name: str) -> bool:
    """Whether the walk that started at `name` met no placeholder that stays without a value."""
    return node_of(name) in found.nodes and not any(
        variant.nodes[node].op in PLACEHOLDERS for node in found.nodes
    )


def _close_over_contexts(
    variant: Variant, walk: Callable[[Iterable[str]], Reach], targets: list[str]
) -> tuple[Reach, tuple[ContextSpec, ...]]:
    """The reach of targets, grown until every control-flow context in it is whole."""
    contexts = read_contexts(variant.meta_graph)
    found = walk(targets)
    included: list[ContextSpec] = []
    while contexts and len(now := touched(contexts, found.nodes)) > len(included):
        included = now
        inside = {name for context in included for name in context.nodes}
        found = walk([*targets, *sorted(inside & variant.nodes.keys() - variant.state_nodes)])
    return found, tuple(included)


def _controls(found: Reach, fed: frozenset[str]) -> dict[str, str]:
    """For each replaced node that others wait for: the replaced tensor to wait for instead."""
    by_node = {node_of(name): name for name in sorted(fed, reverse=True)}
    return {name: by_node.get(name, f"{name}:0") for name in sorted(found.cut_controls)}


def apply_plan(
    plan: ApplyPlan,
    state: State,
    inputs: Mapping[str, Any],
    name: str,
    functions: FunctionImporter,
) -> dict[str, Any]:
    """Imports the slice of a call into the default graph.

    Args:
      plan: of the signature.
      state: of the module.
      inputs: input name -> Tensor, SparseTensor or RaggedTensor that fits.
      name: the name scope to make, in the current one.
      functions: of the module.

    Returns:
      Output name -> Tensor, SparseTensor or RaggedTensor.
    """
    graph = tf.compat.v1.get_default_graph()
    given = _components_by_name(plan, inputs)
    replaced = _bring_into_context(plan, state, given, graph)
    colocations = _colocations(plan, state, given, graph, name)
    input_map = {key: replaced[key] for key in (*plan.from_inputs, *plan.from_state)}
    input_map |= {f"^{node}": replaced[tensor] for node, tensor in plan.controls.items()}
    with tf.name_scope(name) as scope_with_slash:
        scope = scope_with_slash[:-1]
        if plan.part.graph_def.node:
            functions.import_graph_def(_own_shared_names(plan, scope), plan.part.library, scope, input_map)
    for node, ops in colocations.items():
        tf_internals.add_colocation(graph.get_operation_by_name(f"{scope}/{node}"), ops)

    def rename(element: str) -> str | None:
        tensor = replaced.get(tensor_of(element))
        if tensor is not None:
            return tensor.name if ":" in element else tensor.op.name
        return f"{scope}/{element}" if node_of(element) in plan.imported else None

    rebuild(plan.contexts, graph, scope, rename)
    for key, elements in plan.collections.items():
        for element in elements:
            graph.add_to_collection(key, graph.as_graph_element(f"{scope}/{element}"))

    def result(tensor: str) -> tf.Tensor:
        if tensor in given:
            return given[tensor]
        if node_of(tensor) in plan.imported:
            return graph.get_tensor_by_name(f"{scope}/{tensor}")
        return tf_internals.capture(graph, state.tensor(tensor))

    return {key: assemble(info, map(result, info.component_names)) for key, info in plan.outputs.items()}


def _components_by_name(plan: ApplyPlan, inputs: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """Name of the replaced tensor -> the dense tensor that replaces it."""
    return {
        tensor_of(name): tensor
        for key, info in plan.inputs.items()
        for name, tensor in zip(info.component_names, components(inputs[key]), strict=True)
    }


def _bring_into_context(
    plan: ApplyPlan, state: State, given: Mapping[str, tf.Tensor], graph: tf.Graph
) -> dict[str, tf.Tensor]:
    """The tensors that replace those of the module, as seen from where ops are now built.

    A tensor of an outer graph is captured by a function body; one from outside of a TF1 cond or while
    loop enters its context.
    """
    names = {*plan.from_inputs, *plan.from_state, *plan.controls.values()}
    context = tf_internals.control_flow_context(graph)
    replaced = {}
    for name in sorted(names):
        tensor = given[name] if name in given else state.value_for(graph, name)
        tensor = tf_internals.capture(graph, tensor)
        replaced[name] = tensor if context is None else context.AddValue(tensor)
    return replaced


def _own_shared_names(plan: ApplyPlan, scope: str) -> graph_pb2.GraphDef:
    """The slice, its shared names below `scope`; the plan's own template where it has none."""
    if not plan.has_shared_names:
        return plan.part.graph_def
    graph_def = graph_pb2.GraphDef()
    graph_def.CopyFrom(plan.part.graph_def)
    prefix_shared_names(graph_def, scope)
    return graph_def


def _colocations(
    plan: ApplyPlan,
    state: State,
    given: Mapping[str, tf.Tensor],
    graph: tf.Graph,
    name: str,
) -> dict[str, list[str]]:
    """For each node that was colocated with a replaced one: names of the ops it now goes with.

    Raises:
      AuthoringError: (a ValueError) several outputs of one node were replaced by tensors of different ops.
    """
    by_node: dict[str, dict[str, str]] = {}
    for tensor in plan.fed:
        by_node.setdefault(node_of(tensor), {})[tensor] = _op_here(given[tensor], graph)
    result: dict[str, list[str]] = {}
    for node, others in plan.part.dangling.items():
        for other in others:
            candidates = by_node.get(other, {})
            if len(set(candidates.values())) > 1:
                reasons = ", ".join(f"{key!r} is now an output of {op!r}" for key, op in sorted(candidates.items()))
                raise AuthoringError(
                    f"{name}: node {node!r} must share a device with {other!r} (constraint 'loc:@{other}'), but "
                    f"{reasons}. Give all of these inputs from one op, or from ops without such a constraint."
                )
            target = next(iter(candidates.values()), "")
            if not candidates and other in plan.state_nodes and state.graph is graph:
                target = f"{state.scope}/{other}"
            if target:
                result.setdefault(node, []).append(target)
    return result


def _op_here(tensor: tf.Tensor, graph: tf.Graph) -> str:
    """Name of the tensor's op, or "" where it is outside of the function body that is being built."""
    return str(tensor.op.name) if tensor.graph is graph else ""
