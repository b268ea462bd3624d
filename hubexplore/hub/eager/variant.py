"""One graph variant whose state is eager: its calls, and its losses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from hubexplore.errors import GraphError, HubError
from hubexplore.hub import tf_internals
from hubexplore.hub.call_arguments import check_shared, convert_inputs, normalize_inputs
from hubexplore.hub.eager.functions import EagerFunctionImporter
from hubexplore.hub.eager.resources import Resources
from hubexplore.hub.graph.apply import Applier
from hubexplore.hub.graph.plan import ApplyPlan, plan_apply
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.summary.graph.resource_variables import as_resources, has_references
from hubexplore.summary.graph.traversal import NO_CUT, reach

if TYPE_CHECKING:
    from hubexplore.hub.graph.state import State

_SCOPE: Final = "module"
_LOSSES: Final = tf.compat.v1.GraphKeys.REGULARIZATION_LOSSES

MSG_IN_GRAPH: Final = (
    "A module that hub.load returned has its variables outside of graphs, and a tf.Graph cannot use them. "
    "Use hub.Module(path) there, or call it eagerly or in a tf.function."
)

MSG_LOOP: Final = (
    "The result depends on a TF1 while loop of the module, through which TensorFlow cannot compute "
    "gradients. Call the module outside of the GradientTape."
)


class EagerVariant:
    """A graph variant that is applied to eager tensors, or in the function that is being traced.

    Args:
      variant: as read.
      variables: name of a node -> the tf.Variable that takes its place.
    """

    def __init__(self, variant: GraphVariant, variables: Mapping[str, Any]) -> None:
        self.variant = without_references(variant)
        functions = EagerFunctionImporter(_SCOPE)
        self.resources = Resources(self.variant, functions, variables)
        # An Applier asks of a state no more than this one has.
        self._applier = Applier(cast("State", _CapturedState(self.resources)), functions)
        self._plans: dict[tuple[str, bool], ApplyPlan] = {}
        self._traced: dict[tuple[str, bool, int], Any] = {}

    def call(self, signature: str, inputs: Any, *, training: bool) -> tuple[dict[str, Any], list[Any]]:
        """All outputs of a signature by name, and with `training` the losses that depend on the inputs.

        Args:
          signature: its name.
          inputs: see `hub.Module.__call__`.
          training: whether update ops run.
        """
        infos = self.variant.input_infos(signature)
        values = normalize_inputs(inputs, infos, signature)
        converted = convert_inputs(check_shared(values, infos, signature), infos)
        graph = tf.compat.v1.get_default_graph()
        if not tf.executing_eagerly() and not tf_internals.is_function_graph(graph):
            raise GraphError(MSG_IN_GRAPH)
        # A call in a function is a call of a function as well: a gradient tape sees calls, and would not see
        # ops that are imported.
        try:
            outputs, losses = self._function(signature, training)(list(converted.values()))
            return dict(outputs), list(losses)
        except (RecursionError, LookupError) as error:
            # Both are how TensorFlow fails at the gradient of a loop that was not built in this function.
            if "Exit" not in self.variant.ops or isinstance(error, HubError):
                raise
            raise GraphError(MSG_LOOP) from error

    def output_specs(self, signature: str, input_specs: Any) -> dict[str, Any]:
        """The TypeSpecs of the outputs for inputs with these TypeSpecs, as TensorFlow infers them."""
        specs = normalize_inputs(input_specs, self.variant.input_infos(signature), signature)

        def apply(values: dict[str, Any]) -> dict[str, Any]:
            return self._add(signature, False, values)

        traced = tf.function(apply, autograph=False).get_concrete_function(specs)
        return dict(traced.structured_outputs)

    def loss(self, name: str) -> Any:
        """A regularization loss: a scalar."""
        (value,) = self.resources.region.run([name], self.resources.handle)
        return value

    def _function(self, signature: str, training: bool) -> Any:
        """The tf.function of a signature, traced once for each replica of a distribution strategy."""
        # Handles are captured when it is traced, and each replica has variables of its own.
        replica = tf.distribute.get_replica_context()
        number = (
            replica.replica_id_in_sync_group if replica is not None and tf.distribute.has_strategy() else 0
        )
        key = (signature, training, number if isinstance(number, int) else 0)
        function = self._traced.get(key)
        if function is None:
            infos = self.variant.input_infos(signature)

            def apply(values: list[Any]) -> tuple[dict[str, Any], list[Any]]:
                before = len(tf.compat.v1.get_collection(_LOSSES))
                outputs = self._add(signature, training, dict(zip(infos, values, strict=True)))
                losses = tf.compat.v1.get_collection(_LOSSES)[before:]
                return outputs, losses if training else []

            specs = [info.type_spec for info in infos.values()]
            function = tf.function(apply, input_signature=[specs], autograph=False)
            tf_internals.expect_tracing(function)
            # The first of several threads wins, so that all use the function that is traced once.
            function = self._traced.setdefault(key, function)
        return function

    def _add(self, signature: str, training: bool, inputs: Mapping[str, Any]) -> dict[str, Any]:
        key = (signature, training)
        with self.resources.lock:
            if key not in self._plans:
                self._plans[key] = plan_apply(self.variant, signature, training)
            outputs = self._applier.apply(self._plans[key], inputs, _SCOPE, signature)
        if "Exit" not in self.variant.ops:
            return outputs
        return {name: self._without_gradient(signature, name, value) for name, value in outputs.items()}

    def _without_gradient(self, signature: str, name: str, value: Any) -> Any:
        """An output; refuses gradients if a TF1 loop computes it, which TensorFlow would recurse on."""
        if not isinstance(value, tf.Tensor) or not value.dtype.is_floating:
            return value
        if self.is_differentiable(signature, name):
            return value
        return tf.raw_ops.PreventGradient(input=value, message=MSG_LOOP)

    def is_differentiable(self, signature: str, output: str) -> bool:
        """Whether no TF1 loop computes an output."""
        if "Exit" not in self.variant.ops:
            return True
        info = self.variant.signature(signature).outputs[output]
        found = reach(self.variant.nodes, [info.name] if info.name else [], NO_CUT).nodes
        return all(self.variant.nodes[node].op != "Exit" for node in found)


class _CapturedState:
    """What `graph.state.State` is to a call in a graph: the tensors of the state, here eager handles."""

    graph = None
    scope = _SCOPE

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def tensor(self, name: str) -> Any:
        return self._resources.handle(name)

    def value_for(self, graph: Any, name: str) -> Any:
        return graph.capture(self._resources.handle(name))


def without_references(variant: GraphVariant) -> GraphVariant:
    """The variant itself, or a copy with resources in place of references."""
    nodes = variant.nodes.values()
    if not has_references(nodes):
        return variant
    meta_graph = meta_graph_pb2.MetaGraphDef()
    meta_graph.CopyFrom(variant.meta_graph)
    outputs = [info for signature in meta_graph.signature_def.values() for info in signature.outputs.values()]
    rewritten = as_resources(nodes, [info.name for info in outputs if info.name])
    del meta_graph.graph_def.node[:]
    meta_graph.graph_def.node.extend(rewritten.nodes)
    for info in outputs:
        if info.name:
            info.name = rewritten.values[info.name]
    return GraphVariant(meta_graph)
