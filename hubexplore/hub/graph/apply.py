"""Applies a signature: adds its slice of the graph, wired to inputs and shared state."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import graph_pb2

from hubexplore.errors import AuthoringError, DamagedModuleError, ScopeNameError
from hubexplore.hub import op_internals, tf_internals
from hubexplore.hub.graph.contexts import rebuild
from hubexplore.hub.graph.extra_ops import OpScope
from hubexplore.hub.graph.functions import FunctionImporter
from hubexplore.hub.graph.plan import ApplyPlan
from hubexplore.hub.graph.replay import Refinement, shapes_key
from hubexplore.hub.graph.shared_names import prefix_shared_names
from hubexplore.hub.graph.state import State
from hubexplore.hub.tensor_info import assemble, components
from hubexplore.summary.graph.traversal import node_of, tensor_of

# How many times larger than the slice a graph must be for a replay to pay. The importer indexes the whole
# graph on each call, O(graph); a replay is O(slice), but creates each op through several calls of the C API.
_REPLAY_RATIO: Final = 4

MSG_TAKEN: Final = (
    "The graph already has an op named {name!r}, a name that the module needs for one of its ops. {remedy}"
)
MSG_OTHER_NAME: Final = "Pass another name= to Module, or make the module first."
MSG_OTHER_SCOPE: Final = "Call the module in another scope: `with tf.name_scope('apply'):`."


class Applier:
    """Adds the calls of one module to its graph.

    Args:
      state: of the module.
      functions: of the module.
    """

    def __init__(self, state: State, functions: FunctionImporter) -> None:
        self._state = state
        self._functions = functions
        self.places: dict[tuple[tf.Graph, str], OpScope] = {}
        """The calls so far, by graph and name scope."""
        # Plans with the static shapes of inputs for which TensorFlow has accepted the slice before: for these
        # a replay cannot fail half-way. The value is what the replay refined, None before the first one.
        self._accepted: dict[tuple[ApplyPlan, Any], tuple[Refinement, ...] | None] = {}

    def apply(self, plan: ApplyPlan, inputs: Mapping[str, Any], name: str, signature: str) -> dict[str, Any]:
        """Adds the slice of one call to the default graph.

        Args:
          plan: of the signature.
          inputs: input name -> Tensor, SparseTensor or RaggedTensor that fits.
          name: the name scope to make, in the current one.
          signature: its name.

        Returns:
          Output name -> Tensor, SparseTensor or RaggedTensor.
        """
        graph = tf.compat.v1.get_default_graph()
        state, context = self._state, tf_internals.control_flow_context(graph)
        fed = _components_by_name(plan, inputs)
        # Capturing and entering contexts adds ops, so it happens outside of the name scope of the call: below
        # that scope there are only ops of the module, under their names in the module.
        replaced = _bring_into_context(plan, state, fed, graph)
        colocations = _colocations(plan, state, fed, graph, name)
        with tf.name_scope(name) as scope_with_slash:
            scope = scope_with_slash[:-1]
            check_free(scope, plan.looked_up, MSG_OTHER_SCOPE)
            if plan.graph_slice.graph_def.node:
                self._build(plan, graph, scope, replaced, colocations)

        # Names in the contexts' protos are those of the module; what was replaced has the caller's names.
        def rename(element: str) -> str | None:
            tensor = replaced.get(tensor_of(element))
            if tensor is not None:
                return str(tensor.name if ":" in element else tensor.op.name)
            return f"{scope}/{element}" if node_of(element) in plan.imported else None

        rebuild(plan.contexts, graph, scope, rename)
        self.places[graph, scope] = OpScope(graph, scope, set(plan.imported), fed, signature, context)
        # As in the module: update ops and losses join the collections of the graph on each call, since each
        # call has its own.
        for key, elements in plan.collections.items():
            for element in elements:
                graph.add_to_collection(key, graph.as_graph_element(f"{scope}/{element}"))

        def result(tensor: str) -> tf.Tensor:
            if tensor in fed:
                return fed[tensor]
            if node_of(tensor) in plan.imported:
                return graph.get_tensor_by_name(f"{scope}/{tensor}")
            # An output that is state itself, such as the value of a variable: no op was imported for it.
            return tf_internals.capture(graph, state.tensor(tensor))

        return {key: assemble(info, map(result, info.component_names)) for key, info in plan.outputs.items()}

    def _build(
        self,
        plan: ApplyPlan,
        graph: tf.Graph,
        scope: str,
        replaced: Mapping[str, tf.Tensor],
        colocations: Mapping[str, list[str]],
    ) -> None:
        # A replay creates ops one by one and cannot undo them, so it needs all of: a slice that TensorFlow
        # has accepted for these shapes, a graph large enough to make it pay, no TF1 cond or loop around the
        # call or its inputs (the importer attaches those), and functions that are registered under their own
        # names.
        key = shapes_key({name: replaced[name] for name in plan.from_inputs})
        if (
            (plan, key) in self._accepted
            and (
                graph.version > _REPLAY_RATIO * len(plan.imported)
                or not self._functions.is_light(graph, plan.graph_slice.library)
            )
            and plan.replay is not None
            and tf_internals.control_flow_context(graph) is None
            and not any(map(tf_internals.is_in_context, replaced.values()))
            and self._functions.are_known(graph, plan.graph_slice.graph_def, plan.graph_slice.library)
        ):
            self._accepted[plan, key] = plan.replay.run(
                graph, scope, replaced, plan.controls, colocations, self._accepted[plan, key]
            )
            return
        input_map = {name: replaced[name] for name in (*plan.from_inputs, *plan.from_state)}
        # The importer maps a control input under its name with the caret; it wants a tensor and waits for its
        # op.
        input_map |= {f"^{node}": replaced[tensor] for node, tensor in plan.controls.items()}
        slice_of_call = _with_own_shared_names(plan, scope)
        try:
            self._functions.import_graph_def(slice_of_call, plan.graph_slice.library, scope, input_map)
        except DamagedModuleError as error:
            # On failure only: it imports the slice again.
            from hubexplore.hub.graph import unfit_sizes

            def add(tensors: Mapping[str, tf.Tensor]) -> None:
                mapped = {name: tensors[name] for name in (*plan.from_inputs, *plan.from_state)}
                mapped |= {f"^{node}": tensors[tensor] for node, tensor in plan.controls.items()}
                self._functions.import_graph_def(slice_of_call, plan.graph_slice.library, scope, mapped)

            raise unfit_sizes.explained(error, plan, replaced, add) from error.__cause__
        # The importer refuses a constraint on an op outside of the slice, so constraints on replaced nodes
        # and on state were taken out of the slice and are added to the ops afterwards.
        constraints = {
            f"{scope}/{node}": (
                [f"{scope}/{name}" for name in plan.graph_slice.inner_companions.get(node, ())],
                ops,
            )
            for node, ops in colocations.items()
        }
        op_internals.add_colocations(graph, constraints)
        if key is not None:
            # Only now: an import that raises has shown that a replay would, too.
            self._accepted.setdefault((plan, key), None)


def check_free(scope: str, nodes: Iterable[str], remedy: str) -> None:
    """Checks that no op of the default graph has the name that one of a module would get.

    TensorFlow renames the second op with a name, so a lookup by that name would find the first one.

    Raises:
      ScopeNameError: (a ValueError) an op has it.
    """
    graph = tf.compat.v1.get_default_graph()
    if conflict := tf_internals.first_taken(graph, (f"{scope}/{name}" for name in nodes)):
        raise ScopeNameError(MSG_TAKEN.format(name=conflict, remedy=remedy))


def _components_by_name(plan: ApplyPlan, inputs: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """Name of the replaced tensor -> the dense tensor that replaces it."""
    return {
        tensor_of(name): tensor
        for key, info in plan.inputs.items()
        for name, tensor in zip(info.component_names, components(inputs[key]), strict=True)
    }


def _bring_into_context(
    plan: ApplyPlan, state: State, fed: Mapping[str, tf.Tensor], graph: tf.Graph
) -> dict[str, tf.Tensor]:
    """The tensors that replace those of the module, as seen from where ops are now built.

    A tensor of an outer graph is captured by a function body; one from outside of a TF1 cond or while
    loop enters its context.
    """
    names = {*plan.from_inputs, *plan.from_state, *plan.controls.values()}
    context = tf_internals.control_flow_context(graph)
    replaced = {}
    # Sorted, as capturing adds inputs to a function body, whose order must not differ between processes.
    for name in sorted(names):
        tensor = fed[name] if name in fed else state.value_for(graph, name)
        tensor = tf_internals.capture(graph, tensor)
        replaced[name] = tensor if context is None else context.AddValue(tensor)
    return replaced


def _with_own_shared_names(plan: ApplyPlan, scope: str) -> graph_pb2.GraphDef:
    """The slice, its shared names below `scope`; the plan's own template where it has none."""
    if not plan.has_shared_names:
        return plan.graph_slice.graph_def
    graph_def = graph_pb2.GraphDef()
    graph_def.CopyFrom(plan.graph_slice.graph_def)
    prefix_shared_names(graph_def, scope)
    return graph_def


