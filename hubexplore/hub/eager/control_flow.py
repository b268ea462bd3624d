"""Gradients through the conds and `while` loops of TF1.

TensorFlow computes the gradient of such a loop in the graph of the loop only, and the gradient of a function
is another graph; that of a cond fails there for some variables. So a call whose slice has one gets a gradient
of its own: in a graph of TF1, the slice is added once more, to the inputs of the call and to variables with
the values that the call read, TensorFlow differentiates it there, and the result is a function. What the two
runs might not have in common, such as random numbers, would make the gradient wrong, and is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, cast

import tensorflow as tf
from tensorflow.core.framework import graph_pb2

from hubexplore.errors import GraphError
from hubexplore.hub import tf_internals
from hubexplore.hub.eager import eager_internals
from hubexplore.hub.graph.apply import Applier
from hubexplore.hub.graph.functions import FunctionImporter
from hubexplore.hub.graph.plan import ApplyPlan
from hubexplore.hub.tensor_info import assemble, components
from hubexplore.summary.graph.traversal import node_of

if TYPE_CHECKING:
    from hubexplore.hub.graph.state import State

_LOOP: Final = "Enter"
_COND: Final = "Switch"
# Stateful ops that give the same results whenever they run on the same state, which calls do not change.
_REPEATABLE: Final = frozenset({
    "Assert", "Case", "If", "LookupTableExportV2", "LookupTableFindV2", "LookupTableSizeV2", "Print",
    "PrintV2", "ReadVariableOp", "ResourceGather", "ResourceGatherNd", "StatefulPartitionedCall",
    "VarHandleOp", "VarIsInitializedOp", "While",
})  # fmt: skip
# The arrays of a run, in which loops collect values.
_RUN_ARRAYS: Final = "TensorArray"

MSG_NOT_REPEATABLE: Final = (
    "Signature {signature!r} has a TF1 while loop, whose gradient needs a second run of the same ops, and "
    "{op!r} ({node}) would give other values in it. Train the module in a tf.Graph, with hub.Module(path, "
    "trainable=True), or call it outside of the GradientTape."
)
MSG_SECOND_ORDER: Final = (
    "Signature {signature!r} has a TF1 cond or loop, and TensorFlow has no second derivatives of it. Take "
    "gradients once, with a GradientTape that is not inside of another."
)


@dataclass(frozen=True)
class ControlFlowCall:
    """A call of a signature with a cond or loop, from the view of its gradient.

    Args:
      signature: its name.
      plan: of a call without update ops.
      run: makes the call; takes the dense tensors of the inputs. A function to TensorFlow, so that the
        gradients around it do not see what is inside.
      functions: of the module.
      handle: name of a state tensor -> the eager tensor that is its handle.
      variables: name of a node -> the tf.Variable that takes its place.
    """

    signature: str
    plan: ApplyPlan
    run: Callable[[list[tf.Tensor]], dict[str, Any]]
    functions: FunctionImporter
    handle: Callable[[str], tf.Tensor]
    variables: Mapping[str, Any]

    def apply(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs of a call, with a gradient."""
        # Before the call, whose update ops may change them.
        values = {name: self._read(name) for name in self._trained()}
        fed = [tensor for value in inputs.values() for tensor in components(value)]
        outputs = self.run(fed)
        results = {
            (key, number): tensor
            for key, value in outputs.items()
            for number, tensor in enumerate(components(value))
            if _has_gradient(tensor)
        }
        with_gradient = eager_internals.identities(
            [*results.values(), *fed, *values.values()], self._gradient(list(results), list(values))
        )
        found = dict(zip(results, with_gradient, strict=False))
        return {
            key: assemble(
                self.plan.outputs[key],
                [found.get((key, number), tensor) for number, tensor in enumerate(components(value))],
            )
            for key, value in outputs.items()
        }

    def _trained(self) -> list[str]:
        """Names of the state tensors that are variables with gradients."""
        return [
            name
            for name in self.plan.from_state
            if node_of(name) in self.variables and self.variables[node_of(name)].dtype.is_floating
        ]

    def _read(self, name: str) -> tf.Tensor:
        handle = tf.compat.v1.get_default_graph().capture(self.handle(name))
        variable = self.variables[node_of(name)]
        value = tf.raw_ops.ReadVariableOp(resource=handle, dtype=variable.dtype)
        value.set_shape(variable.shape)
        return value

    def _gradient(self, results: list[tuple[str, int]], variables: list[str]) -> Callable[..., list[Any]]:
        """The function that TensorFlow calls for the gradient of the identities in `apply`."""

        def gradient(op: tf.Operation, *upstream: tf.Tensor | None) -> list[Any]:
            check_repeatable(self.signature, self.plan)
            count = len(results)
            above = [
                tf_internals.zeros_like(tensor) if given is None else given
                for given, tensor in zip(upstream, op.outputs[:count], strict=False)
            ]
            arguments = [*above, *op.inputs[count:]]
            specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in arguments]
            once = self._function(specs, results, variables)(*arguments)
            found = iter(eager_internals.identities(once, self._no_second_order))
            return [None] * count + [
                next(found) if _has_gradient(tensor) else None for tensor in op.inputs[count:]
            ]

        return gradient

    def _function(
        self, specs: list[tf.TensorSpec], results: list[tuple[str, int]], variables: list[str]
    ) -> Any:
        """The function from upstream gradients, inputs and values of variables to their gradients.

        Args:
          specs: of its arguments.
          results: the outputs that have gradients: name, and number of the component.
          variables: names of the state tensors whose values are the last arguments.
        """
        with tf.Graph().as_default() as graph:
            arguments = [tf.compat.v1.placeholder(spec.dtype, spec.shape) for spec in specs]
            state = _LocalState(self.handle)
            found = self._differentiate(arguments, state, results, variables)
            replaced = {tensor.op.name for tensor in [*arguments, *state.captured.values()]}
            whole = graph.as_graph_def()
        part = graph_pb2.GraphDef(versions=whole.versions)
        part.node.extend(node for node in whole.node if node.name not in replaced)

        def run(*tensors: tf.Tensor) -> list[tf.Tensor]:
            body = tf.compat.v1.get_default_graph()
            outer = {tensor.name: given for tensor, given in zip(arguments, tensors, strict=True)}
            for name, tensor in state.captured.items():
                outer[tensor.name] = body.capture(self.handle(name))
            self.functions.import_graph_def(part, whole.library, state.scope, outer)
            return [body.get_tensor_by_name(f"{state.scope}/{tensor.name}") for tensor in found]

        # A function of TF1: in others, TensorFlow orders ops by their effects, also into and out of loops.
        return tf.compat.v1.wrap_function(run, specs)

    def _differentiate(
        self,
        arguments: list[tf.Tensor],
        state: _LocalState,
        results: list[tuple[str, int]],
        variables: list[str],
    ) -> list[tf.Tensor]:
        """Adds the slice and its gradients to the default graph, a tf.Graph; see `_function`."""
        upstream, fed = arguments[: len(results)], iter(arguments[len(results) :])
        inputs = {
            name: assemble(info, [next(fed) for _ in info.component_names])
            for name, info in self.plan.inputs.items()
        }
        state.variables.update((name, _variable(value)) for name, value in zip(variables, fed, strict=True))
        applier = Applier(cast("State", state), self.functions)
        outputs = applier.apply(self.plan, inputs, state.scope, self.signature)
        targets = [components(outputs[key])[number] for key, number in results]
        tensors = [tensor for value in inputs.values() for tensor in components(value)]
        sources = [*tensors, *state.variables.values()]
        # A handle has no dtype of its own; the values do.
        likes = arguments[len(results) :]
        pairs = [(source, like) for source, like in zip(sources, likes, strict=True) if _has_gradient(like)]
        gradients = tf.gradients(targets, [source for source, _ in pairs], upstream)
        return [
            tf.zeros_like(like) if gradient is None else tf.convert_to_tensor(gradient)
            for gradient, (_, like) in zip(gradients, pairs, strict=True)
        ]

    def _no_second_order(self, *_: Any) -> list[Any]:
        raise GraphError(MSG_SECOND_ORDER.format(signature=self.signature))


