"""One graph variant whose state is eager: its calls, and its losses."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import tensorflow as tf

from hubexplore.errors import GraphError
from hubexplore.hub import tf_internals
from hubexplore.hub.call_arguments import normalize_inputs
from hubexplore.hub.eager import eager_internals
from hubexplore.hub.eager.control_flow import ControlFlowCall, check_repeatable, needs_own_gradient
from hubexplore.hub.eager.eager_graph import eager_graph
from hubexplore.hub.eager.functions import EagerFunctionImporter
from hubexplore.hub.eager.resources import Resources
from hubexplore.hub.eager.signature_function import SignatureFunction
from hubexplore.hub.graph.apply import Applier
from hubexplore.hub.graph.plan import ApplyPlan, plan_apply
from hubexplore.hub.variants.graph_variant import GraphVariant

if TYPE_CHECKING:
    from hubexplore.hub.graph.state import State

_SCOPE: Final = "module"
# Tables in functions are found by name in the whole process, and each variant has its own.
_NUMBERS: Final = itertools.count(1)
_LOSSES: Final = tf.compat.v1.GraphKeys.REGULARIZATION_LOSSES

MSG_IN_GRAPH: Final = (
    "A module that hub.load returned has its variables outside of graphs, and a tf.Graph cannot use them. "
    "Use hub.Module(path) there, or call it eagerly or in a tf.function."
)
MSG_LOSS_WITH_LOOP: Final = (
    "Signature {signature!r} has a TF1 cond or loop, and also regularization losses that depend on its "
    "inputs, of which TensorFlow has no gradients here. Train the module in a tf.Graph, with "
    "hub.Module(path, trainable=True)."
)


class EagerVariant:
    """A graph variant that is applied to eager tensors, or in the function that is being traced.

    Args:
      variant: as read.
      variables: name of a node -> the tf.Variable that takes its place.
      keep: called with each resource that is made, and each asset; they must live as long as this.
    """

    def __init__(
        self, variant: GraphVariant, variables: Mapping[str, Any], keep: Callable[[Any], Any] = lambda _: None
    ) -> None:
        self.variant = eager_graph(variant)
        self._variables = variables
        self._importer = EagerFunctionImporter(f"{_SCOPE}_{next(_NUMBERS)}")
        self.resources = Resources(self.variant, self._importer, variables, keep)
        # An Applier asks of a state no more than this one has.
        self._applier = Applier(cast("State", _CapturedState(self.resources)), self._importer)
        self._functions: dict[tuple[str, bool, int], SignatureFunction] = {}
        self._losses: dict[tuple[str, int], Callable[[list[Any]], Any]] = {}

    def call(self, signature: str, inputs: Any, *, training: bool) -> tuple[dict[str, Any], list[Any]]:
        """All outputs of a signature by name, and with `training` the losses that depend on the inputs.

        Args:
          signature: its name.
          inputs: see `hub.Module.__call__`.
          training: whether update ops run.
        """
        if not tf.executing_eagerly():
            _check_place()
        # A call in a function is a call of a function as well: a gradient tape sees calls, and would not see
        # ops that are imported.
        key = (signature, training, _replica())
        function = self._functions.get(key)
        if function is None:
            # The first of several threads traces for all of them.
            with self.resources.lock:
                function = self._functions.get(key)
                if function is None:
                    function = self._functions[key] = self._traced(signature, training)
        return function(inputs)

    def output_specs(self, signature: str, input_specs: Any) -> dict[str, Any]:
        """The TypeSpecs of the outputs for inputs with these TypeSpecs, as TensorFlow infers them."""
        specs = normalize_inputs(input_specs, self.variant.input_infos(signature), signature)
        plan = plan_apply(self.variant, signature, False)

        def apply(values: dict[str, Any]) -> dict[str, Any]:
            return self._applier.apply(plan, values, _SCOPE, signature)

        return dict(_concrete(apply, [specs]).structured_outputs)

    def check_gradients(self, signature: str) -> None:
        """Checks that TensorFlow can compute the gradients of a call with `training`.

        Raises:
          GraphError: (a RuntimeError) it cannot; see `control_flow`.
        """
        plan = plan_apply(self.variant, signature, True)
        if needs_own_gradient(plan):
            check_repeatable(signature, plan_apply(self.variant, signature, False))
            if plan.collections.get(_LOSSES):
                raise GraphError(MSG_LOSS_WITH_LOOP.format(signature=signature))

    def loss(self, name: str) -> Any:
        """A regularization loss: a scalar."""
        if not tf.executing_eagerly():
            _check_place()
        key = (name, _replica())
        with self.resources.lock:
            if key not in self._losses:

                def compute() -> Any:
                    return self.resources.region.run([name], self.resources.handle)[0]

                self._losses[key] = eager_internals.caller(_concrete(compute, []))
        return self._losses[key]([])

    def _traced(self, signature: str, training: bool) -> SignatureFunction:
        infos = self.variant.input_infos(signature)
        self.variant.check_signature(signature)
        plan = plan_apply(self.variant, signature, training)
        specs = [info.type_spec for info in infos.values()]

        def apply(values: list[Any]) -> tuple[dict[str, Any], list[Any]]:
            # The function that is traced begins with the collections of the graph around it.
            before = len(tf.compat.v1.get_collection(_LOSSES))
            outputs = self._applier.apply(plan, dict(zip(infos, values, strict=True)), _SCOPE, signature)
            return outputs, tf.compat.v1.get_collection(_LOSSES)[before:]

        concrete = _concrete(apply, [specs])
        if needs_own_gradient(plan):
            call = self._control_flow_call(signature, plan, concrete)
            concrete = _concrete(
                lambda values: (call.apply(dict(zip(infos, values, strict=True))), []), [specs]
            )
        return SignatureFunction(signature, infos, concrete)

    def _control_flow_call(self, signature: str, plan: ApplyPlan, concrete: Any) -> ControlFlowCall:
        without_updates = plan_apply(self.variant, signature, False) if plan.collections else plan
        handle, variables = self.resources.handle, self._variables
        run = eager_internals.caller(concrete)

        def outputs(tensors: list[tf.Tensor]) -> dict[str, Any]:
            return dict(run(tensors)[0])

        return ControlFlowCall(signature, without_updates, outputs, self._importer, handle, variables)


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


def _check_place() -> None:
    """Checks that what is not eager is the body of a function that eager code will call.

    Raises:
      GraphError: (a RuntimeError) it is a tf.Graph, or a function in one.
    """
    with tf.init_scope():
        is_eager = tf.executing_eagerly()
    if not is_eager or not tf_internals.is_function_graph(tf.compat.v1.get_default_graph()):
        raise GraphError(MSG_IN_GRAPH)


def _replica() -> int:
    """The number of the replica of a distribution strategy in which this runs; 0 outside of strategies."""
    # Handles are captured when a function is traced, and each replica has variables of its own.
    if not tf.distribute.has_strategy():
        return 0
    return eager_internals.replica_number() or 0


def _concrete(function: Callable[..., Any], specs: list[Any]) -> Any:
    """Traces a function; the tapes that are active do not see it."""
    with eager_internals.unrecorded():
        return tf.function(function, input_signature=specs, autograph=False).get_concrete_function()
