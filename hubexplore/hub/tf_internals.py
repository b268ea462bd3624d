"""TensorFlow's private API, which only this, `op_internals` and `eager.eager_internals` touch.

For TensorFlow 2.16 to 2.21.

Rebuilding variables and TF1 control-flow contexts from their protos, and capturing tensors into
function graphs, has no public entry point other than `import_meta_graph`, which walks everything
and adds a Saver to the user's graph.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar, cast

import tensorflow as tf
from tensorflow.core.protobuf import config_pb2, struct_pb2
from tensorflow.python.feature_column import feature_column, feature_column_v2
from tensorflow.python.framework import c_api_util, func_graph, kernels, op_def_registry, ops
from tensorflow.python.ops import default_gradient, variable_scope
from tensorflow.python.saved_model import nested_structure_coder

_Function = TypeVar("_Function", bound=Callable[..., Any])
_VARIABLE_DEFAULTS: Final = {
    "_cached_shape_as_list": None,
    "_distribute_strategy": None,
    "_variable_read": False,
    "_xla_sharding": None,
}
DENSE_COLUMN_CLASSES: Final = (feature_column._DenseColumn, feature_column_v2.DenseColumn)
"""The base classes of feature columns: that of `input_layer` and that of layers with a state."""


def without_autograph(function: _Function) -> _Function:
    """Keeps AutoGraph out of a function.

    AutoGraph rewrites all Python code that `tf.function` and `Dataset.map` call; for a call of a module that
    takes seconds and changes nothing.
    """
    return cast(_Function, tf.autograph.experimental.do_not_convert(function))


def variable_from_proto(variable_def: Any, scope: str) -> Any:
    """The Variable that a VariableDef describes; its names lie below the absolute name scope `scope`."""
    from_proto = ops.get_from_proto_function(tf.compat.v1.GraphKeys.GLOBAL_VARIABLES)
    variable = from_proto(variable_def, import_scope=scope)
    # TensorFlow (2.16 to 2.21) sets these on every variable except those made from a proto; optimizers and
    # Keras read them.
    attributes = variable.__dict__
    attributes.setdefault("_graph_key", variable.graph._graph_key)
    if variable_def.is_resource:
        for name, value in _VARIABLE_DEFAULTS.items():
            attributes.setdefault(name, value)
    return variable


def context_proto_class(collection: str) -> Any:
    """The message class of the collections `cond_context` and `while_context`."""
    return ops.get_collection_proto_type(collection)


def context_from_proto(collection: str, context_def: Any) -> Any:
    """Rebuilds a TF1 control-flow context whose proto holds absolute names."""
    return ops.get_from_proto_function(collection)(context_def)


def control_flow_context(graph: tf.Graph) -> Any:
    """The TF1 cond or while context in which ops of `graph` are now built, or None."""
    return graph._get_control_flow_context()


def tf_outputs(op: tf.Operation, numbers: Iterable[int]) -> list[Any]:
    """The C handles of outputs of an op."""
    c_op = op._c_op
    return [c_api_util.tf_output(c_op, number) for number in numbers]


def is_in_context(tensor: tf.Tensor) -> bool:
    """Whether a tensor is inside of a TF1 cond or loop, or the result of one."""
    return tensor.op._control_flow_context is not None


def outer_context(context: Any) -> Any:
    """The context around `context`, or None."""
    return context.outer_context


def is_op_registered(op_type: str) -> bool:
    """Whether TensorFlow knows the op; asks the C++ registry if the op is not in Python's yet."""
    return op_def_registry.get(op_type) is not None


def has_kernel(op_type: str) -> bool:
    """Whether this process has a CPU kernel for an op."""
    registered = kernels.get_registered_kernels_for_op(op_type)
    return any(kernel.device_type == "CPU" for kernel in registered.kernel)


def op_def(op_type: str) -> Any:
    """The OpDef of an op type, or None."""
    return op_def_registry.get(op_type)


def takes_functions(op_type: str) -> bool:
    """Whether an op runs a function that an attribute names."""
    definition = op_def(op_type)
    return definition is None or any(attr.type in ("func", "list(func)") for attr in definition.attr)


def is_function_graph(graph: tf.Graph) -> bool:
    """Whether `graph` is the body of a function: tf.function, wrap_function, Dataset.map, v2 cond."""
    return isinstance(graph, func_graph.FuncGraph)


def is_wrapped_function(graph: tf.Graph) -> bool:
    """Whether a function graph is the one of `tf.compat.v1.wrap_function` itself."""
    return str(graph.name).startswith("wrapped_function")


def is_inside(graph: tf.Graph, outer: tf.Graph) -> bool:
    """Whether `graph` is a function body (at any depth) that is being built inside `outer`."""
    while isinstance(graph, func_graph.FuncGraph):
        graph = graph.outer_graph
        if graph is outer:
            return True
    return False


def graph_of(tensor: Any) -> tf.Graph | None:
    """The graph of a tensor or variable; None for an eager one."""
    try:
        return tensor.graph
    except AttributeError:
        return None