def check_repeatable(signature: str, plan: ApplyPlan) -> None:
    """Checks that a second run of the slice has the same values.

    Raises:
      GraphError: (a RuntimeError) an op may have others.
    """
    node = _first_unrepeatable(plan)
    if node is not None:
        raise GraphError(MSG_NOT_REPEATABLE.format(signature=signature, op=node.name, node=node.op))


def needs_own_gradient(plan: ApplyPlan) -> bool:
    """Whether TensorFlow cannot be left to differentiate a call as a function.

    A cond beside random numbers, as dropout made it, is left to it: only some variables inside of one fail.
    """
    ops = {node.op for node in plan.graph_slice.graph_def.node}
    return _LOOP in ops or (_COND in ops and _first_unrepeatable(plan) is None)


def _first_unrepeatable(plan: ApplyPlan) -> Any:
    """The first node of a slice that may give other values in a second run, or None."""
    part = plan.graph_slice
    for node in chain(part.graph_def.node, *(function.node_def for function in part.library.function)):
        definition = tf_internals.op_def(node.op)
        if definition is None or not definition.is_stateful:
            continue
        if node.op not in _REPEATABLE and not node.op.startswith(_RUN_ARRAYS):
            return node
    return None


def _has_gradient(tensor: tf.Tensor) -> bool:
    return bool(tensor.dtype.is_floating or tensor.dtype.is_complex)


class _LocalState:
    """What `graph.state.State` is to a call in a graph: here variables that live as long as one run.

    Args:
      handle: name of a state tensor -> the eager tensor that is its handle.

    Attributes:
      variables: name of a state tensor -> the handle of its variable.
      captured: name of another one -> the placeholder that stands for it.
    """

    graph = None
    scope = "module"

    def __init__(self, handle: Callable[[str], tf.Tensor]) -> None:
        self._handle = handle
        self.variables: dict[str, tf.Tensor] = {}
        self.captured: dict[str, tf.Tensor] = {}

    def tensor(self, name: str) -> Any:
        if name in self.variables:
            return self.variables[name]
        if name not in self.captured:
            self.captured[name] = tf.compat.v1.placeholder(self._handle(name).dtype, [])
        return self.captured[name]

    def value_for(self, graph: Any, name: str) -> Any:
        return self.tensor(name)


def _variable(value: tf.Tensor) -> tf.Tensor:
    """The handle of a new variable with a value, which shares the memory of the value."""
    handle = eager_internals.local_handle(value.dtype, value.shape)
    assign = tf.raw_ops.AssignVariableOp(resource=handle, value=value)
    with tf.control_dependencies([assign]):
        return tf.identity(handle)