def _colocations(
    plan: ApplyPlan,
    state: State,
    fed: Mapping[str, tf.Tensor],
    graph: tf.Graph,
    name: str,
) -> dict[str, list[str]]:
    """For each node that was colocated with a replaced one: the names of its companions in this call.

    Raises:
      AuthoringError: (a ValueError) several outputs of one node were replaced by tensors of different ops.
    """
    if not plan.graph_slice.outer_companions:
        return {}
    replacements: dict[str, dict[str, tf.Tensor]] = {}
    for tensor in plan.fed:
        replacements.setdefault(node_of(tensor), {})[tensor] = fed[tensor]
    result: dict[str, list[str]] = {}
    for node, former_companions in plan.graph_slice.outer_companions.items():
        for former in former_companions:
            candidates = replacements.get(former, {})
            groups = {key: _companions(tensor, graph) for key, tensor in candidates.items()}
            if len(set(groups.values())) > 1:
                ops = {key: str(tensor.op.name) for key, tensor in sorted(candidates.items())}
                reasons = ", ".join(f"{key!r} is now from {op!r}" for key, op in ops.items())
                raise AuthoringError(
                    f"{name}: node {node!r} must share a device with {former!r} (constraint "
                    f"'loc:@{former}'), but {reasons}. Pass outputs of one op for all of these inputs."
                )
            targets = next(iter(groups.values()), ())
            if not candidates and former in plan.state_nodes and state.graph is graph:
                # The former companion is state, which has an op in this graph; in a function body it has
                # none.
                targets = (f"{state.scope}/{former}",)
            if targets:
                result.setdefault(node, []).extend(targets)
    return result


def _companions(tensor: tf.Tensor, graph: tf.Graph) -> tuple[str, ...]:
    """Names of the ops that a node shares a device with if it is colocated with a tensor's op.

    If the op is colocated itself, these are the ops that it is colocated with, so that ops of one group
    compare equal. Empty if the tensor is outside of the function body that is being built, since a constraint
    cannot cross that border.
    """
    if tensor.graph is not graph:
        return ()
    names = {tf.compat.as_str(group).removeprefix("loc:@") for group in tensor.op.colocation_groups()}
    # Inside a function body an op may also name companions outside of it, which do not exist in this graph.
    return tuple(sorted(filter(functools.partial(tf_internals.has_op, graph), names))) or (
        str(tensor.op.name),
    )
