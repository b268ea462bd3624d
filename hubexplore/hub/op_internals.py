"""TensorFlow's private API that adds ops to graphs, from messages or one by one.

For TensorFlow 2.16 to 2.21, as `tf_internals`.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import tensorflow as tf
from tensorflow.python.client import pywrap_tf_session
from tensorflow.python.framework import c_api_util, importer, ops

from hubexplore.hub.tf_internals import is_in_context

# Checked before the first replay: a release without one of them imports each call.
_CREATE_OP_CALLS: Final = (
    "TF_NewOperation",
    "TF_AddInput",
    "TF_AddInputList",
    "TF_AddControlInput",
    "TF_SetAttrValueProto",
    "TF_FinishOperation",
)
# Attributes of a graph that, where they are not empty, affect every op that is created.
_AMBIENT_STATE: Final = (
    "_attr_scope_map",
    "_colocation_stack",
    "_container",
    "_control_dependencies_stack",
    "_device_functions_outer_to_inner",
    "_gradient_function_map",
    "_gradient_override_map",
    "_op_to_kernel_label_map",
)


def can_import_light(graph: tf.Graph) -> bool:
    """Whether `import_light` has the same result as `tf.import_graph_def`: no device scope is active."""
    return not graph._device_functions_outer_to_inner


def import_light(graph: tf.Graph, serialized: bytes, scope: str, input_map: Mapping[str, tf.Tensor]) -> None:
    """What `tf.import_graph_def` does for nodes without devices and functions, at about half its cost.

    The public function (TensorFlow 2.16 to 2.21) copies the graph, fills in default attributes, looks for
    constraints and applies device scopes op by op in Python; such nodes need none of it. The C++ importer
    underneath is the same, so it accepts and refuses the same graphs.

    Args:
      graph: the default graph.
      serialized: a GraphDef without devices and functions.
      scope: absolute name scope, without a trailing slash.
      input_map: as for `tf.import_graph_def`; each must be used.

    Raises:
      ValueError: TensorFlow refuses the graph; nothing was added.
    """
    with graph._mutation_lock():
        _import_in_c(graph, serialized, scope, input_map)
        _add_new_ops(graph, input_map)


def static_shapes(serialized: bytes, tensors: Sequence[str]) -> dict[str, tf.TensorShape]:
    """The shapes that TensorFlow infers for some tensors of a graph; its other ops get no Python objects.

    Args:
      serialized: a GraphDef without devices; it may have functions.
      tensors: full names ("x:0").

    Raises:
      ValueError: TensorFlow refuses the graph, or it has no such tensor.
    """
    graph = tf.Graph()
    with graph._mutation_lock():
        results = _import_in_c(graph, serialized, "", {}, tensors)
        outputs = pywrap_tf_session.TF_ImportGraphDefResultsReturnOutputs(results.results)
        made = [ops.Operation._from_c_op(output.oper, graph).outputs[output.index] for output in outputs]
    return {name: tensor.shape for name, tensor in zip(tensors, made, strict=True)}


def _import_in_c(
    graph: tf.Graph,
    serialized: bytes,
    scope: str,
    input_map: Mapping[str, tf.Tensor],
    returned: Sequence[str] = (),
) -> Any:
    """Imports with the C++ importer only, which makes no Python objects; see `import_light`.

    Returns:
      Its results, with the `returned` tensors.
    """
    call = pywrap_tf_session
    options = c_api_util.ScopedTFImportGraphDefOptions()
    importer._PopulateTFImportGraphDefOptions(options.options, scope, input_map, returned, False)
    # The buffer belongs to C: it is deleted below whatever happens.
    buffer = call.TF_NewBufferFromString(serialized)
    try:
        with graph._c_graph.get() as c_graph:
            results = call.TF_GraphImportGraphDefWithResults(c_graph, buffer, options.options)
        return c_api_util.ScopedTFImportGraphDefResults(results)
    except tf.errors.InvalidArgumentError as error:
        raise ValueError(str(error)) from error
    finally:
        call.TF_DeleteBuffer(buffer)


def _add_new_ops(graph: tf.Graph, input_map: Mapping[str, tf.Tensor]) -> None:
    """Makes the Python objects of imported ops.

    TensorFlow does so in two passes, since control dependencies and contexts need the objects of all inputs.
    If none is active, one pass is enough.
    """
    if (
        graph._control_dependencies_stack
        or graph._get_control_flow_context() is not None
        or any(map(is_in_context, input_map.values()))
    ):
        graph._add_new_tf_operations(compute_devices=False)
        return
    # Asked once for all ops of the import.
    is_plain = _is_plain(graph)
    for c_op in graph.new_operations():
        if is_plain:
            _wrap_plain(graph, c_op)
        else:
            graph._create_op_from_tf_operation(c_op, compute_device=False)


def _is_plain(graph: tf.Graph) -> bool:
    """Whether a graph has no active scope or setting that affects every op that is created."""
    return not graph.finalized and not any(getattr(graph, name) for name in _AMBIENT_STATE)


def _wrap_plain(graph: tf.Graph, c_op: Any) -> tf.Operation:
    """The Python object of a new op in a graph that `_is_plain`."""
    # What `Graph._create_op_from_tf_operation` does (TensorFlow 2.16 to 2.21), without its checks for each
    # scope.
    op = ops.Operation._from_c_op(c_op, graph)
    graph._names_in_use.setdefault(op.name.lower(), 1)
    op._colocation_code_locations = {}
    return op


def add_colocations(graph: tf.Graph, constraints: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> None:
    """Constrains ops of `graph` to the devices of others.

    Args:
      graph: where all of them are.
      constraints: op name -> (ops that it is constrained to already, ops to add).
    """
    # Several ops have the same companions; the device of each is asked once.
    devices: dict[str, str] = {}
    for name, (existing, added) in constraints.items():
        op = graph.get_operation_by_name(name)
        op._set_attr("_class", tf.compat.v1.AttrValue.FromString(_colocation((*existing, *added))))
        for companion in added:
            if companion not in devices:
                devices[companion] = graph.get_operation_by_name(companion).device
        # As TensorFlow does: a constrained op gets the device of its companion, not that of the current
        # scope.
        op._set_device(next((devices[companion] for companion in added if devices[companion]), ""))


def can_create_ops() -> bool:
    """Whether this TensorFlow has the calls that `OpMaker` needs."""
    return all(hasattr(pywrap_tf_session, name) for name in _CREATE_OP_CALLS)


@contextlib.contextmanager
def creating_ops(graph: tf.Graph) -> Iterator[OpMaker]:
    """Holds off `Session.run` on `graph` while ops are created."""
    with graph._mutation_lock(), graph._c_graph.get() as c_graph:
        yield OpMaker(graph, c_graph)


@functools.lru_cache(maxsize=8192)
def _colocation(names: tuple[str, ...]) -> bytes:
    """The serialized attribute that constrains an op to the devices of the named ops."""
    value = tf.compat.v1.AttrValue()
    value.list.s.extend(f"loc:@{name}".encode() for name in names)
    return bytes(value.SerializeToString())


class OpMaker:
    """Creates ops one by one from serialized attributes, as the importer does outside of TF1 conds and loops.

    `Graph.create_op` would parse and convert each attribute, and check for each op whether a device scope or
    control dependencies are active. Here this is checked once, so scopes must not change in between. O(1) per
    op, whatever the size of the graph; an op that TensorFlow refuses raises, and those before it stay.

    Args:
      graph: the default graph.
      c_graph: its C handle.
    """

    def __init__(self, graph: tf.Graph, c_graph: Any) -> None:
        self._graph = graph
        self._c_graph = c_graph
        self._controllers = graph._control_dependencies_stack
        self._is_plain = _is_plain(graph)

    def create(  # noqa: PLR0917 - one call site, in a hot loop
        self,
        op_type: str,
        name: str,
        inputs: Iterable[Any],
        controls: Iterable[tf.Operation],
        attrs: Iterable[tuple[str, bytes]],
        colocated_with: tuple[str, ...],
        device: str,
    ) -> tf.Operation:
        """Adds one op to the graph.

        Args:
          op_type: of the op.
          name: absolute and unused.
          inputs: per input of the op definition a TF_Output, or a list of them.
          controls: ops to wait for, in addition to the active control dependencies.
          attrs: (name, serialized AttrValue).
          colocated_with: names of ops to share a device with.
          device: of these ops; "" if they have none.
        """
        call = pywrap_tf_session
        description = call.TF_NewOperation(self._c_graph, op_type, name)
        for value in inputs:
            if isinstance(value, list):
                call.TF_AddInputList(description, value)
            else:
                call.TF_AddInput(description, value)
        for control in controls:
            call.TF_AddControlInput(description, control._c_op)
        for key, serialized in attrs:
            call.TF_SetAttrValueProto(description, key, serialized)
        if colocated_with:
            call.TF_SetAttrValueProto(description, "_class", _colocation(colocated_with))
        op = self._wrap(call.TF_FinishOperation(description), bool(colocated_with))
        # The attribute alone constrains placement; the device is what programs read from op.device.
        if device:
            op._set_device(device)
        # After the op exists, as TensorFlow leaves out dependencies that its inputs imply.
        if self._controllers:
            op._add_control_inputs(self._graph._control_dependencies_for_inputs(op.inputs))
        return op

    def _wrap(self, c_op: Any, is_colocated: bool) -> tf.Operation:
        if not self._is_plain:
            return self._graph._create_op_from_tf_operation(c_op, compute_device=not is_colocated)
        op = _wrap_plain(self._graph, c_op)
        if not is_colocated:
            op._device_code_locations = []
        return op