def capture(graph: tf.Graph, tensor: tf.Tensor) -> tf.Tensor:
    """The tensor that stands for a tensor of an outer graph inside the function body `graph`."""
    return tensor if tensor.graph is graph else graph.capture(tensor)


def add_control_inputs(op: tf.Operation, others: Sequence[tf.Operation]) -> None:
    """Makes an op that no session has run yet wait for others of its graph."""
    op._add_control_inputs(others)


def set_string_attr(op: tf.Operation, key: str, text: str) -> None:
    """Changes a string attribute of an op that is in a graph."""
    op._set_attr(key, tf.compat.v1.AttrValue(s=text.encode()))


def encode_type_spec(spec: tf.TypeSpec) -> Any:
    """TypeSpecProto of a type spec."""
    return nested_structure_coder.encode_structure(spec).type_spec_value


def decode_type_spec(proto: Any) -> tf.TypeSpec:
    """The type spec of a TypeSpecProto; ValueError where its class is unknown."""
    return nested_structure_coder.decode_proto(struct_pb2.StructuredValue(type_spec_value=proto))


def first_taken(graph: tf.Graph, names: Iterable[str]) -> str | None:
    """The first of some absolute names that an op of the graph already has, or None."""
    names_in_use = graph._names_in_use
    # The dict also has names of scopes and is in lower case, so a hit is only a reason to look closer.
    for name in names:
        if name.lower() in names_in_use and has_op(graph, name):
            return name
    return None


def has_op(graph: tf.Graph, name: str) -> bool:
    """Whether a graph has an op of this name, case included."""
    try:
        graph.get_operation_by_name(name)
    except (KeyError, ValueError):
        return False
    return True


@contextlib.contextmanager
def release_names_on_failure(graph: tf.Graph, name: str) -> Iterator[None]:
    """Gives scope names back if what was to be built in them fails before it adds an op.

    The next attempt then gets the name that this one would have had. There is no public call for it:
    TensorFlow (2.16 to 2.21) only ever counts names up. O(1) on success and O(new names) on failure, whatever
    the size of the graph, since nothing is copied:

    * `Graph._names_in_use` and the store's `variable_scopes_count` are dicts that the block only adds keys
      to, so the new ones are at the end and are popped until the old size is reached.
    * One key may exist before: that of `name`, whose count goes up when it is made unique. It is written
      back.
    * If the version of the graph has changed, ops were added that own names; then everything stays.

    Args:
      graph: the default graph.
      name: absolute name of the scope that is asked for, before it is made unique.
    """
    names_in_use, key = graph._names_in_use, name.lower()
    version, name_count, uses = graph.version, len(names_in_use), names_in_use.get(key)
    scopes = variable_scope.get_variable_scope_store().variable_scopes_count
    scope_count = len(scopes)
    try:
        yield
    except BaseException:
        if graph.version == version:
            # Dicts keep the order of insertion, so what is new is at the end.
            while len(names_in_use) > name_count:
                names_in_use.popitem()
            while len(scopes) > scope_count:
                scopes.popitem()
            if uses is not None:
                names_in_use[key] = uses
        raise


def compiled(
    session: tf.compat.v1.Session,
    fetches: Sequence[tf.Tensor],
    feeds: Sequence[tf.Tensor],
    timeout: float | None = None,
    *,
    targets: Sequence[tf.Operation] = (),
    in_caller: bool = False,
) -> Callable[..., Sequence[Any]]:
    """A function from one array per feed to one array per fetch.

    `Session.make_callable` with feeds goes through all of `Session.run`, some 100 microseconds. The private
    call that Keras used for its own graphs takes a fifth of that; a remote session does not have it
    (TensorFlow 2.16 to 2.21).

    Args:
      session: of the graph.
      fetches: what the function returns.
      feeds: what its arguments replace.
      timeout: seconds after which TensorFlow starts no further op of a run and raises
        `tf.errors.DeadlineExceededError`; None for no limit.
      targets: further ops to run.
      in_caller: whether all ops run in the calling thread, one after the other: a thread pool costs
        microseconds. Not for loops, functions, and ops that wait for others: TensorFlow would recurse or
        block.
    """
    options = config_pb2.CallableOptions()
    options.feed.extend(feed.name for feed in feeds)
    options.fetch.extend(fetch.name for fetch in fetches)
    options.target.extend(target.name for target in targets)
    if timeout is not None:
        # Zero would mean no limit.
        options.run_options.timeout_in_ms = max(1, round(timeout * 1000))
    if in_caller:
        # -1: no pool.
        options.run_options.inter_op_thread_pool = -1
    try:
        call: Callable[..., Sequence[Any]] = session._make_callable_from_options(options)
    except (AttributeError, tf.errors.UnimplementedError):
        call = session.make_callable(list(fetches), list(feeds), accept_options=True)
        return functools.partial(call, options=options.run_options)
    return call


def zeros_like(tensor: tf.Tensor) -> tf.Tensor:
    """Zeros for a gradient that is not there: of a variable, of the dtype and shape of its value."""
    return default_gradient.zeros_like(tensor)


def value_dtype(tensor: tf.Tensor) -> tf.DType:
    """The dtype of a gradient: of a variable, that of its value."""
    return default_gradient.get_zeros_dtype(tensor)
