"""TensorFlow's private API that modules outside of graphs need; see `tf_internals` for that of graphs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import tensorflow as tf
from tensorflow.python.client import pywrap_tf_session
from tensorflow.python.framework import ops

EAGER_TENSOR: Final = ops.EagerTensor
"""The class of tensors outside of graphs. To ask a tensor for it would start the devices."""


def watched_handle(variable: Any) -> tf.Tensor:
    """The handle of an eager variable, for use in the function that is being traced.

    What reads through the handle alone would be unknown to a gradient tape, so the variable is announced to
    the function, as a read of the variable does. Of a distributed variable it is that of the current
    replica, and outside of replicas that of the first one.
    """
    from tensorflow.python.ops import resource_variable_ops

    component = variable
    if hasattr(variable, "_get_replica"):
        # Between replicas, `_get` of TensorFlow 2.21 is a tensor in which the replicas are aggregated.
        component = variable._get_replica(replica_number() or 0)
    elif hasattr(variable, "_get"):
        component = variable._get()
    resource_variable_ops.variable_accessed(component)
    return component.handle


def set_trainable(variable: Any, trainable: bool) -> None:
    """Sets whether gradient tapes watch an eager variable, or all parts of a distributed one."""
    for component in getattr(variable, "_values", None) or [variable]:
        component._trainable = trainable


def take_identity(variable: Any, other: Any) -> None:
    """Lets a new eager variable count as the one whose place it takes."""
    variable._unique_id = other._unique_id


def replica_number() -> int | None:
    """The number of the replica of a distribution strategy in which this runs, if it runs in one.

    The public one is a tensor.
    """
    from tensorflow.python.distribute import values_util

    number: int | None = values_util.get_current_replica_id_as_int()
    return number


def add_eager_functions(library: Any) -> None:
    """Registers functions, under names that are not in use, in the eager context."""
    from tensorflow.python.eager import context

    for function in library.function:
        context.context().add_function_def(function)


def eager_function_names() -> list[str]:
    """Names of the functions in the eager context."""
    from tensorflow.python.eager import context

    return list(context.context().list_function_names())


def remove_eager_function(name: str) -> None:
    """Removes a function from the eager context; it must not be called any more.

    Raises:
      tf.errors.NotFoundError: there is none of this name.
    """
    from tensorflow.python.eager import context

    context.context().remove_function(name)


def set_gradient(op: tf.Operation, gradient: Callable[..., Any]) -> None:
    """Sets the function that TensorFlow calls for the gradient of an op."""
    op._gradient_function = gradient


def call_gradient(
    op: tf.Operation,
    name: str,
    gradients: Sequence[tf.Tensor | None],
    prepare: Callable[[list[tf.Operation]], None],
) -> Any:
    """The gradient of a call of a function that is in the eager context, as that of a tf.function.

    The called function becomes one that also returns what its gradient needs, so nothing is computed twice.

    Args:
      op: the call.
      name: of the function.
      gradients: of its outputs.
      prepare: called with the ops of the body before their gradients are built.
    """
    from tensorflow.core.function.polymorphism import function_type
    from tensorflow.python.eager import context
    from tensorflow.python.eager.polymorphic_function import concrete_function
    from tensorflow.python.framework import function_def_to_graph

    definition = context.context().get_function_def(name)
    definition.attr.pop("_input_shapes", None)
    # The functions that it calls are looked up in the default graph.
    with op.graph.as_default():
        graph = function_def_to_graph.function_def_to_graph(definition, include_library_functions=True)
    prepare(graph.get_operations())
    signature = function_type.from_structured_signature(
        graph.structured_input_signature, graph.structured_outputs, graph.function_captures.capture_types
    )
    function = concrete_function.ConcreteFunction.from_func_graph(graph, signature, attrs=definition.attr)
    # It takes its functions out of the runtime when it goes, and the graph calls them.
    op.graph._hubexplore_called = [*getattr(op.graph, "_hubexplore_called", ()), function]
    return function._get_gradient_function()(op, *gradients)


def set_stack_traces(graph: tf.Graph, names: Iterable[str]) -> None:
    """Gives imported ops the current stack trace, for TensorFlow's messages when one of them fails.

    An import leaves them without, and some of what makes such messages (TensorFlow 2.16 to 2.21) then fails
    itself.
    """
    from tensorflow.python.util import tf_stack

    stack = tf_stack.extract_stack()
    for name in names:
        pywrap_tf_session.TF_SetOpStackTrace(graph.get_operation_by_name(name)._c_op, stack)


def caller(function: Any) -> Callable[[list[tf.Tensor]], Any]:
    """Calls a concrete function with its flat list of tensors; the result is structured.

    A call of the function itself (TensorFlow 2.16 to 2.21) first binds and checks arguments by name, which
    takes longer than a small graph.
    """
    captured = list(function.captured_inputs)

    def call(tensors: list[tf.Tensor]) -> Any:
        return function._call_flat(tensors, captured)

    return call


def identities(tensors: Sequence[tf.Tensor], gradient: Callable[..., list[Any]]) -> list[tf.Tensor]:
    """The same tensors, whose gradient a function computes.

    Args:
      tensors: of the function that is being traced.
      gradient: takes the op of the result, and a gradient or None for each tensor; returns one for each. It
        is called where the gradient of the traced function is built.
    """
    graph = tf.compat.v1.get_default_graph()
    with graph._override_gradient_function({"IdentityN": gradient}):
        return list(tf.identity_n(tensors))


def unrecorded() -> contextlib.AbstractContextManager[None]:
    """Stops all gradient tapes for a while."""
    from tensorflow.python.eager import record

    stopped: contextlib.AbstractContextManager[None] = record.stop_recording()
    return stopped


def local_handle(dtype: tf.DType, shape: tf.TensorShape) -> tf.Tensor:
    """The handle of a variable that lives as long as something in this run refers to it."""
    from tensorflow.python.eager import context

    return tf.raw_ops.VarHandleOp(
        dtype=dtype, shape=shape, shared_name=context.anonymous_name(), container=""
    )


@contextlib.contextmanager
def revived_type(identifier: str, create: Callable[[], Any]) -> Iterator[None]:
    """Inside, objects of a SavedModel with an identifier that nothing is registered for become these.

    The registration has no public end, and a second one of the same name would fail.
    """
    from tensorflow.python.saved_model import revived_types

    if identifier in revived_types.registered_identifiers():
        yield
        return
    version = revived_types.VersionedTypeRegistration(
        object_factory=lambda _: create(), version=2, min_producer_version=1, min_consumer_version=1
    )
    revived_types.register_revived_type(identifier, lambda _: False, versions=[version])
    try:
        yield
    finally:
        del revived_types._REVIVED_TYPE_REGISTRY[identifier]
        revived_types._TYPE_IDENTIFIERS.remove(identifier)
